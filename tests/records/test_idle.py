"""Connections that lie idle: one whose server went is replaced before it is used, and the others cost no question."""

from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import psycopg
import pytest_asyncio
from sqlalchemy import func, text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlmodel import col, select

from records.database import connect, reading, sqlalchemy_url, transaction
from records.idle import glance_before_asking
from records.tables import UnitRow

PID = select(func.pg_backend_pid())
COUNTED = select(func.count(col(UnitRow.code)))
ADDED = "INSERT INTO units (code, kind, title) VALUES ('new', 'department', '{}')"


@dataclass
class Pool:
    """A pool of one connection, and how often it asked its server whether it is there."""

    url: str
    engine: AsyncEngine
    asked: list[bool] = field(default_factory=list)

    async def backend(self) -> int:
        """The server's process behind the connection, as a piece of work meets it."""
        async with self.engine.connect() as connection:
            return int((await connection.execute(PID)).scalar_one())

    def from_outside(self, statement: str, *given: object) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.url, autocommit=True) as admin:
            found = admin.execute(statement, given)
            return found.fetchall() if found.description else []

    def end(self, backend: int) -> None:
        """End a process of the server, and wait until it has gone."""
        [(ended,)] = self.from_outside("SELECT pg_terminate_backend(%s, 10000)", backend)
        assert ended


@pytest_asyncio.fixture
async def pool(database_url: str) -> AsyncIterator[Pool]:
    engine = create_async_engine(sqlalchemy_url(database_url), pool_size=1, max_overflow=0, pool_pre_ping=True)
    made = Pool(database_url, engine)
    ask = engine.dialect.do_ping

    def counted(connection: Any) -> bool:
        made.asked.append(True)
        return bool(ask(connection))

    engine.dialect.do_ping = counted  # type: ignore[method-assign, assignment]
    glance_before_asking(engine.dialect)
    yield made
    await engine.dispose()


async def test_one_that_is_quiet_is_used_without_asking(pool: Pool) -> None:
    first = await pool.backend()
    assert [await pool.backend() for _ in range(3)] == [first] * 3
    assert pool.asked == []


async def test_one_whose_server_went_is_replaced(pool: Pool) -> None:
    first = await pool.backend()
    pool.end(first)
    second = await pool.backend()
    assert second != first
    assert await pool.backend() == second


async def test_one_that_has_been_sent_something_is_asked_and_kept(pool: Pool) -> None:
    async with pool.engine.connect() as connection:
        await connection.execute(text("LISTEN news"))
        await connection.commit()
        first = (await connection.execute(PID)).scalar_one()
    pool.from_outside("NOTIFY news")
    # The server sends it when it is next idle; what it sends then is there to read before anything else is.
    while not pool.asked:
        assert await pool.backend() == first
        pool.from_outside("NOTIFY news")
    assert await pool.backend() == first


async def test_nobody_who_reads_or_writes_notices(database_url: str) -> None:
    engine = connect(database_url, pool_size=1)
    found: list[int] = []

    def ended() -> None:
        with psycopg.connect(database_url, autocommit=True) as admin:
            admin.execute("SELECT pg_terminate_backend(%s, 10000)", [found[-1]])

    for _ in range(2):
        async with reading(engine) as session:
            found.append((await session.exec(PID)).one())
        ended()
        async with transaction(engine) as connection:
            found.append((await connection.execute(PID)).scalar_one())
        ended()
    await engine.dispose()
    assert len(set(found)) == 4


async def test_a_reader_sees_what_is_committed_between_two_statements(engine: AsyncEngine, database_url: str) -> None:
    async with reading(engine) as session:
        own = (await session.exec(PID)).one()
        before = (await session.exec(COUNTED)).one()
        with psycopg.connect(database_url, autocommit=True) as other:
            other.execute(ADDED)
            found = other.execute("SELECT state FROM pg_stat_activity WHERE pid = %s", [own]).fetchall()
        after = (await session.exec(COUNTED)).one()
    assert (before, after) == (0, 1)
    assert found == [("idle",)], "nothing is held open between the two"


async def test_after_a_reader_the_same_connection_writes_all_or_nothing(database_url: str) -> None:
    engine = connect(database_url, pool_size=1)
    async with reading(engine) as session:
        first = (await session.exec(PID)).one()
    with suppress(ZeroDivisionError):
        async with transaction(engine) as connection:
            second = (await connection.execute(PID)).scalar_one()
            await connection.execute(text(ADDED))
            raise ZeroDivisionError
    assert second == first
    async with reading(engine) as session:
        assert (await session.exec(COUNTED)).one() == 0
    await engine.dispose()
