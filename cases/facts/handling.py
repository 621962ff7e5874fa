"""What the unit that leads did, and what was granted to it (Art. 13 to 15, 20)."""

from typing import Literal

from cases.limits import Budget
from cases.vocabulary import Moment, Outcome, Value


class Acknowledged(Value):
    """The unit signed for the order."""

    type: Literal["acknowledged"] = "acknowledged"
    order: int
    unit: str
    note: str = ""


class Contacted(Value):
    """The unit has been in contact with the complainant."""

    type: Literal["contacted"] = "contacted"
    order: int
    unit: str
    note: str = ""


class Progressed(Value):
    """The unit gave the complainant an interim reply."""

    type: Literal["progressed"] = "progressed"
    order: int
    unit: str
    note: str


class Reported(Value):
    """The unit reported its result. `missing` are the units called in whose reports it did without, and why."""

    type: Literal["reported"] = "reported"
    order: int
    unit: str
    outcome: Literal[Outcome.SOLVED, Outcome.EXPLAINED]
    note: str
    missing: tuple[int, ...] = ()
    missing_reason: str = ""


class ExtensionRequested(Value):
    """The unit asked for more time (Art. 15)."""

    type: Literal["extension_requested"] = "extension_requested"
    order: int
    unit: str
    by: Budget
    reason: str


class ExtensionDecided(Value):
    """A supervisor granted more time, `by` so much, or refused it."""

    type: Literal["extension_decided"] = "extension_decided"
    order: int
    unit: str
    granted: bool
    by: Budget
    reason: str = ""


class Paused(Value):
    """Limits stand still: the handling waits for the complainant, or the case is on account (挂账)."""

    type: Literal["paused"] = "paused"
    pause: int
    kind: Literal["complainant", "account"]
    order: int
    unit: str
    reason: str
    until: Moment
    plan: str = ""
    owner: str = ""
    exit: str = ""
    reviews: tuple[Moment, ...] = ()


class Reviewed(Value):
    """A case on account was reviewed."""

    type: Literal["reviewed"] = "reviewed"
    pause: int
    note: str


class Resumed(Value):
    """The limits run on, from the moment `at`: which lies before the event if nobody looked when a pause ran out."""

    type: Literal["resumed"] = "resumed"
    pause: int
    at: Moment
    reason: str


class RaisedUp(Value):
    """The unit asked for help from above (Art. 20); `to` is who was asked: a unit, or the supervisor."""

    type: Literal["raised_up"] = "raised_up"
    order: int
    unit: str
    to: str
    reason: str
