"""A complaint as it is brought in (Art. 10, 11)."""

from typing import Annotated

from pydantic import AwareDatetime, Field, model_validator

from api.bodies.shown import shown
from cases.triage import Triage
from cases.vocabulary import Channel, Code, Complainant, Kind, Place, Reference, Text, Value


class NewCase(Value):
    """A complaint as it is brought in."""

    model_config = shown(
        {
            "source": "12345",
            "source_ref": "2026-0301-0042",
            "channel": "phone",
            "kind": "complaint",
            "category": "environment/construction-noise",
            "subject": "Building site works at night",
            "description": "夜里十一点以后仍在施工。They go on working after eleven at night.",
            "location": {"area": "chaoyang", "address": "建国路 88 号"},
            "complainant": {"name": "王女士", "phone": "+86 138 0000 0000"},
        },
        {
            "source": "12345",
            "source_ref": "2026-0301-0043",
            "channel": "phone",
            "kind": "consultation",
            "category": "environment/construction-noise",
            "description": "几点以后不能施工？From what hour must a site be quiet?",
            "triage": {"ground": "answered", "told": "From ten at night to six in the morning."},
        },
    )

    source: Code = Field(description="The service that took the complaint.")
    source_ref: Reference | None = Field(
        None, description="The source's own reference. Sent again, it finds the same case, never a second one."
    )
    channel: Channel = Field(description="How it came in.")
    kind: Kind = Field(description="What is brought.")
    category: Code = Field(description="One of GET /v1/categories.")
    level: Code | None = Field(
        None, description="How urgent it is; if left out, as the policy says for its kind, or the category's own."
    )
    subject: Annotated[str, Field(max_length=200)] | None = Field(None, description="One line.")
    description: Text = Field(description="The matter in the complainant's words: plain text, kept as it is.")
    location: Place = Place()
    complainant: Complainant = Complainant()
    confidential: bool = Field(
        False, description="The complainant wants nobody but the hotline to know who they are (Art. 8)."
    )
    accused: Annotated[tuple[Code, ...], Field(max_length=20)] = Field(
        (), description="Of a report (举报): the units that it is about. They never learn who made it."
    )
    received_at: AwareDatetime | None = Field(
        None, description="When it came in, from which every limit counts; now if left out. Never in the future."
    )
    unit: Code | None = Field(None, description="The unit to send it to, where intake staff know better.")
    triage: Triage | None = Field(
        None,
        description="Where no unit was needed: what a consultation was answered at once, or on which of the six "
        "grounds the matter is not dispatched, and what the complainant was told (Art. 11). The case is then closed.",
    )

    @model_validator(mode="after")
    def _one_way(self) -> "NewCase":
        if self.unit is not None and self.triage is not None:
            raise ValueError("unit: triage says that it goes to no unit; leave one of the two out")
        return self
