"""The dispatch catalogue is checked when it is loaded: unknown names, holes and contradictions, each by its line."""

import re
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cases.entry import Entry, Period, Rule
from hotline import catalogue_sheet, category_sheet, sheet
from hotline.catalogue_sheet import Known
from hotline.policies import load
from hotline.problem import Problem
from hotline.table import Table

KINDS = {"north": "district", "mill": "subdistrict", "works": "department", "lamps": "enterprise"}
LEVELS = ("general", "urgent")
STANDING = "litter,*,by area"
PARTIAL = " and neither level nor dates, which line 2 has"


def read(*lines: str, header: str = "category,area,unit,level,from,until") -> tuple[list[Entry], list[str]]:
    """The entries of a catalogue for one category, and the problems told of it."""
    problems: list[Problem] = []
    columns = (catalogue_sheet.COLUMNS, catalogue_sheet.OPTIONAL)
    rows = sheet.read("catalogue.csv", "\n".join([header, *lines]), columns[0], problems.append, optional=columns[1])
    assert rows is not None, problems
    categories = sheet.read(
        "categories.csv",
        "code,title_en,level\nlitter,Litter,general",
        category_sheet.COLUMNS,
        problems.append,
        titled=True,
    )
    assert categories is not None
    known = Known(KINDS, Table("categories.csv", categories, problems.append), LEVELS)
    entries = catalogue_sheet.entries(Table("catalogue.csv", rows, problems.append), known)
    return entries, [str(problem) for problem in problems]


def test_a_catalogue_without_levels_and_dates_is_whole() -> None:
    entries, problems = read("litter,mill,works", STANDING, header="category,area,unit")
    assert not problems
    assert entries == [
        Entry(line=2, category="litter", area="mill", unit="works"),
        Entry(line=3, category="litter", rule=Rule.BY_AREA),
    ]


def test_the_columns_may_stand_in_any_order_and_some_be_left_out() -> None:
    entries, problems = read("2026-11-15,works,*,litter", ",works,*,litter", header="from,unit,area,category")
    assert not problems
    assert entries[0].period == Period(first=date(2026, 11, 15))


@pytest.mark.parametrize(
    ("cells", "period"),
    [
        ("2026-11-15,2027-03-15", Period(first=date(2026, 11, 15), last=date(2027, 3, 15))),
        ("2026/11/5,2027/3/15", Period(first=date(2026, 11, 5), last=date(2027, 3, 15))),
        ("2026-11-15,2026-11-15", Period(first=date(2026, 11, 15), last=date(2026, 11, 15))),
        (",2027-03-15", Period(last=date(2027, 3, 15))),
    ],
)
def test_dates_are_read_as_spreadsheets_write_them(cells: str, period: Period) -> None:
    entries, problems = read(f"litter,mill,works,,{cells}", STANDING)
    assert not problems
    assert entries[0].period == period


@pytest.mark.parametrize("level", ["", "*"])
def test_no_level_and_a_star_are_all_levels(level: str) -> None:
    entries, problems = read(f"litter,*,works,{level}")
    assert not problems
    assert entries[0].level is None


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param(["litter,*,works,urgent", "litter,mill,works,urgent"], id="another area"),
        pytest.param(["litter,*,works,urgent", "litter,*,lamps,general"], id="another level"),
        pytest.param(["litter,*,works,,2026-11-15"], id="a dated line over the standing one"),
        pytest.param(["litter,*,works,,,2026-11-14", "litter,*,lamps,,2026-11-15"], id="one ends before the other"),
    ],
)
def test_lines_for_different_matters_do_not_contradict_each_other(lines: list[str]) -> None:
    assert read(STANDING, *lines)[1] == []


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("litter,mill,works,high", "line 3, level: the policy has no level 'high'; its levels are: general, urgent"),
        ("litter,mill,works,,15.11.2026", "line 3, from: '15.11.2026' is no date; write the year first, as 2026-11-15"),
        ("litter,mill,works,,2026-02-29", "line 3, from: '2026-02-29' is no date; write the year first"),
        ("litter,mill,works,,2026-11/15", "line 3, from: '2026-11/15' is no date; write the year first"),
        ("litter,mill,works,,,soon", "line 3, until: 'soon' is no date; write the year first, as 2026-11-15"),
        ("litter,mill,works,,2026-11-15,2026-11-14", "line 3, until: 2026-11-14 lies before 2026-11-15"),
        ("litter,mill,by area,urgent", "line 3, unit: 'by area' answers for all areas"),
        ("litter,hill,works,urgent,2026-11-15", "line 3, area: there is no unit 'hill' in units.csv"),
        ("litter,works,works", "line 3, area: 'works' is of the kind department; an area is one of: district"),
        ("litter,mill,work,urgent,2026-11-15", "line 3, unit: there is no unit 'work' in units.csv"),
        ("glitter,mill,works", "line 3, category: there is no 'glitter' in categories.csv"),
    ],
)  # fmt: skip
def test_what_a_line_names_wrongly_is_told_once_and_by_its_line(line: str, told: str) -> None:
    (problem,) = read(STANDING, line)[1]
    assert problem.startswith(f"catalogue.csv, {told}")


@pytest.mark.parametrize(
    ("first", "second", "told"),
    [
        ("litter,mill,works", "litter,mill,lamps", "litter in mill contradicts line 3; keep one of them"),
        ("litter,mill,works", "litter,mill,works", "litter in mill is the same as line 3; keep one of them"),
        ("litter,mill,works,urgent", "litter,mill,lamps,urgent", "litter in mill at level urgent contradicts line 3;"),
        ("litter,mill,works,*", "litter,mill,lamps", "litter in mill contradicts line 3; keep one of them"),
        (
            "litter,mill,works,,2026-11-15,2027-03-15",
            "litter,mill,lamps,,2027-03-15",
            "litter in mill from 2027-03-15 contradicts line 3, which holds from 2026-11-15 until 2027-03-15; "
            "keep one of them, or let one end before the other begins",
        ),
        ("litter,*,works,,2026-01-01", "litter,*,works,,2027-01-01", "litter in * from 2027-01-01 contradicts line 3"),
    ],
)  # fmt: skip
def test_a_contradiction_names_both_lines(first: str, second: str, told: str) -> None:
    (problem,) = read(STANDING, first, second)[1]
    assert problem.startswith(f"catalogue.csv, line 4, category: {told}")


def test_a_line_whose_date_cannot_be_read_contradicts_nothing_yet() -> None:
    assert len(read(STANDING, "litter,*,works,,soon", "litter,*,lamps,,2026-11-15")[1]) == 1


@pytest.mark.parametrize(
    ("line", "but"),
    [
        pytest.param("litter,mill,works", "", id="for an area only"),
        pytest.param("litter,*,works,urgent", PARTIAL, id="for a level only"),
        pytest.param("litter,*,works,,2026-11-15", PARTIAL, id="from a day on"),
        pytest.param("litter,*,works,,,2026-11-15", PARTIAL, id="to a day only"),
    ],
)  # fmt: skip
def test_a_category_without_a_line_for_everything_is_a_hole(line: str, but: str) -> None:
    assert read(line)[1] == [
        f"categories.csv, line 2, code: catalogue.csv has no line for 'litter' with area *{but}; "
        "name the unit for everywhere there, or write 'by area' or 'by district'"
    ]


def test_the_example_on_the_page_of_the_format_has_no_problems() -> None:
    page = (Path(__file__).parents[2] / "policies/README.md").read_text("utf-8")
    (example,) = re.findall(r"```csv\n(category,.*?)```", page, re.DOTALL)
    city = load("beijing")
    problems: list[Problem] = []
    rows = sheet.read(
        "catalogue.csv", example, catalogue_sheet.COLUMNS, problems.append, optional=catalogue_sheet.OPTIONAL
    )
    kinds = {code: unit.kind for code, unit in city.catalogue.units.items()}
    table = Table("catalogue.csv", rows or [], problems.append)
    entries = catalogue_sheet.entries(table, Known(kinds, None, city.policy.levels))
    assert not problems
    assert {entry.category for entry in entries} <= set(city.catalogue.categories)


DAYS = [date(2026, 11, 1) + timedelta(days=number) for number in range(6)]


@settings(deadline=None)
@given(*[st.lists(st.none() | st.sampled_from(DAYS), min_size=2, max_size=2) for _ in range(2)])
def test_two_dated_lines_contradict_each_other_if_there_is_a_day_for_both(
    one: list[date | None], other: list[date | None]
) -> None:
    def in_force(period: list[date | None]) -> set[date]:
        first, last = period
        around = [DAYS[0] - timedelta(days=1), *DAYS, DAYS[-1] + timedelta(days=1)]
        return {day for day in around if (first is None or first <= day) and (last is None or day <= last)}

    def line(unit: str, period: list[date | None]) -> str:
        return f"litter,mill,{unit},,{period[0] or ''},{period[1] or ''}"

    problems = read(STANDING, line("works", one), line("lamps", other))[1]
    if not in_force(one) or not in_force(other):
        assert any("lies before" in problem for problem in problems)
    elif any(one) == any(other):
        assert bool(problems) == bool(in_force(one) & in_force(other))
    else:
        assert not problems, "a dated line overrides the standing one"
