"""How late the limits of many open cases fire, and whether any fires early."""

import asyncio
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from tests.bench.peers.contestant import Breach, Contestant, told
from tests.bench.peers.routine import CALLERS

_LONG = timedelta(minutes=110)
_PATIENCE = 900.0


@dataclass
class Lateness:
    """Of the limits that fell due: seconds after which each fired, and how many did not.

    `late` is until PostgreSQL had it in writing, `decided` until the moment that the service itself writes for it.

    `behind` are cases that were taken in only after their limit: those are measured nowhere.
    """

    late: list[float]
    decided: list[float]
    early: int
    missing: int
    behind: int
    starts_per_s: float


async def measure(service: Contestant, cases: int, spread: float) -> Lateness:
    """Open so many cases, whose limits fall due spread over so many seconds, and see when they fire."""
    tried = max(CALLERS, cases // 20)
    began = time.monotonic()
    await _open(service, [(f"tried-{place}", datetime.now(UTC) + _LONG) for place in range(tried)])
    expected = (time.monotonic() - began) / tried * cases
    # The rate may fall with the number of open cases, and orders may still be going out when all are open: that must
    # be over before anything is due.
    first = datetime.now(UTC) + timedelta(seconds=1.5 * expected + 10)
    dues = {f"due-{place}": first + timedelta(seconds=spread * place / cases) for place in range(cases)}
    began = time.monotonic()
    taken = await _open(service, list(dues.items()))
    starts_per_s = cases / (time.monotonic() - began)
    awaited = {number: due for number, (due, moment) in taken.items() if moment < due}
    await asyncio.sleep(max(0.0, (max(dues.values()) - datetime.now(UTC)).total_seconds()))

    fired = await fired_of(service, set(awaited), _PATIENCE)
    late = [(fired[number].fired_at - due).total_seconds() for number, due in awaited.items() if number in fired]
    decided = [(fired[number].decided_at - due).total_seconds() for number, due in awaited.items() if number in fired]
    missing = len(awaited) - len(late)
    return Lateness(late, decided, sum(one < 0 for one in decided), missing, len(taken) - len(awaited), starts_per_s)


async def fired_of(service: Contestant, awaited: set[str], patience: float) -> dict[str, Breach]:
    """What has fired once all that is awaited has, or once so many seconds are over."""
    until = time.monotonic() + patience
    while True:
        fired = await service.breaches()
        if fired.keys() >= awaited or time.monotonic() > until:
            return fired
        # Reading thousands of rows takes what the service could use.
        await asyncio.sleep(2)


async def _open(service: Contestant, wanted: list[tuple[str, datetime]]) -> dict[str, tuple[datetime, datetime]]:
    """Take cases in; for each number when its limit is, and when it was taken in."""
    waiting, taken = iter(wanted), {}

    async def caller() -> None:
        for reference, due in waiting:
            number = told(await service.receive(reference, due))["number"]
            taken[number] = (due, datetime.now(UTC))

    await asyncio.gather(*(caller() for _ in range(CALLERS)))
    return taken
