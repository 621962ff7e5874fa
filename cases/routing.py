"""The dispatch catalogue (派单目录): which unit a matter goes to, and why (Art. 12)."""

from collections.abc import Iterable

from cases.vocabulary import Code, Name, Value


class Unit(Value):
    """A handling unit (承办单位): district, department, subdistrict or township, or public-service enterprise."""

    code: Code
    kind: Name
    title: dict[str, Name]
    district: Code | None = None


class Category(Value):
    """A category of matters, with the level its cases have unless intake says otherwise."""

    code: Code
    title: dict[str, Name]
    level: Code


class Entry(Value):
    """One line of the catalogue: matters of this category in this area (or everywhere, `*`) go to this unit."""

    line: int
    category: Code
    area: str = "*"
    unit: Code


class Route(Value):
    """Where a case goes and why. `unit` is empty where nothing fits: then the consultation desk decides."""

    unit: Code | None
    copy_to: Code | None = None
    reason: str


class Catalogue:
    """The catalogue of one policy, ready to look up."""

    def __init__(self, units: Iterable[Unit], categories: Iterable[Category], entries: Iterable[Entry]) -> None:
        self.units = {unit.code: unit for unit in units}
        self.categories = {category.code: category for category in categories}
        self.entries = {(entry.category, entry.area): entry for entry in entries}

    def route(self, category: str, area: str | None) -> Route:
        """The unit for a matter: the line for its very area, else the line for everywhere, else the area itself.

        A subdistrict's order is copied to its district, which supervises it. A matter that no line covers goes to the
        district it lies in, when that is known; else to the desk (Art. 12).
        """
        entry = self.entries.get((category, area or "*")) or self.entries.get((category, "*"))
        if entry is not None:
            return self.to(entry.unit, f"catalogue line {entry.line}: {category} in {entry.area} goes to {entry.unit}")
        place = self.units.get(area or "")
        district = self.units.get(place.district or "") if place else None
        if supervising := district or place:
            return self.to(supervising.code, f"no catalogue line for {category}; its district is {supervising.code}")
        return Route(unit=None, reason=f"no catalogue line for {category}, and no district known: to the desk")

    def to(self, unit: str, reason: str) -> Route:
        """A route to a given unit, with the copy its district gets."""
        return Route(unit=unit, copy_to=self.units[unit].district, reason=reason)
