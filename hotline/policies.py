"""A city's policy, read from its folder: all of it or none, with every problem told at once.

policies/README.md is the page of the format.
"""

import re
import tomllib
from collections.abc import Iterable, Iterator
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

from pydantic import ValidationError

from cases.city import City
from cases.limits import Budget
from cases.policy import Policy
from cases.retention import within
from cases.routing import Catalogue
from cases.vocabulary import Value
from hotline import catalogue_sheet, category_sheet, holiday_calendar, sheet, unit_sheet
from hotline.problem import Problem, complaints
from hotline.table import Table
from hotline.toml_lines import line_of

__all__ = ["AUDIENCES", "City", "PolicyError", "load", "names"]

AUDIENCES = ("unit", "district", "desk", "supervisor")

_AT_LINE = re.compile(r"\s*\(at line (\d+), column \d+\)")


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
        unit_table = self._table(unit_sheet.FILE, unit_sheet.COLUMNS, titled=True)
        category_table = self._table(category_sheet.FILE, category_sheet.COLUMNS, titled=True)
        lines = self._table(catalogue_sheet.FILE, catalogue_sheet.COLUMNS, optional=catalogue_sheet.OPTIONAL)
        levels = policy.levels if policy else None
        units = unit_sheet.units(unit_table) if unit_table else []
        categories = category_sheet.categories(category_table, levels) if category_table else []
        kinds = unit_sheet.kinds(unit_table) if unit_table else None
        known = catalogue_sheet.Known(kinds, category_table, levels)
        entries = catalogue_sheet.entries(lines, known) if lines else []
        if policy is not None and category_table:
            self._check_kept(policy, [one.code for one in categories])
        if policy is None or self.problems:
            return None
        return City(policy, Catalogue(units, categories, entries, policy.city_zone))

    def _check_kept(self, policy: Policy, categories: list[str]) -> None:
        """See that whatever is kept longer or shorter is there: a misspelt category would go by the default."""
        for given in policy.retention.categories if policy.retention else ():
            if not any(within(one, given) for one in categories):
                detail = f"no category is {given!r} or lies below it; write one of {category_sheet.FILE}"
                path = ("retention", "categories", given)
                self._tell("policy.toml", line_of(path, self._text("policy.toml") or ""), ".".join(path), detail)

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
            written = tomllib.loads(text)
            for path, detail in holiday_calendar.fill(written):
                self._tell(file, line_of(path, text), ".".join(path), detail)
            policy = Policy.model_validate(written)
        except tomllib.TOMLDecodeError as error:
            at = _AT_LINE.search(str(error))
            self._tell(file, int(at[1]) if at else None, None, f"is no TOML: {_AT_LINE.sub('', str(error))}")
            return None
        except ValidationError as error:
            for path, detail in complaints(error):
                self._tell(file, line_of(path, text), ".".join(path), detail)
            return None
        for path, budget in _budgets(policy):
            if budget.amount == 0:
                detail = f"{str(budget)!r} leaves no time at all; write more, or leave out what it is the limit of"
                self._tell(file, line_of(path, text), ".".join(path), detail)
        for path, who in _audiences(policy):
            if who not in AUDIENCES:
                detail = f"nobody is called {who!r}; one can tell: {', '.join(AUDIENCES)}"
                self._tell(file, line_of(path, text), ".".join(path), detail)
        return policy

    def _table(
        self, file: str, columns: tuple[str, ...], *, optional: tuple[str, ...] = (), titled: bool = False
    ) -> Table | None:
        if (text := self._text(file)) is None:
            return None
        found = len(self.problems)
        rows = sheet.read(file, text, columns, self.problems.append, optional=optional, titled=titled)
        if rows == [] and len(self.problems) == found:
            self._tell(file, None, None, "has no line below its header")
        return None if rows is None else Table(file, rows, self.problems.append)


def _audiences(policy: Policy) -> Iterator[tuple[tuple[str, ...], str]]:
    for path, alarms in policy.alarms():
        for place, step in enumerate(alarms.ladder):
            for who in step.tell:
                yield (*path, "ladder", str(place), "tell"), who


def _budgets(policy: Policy) -> Iterator[tuple[tuple[str, ...], Budget]]:
    """How long things may take. How far apart they lie, and how long after a breach people are told, may be nothing."""
    rules: list[tuple[tuple[str, ...], Value]] = list(policy.alarms())
    sections = ((name, getattr(policy, name)) for name in ("waiting", "reopening", "appeal"))
    rules += [((name,), section) for name, section in sections if section is not None]
    for path, part in rules:
        for name in ("within", "at_most"):
            if isinstance(found := getattr(part, name, None), Budget):
                yield (*path, name), found
