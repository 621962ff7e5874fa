"""Doing something with the register, or with register and engine, as settings that were resolved name them."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TypeVar

from temporalio.client import Client

from hotline import own_keys, stack
from hotline.errors import NotRunningError
from hotline.settings import Settings
from records.database import check
from records.database import connect as connect_database
from records.register import Register
from workflows.connection import connect

Result = TypeVar("Result")


def with_register(settings: Settings, work: Callable[[Register], Awaitable[Result]]) -> Result:
    """Do something with the register.

    Raises:
        NotRunningError: no database is set and no service runs.
        KeyFileError: the service's own keys cannot be used, or are not those of the database.
        UnavailableError: PostgreSQL is out of reach.
        SchemaError: its schema is not one that this release works on.
    """
    url, keys = stack.database_url(settings), own_keys.load(settings)

    async def run() -> Result:
        database = connect_database(url, pool_size=2)
        try:
            await check(database)
            register = Register(database, keys)
            # Whatever would be locked by the keys of another service would be lost to this one.
            await register.seals.check()
            return await work(register)
        finally:
            await database.dispose()

    return asyncio.run(run())


def with_client(settings: Settings, work: Callable[[Register, Client], Awaitable[Result]]) -> Result:
    """Do something with the register and Temporal's client.

    Raises:
        NotRunningError: no database is set and no service runs, or Temporal does not answer.
        KeyFileError, UnavailableError, SchemaError: as `with_register`.
    """

    async def run(register: Register, client: Client | None) -> Result:
        if client is None:
            raise NotRunningError(
                "Temporal's server does not answer; start the service with `hotline up`, or name a server by "
                "TEMPORAL_ADDRESS"
            )
        return await work(register, client)

    return with_client_if_any(settings, run)


def with_client_if_any(settings: Settings, work: Callable[[Register, Client | None], Awaitable[Result]]) -> Result:
    """Do something with the register, and with Temporal's client if its server answers. Raises like `with_register`."""

    async def run(register: Register) -> Result:
        client = None
        with suppress(RuntimeError, TimeoutError):
            async with asyncio.timeout(10):
                client = await connect(own_keys.load(settings), f"127.0.0.1:{settings.temporal_port}")
        return await work(register, client)

    return with_register(settings, run)
