"""Callers, and the units' people: each does what the plan says, and asks until there is a definite answer."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress

import httpx

from tests.drill.ledger import Entry, Ledger, address
from tests.drill.plan import Life
from tests.town.caller import Caller

TIMEOUT = 15.0
"""Seconds that a caller waits for an answer before asking again."""

_PAUSES = (0.2, 0.5, 1.0, 2.0)
"""Seconds before asking again; the last one from then on."""


class Load:
    """All callers. `answered` says how many of those that were asked for have their definite answers."""

    def __init__(self, caller: Caller, ledger: Ledger) -> None:
        self._caller = caller
        self._ledger = ledger

    async def bring(self, lives: Sequence[Life]) -> None:
        """Lead all lives, each from its moment on. Ends when everybody is answered; cancelled, it leaves the rest."""
        began = time.monotonic()
        async with asyncio.TaskGroup() as group:
            for life in lives:
                group.create_task(self._lead(life, began + life.at))

    async def _lead(self, life: Life, at: float) -> None:
        await asyncio.sleep(max(0.0, at - time.monotonic()))
        complainant = {"name": "Ada Long", "email": address(life.reference)}

        async def receive() -> httpx.Response:
            return await self._caller.receive(life.unit, life.reference, life.level, complainant=complainant)

        number = await self._ask(life.reference, "receive", receive)
        began = time.monotonic()
        if not number:
            return
        for step in life.steps:
            await asyncio.sleep(max(0.0, began + step.after - time.monotonic()))

            async def take(name: str = step.name) -> httpx.Response:
                return await self._caller.step(number, name, life.unit)

            await self._ask(life.reference, step.name, take)

    async def _ask(self, reference: str, step: str, send: Callable[[], Awaitable[httpx.Response]]) -> str:
        """Ask until there is a definite answer; the number of the case that it names."""
        attempt = 0
        while True:
            self._ledger.enter(Entry(at=time.time(), reference=reference, step=step))
            entry = Entry(at=0, reference=reference, step=step, status=0)
            with suppress(httpx.TransportError):
                entry = _entry(reference, step, await send())
            entry.at = time.time()
            self._ledger.enter(entry)
            if entry.accepted or entry.refused:
                return entry.number
            await asyncio.sleep(_PAUSES[min(attempt, len(_PAUSES) - 1)])
            attempt += 1


def _entry(reference: str, step: str, answer: httpx.Response) -> Entry:
    body = {}
    with suppress(ValueError):
        body = answer.json()
    if not isinstance(body, dict):
        body = {}
    return Entry(
        at=0,
        reference=reference,
        step=step,
        status=answer.status_code,
        number=str(body.get("number", "")),
        version=int(body.get("version", 0)),
        rule=str(body.get("rule", "")) or str(body.get("detail", ""))[:200],
    )
