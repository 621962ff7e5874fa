"""What the hotline sends before a unit has a case, and about whose it is (Art. 11, 12, 14)."""

from typing import Annotated, Any

from fastapi import Body
from pydantic import Field

from api.bodies.shown import shown
from cases.commands import Answer, Consult
from cases.triage import CaseNumber, Ground
from cases.vocabulary import Code, Reason, Value


class AnswerBody(Answer):
    """The desk answers a consultation."""

    model_config = shown(
        {"told": "the office is open from nine to five; an identity card is needed"},
        told="What the complainant was told.",
    )


GROUNDS: dict[str, Any] = {
    "emergency_line": {"value": {"ground": "emergency_line", "line": "119", "told": "put through to the fire brigade"}},
    "statutory_channel": {
        "value": {"ground": "statutory_channel", "channel": "court", "told": "a judgment is appealed at the court"}
    },
    "same_matter": {
        "value": {"ground": "same_matter", "case": "ACA7-T1N1-2FNG-H", "told": "the site is inspected tonight"}
    },
    "secret": {"value": {"ground": "secret", "told": "the file holds a third person's data"}},
    "outside_duty": {
        "value": {"ground": "outside_duty", "unit": "housing", "told": "a private contract; the housing office advises"}
    },
    "unlawful": {"value": {"ground": "unlawful", "told": "no official may be insulted"}},
}
"""An example of each of the six grounds."""

GroundBody = Annotated[Ground, Body(openapi_examples=GROUNDS)]


class ConsultBody(Consult):
    """Units are asked whose a matter is."""

    model_config = shown(
        {"units": ["water-group", "water-authority"], "question": "whose is the pump house at gate 4?"},
        units="Codes of GET /v1/units.",
    )


class DispatchBody(Value):
    """A unit gets the case; its district gets its copy by the catalogue."""

    model_config = shown({"unit": "water-group", "reason": "the pipe is the water company's"})

    unit: Code = Field(description="One of GET /v1/units.")
    reason: Reason = Field(description="Why it is this unit's; the unit reads it.")


class AdjudicateBody(Value):
    """The decision on an objection; its district gets the other unit's copy by the catalogue."""

    model_config = shown(
        {"upheld": True, "reason": "the bridge lies in Haidian", "unit": "haidian"},
        {"upheld": False, "reason": "the site is on the unit's own list"},
    )

    upheld: bool = Field(description="Whether the unit is right.")
    reason: Reason
    unit: Code | None = Field(None, description="Whose it is then; without it an upheld one goes back to the desk.")


class JoinBody(Value):
    """The case is handled through another one."""

    model_config = shown({"incident": "ACA7-T1N1-2FNG-H", "reason": "the same burst main"})

    incident: CaseNumber = Field(description="The number of the case that leads; a unit holds it.")
    reason: Reason
