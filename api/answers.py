"""Answers: JSON whose times carry the offset of the city."""

from collections.abc import Mapping
from datetime import datetime, tzinfo
from typing import Any

from fastapi import Response
from pydantic import BaseModel
from pydantic_core import to_json

_PLAIN = frozenset({str, int, float, bool, type(None)})


def answer(
    content: BaseModel, zone: tzinfo, *, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """A value as it is answered. Nobody between us and the caller may keep it: it can hold personal data."""
    return Response(
        to_json(_told(content.model_dump(), zone)),
        status_code=status,
        headers={"Cache-Control": "no-store", **(headers or {})},
        media_type="application/json",
    )


def _told(value: Any, zone: tzinfo) -> Any:
    if type(value) in _PLAIN:
        return value
    if isinstance(value, datetime):
        return value.astimezone(zone).isoformat()
    if isinstance(value, dict):
        return {name: _told(inner, zone) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_told(inner, zone) for inner in value]
    # Days and times of day, as calendars and hours of call-back hold them, and what else is written in one way only.
    return value
