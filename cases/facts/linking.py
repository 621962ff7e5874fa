"""Cases that belong together."""

from typing import Literal

from cases.vocabulary import Outcome, Value


class Repeated(Value):
    """Another case brought the same person's same matter, and was told how this one stands (Art. 9, 11)."""

    type: Literal["repeated"] = "repeated"
    case: str


class Joined(Value):
    """The case is handled through another one of the same matter, which `unit` leads."""

    type: Literal["joined"] = "joined"
    order: int
    incident: str
    unit: str
    copy_to: str | None = None
    reason: str


class Followed(Value):
    """Another case is handled through this one."""

    type: Literal["followed"] = "followed"
    case: str


class Relayed(Value):
    """How the incident stands, as of its event `version`. `unit` leads it now; it was reported, or it `ended`."""

    type: Literal["relayed"] = "relayed"
    incident: str
    version: int
    order: int
    unit: str | None = None
    copy_to: str | None = None
    outcome: Literal[Outcome.SOLVED, Outcome.EXPLAINED] | None = None
    note: str = ""
    ended: bool = False
