"""A matter that cases may be like, and the cases that may be it."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from api.bodies.shown import shown
from cases.likeness import SCALE, Matter, Scale, Why
from cases.vocabulary import Code, Complainant, Location, Outcome, Place, Status, Storable, Text, Value
from records.candidates import Candidate


class NewMatter(Value):
    """What is known of a matter while the complainant is at the telephone. Nothing of it is kept."""

    model_config = shown(
        {
            "category": "utilities/water-outage",
            "description": "早上六点起全楼停水。No water in the whole building since six.",
            "location": {"area": "chaoyang", "address": "建国路 88 号", "latitude": 39.908, "longitude": 116.473},
            "complainant": {"phone": "+86 138 0000 0000"},
        }
    )

    category: Code = Field(description="One of GET /v1/categories.")
    subject: Annotated[str, Field(max_length=200), Storable] | None = Field(None, description="One line.")
    description: Text | None = Field(None, description="The matter in the complainant's words, as far as they go.")
    location: Place = Field(Place(), description="Where the matter is, as near as is known.")
    complainant: Complainant = Field(Complainant(), description="Whose matter it is: finds the same person's cases.")

    def matter(self, now: datetime) -> Matter:
        """The matter as it is compared with what came before a moment."""
        return Matter(
            category=self.category,
            text=f"{self.subject or ''} {self.description or ''}".strip(),
            location=Location(**dict(self.location)),
            complainant=self.complainant,
            received_at=now,
        )


class CandidateQuery(Value):
    """How far to look, and how likely a suggestion must be."""

    days: float = Field(SCALE.days, ge=1, le=90, description="How many days before to look.")
    metres: float = Field(SCALE.metres, ge=10, le=5_000, description="How far around to look.")
    least: float = Field(SCALE.least, ge=0, le=1, description="The score from which a case is suggested.")
    limit: int = Field(10, ge=1, le=50, description="How many at most.")

    @property
    def scale(self) -> Scale:
        """What each sign weighs, within this reach."""
        return SCALE.model_copy(update=self.model_dump(include={"days", "metres", "least"}))


class CandidateLine(Value):
    """A case that may be the same matter. Nothing of its complainant is told."""

    number: str
    kind: Literal["repeat", "incident"] = Field(description="`repeat`: it seems the same person's; else `incident`.")
    score: float = Field(description="How likely it is, from 0 to 1.")
    reasons: tuple[Why, ...] = Field(description="Why, in words and figures: metres, days, likenesses from 0 to 1.")
    status: Status
    outcome: Outcome | None
    unit: str | None
    category: str
    area: str | None
    subject: str | None
    received_at: datetime
    leads: bool = Field(description="Whether it is an incident already: others are handled through it.")
    through: str | None = Field(description="The case that is alike, where that one is handled through this one.")

    @classmethod
    def of(cls, candidate: Candidate, subject: str | None) -> "CandidateLine":
        """A candidate as it is shown, with its subject as whoever asks may see it."""
        row, score = candidate.case, candidate.score
        # The case has a kind of its own, which is another thing; the score's comes after it.
        told = {name: getattr(row, name) for name in cls.model_fields if name in type(row).model_fields}
        return cls(**(told | dict(score) | {"subject": subject}), leads=candidate.leads, through=candidate.through)


class CandidateList(Value):
    """Cases that may be the same matter, the likeliest first."""

    items: tuple[CandidateLine, ...]
