"""The routine case, from the receipt to the call-back, with so many callers at once."""

import asyncio
import time
from collections.abc import Awaitable
from dataclasses import dataclass, field

import httpx

from tests.bench.peers.contestant import Contestant, told
from tests.bench.report import percentile
from tests.town.caller import ROUTINE
from tests.town.town import until

CALLERS = 16
_WARMING = 16


@dataclass
class Routine:
    """What was measured: cases a second until the last was closed, and seconds that calls and orders took."""

    cases_per_s: float = 0.0
    starts: list[float] = field(default_factory=list)
    commands: list[float] = field(default_factory=list)
    orders: list[float] = field(default_factory=list)

    def milliseconds(self, which: str, share: float) -> float:
        """A percentile of the starts, the commands or the orders."""
        return 1_000 * percentile(getattr(self, which), share)


async def measure(service: Contestant, cases: int) -> Routine:
    """Lead so many cases through, after a few that are not counted."""
    await _lead(service, [f"warm-{place}" for place in range(_WARMING)], Routine())
    before, found = await service.closed(), Routine()
    began = time.monotonic()
    accepted = await _lead(service, [f"case-{place}" for place in range(cases)], found)

    async def all_closed() -> bool:
        return await service.closed() >= before + cases

    await until(all_closed, "the last call-back")
    found.cases_per_s = cases / (time.monotonic() - began)

    async def all_delivered() -> bool:
        return service.delivered().keys() >= accepted.keys()

    await until(all_delivered, "the last order", 120)
    delivered = service.delivered()
    found.orders = [min(at for _, at in delivered[number]) - moment for number, moment in accepted.items()]
    return found


async def _lead(service: Contestant, references: list[str], found: Routine) -> dict[str, float]:
    """Lead cases through, and tell when each was asked for, by its number."""
    waiting, accepted = iter(references), {}

    async def caller() -> None:
        for reference in waiting:
            asked = time.time()
            number = told(await _timed(service.receive(reference), found.starts))["number"]
            accepted[number] = asked
            for step in ROUTINE:
                told(await _timed(service.step(number, step), found.commands))

    await asyncio.gather(*(caller() for _ in range(CALLERS)))
    return accepted


async def _timed(call: Awaitable[httpx.Response], into: list[float]) -> httpx.Response:
    began = time.perf_counter()
    response = await call
    into.append(time.perf_counter() - began)
    return response
