"""The cases that a register is filled with: of which life, where, whose and when, spread as a city's are."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from hashlib import md5, sha256
from itertools import accumulate
from typing import Any, NamedTuple

from cases import number
from cases.vocabulary import Kind
from tests.bench.stories import Story, stories
from tests.unit.narrative import NOON

ARCHIVE = timedelta(days=4 * 365)
"""How far back the ended cases go: some are older than they are kept, as on the day before a nightly erasure."""

UNITS = [f"unit-{index:03}" for index in range(300)]
DISTRICTS = [f"district-{index:02}" for index in range(16)]
CATEGORIES = [f"{field}/matter-{index:02}" for field in ("roads", "noise", "water", "danger") for index in range(15)]
AREAS = [f"street-{index:03}" for index in range(150)]
HEAVY_CALLER, HEAVY_CALLS = "caller-0", 200
"""One who calls again and again, and how often."""
KEY_LENGTH = 22
RECENT, WHOLE_EACH = timedelta(days=40), 20
"""Which cases have events and letters: those that are younger, and one of so many others."""

SENDINGS = {"sent": 958.5, "gathered": 25.0, "digest": 5.0, "failed": 10.0, "failing": 0.5, "waiting": 1.0}
"""How many of a thousand notices stand how."""
_SOURCES = {"hotline": 60.0, "app": 25.0, "messenger": 10.0, "web": 4.9, "partner": 0.1}
_LEVELS = {"general": 90.0, "urgent": 8.5, "emergency": 1.5}
_KINDS = {Kind.COMPLAINT: 60.0, Kind.HELP: 27.0, Kind.SUGGESTION: 11.0, Kind.REPORT: 2.0}


class Drawn(NamedTuple):
    """One case. `story` is the number of the case whose life it has, `other` a second unit.

    `whole` says that it has events and letters, which take most of the space: recent cases do, and some others.
    """

    n: int
    story: str
    number: str
    source: str
    ref: str
    received: datetime
    unit: str
    other: str
    district: str
    category: str
    area: str
    level: str
    kind: str
    caller: str
    sending: str
    whole: bool


_TYPES = {int: "int", datetime: "timestamptz", bool: "bool"}
TABLE = ", ".join(f"{name} {_TYPES.get(kind, 'text')}" for name, kind in Drawn.__annotations__.items())
"""The columns of a table of them."""


def caller_digest(caller: str) -> str:
    """As which a caller is known."""
    return sha256(caller.encode()).hexdigest()


def key_id(case_number: str) -> str:
    """The id of the key of a case."""
    return md5(case_number.encode(), usedforsecurity=False).hexdigest()[:KEY_LENGTH]


def drawn(wanted: int) -> Iterator[Drawn]:
    """So many cases, the same ones every time; only when they were received counts back from now."""
    chance = random.Random(wanted)  # noqa: S311
    now = datetime.now(UTC)
    lives = {story.case.number: story for story in stories() if story.share}
    ages = {own: _age(story) for own, story in lives.items()}

    def some(shares: dict[Any, float]) -> list[Any]:
        return chance.choices(list(shares), cum_weights=list(accumulate(shares.values())), k=wanted)

    told = some({own: story.share for own, story in lives.items()})
    columns = zip(told, some(_SOURCES), some(_LEVELS), some(_KINDS), some(SENDINGS), strict=True)
    for n, (story, source, level, kind, sending) in enumerate(columns):
        unit = int(len(UNITS) * chance.random() ** 3)
        age = timedelta(seconds=chance.uniform(*ages[story]))
        yield Drawn(
            n=n,
            story=story,
            number=number.derive(source, f"{n}"),
            source=source,
            ref=f"{n}",
            received=now - age,
            unit=UNITS[unit],
            other=UNITS[unit - 1],
            district=DISTRICTS[unit % len(DISTRICTS)],
            category=CATEGORIES[int(len(CATEGORIES) * chance.random() ** 1.5)],
            area=AREAS[int(len(AREAS) * chance.random() ** 1.5)],
            level=level,
            kind=kind,
            caller=HEAVY_CALLER if n < HEAVY_CALLS else f"caller-{int(wanted * chance.random() ** 1.5)}",
            sending=sending,
            whole=age < RECENT or n % WHOLE_EACH == 0,
        )


def _age(story: Story) -> tuple[float, float]:
    """How many seconds ago it was received, at least and at most: its last event is past, its next alarm is not."""
    lived = (story.told.now - NOON).total_seconds()
    if not story.case.open:
        return lived, ARCHIVE.total_seconds()
    if story.due_at is None or story.due_at <= story.told.now:
        return lived, lived + timedelta(days=10).total_seconds()
    return lived, min((story.due_at - NOON).total_seconds(), timedelta(days=60).total_seconds())
