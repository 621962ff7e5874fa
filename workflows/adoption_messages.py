"""What is said to the workflow that carries a new version of a policy to the open cases, and what it tells."""

from enum import StrEnum

from pydantic import AwareDatetime, BaseModel, ConfigDict

from activities.messages import Ruling, Told
from cases.adoption import Fate

WORKFLOW = "PolicyAdoption"
MOST_TOLD = 200
"""How many cases are named in the progress; of the rest there is the count."""


class Stage(StrEnum):
    """How far an adoption is. Once `watching`, all cases have been through, and only late ones are looked for."""

    ADOPTING = "adopting"
    WATCHING = "watching"
    DONE = "done"
    SUPERSEDED = "superseded"


class Progress(BaseModel):
    """How far an adoption is: of `total` open cases, how many met which fate.

    `told` are the cases of which somebody should know. `looks_again_at` is when late cases are looked for next.
    """

    model_config = ConfigDict(frozen=True)

    stage: Stage = Stage.ADOPTING
    total: int = 0
    counts: dict[Fate, int] = {}
    told: tuple[Told, ...] = ()
    looks_again_at: AwareDatetime | None = None

    @property
    def seen(self) -> int:
        """How many cases have been through."""
        return sum(self.counts.values())


class Round(BaseModel):
    """One way through the cases: the first is through all that are open, each later one through those that came since.

    `next` is where its next page begins. `skip` are cases that came in while an earlier round dealt with them, `fresh`
    those of this round. Those in `again` did not answer before.
    """

    model_config = ConfigDict(frozen=True)

    index: int = 0
    began_at: AwareDatetime | None = None
    came_after: AwareDatetime | None = None
    next: tuple[str, str] | None = ("", "")
    skip: frozenset[str] = frozenset()
    fresh: frozenset[str] = frozenset()
    again: tuple[str, ...] = ()


class AdoptionStart(BaseModel):
    """How an adoption begins, and what it carries over to a new run after so many pages."""

    model_config = ConfigDict(frozen=True)

    ruling: Ruling
    began_at: AwareDatetime | None = None
    progress: Progress = Progress()
    round: Round = Round()
    page_size: int = 50
    pages_a_run: int = 50


def workflow_id(policy: str, version: str) -> str:
    """The id of the adoption of a version."""
    return f"adopt-{policy}-{version}"
