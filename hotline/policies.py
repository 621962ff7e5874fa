"""A city's policy, read from its folder: all of it or none, with every problem told at once.

policies/README.md is the page of the format.
"""

import re
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from cases.policy import Policy
from cases.routing import Catalogue, Category, Entry, Unit
from hotline import sheet
from hotline.problem import Problem, complaints
from hotline.sheet import Row
from hotline.toml_lines import line_of

EVERYWHERE = "*"
BY_AREA, BY_DISTRICT = "by area", "by district"
AREA_KINDS = ("district", "subdistrict", "township")
UNIT_KINDS = (*AREA_KINDS, "department", "enterprise")
AUDIENCES = ("unit", "district", "desk", "supervisor")

_AT_LINE = re.compile(r"\s*\(at line (\d+), column \d+\)")

Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True)
class City:
    """A policy in force: the rules, and the catalogue that says which unit a matter goes to."""

    policy: Policy
    catalogue: Catalogue


class PolicyError(Exception):
    """A policy cannot be used. `problems` is everything that was found wrong, file by file."""

    def __init__(self, policy: str, problems: Iterable[Problem]) -> None:
        self.policy = policy
        self.problems = list(problems)
        count = "one problem" if len(self.problems) == 1 else f"{len(self.problems)} problems"
        super().__init__("\n  ".join([f"the policy {policy!r} has {count}:", *map(str, self.problems)]))


def names() -> list[str]:
    """The policies that come with the service."""
    return sorted(entry.name for entry in _shipped().iterdir() if entry.joinpath("policy.toml").is_file())


def load(name_or_path: str) -> City:
    """The policy of a shipped name, else the one in a folder; `./beijing` is the folder where both are there.

    Raises:
        PolicyError: there is no such policy, or something is wrong with it.
    """
    is_shipped = name_or_path in names()
    folder: Traversable = _shipped() / name_or_path if is_shipped else Path(name_or_path)
    if not folder.is_dir():
        detail = f"there is no such folder, and no such policy is shipped; shipped are: {', '.join(names())}"
        raise PolicyError(name_or_path, [Problem(name_or_path, None, None, detail)])
    reading = _Reading(folder)
    city = reading.city()
    if city is None:
        raise PolicyError(name_or_path, reading.problems)
    return city


def _shipped() -> Traversable:
    return resources.files("policies")


class _Reading:
    """Reads one folder and gathers what is wrong with it.

    A file that cannot be read at all silences the checks against it: one problem is not told a thousand times.
    """

    def __init__(self, folder: Traversable) -> None:
        self.folder = folder
        self.problems: list[Problem] = []

    def city(self) -> City | None:
        """The city, or None where there are problems."""
        policy = self._policy()
        unit_rows = self._rows("units.csv", ("code", "kind", "district"), titled=True)
        category_rows = self._rows("categories.csv", ("code", "level"), titled=True)
        lines = self._rows("catalogue.csv", ("category", "area", "unit"))
        units = [unit for row in unit_rows or () if (unit := self._unit(row))]
        categories = [category for row in category_rows or () if (category := self._category(row, policy))]
        entries = [entry for row in lines or () if (entry := self._entry(row))]
        if unit_rows is not None:
            self._check_districts(unit_rows)
        if lines is not None:
            self._check_lines(lines, unit_rows, category_rows)
        if policy is None or self.problems:
            return None
        return City(policy, Catalogue(units, categories, _spread(entries, units)))

    def _tell(self, file: str, line: int | None, field: str | None, detail: str) -> None:
        self.problems.append(Problem(file, line, field, detail))

    def _text(self, file: str) -> str | None:
        try:
            content = self.folder.joinpath(file).read_bytes()
        except FileNotFoundError:
            self._tell(file, None, None, "is missing; every policy has one")
        except OSError as error:
            self._tell(file, None, None, f"cannot be read: {error.strerror}")
        else:
            return sheet.decode(file, content, self.problems.append)
        return None

    def _policy(self) -> Policy | None:
        file = "policy.toml"
        if (text := self._text(file)) is None:
            return None
        try:
            policy = Policy.model_validate(tomllib.loads(text))
        except tomllib.TOMLDecodeError as error:
            at = _AT_LINE.search(str(error))
            self._tell(file, int(at[1]) if at else None, None, f"is no TOML: {_AT_LINE.sub('', str(error))}")
            return None
        except ValidationError as error:
            for path, detail in complaints(error):
                self._tell(file, line_of(path, text), ".".join(path), detail)
            return None
        for path, who in _audiences(policy):
            if who not in AUDIENCES:
                detail = f"nobody is called {who!r}; one can tell: {', '.join(AUDIENCES)}"
                self._tell(file, line_of(path, text), ".".join(path), detail)
        return policy

    def _rows(self, file: str, columns: tuple[str, ...], *, titled: bool = False) -> list[Row] | None:
        if (text := self._text(file)) is None:
            return None
        found = len(self.problems)
        rows = sheet.read(file, text, columns, self.problems.append, titled=titled)
        if rows == [] and len(self.problems) == found:
            self._tell(file, None, None, "has no line below its header")
        if rows and "code" in columns:
            self._check_once(file, rows, ("code",))
        return rows

    def _made(self, file: str, row: Row, model: type[Model], **values: object) -> Model | None:
        try:
            return model.model_validate(values)
        except ValidationError as error:
            for path, detail in complaints(error):
                field = "title_en" if path == ("title",) else "_".join(path)
                self._tell(file, row.line, field, detail)
            return None

    def _unit(self, row: Row) -> Unit | None:
        code, kind, district = row.cells["code"], row.cells["kind"], row.cells["district"]
        if kind and kind not in UNIT_KINDS:
            detail = f"there is no kind {kind!r}; the kinds are: {', '.join(UNIT_KINDS)}"
            self._tell("units.csv", row.line, "kind", detail)
        return self._made(
            "units.csv",
            row,
            Unit,
            code=code,
            kind=kind,
            title=self._titles("units.csv", row),
            district=district or None,
        )

    def _category(self, row: Row, policy: Policy | None) -> Category | None:
        level = row.cells["level"]
        if policy is not None and level and level not in policy.levels:
            detail = f"the policy has no level {level!r}; its levels are: {', '.join(policy.levels)}"
            self._tell("categories.csv", row.line, "level", detail)
        titles = self._titles("categories.csv", row)
        return self._made("categories.csv", row, Category, code=row.cells["code"], title=titles, level=level)

    def _titles(self, file: str, row: Row) -> dict[str, str]:
        titles = row.titles()
        if not titles:
            self._tell(file, row.line, "title_en", "has no title in any language; write one")
        return titles

    def _entry(self, row: Row) -> Entry | None:
        category, area, unit = (row.cells[name] for name in ("category", "area", "unit"))
        if not area:
            self._tell("catalogue.csv", row.line, "area", f"is empty; write {EVERYWHERE} for everywhere")
        if (rule := _rule(unit)) is None:
            return self._made("catalogue.csv", row, Entry, line=row.line, category=category, area=area, unit=unit)
        if area not in (EVERYWHERE, ""):
            detail = f"{rule!r} answers for all areas; write it in a line whose area is {EVERYWHERE}"
            self._tell("catalogue.csv", row.line, "unit", detail)
        # Not validated: a rule is no code, so that it can never be taken for a unit.
        return Entry.model_construct(line=row.line, category=category, area=area, unit=rule)

    def _check_districts(self, rows: list[Row]) -> None:
        kinds = {row.cells["code"]: row.cells["kind"] for row in rows}
        for row in rows:
            district = row.cells["district"]
            if not district:
                continue
            if row.cells["kind"] == "district":
                detail = "a district lies in no other; leave it empty"
            elif district not in kinds:
                detail = f"there is no unit {district!r}; add it to units.csv, or correct it"
            elif kinds[district] != "district":
                detail = f"{district!r} is no district but a {kinds[district]}"
            else:
                continue
            self._tell("units.csv", row.line, "district", detail)

    def _check_lines(self, lines: list[Row], units: list[Row] | None, categories: list[Row] | None) -> None:
        self._check_once("catalogue.csv", lines, ("category", "area"))
        kinds = {row.cells["code"]: row.cells["kind"] for row in units or ()}
        known = {row.cells["code"] for row in categories or ()}
        for row in lines:
            category, area, unit = (row.cells[name] for name in ("category", "area", "unit"))
            if categories is not None and category and category not in known:
                self._tell("catalogue.csv", row.line, "category", f"there is no {category!r} in categories.csv")
            if units is not None and area not in (EVERYWHERE, ""):
                if area not in kinds:
                    self._tell("catalogue.csv", row.line, "area", f"there is no unit {area!r} in units.csv")
                elif kinds[area] in UNIT_KINDS and kinds[area] not in AREA_KINDS:
                    detail = f"{area!r} is a {kinds[area]}; an area is one of: {', '.join(AREA_KINDS)}"
                    self._tell("catalogue.csv", row.line, "area", detail)
            if units is not None and unit and not _rule(unit) and unit not in kinds:
                self._tell("catalogue.csv", row.line, "unit", f"there is no unit {unit!r} in units.csv")
        covered = {row.cells["category"] for row in lines if row.cells["area"] == EVERYWHERE}
        for row in categories or ():
            if row.cells["code"] and row.cells["code"] not in covered:
                detail = (
                    f"catalogue.csv has no line for {row.cells['code']!r} with area {EVERYWHERE}; "
                    f"name the unit for everywhere there, or write {BY_AREA!r} or {BY_DISTRICT!r}"
                )
                self._tell("categories.csv", row.line, "code", detail)

    def _check_once(self, file: str, rows: list[Row], columns: tuple[str, ...]) -> None:
        first: dict[tuple[str, ...], Row] = {}
        for row in rows:
            key = tuple(row.cells[name] for name in columns)
            earlier = first.setdefault(key, row)
            if earlier is row or not all(key):
                continue
            same = earlier.cells == row.cells
            told = "the same as" if same else "contradicts"
            self._tell(file, row.line, columns[0], f"{' in '.join(key)} {told} line {earlier.line}; keep one of them")


def _rule(unit: str) -> str | None:
    written = " ".join(unit.lower().split())
    return written if written in (BY_AREA, BY_DISTRICT) else None


def _spread(entries: list[Entry], units: list[Unit]) -> Iterator[Entry]:
    """The lines with each rule written out: one entry for every area that has no line of its own."""
    written = {(entry.category, entry.area) for entry in entries}
    areas = [unit for unit in units if unit.kind in AREA_KINDS]
    for entry in entries:
        if entry.unit not in (BY_AREA, BY_DISTRICT):
            yield entry
            continue
        for area in areas:
            if (entry.category, area.code) not in written:
                unit = area.code if entry.unit == BY_AREA else area.district or area.code
                yield Entry(line=entry.line, category=entry.category, area=area.code, unit=unit)


def _audiences(policy: Policy) -> Iterator[tuple[tuple[str, ...], str]]:
    for path, alarms in policy.alarms():
        for place, step in enumerate(alarms.ladder):
            for who in step.tell:
                yield (*path, "ladder", str(place), "tell"), who
