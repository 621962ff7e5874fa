"""What to do about a field that is wrong, in words for the person who reads the answer."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, get_args

from pydantic import BaseModel, Field

from cases.triage import Triage

_MOST = 50
_LONGEST_NAME = 100
_PLACES = ("body", "query", "path", "header", "cookie")

_KINDS = frozenset(kind.model_fields["ground"].default for kind in get_args(get_args(Triage)[0]))
"""What pydantic puts into a path to say as which ground a value was read."""

_OF_NAMES = frozenset({"missing", "extra_forbidden"})
"""Errors whose path ends in the name of a member, even if a ground is called so, too."""

_MEMBER = re.compile(r"<\w+\.\w+: ('[^']*')>")
"""How pydantic writes the value of an enumeration."""

_CODE = "must be a code: lower-case letters, digits and _ . / & + -, at most 80, like environment/construction-noise"
_BY_PATTERN = {
    r"^[a-z0-9][a-z0-9_./&+-]{0,79}$": _CODE,
    r"^[^\x00]*$": "contains the character NUL (U+0000); leave it out",
    r"^\+?[0-9][0-9 ()./-]{2,30}$": "is no telephone number; write digits, like +86 10 6512 3456",
    r"^[^@\s]+@[^@\s]+$": "is no e-mail address; write one like name@example.org",
}


class FieldError(BaseModel):
    """One field that is wrong."""

    field: str = Field(description="Path of the field, like `location.area`; `body` for the whole body.")
    detail: str = Field(description="What is wrong, and what to do.")


def field_errors(errors: Sequence[Mapping[str, Any]]) -> list[FieldError]:
    """What pydantic found wrong, one line a field. The input itself is never repeated."""
    places = [tuple(error["loc"]) for error in errors]
    return [_told(error) for error in errors[:_MOST] if not _follows(error, places)]


def _follows(error: Mapping[str, Any], places: Sequence[tuple[str | int, ...]]) -> bool:
    """Whether a list is too short only because what it holds is wrong, which is told already."""
    own = tuple(error["loc"])
    return error["type"] == "too_short" and any(place[: len(own)] == own != place for place in places)


def _told(error: Mapping[str, Any]) -> FieldError:
    path = _path(error["loc"], named=error["type"] in _OF_NAMES)
    advise = _ADVICE.get(error["type"], _as_pydantic_says)
    detail = advise(error.get("ctx") or {}, str(error["msg"]))
    if error["type"].startswith("union_tag"):
        path = f"{path}.ground".removeprefix("body.")
    if path == "body" and error["type"] == "value_error" and ": " in detail:
        # A rule over several fields names the one to change in front.
        path, detail = detail.split(": ", 1)
    return FieldError(field=path, detail=detail)


def _path(loc: Sequence[str | int], *, named: bool) -> str:
    place, *path = [str(part)[:_LONGEST_NAME] for part in loc]
    if place not in _PLACES:
        path = [place, *path]
    last = path[-1:] if named else []
    before = path[:-1] if named else path
    return printable(".".join([*(part for part in before if part not in _KINDS), *last])) or "body"


def printable(text: str) -> str:
    """A name that somebody made up, fit to be repeated in an answer."""
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text)


def _as_pydantic_says(_: Mapping[str, Any], message: str) -> str:
    plain = message.removeprefix("Value error, ")
    return plain[:1].lower() + plain[1:]


def _plain(expected: str) -> str:
    return _MEMBER.sub(r"\1", expected)


def _pattern(context: Mapping[str, Any], message: str) -> str:
    return _BY_PATTERN.get(str(context.get("pattern")), _as_pydantic_says(context, message))


def _time(_: Mapping[str, Any], __: str) -> str:
    return (
        "is no time that exists; write date, time and offset like 2026-03-01T09:30:00+08:00 (in a query write + as %2B)"
    )


_ADVICE: dict[str, Callable[[Mapping[str, Any], str], str]] = {
    "missing": lambda _, __: "is missing; add it",
    "extra_forbidden": lambda _, __: "is not known here; check its spelling, or leave it out",
    "enum": lambda context, _: f"must be one of {context['expected']}",
    "literal_error": lambda context, _: f"must be one of {_plain(context['expected'])}",
    "string_too_long": lambda context, _: f"is longer than {context['max_length']:,} characters; shorten it",
    "string_too_short": lambda _, __: "is empty; fill it in, or leave the field out if it may be missing",
    "string_pattern_mismatch": _pattern,
    "string_type": lambda _, __: "must be a text in quotation marks",
    "string_unicode": lambda _, __: "contains half of a surrogate pair, which is no character; send the whole text",
    "bool_parsing": lambda _, __: "must be true or false",
    "bool_type": lambda _, __: "must be true or false",
    "int_parsing": lambda _, __: "must be a whole number",
    "float_parsing": lambda _, __: "must be a number",
    "float_type": lambda _, __: "must be a number",
    "greater_than_equal": lambda context, _: f"must be {context['ge']:g} or more",
    "less_than_equal": lambda context, _: f"must be {context['le']:g} or less",
    "timezone_aware": lambda _, __: "has no offset; write one, like 2026-03-01T09:30:00+08:00",
    "datetime_parsing": _time,
    "datetime_from_date_parsing": _time,
    "datetime_object_invalid": _time,
    "datetime_type": _time,
    "union_tag_not_found": lambda _, __: "is missing; write which ground it is, like same_matter",
    "too_short": lambda context, _: f"has too few entries; list at least {context['min_length']}",
    "too_long": lambda context, _: f"has too many entries; list at most {context['max_length']}",
    "union_tag_invalid": lambda context, _: f"must be one of {context['expected_tags']}",
    "model_type": lambda _, __: "must be a JSON object, in braces",
    "model_attributes_type": lambda _, __: "must be a JSON object, in braces",
    "dict_type": lambda _, __: "must be a JSON object, in braces",
}
