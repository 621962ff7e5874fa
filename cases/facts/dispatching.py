"""From the receipt to the unit that has it, and back (Art. 10 to 14)."""

from typing import Literal

from cases.policy import Terms
from cases.triage import Ground
from cases.vocabulary import Complaint, Value


class Received(Value):
    """The complaint was taken in; from here on its number is a promise.

    `to_desk` says why the catalogue could not place it; the consultation desk has to find out.
    """

    type: Literal["received"] = "received"
    number: str
    complaint: Complaint
    terms: Terms
    to_desk: str | None = None


class Advised(Value):
    """A consultation was answered at once (Art. 11)."""

    type: Literal["advised"] = "advised"
    told: str


class NotDispatched(Value):
    """The matter goes to no unit, on one of the six grounds (Art. 11)."""

    type: Literal["not_dispatched"] = "not_dispatched"
    ground: Ground


class Consulted(Value):
    """The desk asked units whose the matter is (Art. 12)."""

    type: Literal["consulted"] = "consulted"
    units: tuple[str, ...]
    question: str


class Dispatched(Value):
    """An order went to a unit; `copy_to` is the district that supervises it. A designated one cannot be disputed."""

    type: Literal["dispatched"] = "dispatched"
    order: int
    unit: str
    copy_to: str | None = None
    reason: str
    designated: bool = False
    stage: int = 1


class Delivered(Value):
    """A unit's system confirmed that it holds the order, or with `assist` its part as one called in.

    Of a later change, which `about` and `sequence` tell, it is noted only where it had not arrived in time.
    """

    type: Literal["delivered"] = "delivered"
    order: int | None
    unit: str
    assist: int | None = None
    about: str = "dispatched"
    sequence: int | None = None
    key: str | None = None


class Undelivered(Value):
    """Something about an order did not reach the unit's system in time; a person must see to it.

    `final` says that nobody tries on; otherwise the delivery goes on. `about` and `sequence` tell what it was, `key`
    under which it goes out.
    """

    type: Literal["undelivered"] = "undelivered"
    order: int | None
    unit: str
    assist: int | None = None
    reason: str
    about: str = "dispatched"
    sequence: int | None = None
    key: str | None = None
    final: bool = True


class DeliveryRetried(Value):
    """Somebody had something about an order delivered again; it keeps its key, so that a unit knows it from before."""

    type: Literal["delivery_retried"] = "delivery_retried"
    key: str
    unit: str
    assist: int | None = None
    about: str
    sequence: int


class Objected(Value):
    """The unit disputes that the order is its own (Art. 12); the desk decides."""

    type: Literal["objected"] = "objected"
    order: int
    unit: str
    reason: str
    evidence: str = ""
    proposed: str | None = None


class Adjudicated(Value):
    """The desk decided on an objection. A rejected one is final."""

    type: Literal["adjudicated"] = "adjudicated"
    order: int
    unit: str
    upheld: bool
    reason: str


class Returned(Value):
    """The unit gave the order back; the case is with the desk, or with a supervisor who must designate its unit."""

    type: Literal["returned"] = "returned"
    order: int
    unit: str
    reason: str
    evidence: str = ""
    proposed: str | None = None
    awaits_supervisor: bool = False


class Recalled(Value):
    """The hotline took the order from the unit."""

    type: Literal["recalled"] = "recalled"
    order: int
    unit: str
    reason: str


class Referred(Value):
    """The rounds are used up and the matter is unsolved: a supervisor decides."""

    type: Literal["referred"] = "referred"
    order: int
    reason: str
