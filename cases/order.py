"""A unit's part in a case: its order and what it asked for while it held it, and the work of units called in."""

from typing import Literal

from pydantic import AwareDatetime

from cases.limits import Budget
from cases.vocabulary import Outcome, Value

ORDERED = frozenset({"dispatched", "assist"})
"""As what an order is told to its unit; everything else is a later change of it."""


class Objection(Value):
    """A unit disputes that an order is its own (派单异议, Art. 12), or one called in that it has a part in the matter.

    `upheld` is none until it is decided.
    """

    at: AwareDatetime
    reason: str
    evidence: str = ""
    proposed: str | None = None
    decided_at: AwareDatetime | None = None
    upheld: bool | None = None
    decision: str = ""
    lapsed_at: AwareDatetime | None = None

    @property
    def pending(self) -> bool:
        """Whether it waits for a decision."""
        return self.decided_at is None and self.lapsed_at is None


class Extension(Value):
    """A unit asks for more time (延期, Art. 15); `granted` is none until it is decided, `by` what was granted then."""

    at: AwareDatetime
    by: Budget
    reason: str
    decided_at: AwareDatetime | None = None
    granted: bool | None = None
    decision: str = ""
    lapsed_at: AwareDatetime | None = None

    @property
    def pending(self) -> bool:
        """Whether it waits for a decision."""
        return self.decided_at is None and self.lapsed_at is None


class Order(Value):
    """One unit's time with the case, from dispatch to its end. `index` counts from 1.

    `stage` is 2 and more for a review after an appeal. `designated` orders cannot be disputed (Art. 14). `incident` is
    the case through which the unit handles this one together with others. `undelivered` is why the order did not reach
    the unit's system in time, as long as it has not. `breached_at` is when its resolution was due,
    if it was not reported by then.
    """

    index: int
    unit: str
    copy_to: str | None = None
    reason: str
    dispatched_at: AwareDatetime
    designated: bool = False
    stage: int = 1
    incident: str | None = None
    delivered_at: AwareDatetime | None = None
    undelivered: str = ""
    acknowledged_at: AwareDatetime | None = None
    contacted_at: AwareDatetime | None = None
    progressed_at: AwareDatetime | None = None
    objections: tuple[Objection, ...] = ()
    extensions: tuple[Extension, ...] = ()
    reported_at: AwareDatetime | None = None
    report: Literal[Outcome.SOLVED, Outcome.EXPLAINED] | None = None
    report_note: str = ""
    missing: tuple[int, ...] = ()
    missing_reason: str = ""
    breached_at: AwareDatetime | None = None
    attempts: int = 0
    attempted_at: AwareDatetime | None = None
    called_back: bool = False
    ended_at: AwareDatetime | None = None
    returned: bool = False
    returned_for: str = ""

    @property
    def objection(self) -> Objection | None:
        """The objection that waits for a decision."""
        return self.objections[-1] if self.objections and self.objections[-1].pending else None

    @property
    def extension(self) -> Extension | None:
        """The request for more time that waits for a decision."""
        return self.extensions[-1] if self.extensions and self.extensions[-1].pending else None

    @property
    def granted(self) -> tuple[Extension, ...]:
        """The extensions it was granted."""
        return tuple(one for one in self.extensions if one.granted)


class Assist(Value):
    """The work of a unit that was called in (吹哨报到, Art. 16): an order of its own beside the one that leads.

    `called_by` is the unit that called. A refusal goes to the district; upheld, it ends the order.
    """

    index: int
    order: int
    unit: str
    copy_to: str | None = None
    called_by: str
    task: str
    called_at: AwareDatetime
    delivered_at: AwareDatetime | None = None
    undelivered: str = ""
    acknowledged_at: AwareDatetime | None = None
    progressed_at: AwareDatetime | None = None
    refusals: tuple[Objection, ...] = ()
    reported_at: AwareDatetime | None = None
    report_note: str = ""
    ended_at: AwareDatetime | None = None
    released: str = ""

    @property
    def refusal(self) -> Objection | None:
        """The refusal that waits for a decision."""
        return self.refusals[-1] if self.refusals and self.refusals[-1].pending else None

    @property
    def outstanding(self) -> bool:
        """Whether its report is still to come."""
        return self.reported_at is None and self.ended_at is None
