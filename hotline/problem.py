"""One thing wrong with a file that people write: where it is, and what to do."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from cases.policy import Policy

_SAID = {
    "missing": "is missing",
    "string_pattern_mismatch": "is no code; use small letters, digits and _ . / & + -, at most 80, no blanks",
    "string_too_short": "is empty",
    "string_type": "must be a text; put it in quotation marks",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "tuple_type": "must be a list, in square brackets",
    "too_short": "is an empty list; write what belongs there, or leave the field out if it may be missing",
    "time_parsing": "must be a time of day, as 09:00:00",
    "time_type": "must be a time of day, as 09:00:00",
    "date_type": "must be a date, the year first, as 2026-12-24",
    "date_from_datetime_parsing": "must be a date, the year first, as 2026-12-24",
    "date_from_datetime_inexact": "must be a date without a time of day, as 2026-12-24",
    "dict_type": 'must be a table, as { en = "…" } or [levels.general]',
    "model_type": 'must be a table, as [callback] or { within = "3 days" }',
    "model_attributes_type": 'must be a table, as [callback] or { within = "3 days" }',
}
_BOUNDS = {
    "literal_error": ("expected", "must be {}"),
    "enum": ("expected", "must be {}"),
    "greater_than": ("gt", "must be more than {}"),
    "greater_than_equal": ("ge", "must be {} or more"),
    "less_than": ("lt", "must be less than {}"),
    "less_than_equal": ("le", "must be {} or less"),
}
"""What pydantic knows of a limit, and how it is said."""

_EMPTY = "is empty"


@dataclass(frozen=True)
class Problem:
    """Where and what. Lines count from 1, as editors and spreadsheets do."""

    file: str
    line: int | None
    field: str | None
    detail: str

    def __str__(self) -> str:
        line = f"line {self.line}" if self.line else None
        return f"{', '.join(part for part in (self.file, line, self.field) if part)}: {self.detail}"


def complaints(error: ValidationError) -> Iterator[tuple[tuple[str, ...], str]]:
    """What a model refuses: the path of each field, and what is wrong with it in words for people."""
    found = error.errors(include_url=False)
    places = [one["loc"] for one in found]
    for one in found:
        if one["type"] == "too_short" and any(place[: len(one["loc"])] == one["loc"] != place for place in places):
            # The list is too short only because what it holds is wrong, which is told already.
            continue
        path = tuple(str(part) for part in one["loc"] if part != "[key]")
        detail = _said(one, path)
        given = one["input"]
        if not path and (named := detail.partition(": "))[1]:
            # A rule over several fields names the one it means at the head of its message.
            path, detail = tuple(named[0].split(".")), named[2]
        elif given == "":
            detail = _EMPTY
        elif isinstance(given, str | int | float) and one["type"] != "extra_forbidden" and repr(given) not in detail:
            detail = f"{given!r} {detail}" if detail.startswith(("is ", "must ")) else f"{given!r}: {detail}"
        yield path, detail


def _said(one: Mapping[str, Any], path: tuple[str, ...]) -> str:
    if one["type"] == "extra_forbidden":
        close = get_close_matches(path[-1], _field_names(), n=1)
        meant = f"did you mean {close[0]}? " if close else ""
        return f"no field is called so; {meant}correct or remove it"
    if one["type"] in _BOUNDS:
        name, words = _BOUNDS[one["type"]]
        return words.format(one["ctx"][name])
    said: str = _SAID.get(one["type"], one["msg"].removeprefix("Value error, "))
    return said


@cache
def _field_names() -> frozenset[str]:
    """Everything that a field of a policy may be called, wherever it stands."""
    names: set[str] = set()
    models: list[Any] = [Policy]
    seen: set[Any] = set()
    while models:
        kind = models.pop()
        if kind in seen:
            continue
        seen.add(kind)
        models += get_args(kind)
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            names |= kind.model_fields.keys()
            models += [field.annotation for field in kind.model_fields.values()]
    return frozenset(names)
