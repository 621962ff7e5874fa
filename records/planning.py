"""How the server plans what it is asked."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from psycopg import AsyncConnection
from sqlmodel.ext.asyncio.session import AsyncSession


@asynccontextmanager
async def planned_anew(session: AsyncSession) -> AsyncIterator[None]:
    """Have each statement within planned for the values that it is asked with.

    A statement that the driver has prepared gets one plan for any value after a while. Where values are spread as
    unevenly as cases are over units and states, such a plan goes through the archive of a large unit for a list of few.
    """
    raw = (await (await session.connection()).get_raw_connection()).driver_connection
    assert isinstance(raw, AsyncConnection)  # noqa: S101 - for the type alone
    usual, raw.prepare_threshold = raw.prepare_threshold, None
    try:
        yield
    finally:
        raw.prepare_threshold = usual
