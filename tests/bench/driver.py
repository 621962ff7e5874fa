"""Leads many cases or workflows side by side, so many at once, and takes the time of each step."""

import asyncio
import sys
import time
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, LiteralString, TypeVar
from uuid import uuid4

import httpx
from psycopg import AsyncConnection
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter

from hotline.temporal_server import worked_on
from tests.bench.floor import QUEUE, UPDATES, Empty, Floor
from tests.town.caller import Caller
from tests.town.part import Part
from tests.town.rules import UNITS
from tests.town.town import Town, until

_HOLD = timedelta(days=1)
_SLOWEST = 60.0
_T = TypeVar("_T")


@dataclass
class Run:
    """What was done in how many seconds, and the seconds that each step took, by the step's name."""

    seconds: float = 0.0
    done: int = 0
    latencies: dict[str, list[float]] = field(default_factory=dict)

    @property
    def rate(self) -> float:
        """How many a second."""
        return self.done / self.seconds if self.seconds else 0.0

    async def timed(self, step: str, work: Awaitable[_T]) -> _T:
        """Wait for a step, and take down how long it took."""
        began = time.perf_counter()
        found = await work
        self.latencies.setdefault(step, []).append(time.perf_counter() - began)
        return found


@dataclass
class Started:
    """Cases that were brought in: their numbers in the order of their references, and the unit of each."""

    run: Run
    numbers: list[str]
    units: list[str]


async def many(count: int, at_once: int, do: Callable[[int, Run], Awaitable[None]]) -> Run:
    """Do something so many times, so many at once; each is told its place, from 0 on."""
    run, places = Run(), iter(range(count))

    async def some() -> None:
        for place in places:
            await do(place, run)
            run.done += 1

    began = time.perf_counter()
    await asyncio.gather(*(some() for _ in range(min(at_once, count))))
    run.seconds = time.perf_counter() - began
    return run


async def starts(
    caller: Caller,
    count: int,
    at_once: int,
    *,
    prefix: str,
    level: Callable[[int], str] = lambda place: "general",
    **more: Any,
) -> Started:
    """Bring so many complaints in over HTTP, for each unit in turn, each from a caller of its own.

    Args:
        caller: Who calls.
        count: How many.
        at_once: How many calls are under way at any time.
        prefix: What their references begin with; another one for other complaints.
        level: On which level the complaint of a place is, from 0 on.
        more: Further fields of each complaint.

    Raises:
        httpx.HTTPStatusError: one was not taken in.
    """
    numbers = [""] * count

    async def bring(place: int, run: Run) -> None:
        whose = {"complainant": {"name": "Ada Long", "phone": f"+49 30 {zlib.crc32(f'{prefix}-{place}'.encode()):010}"}}
        receiving = caller.receive(unit_of(place), f"{prefix}-{place}", level(place), **(whose | more))
        answer = await run.timed("start", receiving)
        numbers[place] = answer.raise_for_status().json()["number"]

    run = await many(count, at_once, bring)
    return Started(run, numbers, [unit_of(place) for place in range(count)])


def unit_of(place: int) -> str:
    """The unit of the case at a place: each in turn."""
    return UNITS[place % len(UNITS)]


async def run_floor(client: Client, queue: str, cases: int, at_once: int, updates: int = UPDATES) -> Run:
    """Lead so many of the barest cases from start to end; steps `start`, `update` and `whole`."""
    client = unlocked(client)

    async def lead(place: int, run: Run) -> None:
        began = time.perf_counter()
        starting = client.start_workflow(Floor.run, args=[updates, _HOLD], id=f"floor-{uuid4()}", task_queue=queue)
        handle = await run.timed("start", starting)
        for number in range(updates):
            await run.timed("update", handle.execute_update(Floor.take, f"step {number}"))
        await handle.result()
        run.latencies.setdefault("whole", []).append(time.perf_counter() - began)

    return await many(cases, at_once, lead)


async def run_empty(client: Client, queue: str, cases: int, at_once: int) -> Run:
    """Have so many empty workflows start and end; the step is `whole`."""
    client = unlocked(client)

    async def lead(place: int, run: Run) -> None:
        await run.timed("whole", client.execute_workflow(Empty.run, id=f"empty-{uuid4()}", task_queue=queue))

    return await many(cases, at_once, lead)


def http(town: Town, at_once: int) -> httpx.AsyncClient:
    """A client of the API with as many connections as calls are under way."""
    limits = httpx.Limits(max_connections=at_once, max_keepalive_connections=at_once)
    return httpx.AsyncClient(base_url=town.api, limits=limits, timeout=_SLOWEST)


def unlocked(client: Client) -> Client:
    """The same client for what is not locked, as the barest workflows are not."""
    return Client(client.service_client, namespace=client.namespace, data_converter=pydantic_data_converter)


@asynccontextmanager
async def floor_client(town: Town, queue: str = QUEUE) -> AsyncIterator[Client]:
    """A worker of the barest workflows beside a town's server, as its part `floor`, and a client that locks nothing."""
    command = [sys.executable, "-m", "tests.bench.floor", town.temporal, queue]
    worker = Part("floor", command, town.environment(), town.folder / "logs/floor.log")
    town.parts["floor"] = worker
    worker.start()
    try:
        await until(lambda: worked_on(town.client, queue), "the floor's worker")
        yield unlocked(town.client)
    finally:
        worker.stop()
        del town.parts["floor"]


async def ask(town: Town, query: LiteralString, *values: Any) -> list[tuple[Any, ...]]:
    """What the register's database answers."""
    async with await AsyncConnection.connect(town.database_url, autocommit=True) as connection:
        return await (await connection.execute(query, values)).fetchall()
