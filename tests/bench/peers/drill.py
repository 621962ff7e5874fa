"""The same small drill for each: a steady load, everything killed in turn, and then the books compared."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from tests.bench.peers.contestant import Breach, Contestant
from tests.bench.peers.lateness import fired_of
from tests.bench.report import Cell
from tests.town.caller import ROUTINE
from tests.town.part import Part

_PER_S = 5
_DOWN = 2.0
"""Seconds for which whatever is killed stays away."""
_LIMIT = timedelta(seconds=12)
"""Within which a case must be acknowledged."""
_LATE = 10.0
_CALLER_GIVES_UP = 60.0
_SETTLING = 90.0


@dataclass
class Promises:
    """What the callers were told: kept by the driver, apart from all services."""

    cases: set[str] = field(default_factory=set)
    outcomes: set[tuple[str, str]] = field(default_factory=set)
    dues: dict[str, tuple[datetime, datetime]] = field(default_factory=dict)
    """Of the cases that nobody acknowledges: when that is due, and when the case was taken in."""
    refused: list[str] = field(default_factory=list)
    retries: int = 0


@dataclass(frozen=True)
class Losses:
    """What became of the promises; every count but the first two should be 0."""

    cases: int
    outcomes: int
    cases_lost: int
    outcomes_lost: int
    orders_missing: int
    orders_twice: int
    repeats: int
    fired_early: int
    missed: int
    late: int
    worst_s: float
    worst_decided_s: float
    refused: int
    refusals: tuple[str, ...]
    retries: int

    def cells(self) -> list[Cell]:
        """The same as cells of a table."""
        return [
            f"{self.cases} / {self.outcomes}",
            self.cases_lost,
            self.outcomes_lost,
            self.orders_missing,
            self.orders_twice,
            self.repeats,
            self.fired_early,
            self.missed,
            self.late,
            f"{self.worst_s:.1f} / {self.worst_decided_s:.1f}",
            self.refused,
        ]


async def measure(service: Contestant, seconds: float) -> Losses:
    """Load, kill, settle, and count."""
    promised = Promises()
    async with asyncio.TaskGroup() as group:
        group.create_task(_kill_in_turn(service, seconds))
        for place in range(int(seconds * _PER_S)):
            group.create_task(_lead(service, place, promised))
            await asyncio.sleep(1 / _PER_S)
    fired = await fired_of(service, set(promised.dues), _SETTLING)
    await _settled(service, promised)
    return await _count(service, promised, fired)


async def _kill_in_turn(service: Contestant, seconds: float) -> None:
    """Two kills of the service's own processes, one of what keeps its cases, one of the unit's system."""
    began = time.monotonic()
    for share, target in ((0.15, "apps"), (0.35, "keepers"), (0.55, "systems"), (0.75, "apps")):
        await asyncio.sleep(max(0.0, began + share * seconds - time.monotonic()))
        if target == "apps":
            await _bounce(service.apps)
        elif target == "systems":
            await _bounce((service.systems,))
        else:
            await asyncio.to_thread(service.kill_postgres)
            await _bounce(service.keepers)
            await asyncio.to_thread(service.revive_postgres)


async def _bounce(parts: Iterable[Part]) -> None:
    for part in parts:
        part.kill()
    await asyncio.sleep(_DOWN)
    for part in parts:
        part.start()


async def _lead(service: Contestant, place: int, promised: Promises) -> None:
    """One caller: brings a case in, and takes it through. Every third is left alone, and its limit passes."""
    reference, due = f"drill-{place}", datetime.now(UTC) + _LIMIT
    taken = await _insist(lambda: service.receive(reference, due), promised)
    if taken is None:
        return
    number = taken["number"]
    promised.cases.add(number)
    if place % 3 == 0:
        promised.dues[number] = (due, datetime.now(UTC))
        return
    for step in ROUTINE:
        await asyncio.sleep(1)
        if await _insist(lambda step=step: service.step(number, step), promised) is None:  # type: ignore[misc]
            return
        promised.outcomes.add((number, step))


async def _insist(call: Callable[[], Awaitable[httpx.Response]], promised: Promises) -> dict[str, Any] | None:
    """Ask again under the same key while nothing answers, as a good caller does; none if it is refused."""
    until = time.monotonic() + _CALLER_GIVES_UP
    what = "no answer"
    while time.monotonic() < until:
        try:
            response = await call()
            if response.is_success:
                return dict(response.json())
            what = f"{response.status_code} {response.text[:200]}"
            if response.is_client_error and response.status_code not in (404, 429):
                break
        except httpx.TransportError as error:
            what = repr(error)
        promised.retries += 1
        await asyncio.sleep(0.5)
    promised.refused.append(what)
    return None


async def _settled(service: Contestant, promised: Promises) -> None:
    """Wait until everything promised is there, or for a while."""
    until = time.monotonic() + _SETTLING
    while time.monotonic() < until:
        cases, outcomes = await service.numbers(), await service.outcomes()
        if cases >= promised.cases and outcomes >= promised.outcomes and service.delivered().keys() >= promised.cases:
            return
        await asyncio.sleep(1)


async def _count(service: Contestant, promised: Promises, fired: dict[str, Breach]) -> Losses:
    delivered = service.delivered()
    keys = {number: {key for key, _ in delivered.get(number, [])} for number in promised.cases}
    passed = [(fired[number], *moments) for number, moments in promised.dues.items() if number in fired]
    # A case that came in after its limit, for the service was away, is late from then on.
    late = [(breach.fired_at - max(due, taken)).total_seconds() for breach, due, taken in passed]
    decided = [(breach.decided_at - max(due, taken)).total_seconds() for breach, due, taken in passed]
    return Losses(
        cases=len(promised.cases),
        outcomes=len(promised.outcomes),
        cases_lost=len(promised.cases - await service.numbers()),
        outcomes_lost=len(promised.outcomes - await service.outcomes()),
        orders_missing=sum(not found for found in keys.values()),
        orders_twice=sum(len(found) > 1 for found in keys.values()),
        repeats=sum(len(delivered.get(number, [])) - len(found) for number, found in keys.items() if found),
        fired_early=sum(breach.decided_at < due for breach, due, _ in passed),
        missed=len(promised.dues.keys() - fired.keys()),
        late=sum(one > _LATE for one in late),
        worst_s=max(late, default=0.0),
        worst_decided_s=max(decided, default=0.0),
        refused=len(promised.refused),
        refusals=tuple(sorted(set(promised.refused))),
        retries=promised.retries,
    )
