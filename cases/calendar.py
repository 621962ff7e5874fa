"""When time counts: the city's working days and hours, its holidays and make-up workdays (调休)."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import Field, WithJsonSchema, field_validator, model_validator

from cases.vocabulary import Value

_DAY = timedelta(days=1)
_MIDNIGHT = time(0)
_LEAST = timedelta(hours=1)
"""A working day shorter than this is taken for a slip of the pen."""

_LOOK_BACK, _LOOK_AHEAD = timedelta(days=31), timedelta(days=400)
_SEARCHED = 8_000
"""Days looked through for working time: enough for the longest budget on one short day a week."""


def wall(moment: datetime, zone: ZoneInfo) -> datetime:
    """What the city's clocks read at a moment: a time without a zone."""
    return moment.astimezone(zone).replace(tzinfo=None)


def from_wall(reading: datetime, zone: ZoneInfo, not_before: datetime) -> datetime:
    """The moment, in UTC, at which the city's clocks read this.

    A reading that daylight saving skips is the next one that exists; of one that it doubles, the first that is not
    before `not_before`.
    """
    moment = reading.replace(tzinfo=zone).astimezone(UTC)
    if moment < not_before:
        moment = reading.replace(tzinfo=zone, fold=1).astimezone(UTC)
    return max(moment, not_before.astimezone(UTC))


WallTime = Annotated[
    time, WithJsonSchema({"type": "string", "pattern": r"^\d\d:\d\d(:\d\d(\.\d+)?)?$", "examples": ["09:00:00"]})
]
"""A time as the city's clocks read it. It has no offset, which JSON Schema's own format `time` would ask for."""


class Window(Value):
    """A stretch of a working day, in the city's wall-clock time. Ends before midnight, or at it: `00:00`."""

    opens: WallTime
    closes: WallTime

    @model_validator(mode="after")
    def _runs_forward(self) -> "Window":
        if self.closes <= self.opens and self.closes != _MIDNIGHT:
            raise ValueError(f"closes: {self.closes} is not after {self.opens}")
        return self

    @property
    def length(self) -> timedelta:
        """How long the window is on a day without a change of daylight saving."""
        opens, closes = self.on(date(2000, 1, 1))
        return closes - opens

    def on(self, day: date) -> tuple[datetime, datetime]:
        """Its opening and closing on a day, as the city's clocks read them."""
        closes = datetime.combine(day + _DAY if self.closes == _MIDNIGHT else day, self.closes)
        return datetime.combine(day, self.opens), closes


class Calendar(Value):
    """Working days and the hours that count in them.

    `weekdays` are numbered from Monday, 0. `holidays` do not count whatever weekday they are; `workdays` count although
    they fall on a weekend. `known_until` is the last day for which both are settled; of days after it nobody knows yet.
    `day_ends` says what a working day is: with `same_time`, one from Friday 16:00 ends on Monday 16:00; with
    `close_of_day` it ends when Monday closes.
    """

    weekdays: tuple[Annotated[int, Field(ge=0, le=6)], ...] = (0, 1, 2, 3, 4)
    windows: Annotated[tuple[Window, ...], Field(min_length=1)] = (Window(opens=_MIDNIGHT, closes=_MIDNIGHT),)
    holidays: tuple[date, ...] = ()
    workdays: tuple[date, ...] = ()
    known_until: date | None = None
    day_ends: Literal["same_time", "close_of_day"] = "same_time"

    @field_validator("holidays", "workdays")
    @classmethod
    def _in_order(cls, days: tuple[date, ...]) -> tuple[date, ...]:
        return tuple(sorted(set(days)))

    @model_validator(mode="after")
    def _has_time(self) -> "Calendar":
        if not self.weekdays:
            raise ValueError("weekdays: at least one day of the week must count")
        for earlier, later in zip(self.windows, self.windows[1:], strict=False):
            if later.opens < earlier.closes or earlier.closes == _MIDNIGHT:
                raise ValueError(f"windows: {later.opens} begins before {earlier.closes}; list them in order, apart")
        if self.day_length < _LEAST:
            raise ValueError(f"windows: a working day of {self.day_length} is too short; make it an hour at least")
        for day in set(self.holidays) & set(self.workdays):
            raise ValueError(f"workdays: {day} is among the holidays too; write it in one of them")
        return self

    @property
    def day_length(self) -> timedelta:
        """How much working time an ordinary working day has."""
        return sum((window.length for window in self.windows), timedelta(0))

    def around(self, day: date) -> "Calendar":
        """The same calendar with the holidays and make-up workdays that a case of this day may live to see.

        A city's calendar goes back and ahead for years; a case carries what it needs, and knows how far that reaches.
        It gets the rest, and what is announced later, when its calendar is renewed.
        """
        first, last = day - _LOOK_BACK, day + _LOOK_AHEAD
        return self.model_copy(
            update={
                "holidays": tuple(one for one in self.holidays if first <= one <= last),
                "workdays": tuple(one for one in self.workdays if first <= one <= last),
                "known_until": min(self.known_until, last) if self.known_until else None,
            }
        )

    def renewed(self, by: "Calendar", on: date) -> "Calendar":
        """This calendar with the holidays and make-up workdays of another from a day on; earlier ones stay as they are.

        A clock that has run for long must not lose the holidays that it has counted.
        """
        later = by.around(on)
        days = {
            name: tuple(one for one in getattr(self, name) if one < on)
            + tuple(one for one in getattr(later, name) if one >= on)
            for name in ("holidays", "workdays")
        }
        return self.model_copy(update={**days, "known_until": later.known_until})

    def knows(self, day: date) -> bool:
        """Whether its holidays are settled as far as this day. A calendar that says nothing of it knows them all."""
        return self.known_until is None or day <= self.known_until

    def is_working(self, day: date) -> bool:
        """Whether a day counts."""
        return day in self.workdays or (day.weekday() in self.weekdays and day not in self.holidays)

    def after_hours(self, start: datetime, amount: timedelta, zone: ZoneInfo | None) -> datetime:
        """The moment by which so much working time has passed since `start`.

        Without a zone, `start` is what the city's clocks read, and so is the answer: then time is counted as the
        clocks show it, and changes of daylight saving make no day longer or shorter.
        """
        if not amount:
            return start
        left = amount
        for opens, closes in self._spans(start, zone):
            if left <= closes - opens:
                return opens + left
            left -= closes - opens
        raise ValueError("calendar: no working time is left in it")

    def between(self, start: datetime, end: datetime, zone: ZoneInfo | None) -> timedelta:
        """How much working time lies between two moments; without a zone, two readings of the city's clocks."""
        passed = timedelta(0)
        for opens, closes in self._spans(start, zone):
            if opens >= end:
                break
            passed += min(closes, end) - opens
        return passed

    def after_days(self, start: datetime, days: int, zone: ZoneInfo) -> datetime:
        """The moment at which so many working days since `start` have passed."""
        if not days:
            return start
        if self.day_ends == "same_time":
            reading = self.after_hours(wall(start, zone), days * self.day_length, None)
            return from_wall(reading, zone, start)
        left = days
        for closes, begun in self.closings(start, zone):
            left -= not begun
            if not left:
                return closes
        raise ValueError("calendar: no working time is left in it")

    def closings(self, start: datetime, zone: ZoneInfo) -> Iterator[tuple[datetime, bool]]:
        """When working days close from `start` on, in UTC, and whether it is the day that `start` itself falls in.

        Midnight ends a day rather than begins one, where that is when days close.
        """
        reading = wall(start, zone)
        ends_at_midnight = self.windows[-1].closes == _MIDNIGHT and reading.time() == _MIDNIGHT
        first = reading.date() - _DAY if ends_at_midnight else reading.date()
        for day in self._days(first):
            closes = from_wall(self.windows[-1].on(day)[1], zone, start)
            if closes > start:
                yield closes, day == first

    def _days(self, first: date) -> Iterator[date]:
        days = (first + n * _DAY for n in range(_SEARCHED))
        return (day for day in days if self.is_working(day))

    def _spans(self, start: datetime, zone: ZoneInfo | None) -> Iterator[tuple[datetime, datetime]]:
        """The stretches of working time from `start` on: in UTC, so that their lengths are true, or by the clocks."""
        begin = start if zone is None else start.astimezone(UTC)
        for day in self._days(start.date() if zone is None else wall(start, zone).date()):
            for window in self.windows:
                opens, closes = window.on(day)
                if zone is not None:
                    opens, closes = (one.replace(tzinfo=zone).astimezone(UTC) for one in (opens, closes))
                if closes > begin:
                    yield max(opens, begin), closes
