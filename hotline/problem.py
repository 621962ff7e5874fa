"""One thing wrong with a file that people write: where it is, and what to do."""

from collections.abc import Iterator
from dataclasses import dataclass

from pydantic import ValidationError

_SAID = {
    "missing": "is missing",
    "extra_forbidden": "no field is called so; correct or remove it",
    "string_pattern_mismatch": "is no code; use small letters, digits and _ . / & + -, at most 80, no blanks",
    "string_too_short": "is empty",
    "dict_type": 'must be a table, as { en = "…" } or [levels.general]',
    "model_type": 'must be a table, as [callback] or { within = "3 days" }',
    "model_attributes_type": 'must be a table, as [callback] or { within = "3 days" }',
}
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
    for one in error.errors(include_url=False):
        path = tuple(str(part) for part in one["loc"] if part != "[key]")
        detail = _SAID.get(one["type"], one["msg"].removeprefix("Value error, "))
        given = one["input"]
        if not path and (named := detail.partition(": "))[1]:
            # A rule over several fields names the one it means at the head of its message.
            path, detail = tuple(named[0].split(".")), named[2]
        elif given == "":
            detail = _EMPTY
        elif isinstance(given, str | int | float) and one["type"] != "extra_forbidden" and repr(given) not in detail:
            detail = f"{given!r} {detail}" if detail.startswith(("is ", "must ")) else f"{given!r}: {detail}"
        yield path, detail
