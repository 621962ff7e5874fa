"""When time counts: the city's working days and hours, its holidays and make-up workdays (调休)."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import Field, model_validator

from cases.vocabulary import Value

_DAY = timedelta(days=1)
_LOOK_BACK, _LOOK_AHEAD = timedelta(days=31), timedelta(days=400)
_SEARCHED = 4_000
"""Days looked through for working time before a calendar is held to have none."""


class Window(Value):
    """A stretch of a working day, in the city's wall-clock time. Ends before midnight, or at it: `00:00`."""

    opens: time
    closes: time

    @model_validator(mode="after")
    def _runs_forward(self) -> "Window":
        if self.closes <= self.opens and self.closes != time(0):
            raise ValueError(f"closes: {self.closes} is not after {self.opens}")
        return self

    @property
    def length(self) -> timedelta:
        """How long the window is on a day without a change of daylight saving."""
        day = datetime.combine(date.min + _DAY, time(0))
        closes = day + _DAY if self.closes == time(0) else datetime.combine(day, self.closes)
        return closes - datetime.combine(day, self.opens)


class Calendar(Value):
    """Working days and the hours that count in them.

    `weekdays` are numbered from Monday, 0. `holidays` do not count whatever weekday they are; `workdays` count although
    they fall on a weekend. `day_ends` says what a working day is: with `same_time`, one from Friday 16:00 ends on
    Monday 16:00; with `close_of_day` it ends when Monday closes.
    """

    weekdays: tuple[Annotated[int, Field(ge=0, le=6)], ...] = (0, 1, 2, 3, 4)
    windows: Annotated[tuple[Window, ...], Field(min_length=1)] = (Window(opens=time(0), closes=time(0)),)
    holidays: tuple[date, ...] = ()
    workdays: tuple[date, ...] = ()
    day_ends: Literal["same_time", "close_of_day"] = "same_time"

    @model_validator(mode="after")
    def _has_time(self) -> "Calendar":
        if not self.weekdays:
            raise ValueError("weekdays: at least one day of the week must count")
        for earlier, later in zip(self.windows, self.windows[1:], strict=False):
            if later.opens < earlier.closes or earlier.closes == time(0):
                raise ValueError(f"windows: {later.opens} begins before {earlier.closes}; list them in order, apart")
        return self

    @property
    def day_length(self) -> timedelta:
        """How much working time an ordinary working day has."""
        return sum((window.length for window in self.windows), timedelta(0))

    def around(self, day: date) -> "Calendar":
        """The same calendar with the holidays and make-up workdays that a case of this day may live to see.

        A city's calendar goes back and ahead for years; a case carries what it needs, and gets what is announced later
        when a new version of the policy is loaded.
        """
        first, last = day - _LOOK_BACK, day + _LOOK_AHEAD
        holidays = tuple(one for one in self.holidays if first <= one <= last)
        workdays = tuple(one for one in self.workdays if first <= one <= last)
        return self.model_copy(update={"holidays": holidays, "workdays": workdays})

    def is_working(self, day: date) -> bool:
        """Whether a day counts."""
        return day in self.workdays or (day.weekday() in self.weekdays and day not in self.holidays)

    def after_hours(self, start: datetime, amount: timedelta, zone: ZoneInfo) -> datetime:
        """The moment by which so much working time has passed since `start`."""
        left = amount
        for opens, closes in self._spans(start, zone):
            if left <= closes - opens:
                return opens + left
            left -= closes - opens
        raise ValueError("calendar: no working time is left in it")

    def after_days(self, start: datetime, days: int, zone: ZoneInfo) -> datetime:
        """The moment at which so many working days since `start` have passed."""
        if self.day_ends == "same_time":
            return self.after_hours(start, days * self.day_length, zone)
        if not days:
            return start
        for counted, closes in enumerate(self.closes_after(start, zone), start=1):
            if counted == days:
                return closes
        raise ValueError("calendar: no working time is left in it")

    def closes_after(self, start: datetime, zone: ZoneInfo) -> Iterator[datetime]:
        """The closing times of the working days that follow the day of `start`, in UTC."""
        first = start.astimezone(zone).date()
        for n in range(1, _SEARCHED):
            if self.is_working(first + n * _DAY):
                yield list(self._day_spans(first + n * _DAY, zone))[-1][1]

    def between(self, start: datetime, end: datetime, zone: ZoneInfo) -> timedelta:
        """How much working time lies between two moments."""
        passed = timedelta(0)
        for opens, closes in self._spans(start, zone):
            if opens >= end:
                break
            passed += min(closes, end) - opens
        return passed

    def _spans(self, start: datetime, zone: ZoneInfo) -> Iterator[tuple[datetime, datetime]]:
        """The stretches of working time from `start` on, in UTC so that their lengths are true."""
        first = start.astimezone(zone).date()
        for n in range(_SEARCHED):
            if self.is_working(first + n * _DAY):
                for opens, closes in self._day_spans(first + n * _DAY, zone):
                    if closes > start:
                        yield max(opens, start.astimezone(UTC)), closes

    def _day_spans(self, day: date, zone: ZoneInfo) -> Iterator[tuple[datetime, datetime]]:
        for window in self.windows:
            opens = datetime.combine(day, window.opens, zone)
            closes = datetime.combine(day + _DAY if window.closes == time(0) else day, window.closes, zone)
            yield opens.astimezone(UTC), closes.astimezone(UTC)
