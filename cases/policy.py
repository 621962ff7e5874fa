"""The rules a city sets: limits by level, call-back, returns. Data, versioned, stamped on every case (Art. 13, 32)."""

from collections.abc import Iterator
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import Field, field_validator, model_validator

from cases.calendar import Calendar
from cases.limits import Anchor, Limit, Step
from cases.vocabulary import Code, Name, Value

LIMITS = ("dispatch", "acknowledge", "handle", "resolve")
"""The limits that every level has, as a policy names them."""


class CallBackRules(Limit):
    """Art. 23: the limit from report to answer, how often one tries, and how often an unsolved case goes back."""

    attempts: Annotated[int, Field(ge=1, le=20)] = 3
    rounds: Annotated[int, Field(ge=1, le=10)] = 2


class ReturnRules(Value):
    """Art. 12, 14: how often units may return a case before it is designated."""

    at_most: Annotated[int, Field(ge=0, le=10)] = 2


class Level(Value):
    """A level of urgency with its limits. A lower `priority` goes first (1 to 5, as the engine's task queues count)."""

    title: dict[str, Name]
    priority: Annotated[int, Field(ge=1, le=5)]
    dispatch: Limit
    acknowledge: Limit
    handle: Limit
    resolve: Limit


class Terms(Value):
    """What one case is held to: its level's limits and the rules, as they stood when it was received.

    A case carries its terms with it, so that its deadlines are the same on every machine and after any change of
    policy, and so that they can be explained from the case alone.
    """

    policy: Code
    version: Name
    zone: Name
    level: Code
    priority: int
    dispatch: Limit
    acknowledge: Limit
    handle: Limit
    resolve: Limit
    callback: CallBackRules
    returns: ReturnRules
    calendar: Calendar | None = None

    @property
    def city_zone(self) -> ZoneInfo:
        """The city's time zone."""
        return ZoneInfo(self.zone)


class Policy(Value):
    """A city's rules in one version."""

    policy: Code
    version: Name
    title: dict[str, Name]
    zone: Name
    levels: Annotated[dict[Code, Level], Field(min_length=1)]
    default_level: Code
    callback: CallBackRules
    returns: ReturnRules = ReturnRules()
    calendar: Calendar | None = None

    @field_validator("zone")
    @classmethod
    def _zone_exists(cls, zone: str) -> str:
        try:
            ZoneInfo(zone)
        except (KeyError, ValueError, OSError) as error:
            raise ValueError(f"unknown time zone {zone!r}; write one like Asia/Shanghai") from error
        return zone

    @model_validator(mode="after")
    def _consistent(self) -> "Policy":
        if self.default_level not in self.levels:
            raise ValueError(f"default_level: {self.default_level!r} is none of the levels {sorted(self.levels)}")
        for code, level in self.levels.items():
            if level.dispatch.counts_from is not Anchor.RECEIPT:
                raise ValueError(f"levels.{code}.dispatch.counts_from: dispatch can only count from receipt")
            if level.acknowledge.counts_from is Anchor.ACKNOWLEDGMENT:
                raise ValueError(f"levels.{code}.acknowledge.counts_from: it cannot count from itself")
        if self.calendar is None:
            for name, limit in self._limits():
                if limit.counts_work:
                    raise ValueError(f"calendar: {name} counts working time; say which days and hours work")
        return self

    def _limits(self) -> Iterator[tuple[str, Limit]]:
        yield "callback", self.callback
        for code, level in self.levels.items():
            for name in LIMITS:
                yield f"levels.{code}.{name}", getattr(level, name)

    @property
    def city_zone(self) -> ZoneInfo:
        """The city's time zone."""
        return ZoneInfo(self.zone)

    def terms(self, level: str) -> Terms:
        """What a case of this level is held to.

        Raises:
            KeyError: the policy has no such level.
        """
        chosen = self.levels[level]
        limits: list[Limit] = [self.callback, *(getattr(chosen, name) for name in LIMITS)]
        return Terms(
            policy=self.policy,
            version=self.version,
            zone=self.zone,
            level=level,
            priority=chosen.priority,
            dispatch=chosen.dispatch,
            acknowledge=chosen.acknowledge,
            handle=chosen.handle,
            resolve=chosen.resolve,
            callback=self.callback,
            returns=self.returns,
            # A calendar is long, and most cases run around the clock.
            calendar=self.calendar if any(limit.counts_work for limit in limits) else None,
        )

    def faster(self, factor: int) -> "Policy":
        """The same rules on a clock that runs `factor` times as fast, under a version that says so."""

        def hasten(rules: Limit) -> dict[str, object]:
            ladder = tuple(Step(after=step.after.faster(factor), tell=step.tell) for step in rules.ladder)
            return {"within": rules.within.faster(factor), "ladder": ladder}

        levels = {
            code: level.model_copy(
                update={name: getattr(level, name).model_copy(update=hasten(getattr(level, name))) for name in LIMITS}
            )
            for code, level in self.levels.items()
        }
        return self.model_copy(
            update={
                "version": f"{self.version} x{factor}",
                "levels": levels,
                "callback": self.callback.model_copy(update=hasten(self.callback)),
            }
        )
