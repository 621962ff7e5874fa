"""A country's public holidays and make-up workdays, filled into the `[calendar]` of a policy when it is read.

What the file lists itself goes before what the library `holidays` knows. How far that reaches stands in the calendar as
`known_until`: a government that moves its weekends (China's 调休) announces each year late in the one before, and a
holiday that hangs on the sight of the moon is an estimate until then.
"""

import warnings
from collections.abc import Iterator
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError, field_validator, model_validator

from cases.policy import Policy
from cases.vocabulary import Value
from hotline.problem import complaints

if TYPE_CHECKING:
    from holidays import HolidayBase

SECTION = "calendar"
_DAY = timedelta(days=1)
_MOST_YEARS = 30
_ESTIMATES = ("estimated_label", "observed_estimated_label")
"""What the library puts beside the name of a holiday whose date it had to reckon."""


class PublicHolidays(Value):
    """Whose holidays a calendar takes over, and of which years."""

    country: str
    subdivision: str | None = None
    years: tuple[int, ...]

    @field_validator("years")
    @classmethod
    def _in_a_row(cls, years: tuple[int, ...]) -> tuple[int, ...]:
        first, last = (min(years), max(years)) if years else (0, -1)
        if not 1900 <= first <= last <= 2100 or sorted(years) != list(range(first, last + 1)):
            raise ValueError("write the years in a row, as [2025, 2026, 2027]")
        if len(years) > _MOST_YEARS:
            raise ValueError(f"{len(years)} years are more than a city plans for; write {_MOST_YEARS} at most")
        return years

    @model_validator(mode="after")
    def _is_known(self) -> "PublicHolidays":
        from holidays import list_supported_countries

        parts = list_supported_countries().get(self.country)
        if parts is None:
            raise ValueError(
                f"country: there is no country {self.country!r} in the library; write its code, as CN or GB"
            )
        if self.subdivision is not None and self.subdivision not in parts:
            known = f"write one of: {', '.join(parts)}" if parts else "leave it out"
            raise ValueError(f"subdivision: {self.country} has no {self.subdivision!r}; {known}")
        return self


def fill(policy: dict[str, Any]) -> Iterator[tuple[tuple[str, ...], str]]:
    """Put the public holidays that a policy, as read from its file, asks for into its calendar.

    Yields:
        The path of each field that is wrong, and what is wrong with it.
    """
    table = policy.get(SECTION)
    if not isinstance(table, dict):
        return
    asked = {name: table.pop(name) for name in PublicHolidays.model_fields if name in table}
    if not asked:
        return
    try:
        whose = PublicHolidays.model_validate(asked)
    except ValidationError as error:
        for path, detail in complaints(error):
            yield (SECTION, *path), detail
        return
    off, on, known_until = _of(whose)
    holidays, workdays = table.get("holidays", []), table.get("workdays", [])
    # What is no list is told when the calendar itself is read.
    if isinstance(holidays, list) and isinstance(workdays, list):
        table["holidays"] = holidays + [day for day in off if day not in workdays]
        table["workdays"] = workdays + [day for day in on if day not in holidays]
    table.setdefault("known_until", known_until)


def unsettled(policy: Policy) -> str | None:
    """From when on nobody knows the holidays that a policy counts by, told for people; None where it all is settled."""
    calendar = policy.calendar
    if calendar is None or calendar.known_until is None:
        return None
    after = sum(day > calendar.known_until for day in (*calendar.holidays, *calendar.workdays))
    guessed = f"; {after} later days are listed as far as the law names them, and may still move" if after else ""
    return f"calendar: holidays and make-up workdays are known until {calendar.known_until}{guessed}"


def _of(whose: PublicHolidays) -> tuple[list[date], list[date], date]:
    """Holidays and make-up workdays of the years asked for, and the last day for which they are settled."""
    first, last = date(min(whose.years), 1, 1), date(max(whose.years), 12, 31)
    off: set[date] = set()
    on: set[date] = set()
    known_until = last
    # A New Year's holiday may take its make-up workday from the December before.
    for year in range(first.year, last.year + 2):
        found, settled_until = _year(whose, year)
        off.update(found)
        on.update(found.weekend_workdays)
        known_until = min(known_until, settled_until)
    return _within(off, first, last), _within(on, first, last), known_until


def _year(whose: PublicHolidays, year: int) -> tuple["HolidayBase", date]:
    from holidays import country_holidays

    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        found = country_holidays(whose.country, subdiv=whose.subdivision, years=year)
    announced = not found.has_substituted_holidays or year in getattr(found, "special_public_holidays", ())
    if told or not announced:
        # It says so itself, or it has no weekend that was moved, by which an announced year is known.
        return found, date(year - 1, 12, 31)
    marks = [
        str(found.tr(label)).replace("%s", "").strip() for name in _ESTIMATES if (label := getattr(found, name, ""))
    ]
    estimated = [day for day, title in found.items() if any(mark in title for mark in marks)]
    return found, min(estimated, default=date.max) - _DAY


def _within(days: set[date], first: date, last: date) -> list[date]:
    return sorted(day for day in days if first <= day <= last)
