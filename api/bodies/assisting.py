"""What is sent about units that are called in (吹哨报到, Art. 16)."""

from typing import Annotated

from pydantic import Field

from api.bodies.shown import shown
from cases.vocabulary import Code, Note, Reason, Value


class CallBody(Value):
    """One unit that is called in; its district gets its copy by the catalogue."""

    unit: Code = Field(description="One of GET /v1/units.")
    task: Reason = Field(description="What it is to do.")


class WhistleBody(Value):
    """The units that are called in."""

    model_config = shown({"calls": [{"unit": "ecology", "task": "measure the noise after eleven at night"}]})

    calls: Annotated[tuple[CallBody, ...], Field(min_length=1, max_length=20)]


class AssistAcknowledgeBody(Value):
    """A unit that was called signs for its part."""

    model_config = shown({"note": "team 2 goes tonight"})

    note: Note = ""


class AssistRefuseBody(Value):
    """A unit that was called refuses."""

    model_config = shown({"reason": "the meter is the district's", "evidence": "inventory of 2026, page 4"})

    reason: Reason
    evidence: Note = ""


class AssistAdjudicateBody(Value):
    """The decision on a refusal."""

    model_config = shown({"upheld": False, "reason": "only the bureau may measure at night"})

    upheld: bool = Field(description="Whether the unit is right: then it is released, else it must come.")
    reason: Reason


class AssistNoteBody(Value):
    """What a unit that was called tells."""

    model_config = shown({"note": "62 decibels at half past eleven"})

    note: Reason
