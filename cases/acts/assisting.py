"""Whistle and report-in (吹哨报到, Art. 16, 33): calling other units in, and what they do."""

from typing import Annotated, Literal

from pydantic import Field

from cases.vocabulary import Code, Note, Reason, Value

AssistIndex = Annotated[int, Field(ge=1)]
"""Which call of the case it is, counting from 1."""


class Called(Value):
    """One unit that is called in, and what it is to do."""

    unit: Code
    copy_to: Code | None = None
    task: Reason


class Whistle(Value):
    """The unit that leads calls others in."""

    type: Literal["whistle"] = "whistle"
    calls: Annotated[tuple[Called, ...], Field(min_length=1, max_length=20)]


class AssistAcknowledge(Value):
    """A unit that was called signs for its part."""

    type: Literal["assist_acknowledge"] = "assist_acknowledge"
    assist: AssistIndex
    note: Note = ""


class AssistRefuse(Value):
    """A unit that was called refuses, with its reason; the district decides."""

    type: Literal["assist_refuse"] = "assist_refuse"
    assist: AssistIndex
    reason: Reason
    evidence: Note = ""


class AssistAdjudicate(Value):
    """The district, or the hotline for it, decides on a refusal: upheld, the unit is released; else it must come."""

    type: Literal["assist_adjudicate"] = "assist_adjudicate"
    assist: AssistIndex
    upheld: bool
    reason: Reason


class AssistProgress(Value):
    """A unit that was called tells how far it is (Art. 14)."""

    type: Literal["assist_progress"] = "assist_progress"
    assist: AssistIndex
    note: Reason


class AssistReport(Value):
    """A unit that was called reports its part to the one that leads (Art. 14)."""

    type: Literal["assist_report"] = "assist_report"
    assist: AssistIndex
    note: Reason
