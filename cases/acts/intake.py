"""What the hotline does with a matter before any unit has it (Art. 10, 11, 12)."""

from typing import Annotated, Literal

from pydantic import Field

from cases.policy import Terms
from cases.routing import Route
from cases.triage import Ground, Triage
from cases.vocabulary import Code, Complaint, Reason, Value


class Receive(Value):
    """Take a complaint in, with the terms it is held to and the way the catalogue sends it.

    With `triage` it was answered, or found not to be dispatched, while the complainant was still there.
    """

    type: Literal["receive"] = "receive"
    number: str
    complaint: Complaint
    terms: Terms
    route: Route
    triage: Triage | None = None


class Answer(Value):
    """The desk answers a consultation at once (Art. 11)."""

    type: Literal["answer"] = "answer"
    told: Reason


class NotDispatch(Value):
    """The desk finds that a matter is not to be dispatched, on one of the six grounds (Art. 11)."""

    type: Literal["not_dispatch"] = "not_dispatch"
    ground: Ground


class Consult(Value):
    """The desk asks units whose a matter is, before it dispatches it (Art. 12)."""

    type: Literal["consult"] = "consult"
    units: Annotated[tuple[Code, ...], Field(min_length=1, max_length=20)]
    question: Reason


class Dispatch(Value):
    """The desk sends a case that is with it to a unit (派单)."""

    type: Literal["dispatch"] = "dispatch"
    unit: Code
    copy_to: Code | None = None
    reason: Reason


class Designate(Value):
    """A supervisor designates the unit of a case, which can then not be disputed any more (Art. 14)."""

    type: Literal["designate"] = "designate"
    unit: Code
    copy_to: Code | None = None
    reason: Reason


class Reassign(Value):
    """The hotline takes an order from one unit and gives it to another."""

    type: Literal["reassign"] = "reassign"
    unit: Code
    copy_to: Code | None = None
    reason: Reason


class Adjudicate(Value):
    """The desk decides on an objection (Art. 12). Upheld, the case goes to `unit`, or back to the desk without one."""

    type: Literal["adjudicate"] = "adjudicate"
    upheld: bool
    reason: Reason
    unit: Code | None = None
    copy_to: Code | None = None
