"""What goes wrong and what callers do, all of it drawn from one seed."""

import random
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

from tests.town.rules import LEVELS, UNITS

Thing = TypeVar("Thing")
Kind = Literal["kill", "suspend", "fill", "cut", "stall", "delay", "clock"]

PARTS = ("worker", "api", "temporal", "postgres", "units")
WAYS = ("worker-temporal", "worker-postgres", "api-temporal", "api-postgres", "worker-units")

TARGETS: dict[Kind, tuple[str, ...]] = {
    "kill": PARTS,
    "suspend": PARTS,
    "fill": ("temporal", "postgres"),
    "cut": WAYS,
    "stall": WAYS,
    "delay": WAYS,
    "clock": ("worker +3600", "worker -3600"),
}
_ROUND: tuple[Kind, ...] = (
    *("kill", "kill", "kill", "kill", "kill"),
    *("suspend", "suspend", "fill", "fill", "cut", "cut", "clock", "stall", "delay"),
)
"""So many of each before any comes more often."""

_FIRST, _LAST = 5.0, 12.0
"""Seconds before the first fault and, at least, after the last one."""

_LASTS = (1.0, 15.0)
_BETWEEN = (5.0, 12.0)
_TWO_TOGETHER = 0.25

_ENDS = {"routine": 30, "abandoned": 25, "half": 15, "untouched": 30}
"""How often a case goes to its call-back, is left in the middle, is left once it is acknowledged, is left alone."""


@dataclass(frozen=True)
class Fault:
    """Something that goes wrong `at` so many seconds after the load began, for `seconds`; `target` is what it hits."""

    kind: Kind
    target: str
    at: float
    seconds: float

    @property
    def stops_deadlines(self) -> bool:
        """Whether a deadline may wait for its end: what fires them is the worker, by Temporal's server alone."""
        # A clock is led astray in a process that is started anew for that.
        return self.kind == "clock" or (
            self.kind != "delay" and self.target in ("worker", "temporal", "worker-temporal")
        )


@dataclass(frozen=True)
class Step:
    """Something that is done with a case, so many seconds after its receipt."""

    name: str
    after: float


@dataclass(frozen=True)
class Life:
    """What callers do with one case, which comes in `at` so many seconds after the load began."""

    reference: str
    unit: str
    level: str
    at: float
    steps: tuple[Step, ...]


def faults(seed: int, seconds: float, left_out: Collection[Kind] = ()) -> list[Fault]:
    """The faults of a drill of so many seconds, in their order; those that come together have one beginning.

    Args:
        seed: Of all chance.
        seconds: How long the load lasts.
        left_out: Kinds that are not possible on this machine.
    """
    chance = random.Random(f"faults {seed}")  # noqa: S311 - what breaks is no secret
    kinds = _bag(chance, [kind for kind in _ROUND if kind not in left_out])
    targets = {kind: _bag(chance, some) for kind, some in TARGETS.items()}
    found: list[Fault] = []
    at = _FIRST
    while True:
        first = _drawn(chance, next(kinds), targets, at)
        if first.at + first.seconds + _LAST > seconds:
            return found
        found.append(first)
        ends = first.seconds
        if chance.random() < _TWO_TOGETHER:
            second = _drawn(chance, next(kinds), targets, at)
            if not _touch(first, second):
                found.append(second)
                ends = max(ends, second.seconds)
        at = round(at + ends + chance.uniform(*_BETWEEN), 1)


def lives(seed: int, seconds: float, rate: float, pace: float) -> list[Life]:
    """What callers do in a drill of so many seconds, with so many new cases a second.

    Args:
        seed: Of all chance.
        seconds: How long cases come in.
        rate: Cases a second.
        pace: Seconds within which a unit must sign; what callers do in time, they do within these.
    """
    chance = random.Random(f"callers {seed}")  # noqa: S311 - nor is who calls
    found: list[Life] = []
    at = 0.0
    while at < seconds:
        reference = f"{seed}-{len(found):05}"
        life = Life(reference, chance.choice(UNITS), chance.choice(list(LEVELS)), at, tuple(_steps(chance, pace)))
        found.append(life)
        at = round(at + chance.expovariate(rate), 3)
    return found


def _steps(chance: random.Random, pace: float) -> Iterator[Step]:
    after = chance.uniform(0.02, 0.6) * pace
    end = chance.choices(list(_ENDS), list(_ENDS.values()))[0]
    names = {
        "routine": ("acknowledge", "contact", "report", "callback"),
        "abandoned": ("acknowledge", "contact"),
        "half": ("acknowledge",),
        "untouched": (),
    }[end]
    extra = chance.choice(("", "", "urge", "supplement"))
    # At any place but after the end, where asking where it stays would be refused.
    place = chance.randrange(len(names)) if names else 0
    for number, name in enumerate(names):
        if extra and number == place:
            yield Step(extra, round(after, 2))
            after += 0.1 * pace
        yield Step(name, round(after, 2))
        after += chance.uniform(0.05, 0.5) * pace
    if not names and extra:
        yield Step(extra, round(after, 2))
    if end != "routine" and chance.random() < 0.15:
        yield Step("withdraw", round(after + chance.uniform(0, 2) * pace, 2))


def _bag(chance: random.Random, things: Sequence[Thing]) -> Iterator[Thing]:
    """Everything once in a random order, and so on."""
    while True:
        yield from chance.sample(list(things), len(things))


def _drawn(chance: random.Random, kind: Kind, targets: dict[Kind, Iterator[str]], at: float) -> Fault:
    return Fault(kind, next(targets[kind]), at, round(chance.uniform(*_LASTS), 1))


def _touch(one: Fault, other: Fault) -> bool:
    """Whether two faults hit the same thing, so that the one would undo the other."""
    return bool(set(re.findall("[a-z]+", one.target)) & set(re.findall("[a-z]+", other.target)))
