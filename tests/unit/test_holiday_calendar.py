"""Public holidays are filled into a policy's calendar as it is read, and how far they are known is told."""

import shutil
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from cases.calendar import Calendar
from hotline.holiday_calendar import fill, unsettled
from hotline.policies import PolicyError, load, names

Change = Callable[[str, str], Path]


def filled(**table: object) -> Calendar:
    policy: dict[str, Any] = {"calendar": table}
    assert list(fill(policy)) == []
    return Calendar.model_validate(policy["calendar"])


def days(first: date, last: date) -> set[date]:
    return {first + timedelta(days=n) for n in range((last - first).days + 1)}


def off(calendar: Calendar, year: int) -> set[date]:
    """The days of a year on which nobody works, though a plain week would have it so, and the other way round."""
    plain = Calendar()
    return {
        day for day in days(date(year, 1, 1), date(year, 12, 31)) if calendar.is_working(day) != plain.is_working(day)
    }


def test_china_in_2025_is_as_the_state_council_announced_it() -> None:
    china = filled(country="CN", years=[2025])
    holidays = {
        date(2025, 1, 1),
        *days(date(2025, 1, 28), date(2025, 2, 4)),
        *days(date(2025, 4, 4), date(2025, 4, 6)),
        *days(date(2025, 5, 1), date(2025, 5, 5)),
        *days(date(2025, 5, 31), date(2025, 6, 2)),
        *days(date(2025, 10, 1), date(2025, 10, 8)),
    }
    worked = {date(2025, 1, 26), date(2025, 2, 8), date(2025, 4, 27), date(2025, 9, 28), date(2025, 10, 11)}
    assert off(china, 2025) == {day for day in holidays if day.weekday() < 5} | worked
    assert set(china.workdays) == worked


def test_china_in_2026_is_as_the_state_council_announced_it() -> None:
    china = filled(country="CN", years=[2026])
    holidays = {
        *days(date(2026, 1, 1), date(2026, 1, 3)),
        *days(date(2026, 2, 15), date(2026, 2, 23)),
        *days(date(2026, 4, 4), date(2026, 4, 6)),
        *days(date(2026, 5, 1), date(2026, 5, 5)),
        *days(date(2026, 6, 19), date(2026, 6, 21)),
        *days(date(2026, 9, 25), date(2026, 9, 27)),
        *days(date(2026, 10, 1), date(2026, 10, 7)),
    }
    worked = {date(2026, 1, 4), date(2026, 2, 14), date(2026, 2, 28), date(2026, 5, 9)}
    worked |= {date(2026, 9, 20), date(2026, 10, 10)}
    assert off(china, 2026) == {day for day in holidays if day.weekday() < 5} | worked


def test_a_year_that_nobody_has_announced_is_not_taken_for_known() -> None:
    # Far enough ahead that no release of the library can know it.
    china = filled(country="CN", years=list(range(2025, 2054)))
    assert china.known_until is not None
    assert date(2026, 12, 31) <= china.known_until < date(2053, 1, 1)
    assert china.knows(date(2026, 12, 31))
    assert not china.knows(date(2053, 1, 1))
    assert not china.is_working(date(2053, 10, 1)), "what the law names is listed all the same"
    assert not [day for day in china.workdays if day > china.known_until]


def test_a_holiday_that_hangs_on_the_moon_is_an_estimate_until_it_is_announced() -> None:
    india = filled(country="IN", years=list(range(2026, 2054)))
    assert india.known_until is not None
    assert date(2026, 1, 1) <= india.known_until < date(2053, 1, 1)


def test_where_the_law_settles_all_holidays_the_years_asked_for_are_known() -> None:
    england = filled(country="GB", subdivision="ENG", years=[2026, 2027])
    assert england.known_until == date(2027, 12, 31)
    assert not england.is_working(date(2026, 4, 6)), "Easter Monday"
    scotland = filled(country="GB", subdivision="SCT", years=[2026, 2027])
    assert scotland.is_working(date(2026, 4, 6))


def test_a_make_up_workday_of_the_december_before_is_not_lost() -> None:
    # For New Year 2019 people worked on 29 December 2018; for 2007 on the last two days of 2006.
    assert date(2006, 12, 30) in filled(country="CN", years=[2006]).workdays


def test_what_the_file_lists_goes_before_what_the_library_knows() -> None:
    china = filled(
        country="CN",
        years=[2026],
        holidays=[date(2026, 10, 10), date(2026, 12, 24)],
        workdays=[date(2026, 10, 7)],
        known_until=date(2027, 6, 30),
    )
    assert not china.is_working(date(2026, 10, 10)), "a make-up workday that this city does not work"
    assert not china.is_working(date(2026, 12, 24)), "a holiday of its own"
    assert china.is_working(date(2026, 10, 7)), "a public holiday on which it works"
    assert not china.is_working(date(2026, 10, 6))
    assert china.known_until == date(2027, 6, 30)


def test_a_calendar_without_a_country_is_left_as_it_is() -> None:
    policy = {"calendar": {"holidays": [date(2026, 10, 1)]}}
    assert list(fill(policy)) == []
    assert policy == {"calendar": {"holidays": [date(2026, 10, 1)]}}
    assert list(fill({})) == []


def test_people_are_told_how_far_the_holidays_are_known() -> None:
    told = unsettled(load("guangdong").policy)
    assert told is not None
    assert told.startswith("calendar: holidays and make-up workdays are known until 20")
    assert unsettled(load("beijing").policy) is None


@pytest.fixture
def change(tmp_path: Path) -> Change:
    """A shipped policy with one piece of its policy.toml changed."""

    def changed(old: str, new: str, name: str = "guangdong") -> Path:
        folder = tmp_path / name
        if not folder.exists():
            shutil.copytree(Path(__file__).parents[2] / "policies" / name, folder)
        text = (Path(__file__).parents[2] / "policies" / name / "policy.toml").read_text("utf-8")
        assert old in text
        (folder / "policy.toml").write_text(text.replace(old, new, 1), "utf-8")
        return folder

    return changed


def problems(folder: Path) -> list[str]:
    with pytest.raises(PolicyError) as raised:
        load(str(folder))
    return [str(problem) for problem in raised.value.problems]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('country = "CN"', 'country = "XX"', "country: there is no country 'XX' in the library"),
        ('country = "CN"', 'country = "CN"\nsubdivision = "BJ"', "subdivision: CN has no 'BJ'"),
        ("years = [2025, 2026, 2027]", "years = [2025, 2027]", "years: write the years in a row"),
        ("years = [2025, 2026, 2027]", "years = []", "years: write the years in a row"),
        ("years = [2025, 2026, 2027]", "years = 2026", "years: 2026 must be a list"),
        ("years = [2025, 2026, 2027]", "", "years: is missing"),
        ('country = "CN"', "", "country: is missing"),
        ("years = [2025, 2026, 2027]", "years = [2026]\nholidays = 5", "holidays: 5 must be a list"),
        ("years = [2025, 2026, 2027]", "years = [2026]\nholidys = []", "holidys: no field is called so"),
    ],
)
def test_a_problem_with_holidays_names_file_line_and_field(change: Change, old: str, new: str, told: str) -> None:
    found = problems(change(old, new))
    assert len(found) == 1
    assert found[0].startswith("policy.toml, line ")
    assert f", calendar.{told}" in found[0]


def test_a_date_that_is_holiday_and_workday_is_refused(change: Change) -> None:
    both = "holidays = [2026-11-02]\nworkdays = [2026-11-02]\nyears = [2026]"
    (problem,) = problems(change("years = [2025, 2026, 2027]", both))
    assert "2026-11-02 is among the holidays too" in problem
    assert "calendar" in problem


@pytest.mark.parametrize("name", names())
def test_whoever_is_told_must_be_somebody_in_every_section(change: Callable[..., Path], name: str) -> None:
    lines = (Path(__file__).parents[2] / "policies" / name / "policy.toml").read_text("utf-8").split("\n")
    ladder, seen = 0, 0
    for number, line in enumerate(lines, start=1):
        ladder = number if "ladder" in line else ladder
        if "tell = [" not in line:
            continue
        seen += 1
        before = "\n".join(lines[: number - 1])
        wrong = line.replace("tell = [", 'tell = ["boss", ', 1)
        told = problems(change(f"{before}\n{line}", f"{before}\n{wrong}", name))
        assert len(told) == 1
        assert told[0].startswith(f"policy.toml, line {ladder}, "), (told, line)
        assert ": nobody is called 'boss'; one can tell: " in told[0]
    steps = sum(len(alarms.ladder) for _, alarms in load(name).policy.alarms())
    assert seen == steps, "as many as the policy has, so that none is overlooked"
