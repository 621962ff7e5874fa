"""`hotline unit simulate`: one department as a process, with a system of its own or reading its mailbox."""

import asyncio
import base64
import os
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx
import uvicorn
from fastapi import FastAPI

from hotline.door import Door
from hotline.unit_simulator.answering import Answers, ByCallback, ByKey
from hotline.unit_simulator.app import one
from hotline.unit_simulator.clerk import Clerk, Habit
from hotline.unit_simulator.department import Department
from hotline.unit_simulator.faults import NONE, Faults
from hotline.unit_simulator.mailbox import Mailbox

# A mailbox may keep a request open for half a minute.
_TIMEOUT = httpx.Timeout(40.0, connect=5.0)


@dataclass(frozen=True, kw_only=True)
class Simulation:
    """What is simulated. With `key`, steps are told by the API, else by signed callbacks; both to `api`."""

    unit: str
    secrets: tuple[str, ...] = field(default=(), repr=False)
    host: str = "127.0.0.1"
    port: int = 8500
    habit: Habit = Habit.ACCEPT
    after: float = 3.0
    handles: bool = False
    faults: Faults = NONE
    api: str = ""
    key: str = field(default="", repr=False)


def made_up() -> str:
    """A secret for a department that no service knows."""
    return f"whsec_{base64.b64encode(os.urandom(32)).decode()}"


def faults(before: float, after: float, slow: float, seed: int | None) -> Faults:
    """How it misbehaves; with `seed`, in the same way each time."""
    return Faults(before=before, after=after, slow=slow, chance=random.Random(seed))  # noqa: S311 - no secret


def serve(simulation: Simulation) -> None:
    """Serve as the unit's system until told to stop."""
    uvicorn.run(app(simulation), host=simulation.host, port=simulation.port, log_level="warning")


def app(simulation: Simulation) -> FastAPI:
    """The unit's system."""
    http = httpx.AsyncClient(base_url=simulation.api, timeout=_TIMEOUT)
    clerk = Clerk(simulation.habit, simulation.after, _answers(simulation, http), handles=simulation.handles)
    department = Department(simulation.unit, simulation.secrets, clerk.take, simulation.faults)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        clerk.stop()
        await http.aclose()

    def shown() -> dict[str, object]:
        counts = {"keys": department.keys, "repeated": department.repeated, "refused": department.refused}
        return {"unit": simulation.unit, **counts, **clerk.shown()}

    return one(department, shown, lifespan)


async def read(simulation: Simulation) -> None:
    """Read the unit's mailbox until told to stop."""
    async with httpx.AsyncClient(base_url=simulation.api, timeout=_TIMEOUT) as http:
        clerk = Clerk(simulation.habit, simulation.after, _answers(simulation, http), handles=simulation.handles)
        try:
            async for order in Mailbox(Door(http, simulation.key), simulation.unit).coming():
                clerk.take_letter(order)
        finally:
            clerk.stop()


def read_mailbox(simulation: Simulation) -> None:
    """Read the unit's mailbox, and do what stands in it."""
    asyncio.run(read(simulation))


def _answers(simulation: Simulation, http: httpx.AsyncClient) -> Answers | None:
    if not simulation.api:
        return None
    if simulation.key:
        return ByKey(Door(http, simulation.key))
    return ByCallback(http, simulation.unit, simulation.secrets)
