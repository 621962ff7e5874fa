"""A steady load of intake and outcomes over HTTP, and what was promised to whom."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial

import httpx

from tests.town.caller import ROUTINE, Caller
from tests.town.rules import UNITS

_BETWEEN = 0.4
"""Seconds between two complaints, and between two steps of one."""

_AT_ONCE = 10
"""Complaints under way; a machine that is slow is given no more."""

_TRIES = 60


class Load:
    """Brings complaints in and leads them on, asking again where no answer or a failure of the service comes."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller
        self.promised: dict[str, str] = {}
        """By number, the reference of every case that the service has promised to somebody."""
        self.accepted: dict[str, list[str]] = {}
        """By number, the steps that it has accepted."""

    async def bring(self, reference: str) -> str:
        """Bring a complaint in, and have the number that was promised."""
        answer = await _sure(lambda: self._caller.receive(_unit(reference), reference))
        number: str = answer.json()["number"]
        assert self.promised.setdefault(number, reference) == reference
        return number

    async def step(self, number: str, *steps: str) -> None:
        """Take steps with a case, each once the one before is taken."""
        for step in steps:
            await _sure(partial(self._caller.step, number, step, _unit(self.promised[number])))
            self.accepted.setdefault(number, []).append(step)

    async def step_all(self, numbers: Sequence[str], *steps: str) -> None:
        """The same with several cases at once."""
        await asyncio.gather(*(self.step(number, *steps) for number in numbers))

    @asynccontextmanager
    async def going(self) -> AsyncIterator[None]:
        """Whole routine cases one after the other, for as long as the context lasts; all are led to their ends."""
        stop = asyncio.Event()
        lives: list[asyncio.Task[None]] = []

        async def begin() -> None:
            while not stop.is_set():
                if sum(not life.done() for life in lives) < _AT_ONCE:
                    lives.append(asyncio.create_task(self._live(f"load-{len(lives)}")))
                with suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), _BETWEEN)

        beginning = asyncio.create_task(begin())
        try:
            yield
        finally:
            stop.set()
            await beginning
            await asyncio.gather(*lives)

    async def _live(self, reference: str) -> None:
        number = await self.bring(reference)
        for step in ROUTINE:
            await asyncio.sleep(_BETWEEN)
            await self.step(number, step)


def _unit(reference: str) -> str:
    return UNITS[sum(reference.encode()) % len(UNITS)]


async def _sure(ask: Callable[[], Awaitable[httpx.Response]]) -> httpx.Response:
    """An answer that is none of "not now". What is refused for good fails here: nothing of this load may be."""
    for _ in range(_TRIES):
        with suppress(httpx.TransportError):
            answer = await ask()
            if answer.status_code < 500:
                assert answer.is_success, answer.text
                return answer
        await asyncio.sleep(0.5)
    raise TimeoutError("the service does not answer")
