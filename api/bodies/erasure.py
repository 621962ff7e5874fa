"""What is sent about erasing cases and keeping them from it, and what is answered."""

from datetime import datetime
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, Field, StringConstraints

from api.bodies.shown import shown
from cases.sealed import plain
from cases.vocabulary import Actor, Reason, Storable, Value
from records.guarding import ErasureRow, LegalHoldRow

Ground = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500), Storable, AfterValidator(plain)
]
"""Why a case is erased. Not sealed: it is what proves the erasure afterwards."""


class HoldBody(Value):
    """Why a case is put on hold, or is no longer."""

    model_config = shown({"reason": "subject of a lawsuit; the court has asked for the record"})

    reason: Reason


class EraseBody(Value):
    """Why a case is erased."""

    model_config = shown(
        {"reason": "at the person's request of 3 March"},
        reason="It stays readable for ever, as the proof: one that names the person, or holds a number or a "
        "mail address, is refused.",
    )

    reason: Ground


class HoldView(BaseModel):
    """A legal hold. It is in force until it is lifted."""

    hold: int
    number: str
    in_force: bool
    reason: str
    placed_by: Actor
    placed_at: datetime
    lifted_by: Actor | None
    lifted_at: datetime | None
    lifted_reason: str

    @classmethod
    def of(cls, row: LegalHoldRow) -> Self:
        """The view of a hold whose reasons were put in words."""
        return cls(
            hold=row.id or 0,
            number=row.case_number,
            in_force=row.lifted_at is None,
            reason=row.reason,
            placed_by=Actor.model_validate(row.placed_by),
            placed_at=row.placed_at,
            lifted_by=Actor.model_validate(row.lifted_by) if row.lifted_by else None,
            lifted_at=row.lifted_at,
            lifted_reason=row.lifted_reason,
        )


class ErasureView(BaseModel):
    """A case that was erased: when, by which rule, on whose word and why."""

    number: str
    at: datetime
    rule: str
    reason: str
    actor: Actor
    keys: int = Field(description="How many keys were destroyed; none for a case that no key ever sealed.")
    settled_at: datetime | None = Field(
        description="Since when nothing of it is left in the engine and among the attachments either; until then, the "
        "next night takes it away."
    )

    @classmethod
    def of(cls, row: ErasureRow) -> Self:
        """The view of an erasure."""
        actor = Actor.model_validate(row.actor)
        own = {name: getattr(row, name) for name in ("at", "rule", "reason", "keys", "settled_at")}
        return cls(number=row.case_number, actor=actor, **own)


class ErasurePage(BaseModel):
    """Erasures, the latest first; `next` is the `after` of the next page."""

    items: list[ErasureView]
    next: str | None


class ErasureQuery(Value):
    """How many erasures, and from where on."""

    after: str | None = Field(None, description="The `next` of the page before.")
    limit: int = Field(50, ge=1, le=200, description="How many at most.")
