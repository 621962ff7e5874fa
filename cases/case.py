"""The state of a case: what its events add up to."""

from typing import Literal

from pydantic import AwareDatetime, Field

from cases.policy import Terms
from cases.vocabulary import Complaint, Outcome, Satisfaction, Status, Value


class Order(Value):
    """One unit's time with the case, from dispatch to its end. `index` counts from 1."""

    index: int
    unit: str
    copy_to: str | None = None
    reason: str
    dispatched_at: AwareDatetime
    delivered_at: AwareDatetime | None = None
    acknowledged_at: AwareDatetime | None = None
    contacted_at: AwareDatetime | None = None
    reported_at: AwareDatetime | None = None
    report: Literal[Outcome.SOLVED, Outcome.EXPLAINED] | None = None
    report_note: str = ""
    attempts: int = 0
    called_back: bool = False
    ended_at: AwareDatetime | None = None
    returned: bool = False


class DeskWait(Value):
    """A time during which the case was with the consultation desk, waiting for dispatch."""

    since: AwareDatetime
    until: AwareDatetime | None = None


class Answer(Value):
    """What the complainant said at a call-back."""

    at: AwareDatetime
    contacted: bool | None
    solved: bool
    satisfaction: Satisfaction | None


class Closure(Value):
    """How and when the case ended."""

    at: AwareDatetime
    outcome: Outcome
    reason: str = ""


class Case(Value):
    """A complaint and everything that became of it.

    `desk` holds every wait for dispatch, the first from the receipt. `marks` are the alarms that each deadline has
    raised. `commands` are the commands it has taken, with their fingerprints.
    """

    number: str
    version: int
    status: Status
    complaint: Complaint
    terms: Terms
    desk: tuple[DeskWait, ...]
    to_desk: str | None = None
    orders: tuple[Order, ...] = ()
    answers: tuple[Answer, ...] = ()
    closure: Closure | None = None
    marks: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    commands: dict[str, str] = Field(default_factory=dict)

    @property
    def order(self) -> Order | None:
        """The order that a unit holds now; none while the case is with the desk or closed."""
        return self.orders[-1] if self.orders and self.orders[-1].ended_at is None else None

    @property
    def unit(self) -> str | None:
        """The unit that leads, or led last (first responsibility, Art. 14); none while it is with the desk."""
        if self.status is Status.RECEIVED or not self.orders:
            return None
        return self.orders[-1].unit

    @property
    def returns(self) -> int:
        """How often units gave the case back."""
        return sum(order.returned for order in self.orders)

    @property
    def open(self) -> bool:
        """Whether the case still runs."""
        return self.closure is None
