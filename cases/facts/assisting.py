"""What became of units that were called in (Art. 16, 33). `lead` is the unit that called; both sides are scored."""

from typing import Literal

from cases.vocabulary import Value


class Whistled(Value):
    """The unit that leads called another in."""

    type: Literal["whistled"] = "whistled"
    assist: int
    order: int
    lead: str
    unit: str
    copy_to: str | None = None
    task: str


class AssistAcknowledged(Value):
    """The unit signed for its part."""

    type: Literal["assist_acknowledged"] = "assist_acknowledged"
    assist: int
    unit: str
    note: str = ""


class AssistRefused(Value):
    """The unit refused; the district is told."""

    type: Literal["assist_refused"] = "assist_refused"
    assist: int
    unit: str
    lead: str
    reason: str
    evidence: str = ""


class AssistAdjudicated(Value):
    """The refusal was decided on. A rejected one is final."""

    type: Literal["assist_adjudicated"] = "assist_adjudicated"
    assist: int
    unit: str
    lead: str
    upheld: bool
    reason: str


class AssistProgressed(Value):
    """The unit told how far it is."""

    type: Literal["assist_progressed"] = "assist_progressed"
    assist: int
    unit: str
    note: str


class AssistReported(Value):
    """The unit reported its part to the one that leads."""

    type: Literal["assist_reported"] = "assist_reported"
    assist: int
    unit: str
    lead: str
    note: str


class AssistReleased(Value):
    """The unit needs to do no more."""

    type: Literal["assist_released"] = "assist_released"
    assist: int
    unit: str
    reason: str
