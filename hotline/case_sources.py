"""Where `hotline case` looks cases up: their workflows where these can be reached, else the register."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TypeVar

from cases.case import Case
from cases.errors import UnavailableError, UnknownCaseError
from cases.events import Event
from hotline import own_keys, stack
from hotline.settings import Settings
from records.database import connect as connect_database
from records.register import Register
from workflows.connection import connect
from workflows.engine import Engine

Result = TypeVar("Result")

_LONGEST_HISTORY = 100_000


@dataclass(frozen=True)
class Sources:
    """The register, and the engine where it answers."""

    register: Register
    engine: Engine | None

    async def case(self, number: str) -> tuple[Case, bool]:
        """A case, and whether its workflow told it rather than its record.

        Raises:
            UnknownCaseError: there is no such case.
        """
        if self.engine is not None:
            try:
                return await self.engine.case(number), True
            except (UnavailableError, UnknownCaseError):
                pass
        return await self.register.case(number), False

    async def events(self, number: str) -> list[Event]:
        """Everything that happened to a case. Raises like `case`."""
        if self.engine is not None:
            try:
                return await self.engine.events(number)
            except (UnavailableError, UnknownCaseError):
                pass
        if found := await self.register.events(number, limit=_LONGEST_HISTORY):
            return found
        raise UnknownCaseError(number)


def look(settings: Settings, work: Callable[[Sources], Awaitable[Result]], *, with_engine: bool = True) -> Result:
    """Do something with the sources that settings, or the running service, name.

    Raises:
        NotRunningError: no database is set and no service runs.
    """
    resolved = stack.resolve(settings)

    async def run() -> Result:
        async with _sources(resolved, with_engine=with_engine) as sources:
            return await work(sources)

    return asyncio.run(run())


@asynccontextmanager
async def _sources(resolved: Settings, *, with_engine: bool) -> AsyncIterator[Sources]:
    database = connect_database(stack.database_url(resolved), pool_size=2)
    try:
        register = Register(database, own_keys.load(resolved))
        yield Sources(register, await _engine(resolved, register) if with_engine else None)
    finally:
        await database.dispose()


async def _engine(resolved: Settings, register: Register) -> Engine | None:
    try:
        async with asyncio.timeout(5):
            client = await connect(own_keys.load(resolved), f"127.0.0.1:{resolved.temporal_port}")
            return Engine(client, resolved.task_queue, register.history)
    except (RuntimeError, TimeoutError):
        return None
