"""catalogue.csv: the lines of the dispatch catalogue (派单目录), checked for holes and contradictions (Art. 12)."""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date

from cases.entry import EVERYWHERE, Entry, Period, Rule
from cases.routing import AREA_KINDS
from hotline import unit_sheet
from hotline.sheet import Row
from hotline.table import Table

FILE = "catalogue.csv"
COLUMNS = ("category", "area", "unit")
OPTIONAL = ("level", "from", "until")

# Spreadsheets write a date with slashes and without the noughts; with the year first there is no doubt what it means.
_DATE = re.compile(r"^(\d{4})([-/])(\d{1,2})\2(\d{1,2})$")


@dataclass(frozen=True)
class Known:
    """What the lines of a catalogue may name. None is a file that could not be read: then nothing is checked by it."""

    kinds: dict[str, str] | None
    categories: Table | None
    levels: Collection[str] | None


def entries(table: Table, known: Known) -> list[Entry]:
    """The lines of the catalogue. Lines with a problem are told of; unless there are none, they are not for use."""
    lines = [_Line(table, row) for row in table.rows]
    _check_contradictions(table, lines)
    for line in lines:
        _check_names(table, line, known)
    if known.categories is not None:
        _check_holes(known.categories, lines)
    return [line.entry for line in lines if line.entry]


class _Line:
    """One row, as far as it can be read."""

    def __init__(self, table: Table, row: Row) -> None:
        self.row = row
        self.category, self.area, self.unit = (row.cells[name] for name in COLUMNS)
        self.level = "" if row.cells["level"] == EVERYWHERE else row.cells["level"]
        self.rule = _rule(self.unit)
        self.is_dated = bool(row.cells["from"] or row.cells["until"])
        self.period = self._period(table) if self.is_dated else None
        self.entry = self._entry(table)

    @property
    def is_standing(self) -> bool:
        """Whether it answers for its category everywhere, at every level and at any time."""
        return self.area == EVERYWHERE and not self.level and not self.is_dated

    def overlaps(self, other: "_Line") -> bool:
        """Whether there is a day on which neither overrides the other; a dated line overrides the standing one."""
        if self.is_dated or other.is_dated:
            return bool(self.period and other.period and self.period.overlaps(other.period))
        return True

    def _period(self, table: Table) -> Period | None:
        days: dict[str, date | None] = {}
        for name in ("from", "until"):
            if written := self.row.cells[name]:
                days[name] = _date(written)
                if days[name] is None:
                    table.tell(self.row, name, f"{written!r} is no date; write the year first, as 2026-11-15")
        if None in days.values():
            return None
        return table.made(self.row, Period, first=days.get("from"), last=days.get("until"))

    def _entry(self, table: Table) -> Entry | None:
        if not self.area:
            table.tell(self.row, "area", f"is empty; write {EVERYWHERE} for everywhere")
        if self.rule and self.area not in (EVERYWHERE, ""):
            detail = f"{self.rule.value!r} answers for all areas; write it in a line whose area is {EVERYWHERE}"
            table.tell(self.row, "unit", detail)
        return table.made(
            self.row,
            Entry,
            line=self.row.line,
            category=self.category,
            area=self.area,
            level=self.level or None,
            period=self.period,
            unit=None if self.rule else self.unit,
            rule=self.rule,
        )


def _rule(unit: str) -> Rule | None:
    written = " ".join(unit.lower().split())
    return Rule(written) if written in list(Rule) else None


def _date(written: str) -> date | None:
    found = _DATE.match(written)
    try:
        return date(int(found[1]), int(found[3]), int(found[4])) if found else None
    except ValueError:
        return None


def _check_names(table: Table, line: _Line, known: Known) -> None:
    row, area = line.row, line.area
    categories = None if known.categories is None else {one.cells["code"] for one in known.categories.rows}
    if categories is not None and line.category and line.category not in categories:
        table.tell(row, "category", f"there is no {line.category!r} in categories.csv")
    if known.levels is not None and line.level and line.level not in known.levels:
        detail = f"the policy has no level {line.level!r}; its levels are: {', '.join(known.levels)}"
        table.tell(row, "level", f"{detail}; leave it empty for all of them")
    if known.kinds is None:
        return
    if area not in (EVERYWHERE, ""):
        if area not in known.kinds:
            table.tell(row, "area", f"there is no unit {area!r} in units.csv")
        elif known.kinds[area] in unit_sheet.KINDS and known.kinds[area] not in AREA_KINDS:
            detail = f"{area!r} is of the kind {known.kinds[area]}; an area is one of: {', '.join(AREA_KINDS)}"
            table.tell(row, "area", detail)
    if line.unit and not line.rule and line.unit not in known.kinds:
        table.tell(row, "unit", f"there is no unit {line.unit!r} in units.csv")


def _check_contradictions(table: Table, lines: Iterable[_Line]) -> None:
    earlier: dict[tuple[str, str, str], list[_Line]] = {}
    for line in lines:
        alike = earlier.setdefault((line.category, line.area, line.level), [])
        against = next((one for one in alike if one.overlaps(line)), None)
        if against and line.category and line.area:
            table.tell(line.row, "category", _contradiction(line, against))
        alike.append(line)


def _contradiction(line: _Line, against: _Line) -> str:
    level = f" at level {line.level}" if line.level else ""
    told = "is the same as" if against.row.cells == line.row.cells else "contradicts"
    if line.period is None:
        return f"{line.category} in {line.area}{level} {told} line {against.row.line}; keep one of them"
    return (
        f"{line.category} in {line.area}{level} {line.period} {told} line {against.row.line}, which holds "
        f"{against.period}; keep one of them, or let one end before the other begins"
    )


def _check_holes(categories: Table, lines: list[_Line]) -> None:
    covered = {line.category for line in lines if line.is_standing}
    for row in categories.rows:
        code = row.cells["code"]
        if not code or code in covered:
            continue
        partial = [line.row.line for line in lines if line.category == code and line.area == EVERYWHERE]
        always = f" and neither level nor dates, which line {partial[0]} has" if partial else ""
        detail = (
            f"catalogue.csv has no line for {code!r} with area {EVERYWHERE}{always}; name the unit for everywhere "
            f"there, or write {Rule.BY_AREA.value!r} or {Rule.BY_DISTRICT.value!r}"
        )
        categories.tell(row, "code", detail)
