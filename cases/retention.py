"""How long after its end a case keeps what people said and who they are, as the city's policy says.

The regulation asks that privacy be protected (Art. 8, 28) and holds no figure for it, so each city sets its own.
"""

import re
from calendar import monthrange
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Self
from zoneinfo import ZoneInfo

from pydantic import Field

from cases.length import Length
from cases.limits import Budget
from cases.vocabulary import Code, Kind, Value

_FORM = re.compile(r"^(\d{1,5})\s*(days?|months?|years?)$")
_MOST = {"day": 36_500, "month": 1_200, "year": 100}
_DAYS = {"day": 1.0, "month": 30.436875, "year": 365.2425}
_MONTHS = 12
_OF_WORK = 3.0
"""Days of the calendar that a working hour or day takes at the very most, holidays and all."""
_SECONDS_A_DAY = 86_400


class Age(Length):
    """A length of time as a policy writes it for keeping things: `90 days`, `18 months`, `3 years`.

    Of the calendar, in the city's zone: three years after the noon of 1 March it is the noon of 1 March. For a day that
    a month does not have, its last one counts.
    """

    __slots__ = ()

    examples = ("90 days", "18 months", "3 years")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the written form.

        Raises:
            ValueError: it is none of the forms above, nothing at all, or more than a hundred years.
        """
        found = _FORM.match(text.strip().lower())
        if found is None or not 1 <= int(found[1]) <= _MOST[found[2].rstrip("s")]:
            raise ValueError(
                f"{text!r} is no time to keep something for; write one like '90 days', '18 months' or '3 years', "
                "a hundred years at most"
            )
        return cls(int(found[1]), found[2].rstrip("s"))

    def before(self, now: datetime, zone: ZoneInfo) -> datetime:
        """The moment so long ago: what ended by then has reached this age."""
        wall = now.astimezone(zone)
        if self.unit == "day":
            return wall - timedelta(days=self.amount)
        months = self.amount * (_MONTHS if self.unit == "year" else 1)
        year, month = divmod(wall.year * _MONTHS + wall.month - 1 - months, _MONTHS)
        day = min(wall.day, monthrange(year, month + 1)[1])
        return wall.replace(year=year, month=month + 1, day=day)

    @property
    def length(self) -> float:
        """About how many days it is, to tell the longer of two."""
        return self.amount * _DAYS[self.unit]


class Retention(Value):
    """For how long after its end a case keeps its texts, by what it is about. What nothing is said of, it keeps.

    A category counts with all that lie below it: `danger` with `danger/gas-smell`; the closest one goes first. Where
    both its kind and its category say something, the longer time counts; `default` is for all others.
    """

    default: Age | None = None
    kinds: dict[Kind, Age] = Field(default_factory=dict)
    categories: dict[Code, Age] = Field(default_factory=dict)

    def of(self, kind: Kind, category: str) -> Age | None:
        """How long a case of a kind and category keeps its texts; none if nothing is said of it."""
        near = max((one for one in self.categories if within(category, one)), key=len, default=None)
        said = [age for age in (self.kinds.get(kind), self.categories.get(near or "")) if age is not None]
        return max(said, key=lambda age: age.length, default=self.default)

    def ages(self) -> Iterator[tuple[str, Age]]:
        """Every time that is set, with the path it stands at."""
        if self.default is not None:
            yield "default", self.default
        yield from ((f"kinds.{kind}", age) for kind, age in self.kinds.items())
        yield from ((f"categories.{category}", age) for category, age in self.categories.items())


def within(category: str, above: str) -> bool:
    """Whether a category is another one, or lies below it."""
    return category == above or category.startswith(f"{above}/")


def outlasts(age: Age, budget: Budget) -> bool:
    """Whether something that is kept so long is surely there until a budget of time is used up."""
    if budget.counts_work:
        return age.length >= budget.amount * _OF_WORK
    start = datetime(2001, 1, 1, tzinfo=UTC)
    return age.length >= (budget.after(start, ZoneInfo("UTC")) - start).total_seconds() / _SECONDS_A_DAY
