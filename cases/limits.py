"""How long something may take: a budget of time on a calendar, with warnings before and a ladder after."""

import re
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Self
from zoneinfo import ZoneInfo

from pydantic import Field, field_validator

from cases.calendar import Calendar, from_wall, wall
from cases.length import Length
from cases.vocabulary import Name, Value

_FORM = re.compile(r"^(\d{1,11})\s*(seconds?|minutes?|hours?|days?|working hours?|working days?)$")

_SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400, "working hour": 3600, "working day": 86_400}

_LONGEST = 999_999 * _SECONDS["day"]

_MOST_WORK = 1_000
"""Working hours or days: some four years, and no further than calendars are searched."""


class Budget(Length):
    """An amount of time as a policy writes it: `15 minutes`, `24 hours`, `7 days`, `10 working days`.

    Minutes and hours are elapsed time. Days are calendar days in the city's zone: due at the same time of day, also
    over a change of daylight saving. Working days and hours count by the policy's calendar alone.
    """

    __slots__ = ()

    examples = ("15 minutes", "24 hours", "7 days", "10 working days")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the written form.

        Raises:
            ValueError: it is none of the forms above, or more working time than anybody waits for.
        """
        found = _FORM.match(text.strip().lower())
        # By its length and not its figures: a hastened year is a great many seconds.
        if found is None or int(found[1]) * _SECONDS[found[2].rstrip("s")] > _LONGEST:
            raise ValueError(
                f"{text!r} is no amount of time; write one like '15 minutes', '24 hours', '7 days' or '10 working days'"
            )
        budget = cls(int(found[1]), found[2].rstrip("s"))
        if budget.counts_work and budget.amount > _MOST_WORK:
            raise ValueError(f"{text!r} is too long to count; {_MOST_WORK} {budget.unit}s are the most")
        return budget

    @property
    def counts_work(self) -> bool:
        """Whether it counts working time, and so needs a calendar."""
        return self.unit.startswith("working")

    def after(self, start: datetime, zone: ZoneInfo, calendar: Calendar | None = None) -> datetime:
        """The moment at which the budget, begun at `start`, is used up; in UTC offsets of the city's zone.

        Raises:
            ValueError: it counts working time and there is no calendar, or none is left in it.
        """
        if self.counts_work:
            end = self._after_work(start, zone, calendar)
        elif self.unit == "day":
            end = from_wall(wall(start, zone) + timedelta(days=self.amount), zone, start)
        else:
            end = start.astimezone(UTC) + timedelta(**{f"{self.unit}s": self.amount})
        return end.astimezone(zone)

    def _after_work(self, start: datetime, zone: ZoneInfo, calendar: Calendar | None) -> datetime:
        if calendar is None:
            raise ValueError(f"{self} cannot be counted without a calendar")
        if self.unit == "working day":
            return calendar.after_days(start, self.amount, zone)
        return calendar.after_hours(start, timedelta(hours=self.amount), zone)

    def faster(self, factor: int) -> "Budget":
        """The same budget on a clock that runs `factor` times as fast (for a demonstration), in elapsed seconds."""
        seconds = _SECONDS[self.unit] * self.amount
        return Budget(max(1, round(seconds / factor)) if seconds else 0, "second")


class Anchor(StrEnum):
    """The happening from which a limit counts."""

    RECEIPT = "receipt"
    DISPATCH = "dispatch"
    ACKNOWLEDGMENT = "acknowledgment"


class Step(Value):
    """One rung of the ladder: how long after the due time, and who is told. A delay of nought is the breach itself."""

    after: Budget
    tell: Annotated[tuple[Name, ...], Field(min_length=1)]


class Alarms(Value):
    """Who hears of a due time, and when.

    `warn` are the shares of the time at which whoever has the duty is warned beforehand; `ladder` is who is told
    afterwards.
    """

    warn: tuple[Annotated[float, Field(gt=0, lt=1)], ...] = ()
    ladder: tuple[Step, ...] = ()

    @field_validator("warn")
    @classmethod
    def _warn_once(cls, warn: tuple[float, ...]) -> tuple[float, ...]:
        if len(set(warn)) < len(warn):
            raise ValueError("names a share twice; each warning is given once")
        return warn

    @field_validator("ladder")
    @classmethod
    def _one_step_a_time(cls, ladder: tuple[Step, ...]) -> tuple[Step, ...]:
        if len(ladder) < 2:
            # Terms are read with every message to the engine: most ladders have nothing to compare.
            return ladder
        delays = [step.after for step in ladder]
        if twice := next((str(delay) for place, delay in enumerate(delays) if delay in delays[:place]), None):
            raise ValueError(f"has two steps after {twice}; write one that tells both")
        return ladder

    @property
    def counts_work(self) -> bool:
        """Whether any of its amounts counts working time."""
        return any(step.after.counts_work for step in self.ladder)


class Span(Alarms):
    """A limit that always counts from one and the same happening, as the call-back does from the report."""

    within: Budget

    @property
    def counts_work(self) -> bool:
        """Whether any of its amounts counts working time."""
        return self.within.counts_work or any(step.after.counts_work for step in self.ladder)


class Limit(Span):
    """One limit of a level (Art. 13): the order carries it, and says from what it counts."""

    counts_from: Anchor = Anchor.DISPATCH
