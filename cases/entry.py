"""One line of the dispatch catalogue: which matters it is for, when it holds, and where it sends them."""

from datetime import date
from enum import StrEnum

from pydantic import model_validator

from cases.vocabulary import Code, Value

EVERYWHERE = "*"


class Rule(StrEnum):
    """How a line for everywhere names another unit in every area."""

    BY_AREA = "by area"
    BY_DISTRICT = "by district"


class Period(Value):
    """The days on which a line is in force, in the city's zone. Both count; one of them may be open."""

    first: date | None = None
    last: date | None = None

    @model_validator(mode="after")
    def _in_order(self) -> "Period":
        if self.first is None and self.last is None:
            raise ValueError("from: a period has a first or a last day; write one, or leave the period out")
        if self.first and self.last and self.last < self.first:
            raise ValueError(f"until: {self.last} lies before {self.first}, on which the line begins")
        return self

    def __str__(self) -> str:
        days = (("from", self.first), ("until", self.last))
        return " ".join(f"{word} {day}" for word, day in days if day)

    def holds(self, day: date) -> bool:
        """Whether the line is in force on this day."""
        return (self.first or date.min) <= day <= (self.last or date.max)

    def overlaps(self, other: "Period") -> bool:
        """Whether there is a day that lies in both."""
        starts = max(self.first or date.min, other.first or date.min)
        return starts <= min(self.last or date.max, other.last or date.max)


class Entry(Value):
    """One line of the catalogue: such matters go to this unit, or for everywhere (`*`) by this rule.

    Without a level it is for all levels. Without a period it is the standing rule.
    """

    line: int
    category: Code
    area: str = EVERYWHERE
    level: Code | None = None
    period: Period | None = None
    unit: Code | None = None
    rule: Rule | None = None

    @model_validator(mode="after")
    def _one_way(self) -> "Entry":
        if (self.unit is None) == (self.rule is None):
            raise ValueError("unit: a line has either a unit or a rule; write one of them")
        return self

    def __str__(self) -> str:
        where = "everywhere" if self.area == EVERYWHERE else f"in {self.area}"
        level = f"at level {self.level}" if self.level else ""
        return " ".join(filter(None, (self.category, where, level, str(self.period or ""))))

    @property
    def rank(self) -> tuple[bool, bool, bool, int]:
        """Its place among the lines that hold for one matter: the lowest goes first."""
        return self.area == EVERYWHERE, self.level is None, self.period is None, self.line
