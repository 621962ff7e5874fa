"""What tests of every kind stand on: a real PostgreSQL and a real Temporal server, one of each for all tests."""

import gc
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import psycopg
import pytest
import pytest_asyncio
from temporalio.testing import WorkflowEnvironment

from hotline.postgres import DATABASE, Postgres
from hotline.temporal_server import program
from records.database import connect, migrate
from records.register import Register
from tests.own_keys import KEYS
from workflows.codec import converter
from workflows.search_attributes import REGISTRY

TIME_SKIPPING = {"frontend.WorkflowTimeSkippingEnabled": "true", "history.timerProcessorMaxTimeShift": '"1ms"'}


def pytest_collection_finish() -> None:
    """Look through what was loaded and collected no more: that takes longer than the engine lets a workflow pause."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The address of a PostgreSQL server; its database `hotline` is migrated and stays empty."""
    with tempfile.TemporaryDirectory(prefix="hotline-test-") as folder:
        server = Postgres(Path(folder) / "postgres")
        try:
            template = server.start()
            migrate(template)
            yield template
        finally:
            server.stop()


def _named(address: str, database: str) -> str:
    return urlsplit(address)._replace(path=f"/{database}").geturl()


@pytest.fixture
def database_url(postgres: str) -> Iterator[str]:
    """A migrated, empty database of the test's own."""
    name = f"test_{uuid4().hex}"
    admin = _named(postgres, "postgres")
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {DATABASE} STRATEGY wal_log")
    yield _named(postgres, name)
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@pytest.fixture
def empty_url(postgres: str) -> Iterator[str]:
    """A database of the test's own with nothing in it, not even tables."""
    name = f"empty_{uuid4().hex}"
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        yield _named(postgres, name)
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest_asyncio.fixture
async def register(database_url: str) -> AsyncIterator[Register]:
    """The register over the test's database."""
    engine = connect(database_url)
    yield Register(engine, KEYS)
    await engine.dispose()


@pytest_asyncio.fixture(scope="session")
async def environment() -> AsyncIterator[WorkflowEnvironment]:
    """Temporal's development server with a clock of its own for each workflow."""
    extra = [word for name, kind in REGISTRY.items() for word in ("--search-attribute", f"{name}={kind}")]
    extra += [word for item in TIME_SKIPPING.items() for word in ("--dynamic-config-value", "=".join(item))]
    async with await WorkflowEnvironment.start_time_skipping_v2(
        data_converter=converter(KEYS.payload),
        dev_server_existing_path=str(program()),
        dev_server_extra_args=extra,
        dev_server_log_level="error",
    ) as started:
        yield started
