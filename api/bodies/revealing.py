"""Asking for what is masked, and what is then told."""

from pydantic import Field, field_validator

from api.bodies.shown import shown
from cases.disclosure import ContactShown
from cases.vocabulary import Place, Reason, Value

_LEAST = 4
"""Letters, signs or figures that a reason has at the least."""


class RevealBody(Value):
    """Why somebody has to know whom a case is from. It is kept in the audit trail."""

    model_config = shown(
        {"reason": "要电话联系诉求人约定上门时间。To agree on a visit with the complainant."},
        reason="What it is needed for, in your words.",
    )

    reason: Reason

    @field_validator("reason")
    @classmethod
    def _says_something(cls, reason: str) -> str:
        if sum(map(str.isalnum, reason)) < _LEAST:
            raise ValueError("say in words what it is needed for")
        return reason


class Revealed(Value):
    """Who brought a case, and what they said, in clear. Keep none of it longer than the matter needs (Art. 28)."""

    number: str
    complainant: ContactShown = Field(description="In full.")
    subject: str | None
    description: str
    location: Place
