"""What is said to the workflow that compares cases with their records, and what it tells."""

from pydantic import BaseModel, ConfigDict, Field

from activities.messages import Drifted, Side, Tally
from cases.drift import Drift

WORKFLOW = "Reconciliation"
SCHEDULE = "hotline-reconciliation"
ASKED = "hotline-reconciliation-asked"
"""The workflow that somebody asked for; there is one at a time."""

MOST_TOLD = 500
"""Drifted records that are named one by one; all are counted, and each mended one is in the audit trail besides."""


class ReconciliationStart(BaseModel):
    """How a run begins, and what it carries over to the next after so many pages.

    A record that differs is looked at again after `grace` seconds, since what just happened may just be recorded; cases
    are compared `a_second`. `side` and `after` are where the way stands.
    """

    model_config = ConfigDict(frozen=True)

    dry_run: bool = False
    revive: bool = False
    grace: float = 60.0
    a_second: float = 50.0
    page_size: int = 100
    pages_a_run: int = 100
    side: Side = "engine"
    after: str = ""
    cases: int = 0
    drifted: tuple[Drifted, ...] = ()
    tallies: dict[Drift, Tally] = Field(default_factory=dict)


class ReconciliationDone(BaseModel):
    """What a whole way came to: cases compared, how many drifted in which way, and the first of those by name."""

    model_config = ConfigDict(frozen=True)

    cases: int = 0
    drifted: tuple[Drifted, ...] = ()
    tallies: dict[Drift, Tally] = Field(default_factory=dict)

    @property
    def left(self) -> int:
        """How many drifts are left as they were found."""
        return sum(one.left for one in self.tallies.values())
