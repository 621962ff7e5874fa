"""Which people may do what: the city's file of the groups in people's tokens, and the role that each stands for."""

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError, model_validator

from cases.vocabulary import Code, Role, Value
from hotline.errors import StartError
from hotline.problem import complaints

_SETTING = "HOTLINE_OIDC_PEOPLE"
_ROLES = tuple(role for role in Role if role is not Role.SYSTEM)


class Post(Value):
    """What somebody is: a role, with the unit, district or source that it is for."""

    role: Role
    unit: str | None = None
    source: str | None = None

    @property
    def name(self) -> str:
        """How it is asked for in the header `X-Hotline-Role`, as `desk` or `unit_lead:chaoyang`."""
        return ":".join(filter(None, (self.role, self.unit or self.source)))


class Assignment(Value):
    """One entry of the file: whoever's token has this value is that."""

    value: str = Field(min_length=1, max_length=500)
    role: Role
    unit: Code | None = None
    district: Code | None = None
    source: Code | None = None

    @model_validator(mode="after")
    def _fits(self) -> "Assignment":
        if self.role not in _ROLES:
            raise ValueError(f"role: must be one of {', '.join(_ROLES)}")
        for field, wanted in (("unit", self.role.of_unit), ("district", self.role is Role.DISTRICT)):
            if wanted and getattr(self, field) is None:
                raise ValueError(f"{field}: is missing; the role {self.role} is always for one")
            if not wanted and getattr(self, field) is not None:
                raise ValueError(f"{field}: the role {self.role} has none; leave it out")
        if self.source is not None and self.role is not Role.INTAKE:
            raise ValueError(f"source: the role {self.role} has none; only intake may be bound to one")
        return self

    @property
    def post(self) -> Post:
        """What it makes of somebody."""
        return Post(role=self.role, unit=self.unit or self.district, source=self.source)


class Assignments:
    """All entries of the file."""

    def __init__(self, entries: tuple[Assignment, ...]) -> None:
        self.entries = entries

    def posts(self, values: set[str]) -> list[Post]:
        """What the holder of some values is, each once, in the order of the file."""
        return list(dict.fromkeys(one.post for one in self.entries if one.value in values))

    def units(self) -> set[str]:
        """The units and districts that entries name."""
        return {one.post.unit for one in self.entries if one.post.unit is not None}


def read(path: Path) -> Assignments:
    """The entries of a file.

    Raises:
        StartError: it cannot be read, or an entry is wrong; names the entry and its field.
    """
    try:
        document = tomllib.loads(path.read_text())
    except OSError as error:
        raise StartError(f"{_SETTING}: {path} cannot be read ({error.strerror})") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise StartError(f"{_SETTING}: {path} is no TOML file: {error}") from error
    people = document.pop("people", None)
    if document:
        raise StartError(f"{_SETTING}: {path}: nothing is called {min(document)!r} here; entries begin with [[people]]")
    if not isinstance(people, list) or not people:
        raise StartError(f"{_SETTING}: {path} has no entries; write some, each beginning with [[people]]")
    wrong = [problem for place, one in enumerate(people, 1) for problem in _problems(place, one)]
    if wrong:
        raise StartError(f"{_SETTING}: {path}: {'; '.join(wrong)}")
    return Assignments(tuple(Assignment.model_validate(one) for one in people))


def _problems(place: int, entry: Any) -> Iterator[str]:
    try:
        Assignment.model_validate(entry)
    except ValidationError as error:
        for path, detail in complaints(error):
            yield f"people[{place}] {'.'.join(path)}: {detail}"
