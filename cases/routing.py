"""The dispatch catalogue (派单目录): which unit a matter goes to, and why (Art. 12).

Of the lines that hold for a matter, the one for its very area goes before one for everywhere; then one for its level
before one for all levels; then a dated one before the standing one.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, tzinfo
from enum import StrEnum

from cases.entry import EVERYWHERE, Entry, Rule
from cases.vocabulary import Code, Name, Value

AREA_KINDS = ("district", "subdistrict", "township")


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


class Route(Value):
    """Where a case goes and why. `unit` is empty where nothing fits: then the consultation desk decides."""

    unit: Code | None
    copy_to: Code | None = None
    reason: str


class Verdict(StrEnum):
    """What became of a thing that was considered."""

    DECIDES = "decides"
    OUTRANKED = "outranked"
    DOES_NOT_APPLY = "does_not_apply"


class Consideration(Value):
    """One thing that was considered: a line of the catalogue; without a line, the district, and last the desk.

    `unit` is where it would send the matter, empty for the desk and where a rule finds no area.
    """

    line: int | None = None
    says: str
    unit: Code | None = None
    verdict: Verdict
    because: str


class Reasoning(Value):
    """Why a matter goes where it goes: all that was considered, the first to go by first, and the route it led to."""

    category: str
    area: str | None
    level: str | None
    day: date | None
    steps: tuple[Consideration, ...]
    route: Route


class Catalogue:
    """The catalogue of one policy, ready to look up. The days of its lines are days in `zone`, the city's."""

    def __init__(
        self, units: Iterable[Unit], categories: Iterable[Category], entries: Iterable[Entry], zone: tzinfo = UTC
    ) -> None:
        self.units = {unit.code: unit for unit in units}
        self.categories = {category.code: category for category in categories}
        self.entries = tuple(sorted(entries, key=lambda entry: entry.rank))
        self.zone = zone
        self._lines: dict[tuple[str, str], list[Entry]] = {}
        for entry in self.entries:
            self._lines.setdefault((entry.category, entry.area), []).append(entry)

    def route(self, category: str, area: str | None, level: str | None = None, at: datetime | None = None) -> Route:
        """The unit for a matter: by the first line that holds for it, else its district, else the desk (Art. 12).

        A subdistrict's order is copied to its district, which supervises it.

        Args:
            category: The matter's category.
            area: The district, subdistrict or township it lies in, where that is known.
            level: Its level; without one, the level of its category.
            at: When it came in, with its offset. Without it only standing lines hold.

        Raises:
            ValueError: `at` has no offset.
        """
        level, day = self._level(category, level), _day(at, self.zone)
        holding = (
            entry
            for where in dict.fromkeys((area or EVERYWHERE, EVERYWHERE))
            for entry in self._lines.get((category, where), ())
            if entry.level in (None, level) and (entry.period is None or (day and entry.period.holds(day)))
        )
        return self._concluded(category, area, list(holding))

    def explain(
        self, category: str, area: str | None, level: str | None = None, at: datetime | None = None
    ) -> Reasoning:
        """The whole reasoning behind `route`: every line of the category, then the district, then the desk.

        It takes and raises what `route` does.
        """
        level, day = self._level(category, level), _day(at, self.zone)
        lines = [entry for entry in self.entries if entry.category == category]
        lines.sort(key=lambda entry: entry.area not in (area, EVERYWHERE))
        judged = [(entry, "; ".join(self._mismatches(entry, area, level, day))) for entry in lines]
        holding = [entry for entry, mismatch in judged if not mismatch]
        decisive = next((entry for entry in holding if self._unit(entry, area)), None)
        steps = [self._line_step(entry, area, mismatch, decisive) for entry, mismatch in judged]
        return Reasoning(
            category=category,
            area=area,
            level=level,
            day=day,
            steps=(*steps, *self._last_steps(area, decisive)),
            route=self._concluded(category, area, holding),
        )

    def to(self, unit: str, reason: str) -> Route:
        """A route to a given unit, with the copy its district gets.

        Raises:
            KeyError: there is no such unit.
        """
        return Route(unit=unit, copy_to=self.units[unit].district, reason=reason)

    def _concluded(self, category: str, area: str | None, holding: list[Entry]) -> Route:
        going = [(entry, unit) for entry in holding if (unit := self._unit(entry, area))]
        if going:
            (entry, unit), *others = going
            before = f"; before line {others[0][0].line}: {_precedence(entry, others[0][0])}" if others else ""
            return self.to(unit, f"catalogue line {entry.line}: {entry} {_goes(entry)} to {unit}{before}")
        if place := self._place(area):
            district = self._district(place)
            return self.to(district, f"no catalogue line for {category} holds here; its district is {district}")
        cause = f"no catalogue line for {category} holds here"
        if holding:
            cause = f"catalogue line {holding[0].line}: {holding[0]} {_goes(holding[0])}"
        return Route(unit=None, reason=f"{cause}, and {self._no_area(area)}: to the desk")

    def _unit(self, entry: Entry, area: str | None) -> str | None:
        if entry.rule is None:
            return entry.unit
        place = self._place(area)
        if place is None:
            return None
        return place.code if entry.rule is Rule.BY_AREA else self._district(place)

    def _place(self, area: str | None) -> Unit | None:
        place = self.units.get(area or "")
        return place if place and place.kind in AREA_KINDS else None

    def _district(self, place: Unit) -> str:
        # Where a subdistrict or township has no district, nothing stands between it and the city.
        return place.district if place.district in self.units else place.code

    def _no_area(self, area: str | None) -> str:
        if area is None:
            return "no area is known"
        unit = self.units.get(area)
        return f"{area} is a {unit.kind}, which is no area" if unit else f"{area} is no area of this city"

    def _level(self, category: str, level: str | None) -> str | None:
        known = self.categories.get(category)
        return level or (known.level if known else None)

    def _mismatches(self, entry: Entry, area: str | None, level: str | None, day: date | None) -> Iterator[str]:
        if entry.area not in (area, EVERYWHERE):
            place = self._place(area)
            within = " itself, not for what lies in it" if place and place.district == entry.area else ""
            yield f"it is for {entry.area}{within}"
        if entry.level not in (level, None):
            yield f"it is for level {entry.level}" + (f", and the matter is of level {level}" if level else "")
        if entry.period and day is None:
            yield "it is dated, and no moment was given"
        elif entry.period and day and not entry.period.holds(day):
            yield f"it holds {entry.period}, and the matter came in on {day}"

    def _line_step(self, entry: Entry, area: str | None, mismatch: str, decisive: Entry | None) -> Consideration:
        unit = self._unit(entry, area)
        if mismatch:
            verdict, because = Verdict.DOES_NOT_APPLY, mismatch
        elif unit is None:
            verdict, because = Verdict.DOES_NOT_APPLY, f"it {_goes(entry)}, and {self._no_area(area)}"
        elif decisive is None or entry is decisive:
            verdict, because = Verdict.DECIDES, "of the lines that apply it goes first"
        else:
            verdict = Verdict.OUTRANKED
            because = f"line {decisive.line} goes before it: {_precedence(decisive, entry)}"
        says = f"{entry} {_goes(entry)}" + (f" to {entry.unit}" if entry.unit else "")
        return Consideration(line=entry.line, says=says, unit=unit, verdict=verdict, because=because)

    def _last_steps(self, area: str | None, decisive: Entry | None) -> Iterator[Consideration]:
        place = self._place(area)
        verdict, because = Verdict.DECIDES, f"no line applies, and {area} is known"
        if place is None:
            verdict, because = Verdict.DOES_NOT_APPLY, self._no_area(area)
        elif decisive:
            verdict, because = Verdict.OUTRANKED, f"line {decisive.line} decides"
        district = self._district(place) if place else None
        yield Consideration(
            says="without a line, a matter goes to its district", unit=district, verdict=verdict, because=because
        )
        placed = bool(decisive or place)
        yield Consideration(
            says="what nothing fits goes to the desk",
            verdict=Verdict.OUTRANKED if placed else Verdict.DECIDES,
            because="there is a unit for it" if placed else "no line applies, and no district is known",
        )


def _goes(entry: Entry) -> str:
    return f"goes {entry.rule}" if entry.rule else "goes"


def _precedence(first: Entry, other: Entry) -> str:
    if first.area != other.area:
        return "its very area goes before everywhere"
    if first.level != other.level:
        return "its level goes before all levels"
    if (first.period is None) != (other.period is None):
        return "a dated line goes before the standing one"
    return "the two contradict each other, and the upper one goes first"


def _day(at: datetime | None, zone: tzinfo) -> date | None:
    if at is None:
        return None
    if at.utcoffset() is None:
        raise ValueError(f"at: {at} has no offset; write one, as in 2026-11-15T08:00:00+08:00")
    return at.astimezone(zone).date()
