"""What tests of the register share."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from sqlalchemy.ext.asyncio import AsyncEngine

from records.database import connect
from tests.records.clock import Clock


@pytest_asyncio.fixture
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    """Connections of the test's own to its database, apart from those of `register`."""
    made = connect(database_url)
    yield made
    await made.dispose()


@pytest.fixture
def clock() -> Clock:
    return Clock()
