"""What is set about units' systems."""

import re
from datetime import timedelta
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, WithJsonSchema

from api.bodies.shown import shown
from cases.vocabulary import Value

_FORM = re.compile(r"(\d{1,5})\s*(minute|hour|day)s?")
_LONGEST = timedelta(days=90)


def _span(value: Any) -> timedelta:
    found = _FORM.fullmatch(value.strip().lower()) if isinstance(value, str) else None
    span = timedelta(**{f"{found[2]}s": int(found[1])}) if found else None
    if span is None or span > _LONGEST:
        raise ValueError("must be a length of time like '24 hours', '90 minutes' or '0 hours', at most 90 days")
    return span


Span = Annotated[
    timedelta,
    BeforeValidator(_span),
    WithJsonSchema({"type": "string", "examples": ["24 hours", "90 minutes", "0 hours"]}),
]


class SystemBody(Value):
    """Where a unit's system is, and how much it takes."""

    model_config = shown(
        {"endpoint": "https://orders.example.gov/hotline"},
        {"endpoint": "https://orders.example.gov/hotline", "per_minute": 60, "at_once": 2},
    )

    endpoint: str = Field(description="Its address; orders are posted to `/orders` below it.")
    per_minute: int | None = Field(None, ge=1, le=60_000, description="Messages a minute at most; else by settings.")
    at_once: int | None = Field(None, ge=1, le=100, description="Messages side by side at most; else by settings.")


class SecretBody(Value):
    """How long the secrets that a unit has stay valid beside the new one."""

    model_config = shown({"keep_old_for": "24 hours"}, {"keep_old_for": "0 hours"})

    keep_old_for: Span = Field(
        timedelta(hours=24), description="Like `24 hours`; `0 hours` if somebody has got hold of one."
    )
