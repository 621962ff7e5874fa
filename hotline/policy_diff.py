"""What differs between two cities, field by field, whatever the order in which their files have it."""

from collections.abc import Iterator
from typing import Any

from cases.city import City
from cases.vocabulary import Value

_DAYS = ("holidays", "workdays")


class Change(Value):
    """One field that differs; what it is called, and what it was and is. A missing side is one that lacks it."""

    field: str
    before: str | None
    after: str | None

    def __str__(self) -> str:
        if self.before is None:
            return f"+ {self.field}{_is(self.after)}"
        if self.after is None:
            return f"- {self.field}{_is(self.before)}"
        return f"~ {self.field}: {self.before} → {self.after}"


def diff(before: City, after: City) -> list[Change]:
    """Every field in which the second differs from the first. Which version they are of does not count."""
    old, new = dict(_fields(before)), dict(_fields(after))
    # In the order of the second, with what it lacks where the first had it.
    names = list(new)
    names += [name for name in old if name not in new]
    return [
        Change(field=name, before=old.get(name), after=new.get(name))
        for name in names
        if old.get(name) != new.get(name)
    ]


def flat(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """The fields of a value as JSON has it, each under its path, as texts for people."""
    name = path.rpartition(".")[2]
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from flat(inner, f"{path}.{key}".lstrip("."))
    elif isinstance(value, list) and name in _DAYS:
        yield from ((f"{path}.{day}", "") for day in value)
    elif value not in (None, []):
        yield path, text(value)


def text(value: Any) -> str:
    """A value as JSON has it, in words."""
    if isinstance(value, list):
        return ("; " if any(isinstance(one, dict) for one in value) else ", ").join(text(one) for one in value)
    if isinstance(value, dict):
        return " ".join(f"{key} {text(inner)}" for key, inner in value.items())
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


def _fields(city: City) -> Iterator[tuple[str, str]]:
    yield from flat(city.policy.model_dump(mode="json", exclude={"version"}))
    for unit in city.catalogue.units.values():
        yield f"units.{unit.code}", ""
        yield from flat(unit.model_dump(mode="json", exclude={"code"}), f"units.{unit.code}")
    for category in city.catalogue.categories.values():
        yield f"categories.{category.code}", ""
        yield from flat(category.model_dump(mode="json", exclude={"code"}), f"categories.{category.code}")
    for entry in city.catalogue.entries:
        yield f"catalogue: {entry}", str(entry.rule or entry.unit)


def _is(value: str | None) -> str:
    return f" = {value}" if value else ""
