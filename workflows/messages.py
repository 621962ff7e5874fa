"""What is said to a case's workflow: its start, its queries, its name."""

from pydantic import BaseModel, ConfigDict

from cases.commands import Command
from cases.effects import Effect
from cases.events import Event

WORKFLOW = "ComplaintCase"
LAYOUT = 3
"""The layout of the runs that this release begins."""

AT_FIRST = frozenset({"dispatched", "withdrawn", "assist", "assist_withdrawn"})
"""What the first layout tells units' systems; everything else it told their people alone."""

TO_SYSTEMS_ALONE = AT_FIRST | {"closed", "waiting", "on_account"}
"""What the first layout does not tell units' people."""

MOST_REFUSALS = 100
"""How many refused signals a case keeps; what comes after is logged only."""

MOST_TOLD = 100
"""How many other cases a case tells something at once. The engine takes 2,000 activities of a case at once, and stops
the case that asks for more."""


class CaseStart(BaseModel):
    """How a case's workflow begins.

    By the command that receives it; by the events that it carries over to a new run; or, for a case that had ended, by
    its number alone: then it reads its own record, which is whole, since no run ends before everything is recorded.

    `layout` says in which order a run goes about its work, so that a run begun by an earlier release goes on as it
    began: in the first, notices and mailboxes are activities of their own; since the second they are written together
    with the events; since the third a system that answers promptly has its orders while the case waits for it, and the
    stage is no search attribute any more. `recorded` is how many of the events the register has; `owed` are the effects
    not yet carried out. `revived` says that the case had not ended, but its run was lost: what its record has the last
    word on is not owed.
    """

    model_config = ConfigDict(frozen=True)

    command: Command | None = None
    ended: str | None = None
    revived: bool = False
    events: tuple[Event, ...] = ()
    recorded: int = 0
    owed: tuple[Effect, ...] = ()
    layout: int = 1
    renew_after: int = 2_000
    """The number of history events after which the workflow continues as new."""


def workflow_id(number: str) -> str:
    """The id of a case's workflow."""
    return f"case-{number}"
