"""Counting time that is allowed to stand still: when a budget is used up, given the breaks in it.

Breaks are derived from what happened and counted over afresh. A break's length is never added to a due time: that goes
wrong as soon as working hours, holidays or a change of daylight saving lie between.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from pydantic import AwareDatetime

from cases.calendar import Calendar, from_wall, wall
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
    """Counts as budgets of one unit do.

    Seconds to hours and working hours are time that passes. Days and working days are read off the city's clocks, so
    that a day of 23 or 25 hours is a day.

    Raises:
        ValueError: it is to count working time and there is no calendar.
    """

    def __init__(self, unit: str, zone: ZoneInfo, calendar: Calendar | None) -> None:
        works = unit.startswith("working")
        if works and calendar is None:
            raise ValueError(f"{unit}s cannot be counted without a calendar")
        self._calendar = calendar if works else None
        self._zone = zone
        self._by_the_clock = unit.endswith("day")

    def run_out(self, amount: timedelta, start: datetime, breaks: Sequence[Break]) -> datetime:
        """The moment at which so much time has been counted since `start`, the breaks left out."""
        at, left, resumed = self._reading(start), amount, start
        for begins, ends in _apart(breaks, start):
            begun = max(at, self._reading(begins))
            passed = self._between(at, begun)
            if left <= passed:
                break
            left -= passed
            # Clocks that were set back during a break must not give back what had passed before it.
            at, resumed = max(begun, self._reading(ends)), ends
        return self._moment(self._after(at, left), resumed).astimezone(self._zone)

    def counted(self, start: datetime, end: datetime, breaks: Sequence[Break]) -> timedelta:
        """How much time counts between two moments."""
        at, sum_up = self._reading(start), _NOTHING
        for begins, ends in _apart(breaks, start):
            if begins >= end:
                break
            begun = max(at, self._reading(begins))
            sum_up += self._between(at, begun)
            at = max(begun, self._reading(ends))
        return sum_up + self._between(at, self._reading(end))

    def _reading(self, moment: datetime) -> datetime:
        """The moment on the scale that is counted on: in UTC, or as the city's clocks read."""
        return wall(moment, self._zone) if self._by_the_clock else moment.astimezone(UTC)

    def _moment(self, reading: datetime, not_before: datetime) -> datetime:
        return from_wall(reading, self._zone, not_before) if self._by_the_clock else reading

    def _between(self, start: datetime, end: datetime) -> timedelta:
        if end <= start:
            return _NOTHING
        if self._calendar is not None:
            return self._calendar.between(start, end, None if self._by_the_clock else self._zone)
        return end - start

    def _after(self, start: datetime, amount: timedelta) -> datetime:
        if self._calendar is not None:
            return self._calendar.after_hours(start, amount, None if self._by_the_clock else self._zone)
        return start + amount


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
        return calendar.day_length if calendar else _NOTHING
    return timedelta(**{f"{unit.removeprefix('working ')}s": 1})


def _by_whole_days(
    budget: Budget, start: datetime, zone: ZoneInfo, calendar: Calendar, breaks: Sequence[Break]
) -> datetime:
    """Where days end with their close, each close at which the clock stood still puts the due time off by a day.

    That of the day it began in too, although that day counts as none: a unit that waits from Monday to Tuesday has
    lost a day.
    """
    left = budget.amount
    for closes, begun in calendar.closings(start, zone):
        stood_still = any(one.begins < closes <= one.ends for one in breaks)
        left += int(begun) - int(not stood_still)
        if not left:
            return closes.astimezone(zone)
    raise ValueError("calendar: no working time is left in it")


def _apart(breaks: Sequence[Break], start: datetime) -> Iterator[tuple[datetime, datetime]]:
    """The breaks in order and in UTC, none reaching into another or before `start`.

    In UTC, because two times of one zone are compared and subtracted as their clocks read.
    """
    at = start.astimezone(UTC)
    for one in sorted(breaks, key=lambda each: each.begins.astimezone(UTC)):
        begins, ends = max(one.begins.astimezone(UTC), at), one.ends.astimezone(UTC)
        if ends > begins:
            yield begins, ends
            at = ends
