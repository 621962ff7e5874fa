"""What has happened to a case. The audit trail, the records, the timeline and every figure are read from these."""

from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from cases.policy import Terms
from cases.vocabulary import Actor, Complaint, Outcome, Satisfaction, Value


class Received(Value):
    """The complaint was taken in; from here on its number is a promise."""

    type: Literal["received"] = "received"
    number: str
    complaint: Complaint
    terms: Terms
    to_desk: str | None = None


class Dispatched(Value):
    """An order went to a unit; `copy_to` is the district that supervises it."""

    type: Literal["dispatched"] = "dispatched"
    order: int
    unit: str
    copy_to: str | None = None
    reason: str


class Delivered(Value):
    """A unit's system confirmed that it holds the order."""

    type: Literal["delivered"] = "delivered"
    order: int
    unit: str


class Undelivered(Value):
    """An order did not reach the unit's system; a person must see to it."""

    type: Literal["undelivered"] = "undelivered"
    order: int
    unit: str
    reason: str


class Acknowledged(Value):
    """The unit signed for the order."""

    type: Literal["acknowledged"] = "acknowledged"
    order: int
    unit: str
    note: str = ""


class Returned(Value):
    """The unit gave the order back; the case is with the desk."""

    type: Literal["returned"] = "returned"
    order: int
    unit: str
    reason: str


class Contacted(Value):
    """The unit has been in contact with the complainant."""

    type: Literal["contacted"] = "contacted"
    order: int
    unit: str
    note: str = ""


class Reported(Value):
    """The unit reported its result."""

    type: Literal["reported"] = "reported"
    order: int
    unit: str
    outcome: Literal[Outcome.SOLVED, Outcome.EXPLAINED]
    note: str


class NotReached(Value):
    """A call-back reached nobody."""

    type: Literal["not_reached"] = "not_reached"
    order: int
    attempt: int
    note: str = ""


class Answered(Value):
    """A call-back got the complainant's answers."""

    type: Literal["answered"] = "answered"
    order: int
    contacted: bool | None
    solved: bool
    satisfaction: Satisfaction | None
    note: str = ""


class Closed(Value):
    """The case has ended."""

    type: Literal["closed"] = "closed"
    outcome: Outcome
    reason: str = ""


class Warned(Value):
    """A deadline is near."""

    type: Literal["warned"] = "warned"
    deadline: str
    mark: str
    due_at: AwareDatetime
    tell: tuple[str, ...]


class Breached(Value):
    """A deadline has passed. Nothing unmakes this (Art. 35)."""

    type: Literal["breached"] = "breached"
    deadline: str
    mark: str
    due_at: AwareDatetime
    tell: tuple[str, ...]


class Escalated(Value):
    """A breach lasts, and the next rung of the ladder was told (Art. 20)."""

    type: Literal["escalated"] = "escalated"
    deadline: str
    mark: str
    due_at: AwareDatetime
    tell: tuple[str, ...]


class Refused(Value):
    """A service that cannot be answered asked for something the rules forbid."""

    type: Literal["refused"] = "refused"
    act: str
    rule: str
    detail: str


Alarm = Warned | Breached | Escalated

Fact = Annotated[
    Received
    | Dispatched
    | Delivered
    | Undelivered
    | Acknowledged
    | Returned
    | Contacted
    | Reported
    | NotReached
    | Answered
    | Closed
    | Warned
    | Breached
    | Escalated
    | Refused,
    Field(discriminator="type"),
]


class Cause(Value):
    """The command that an event came of."""

    id: str
    fingerprint: str


class Event(Value):
    """One thing that happened: the `seq`-th of its case, at a moment in UTC, caused by somebody."""

    seq: int
    at: AwareDatetime
    actor: Actor
    cause: Cause | None = None
    fact: Fact
