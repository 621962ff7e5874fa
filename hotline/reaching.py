"""Doing something with the register, or with register and engine, as settings that were resolved name them."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from temporalio.client import Client

from hotline import own_keys, stack
from hotline.errors import NotRunningError
from hotline.settings import Settings
from records.database import connect as connect_database
from records.register import Register
from workflows.connection import connect

Result = TypeVar("Result")


def with_register(settings: Settings, work: Callable[[Register], Awaitable[Result]]) -> Result:
    """Do something with the register.

    Raises:
        NotRunningError: no database is set and no service runs.
        KeyFileError: the service's own keys cannot be used.
    """
    url, keys = stack.database_url(settings), own_keys.load(settings)

    async def run() -> Result:
        database = connect_database(url, pool_size=2)
        try:
            return await work(Register(database, keys))
        finally:
            await database.dispose()

    return asyncio.run(run())


def with_client(settings: Settings, work: Callable[[Register, Client], Awaitable[Result]]) -> Result:
    """Do something with the register and Temporal's client.

    Raises:
        NotRunningError: no database is set and no service runs, or Temporal does not answer.
        KeyFileError: the service's own keys cannot be used.
    """

    async def run(register: Register) -> Result:
        try:
            async with asyncio.timeout(10):
                client = await connect(own_keys.load(settings), f"127.0.0.1:{settings.temporal_port}")
        except (RuntimeError, TimeoutError) as error:
            raise NotRunningError(
                "Temporal's server does not answer; start the service with `hotline up`, or name a server by "
                "TEMPORAL_ADDRESS"
            ) from error
        return await work(register, client)

    return with_register(settings, run)
