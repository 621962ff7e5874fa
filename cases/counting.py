"""Counting time that is allowed to stand still: when a budget is used up, given the breaks in it.

Breaks are derived from what happened and counted over afresh. A break's length is never added to a due time: that goes
wrong as soon as working hours, holidays or a change of daylight saving lie between.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from pydantic import AwareDatetime

from cases.calendar import Calendar
from cases.limits import Budget
from cases.vocabulary import Value

_NOTHING = timedelta(0)


class Break(Value):
    """A time in which a clock stood still, and why. One that is not over ends, for now, when it must at the latest."""

    why: str
    begins: AwareDatetime
    ends: AwareDatetime
    over: bool


class Counter:
    """Counts as budgets of one unit do: elapsed time, the wall clock of the city's zone, or its working calendar."""

    def __init__(self, unit: str, zone: ZoneInfo, calendar: Calendar | None) -> None:
        self._unit = unit
        self._zone = zone
        self._calendar = calendar

    def run_out(self, amount: timedelta, start: datetime, breaks: Sequence[Break]) -> datetime:
        """The moment at which so much time has been counted since `start`, the breaks left out."""
        at, left = start, amount
        for begins, ends in _apart(breaks, start):
            passed = self._between(at, begins)
            if left <= passed:
                break
            left -= passed
            at = ends
        return self._after(at, left).astimezone(self._zone)

    def counted(self, start: datetime, end: datetime, breaks: Sequence[Break]) -> timedelta:
        """How much time counts between two moments."""
        at, sum_up = start, _NOTHING
        for begins, ends in _apart(breaks, start):
            if begins >= end:
                break
            sum_up += self._between(at, begins)
            at = ends
        return sum_up + self._between(at, end)

    def _between(self, start: datetime, end: datetime) -> timedelta:
        if end <= start:
            return _NOTHING
        if self._unit.startswith("working") and self._calendar is not None:
            return self._calendar.between(start, end, self._zone)
        if self._unit == "day":
            wall = end.astimezone(self._zone).replace(tzinfo=None) - start.astimezone(self._zone).replace(tzinfo=None)
            return max(wall, _NOTHING)
        return end - start

    def _after(self, start: datetime, amount: timedelta) -> datetime:
        if self._unit.startswith("working") and self._calendar is not None:
            return self._calendar.after_hours(start, amount, self._zone)
        if self._unit == "day":
            return (start.astimezone(self._zone) + amount).astimezone(UTC)
        return start.astimezone(UTC) + amount


def run_out(
    budget: Budget, start: datetime, zone: ZoneInfo, calendar: Calendar | None, breaks: Sequence[Break] = ()
) -> datetime:
    """The moment at which a budget begun at `start` is used up, the breaks left out; in the city's zone.

    Raises:
        ValueError: it counts working time and there is no calendar, or none is left in it.
    """
    relevant = [one for one in breaks if one.ends > start]
    if not relevant or not budget.amount:
        return budget.after(start, zone, calendar)
    if budget.unit == "working day" and calendar is not None and calendar.day_ends == "close_of_day":
        return _by_whole_days(budget, start, zone, calendar, relevant)
    amount = budget.amount * _measure(budget.unit, calendar)
    return Counter(budget.unit, zone, calendar).run_out(amount, start, relevant)


def _measure(unit: str, calendar: Calendar | None) -> timedelta:
    if unit == "working day":
        if calendar is None:
            raise ValueError("working days cannot be counted without a calendar")
        return calendar.day_length
    return timedelta(**{f"{unit.removeprefix('working ')}s": 1})


def _by_whole_days(
    budget: Budget, start: datetime, zone: ZoneInfo, calendar: Calendar, breaks: Sequence[Break]
) -> datetime:
    """Where days end with their close, a day counts unless the clock stood still when it closed."""
    counted = 0
    for closes in calendar.closes_after(start, zone):
        if not any(one.begins < closes <= one.ends for one in breaks):
            counted += 1
        if counted == budget.amount:
            return closes.astimezone(zone)
    raise ValueError("calendar: no working time is left in it")


def _apart(breaks: Sequence[Break], start: datetime) -> Iterator[tuple[datetime, datetime]]:
    """The breaks in order, none reaching into another or before `start`."""
    at = start
    for one in sorted(breaks, key=lambda each: each.begins):
        begins, ends = max(one.begins, at), one.ends
        if ends > begins:
            yield begins, ends
            at = ends
