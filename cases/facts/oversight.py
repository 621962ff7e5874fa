"""Alarms, and what the hotline and its supervisors did (Art. 20, 35)."""

from typing import Literal

from cases.attachment import Attachment
from cases.policy import Terms
from cases.vocabulary import Moment, Outcome, Value


class Warned(Value):
    """A deadline is near. `unit` has the duty, or the desk if none."""

    type: Literal["warned"] = "warned"
    deadline: str
    mark: str
    due_at: Moment
    unit: str | None = None
    tell: tuple[str, ...]


class Breached(Value):
    """A deadline has passed. Nothing unmakes this (Art. 35)."""

    type: Literal["breached"] = "breached"
    deadline: str
    mark: str
    due_at: Moment
    unit: str | None = None
    tell: tuple[str, ...]


class Escalated(Value):
    """A breach lasts, and the next rung of the ladder was told (Art. 20)."""

    type: Literal["escalated"] = "escalated"
    deadline: str
    mark: str
    due_at: Moment
    unit: str | None = None
    tell: tuple[str, ...]


class Supervised(Value):
    """The case is under supervision (督办)."""

    type: Literal["supervised"] = "supervised"
    reason: str


class Noted(Value):
    """Something worth keeping."""

    type: Literal["noted"] = "noted"
    text: str
    attachment: Attachment | None = None


class LateReport(Value):
    """What a unit told of a case that had ended already. It is kept; the end stands."""

    type: Literal["late_report"] = "late_report"
    order: int
    unit: str
    act: Literal["contact", "progress", "report", "assist_report"]
    outcome: Outcome | None = None
    note: str = ""


class Adopted(Value):
    """The case took new terms, for every limit that begins from now on."""

    type: Literal["adopted"] = "adopted"
    terms: Terms
    reason: str = ""


class Refused(Value):
    """A service that cannot be answered asked for something the rules forbid."""

    type: Literal["refused"] = "refused"
    act: str
    rule: str
    detail: str
