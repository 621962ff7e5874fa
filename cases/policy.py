"""The rules of a city in one version: levels of urgency with their limits, and everything else it has decided.

Data, stamped on every case (Art. 13, 32).
"""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Annotated, Any, Literal, TypeVar, cast
from zoneinfo import ZoneInfo

from pydantic import BaseModel, Field, field_validator, model_validator

from cases.calendar import Window
from cases.limits import Alarms, Anchor, Budget, Limit
from cases.retention import Retention, outlasts
from cases.rules import AppealRules, ReopeningRules, Rules
from cases.vocabulary import Code, Kind, Name, Value

LIMITS = ("dispatch", "acknowledge", "handle", "progress", "resolve")
"""The limits that a level may have, as a policy names them."""

Path = tuple[str, ...]
"""Where something stands in a policy, as in `("levels", "general", "resolve")`."""

Given = TypeVar("Given")


class Level(Value):
    """A level of urgency with its limits. A lower `priority` goes first (1 to 5, as the engine's task queues count).

    `dispatch` and `resolve` every level has. `progress` is the limit for an interim reply to the complainant.
    """

    title: dict[str, Name]
    priority: Annotated[int, Field(ge=1, le=5)]
    dispatch: Limit
    acknowledge: Limit | None = None
    handle: Limit | None = None
    progress: Limit | None = None
    resolve: Limit


class Terms(Rules):
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
    acknowledge: Limit | None = None
    handle: Limit | None = None
    progress: Limit | None = None
    resolve: Limit

    @property
    def city_zone(self) -> ZoneInfo:
        """The city's time zone."""
        return ZoneInfo(self.zone)


class NoticeRules(Value):
    """When people are told, and in which language where they have not said.

    Outside `hours`, by the city's zone, a notice waits until they begin, unless the case is of one of the levels that
    pierce the quiet; without `hours` it goes out at any time. After a notice to somebody, further ones to the same
    address are gathered for as long as `digest`, and go out as one; those of piercing levels go at once.
    """

    language: Code = "zh"
    hours: Window | None = None
    pierced_by: tuple[Code, ...] = ("emergency",)
    digest: Budget | None = None


class Policy(Rules):
    """A city's rules in one version.

    `kinds` names the level of complaints of a kind, where it is the kind that decides; a category that is more urgent
    keeps its own. `open_cases` says what becomes of cases that are open when this version comes: they keep the terms
    they have, or adopt these for every limit that begins from then on. `retention` holds for every case that has ended,
    under whichever version it was received: without it, none is erased for its age.
    """

    policy: Code
    version: Name
    title: dict[str, Name]
    zone: Name
    levels: Annotated[dict[Code, Level], Field(min_length=1)]
    default_level: Code
    kinds: dict[Kind, Code] = Field(default_factory=dict)
    open_cases: Literal["keep", "adopt"] = "keep"
    notices: NoticeRules = NoticeRules()
    retention: Retention | None = None

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
        for code in self.notices.pierced_by:
            if code not in self.levels and code != "emergency":
                raise ValueError(f"notices.pierced_by: {code!r} is none of the levels {sorted(self.levels)}")
        for kind, code in self.kinds.items():
            if code not in self.levels:
                raise ValueError(f"kinds.{kind}: {code!r} is none of the levels {sorted(self.levels)}")
        for code, level in self.levels.items():
            _check_anchors(f"levels.{code}", {name: getattr(level, name) for name in LIMITS})
            if level.dispatch.counts_from is not Anchor.RECEIPT:
                raise ValueError(f"levels.{code}.dispatch.counts_from: dispatch can only count from receipt")
        if self.appeal is not None:
            _check_anchors("appeal", {"acknowledge": self.appeal.acknowledge, "resolve": self.appeal.resolve})
        if self.calendar is None and (path := next(_works(self), None)):
            raise ValueError(f"calendar: {path} counts working time; say which days and hours work")
        self._check_retention()
        return self

    def _check_retention(self) -> None:
        """See that no case is erased while the complainant may still have it opened again."""
        for path, age in self.retention.ages() if self.retention else ():
            for name in ("reopening", "appeal"):
                section: ReopeningRules | AppealRules | None = getattr(self, name)
                if section is not None and not outlasts(age, section.within):
                    raise ValueError(f"retention.{path}: {age} is over before {name}.within, {section.within}, may be")

    @property
    def city_zone(self) -> ZoneInfo:
        """The city's time zone."""
        return ZoneInfo(self.zone)

    def most_urgent(self, level: str) -> bool:
        """Whether nothing goes before a level."""
        return self.levels[level].priority == min(one.priority for one in self.levels.values())

    def level_for(self, kind: Kind, category_level: str) -> str:
        """The level of a complaint that names none: of its kind where the policy says so, else of its category."""
        by_kind = self.kinds.get(kind)
        if by_kind is None or self.levels[category_level].priority < self.levels[by_kind].priority:
            return category_level
        return by_kind

    def terms(self, level: str, on: date | None = None) -> Terms:
        """What a case of this level is held to.

        Args:
            level: One of the policy's levels.
            on: The day from which the case needs the calendar; without it, the terms carry the whole calendar.

        Raises:
            KeyError: the policy has no such level.
        """
        chosen = self.levels[level]
        rules = {name: getattr(self, name) for name in Rules.model_fields}
        terms = Terms(
            **rules,
            policy=self.policy,
            version=self.version,
            zone=self.zone,
            level=level,
            priority=chosen.priority,
            **{name: getattr(chosen, name) for name in LIMITS},
        )
        if terms.calendar is None:
            return terms
        # A calendar is long, and most cases run around the clock.
        if next(_works(terms), None) is None:
            return terms.model_copy(update={"calendar": None})
        return terms if on is None else terms.model_copy(update={"calendar": terms.calendar.around(on)})

    def renewed(self, held: Terms, on: date) -> Terms:
        """What a case that is open on a day is held to from now on, as `open_cases` has it.

        A case that keeps its terms still gets the holidays that were announced since, and a longer view of them. Days
        before this one stay as they were counted.
        """
        if self.open_cases == "adopt" and held.level in self.levels:
            terms = self.terms(held.level, on)
            if held.calendar is None or terms.calendar is None:
                return terms
            past = terms.calendar.model_copy(
                update={"holidays": held.calendar.holidays, "workdays": held.calendar.workdays}
            )
            return terms.model_copy(update={"calendar": past.renewed(terms.calendar, on)})
        if held.calendar is None or self.calendar is None:
            return held
        return held.model_copy(update={"calendar": held.calendar.renewed(self.calendar, on)})

    def faster(self, factor: int) -> "Policy":
        """The same rules on a clock that runs `factor` times as fast, under a version that says so.

        Call-backs then are made, and notices sent, at any hour: a night would be over in minutes.
        """
        hastened = _hastened(self, factor)
        callback = self.callback and hastened.callback and hastened.callback.model_copy(update={"hours": None})
        notices = hastened.notices.model_copy(update={"hours": None})
        changed = {"version": f"{self.version} x{factor}", "callback": callback, "notices": notices}
        return hastened.model_copy(update=changed)

    def alarms(self) -> Iterator[tuple[Path, Alarms]]:
        """Everything in the policy that somebody is told of, with the path it stands at."""
        return ((path, part) for path, part in _parts(self) if isinstance(part, Alarms))


def _check_anchors(path: str, limits: Mapping[str, Limit | None]) -> None:
    signed = limits["acknowledge"]
    if signed is not None and signed.counts_from is Anchor.ACKNOWLEDGMENT:
        raise ValueError(f"{path}.acknowledge.counts_from: it cannot count from itself")
    for name, limit in limits.items():
        if limit is not None and limit.counts_from is Anchor.ACKNOWLEDGMENT and signed is None:
            raise ValueError(
                f"{path}.{name}.counts_from: it counts from an acknowledgment that has no limit; "
                f"write {path}.acknowledge"
            )


def _parts(value: object, path: Path = ()) -> Iterator[tuple[Path, object]]:
    """A value and everything in it, with the path each thing stands at."""
    yield path, value
    if isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from _parts(getattr(value, name), (*path, name))
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield from _parts(inner, (*path, name))
    elif isinstance(value, tuple):
        for place, inner in enumerate(value):
            yield from _parts(inner, (*path, str(place)))


def _works(value: object) -> Iterator[str]:
    """Where in a value working time is counted."""
    return (".".join(path) for path, part in _parts(value) if isinstance(part, Budget) and part.counts_work)


def _hastened(value: Given, factor: int) -> Given:
    """The same value with every budget in it on the faster clock."""
    result: Any = value
    if isinstance(value, Budget):
        result = value.faster(factor)
    elif isinstance(value, BaseModel):
        changed = {name: _hastened(getattr(value, name), factor) for name in type(value).model_fields}
        result = value.model_copy(update=changed)
    elif isinstance(value, dict):
        result = {name: _hastened(inner, factor) for name, inner in value.items()}
    elif isinstance(value, tuple):
        result = tuple(_hastened(inner, factor) for inner in value)
    return cast(Given, result)
