"""The way to PostgreSQL: its address, its connections, its schema."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from alembic import command
from sqlalchemy import create_engine, func, select
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool
from sqlmodel.ext.asyncio.session import AsyncSession

from cases.errors import InvalidError
from records import schema
from records.errors import SchemaError
from records.idle import glance_before_asking
from records.reach import SilentError, outage_of

_PATIENCE = 20.0
"""Seconds that one piece of work may take before the database counts as out of reach."""

_TO_LET_GO = 0.5
"""Seconds that the driver has to call off, on the server, what took too long. A server that hangs does not hear it."""

_CONNECTING = {
    "application_name": "hotline",
    "connect_timeout": 5,
    # A machine that went silent is noticed within seconds, not after the system's two hours.
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,
}

_OUT_OF_REACH = frozenset({"08", "25", "28", "3D", "40", "53", "55", "57", "58"})
"""Classes of SQLSTATE that time or an operator heals: no connection, read-only standby, no access, no database,
deadlock, no space, shutting down. Anything else is about the statement."""

_MIGRATING = 0x686F746C696E65
"""The advisory lock that one migration holds: "hotline" in ASCII."""


def sqlalchemy_url(url: str) -> str:
    """The address as SQLAlchemy wants it, driver included.

    Raises:
        InvalidError: it is no address of a PostgreSQL.
    """
    detail = "not the address of a PostgreSQL; write one like postgresql://user:password@host:5432/name"
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        # The address may hold a password: it must not come back in any message.
        raise InvalidError("database_url", detail) from None
    if parsed.get_backend_name() not in ("postgresql", "postgres"):
        raise InvalidError("database_url", detail)
    return parsed.set(drivername="postgresql+psycopg").render_as_string(hide_password=False)


def connect(url: str, pool_size: int = 10) -> AsyncEngine:
    """A pool of connections; none is made before it is needed. Whoever connects disposes of the engine."""
    engine = create_async_engine(
        sqlalchemy_url(url),
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=_PATIENCE / 2,
        pool_pre_ping=True,
        connect_args=_CONNECTING,
        # Errors travel into logs and into Temporal's histories, where a complaint's text has no business.
        hide_parameters=True,
    )
    glance_before_asking(engine.dialect)
    return engine


@asynccontextmanager
async def transaction(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """A connection whose work is committed at the end, or undone by any error.

    Raises:
        UnavailableError: PostgreSQL is out of reach; whether the work was committed is unknown.
    """
    async with _in_time(engine), engine.begin() as connection:
        yield connection


@asynccontextmanager
async def reading(engine: AsyncEngine) -> AsyncIterator[AsyncSession]:
    """A session to read rows with, which stay usable afterwards. Each statement sees what is committed by then.

    It has no transaction: beginning and ending one would double the way to the server, and its end by a rollback has
    the driver forget every statement that it had prepared.

    Raises:
        UnavailableError: PostgreSQL is out of reach.
    """
    async with _in_time(engine), AsyncSession(engine, expire_on_commit=False) as session:
        await session.connection(execution_options={"isolation_level": "AUTOCOMMIT"})
        yield session


def migrate(url: str) -> str:
    """Bring the schema up to this release, in one transaction. Of several that start at once, one does it.

    Returns:
        The schema that the database has now: this release's, or a newer one that says that this release works on it.

    Raises:
        UnavailableError: PostgreSQL is out of reach.
        SchemaError: a newer release has been here, and this one does not work on what it made.
    """
    engine = create_engine(sqlalchemy_url(url), poolclass=NullPool, connect_args=_CONNECTING, hide_parameters=True)
    with _outages(), engine.begin() as connection:
        connection.execute(select(func.pg_advisory_xact_lock(_MIGRATING)))
        match schema.fit(connection):
            case schema.Fit.NEWER:
                raise SchemaError(
                    "this database was migrated by a newer release of hotline; install that release, or set "
                    "HOTLINE_DATABASE_URL to another database"
                )
            case schema.Fit.OLDER:
                config = schema.config()
                config.attributes["connection"] = connection
                command.upgrade(config, "head")
                schema.note_oldest_code(connection)
        return schema.found(connection)[0] or ""


async def advice(engine: AsyncEngine) -> str | None:
    """What somebody must do before this code can work on a database, as `schema.advice` says it; none if it can.

    Raises:
        UnavailableError: PostgreSQL is out of reach.
    """
    async with transaction(engine) as connection:
        return await connection.run_sync(schema.advice)


async def check(engine: AsyncEngine) -> None:
    """See that PostgreSQL answers, and that this code can work on what it has.

    Raises:
        UnavailableError: the register is out of reach.
        SchemaError: it cannot; the text says what somebody must do.
    """
    if todo := await advice(engine):
        raise SchemaError(todo)


@asynccontextmanager
async def _in_time(engine: AsyncEngine) -> AsyncIterator[None]:
    with outage_of(engine).attempt(_PATIENCE) as patience, _outages():
        # The driver takes ten seconds to give up a statement when it is told to once, and none when it is told twice.
        async with asyncio.timeout(patience + _TO_LET_GO), asyncio.timeout(patience):
            yield


@contextmanager
def _outages() -> Iterator[None]:
    try:
        yield
    except (DBAPIError, PoolTimeoutError, TimeoutError) as error:
        if isinstance(error, DBAPIError) and not _is_outage(error):
            raise
        raise SilentError from error


def _is_outage(error: DBAPIError) -> bool:
    state = getattr(error.orig, "sqlstate", None)
    if error.connection_invalidated or state is None:
        return error.connection_invalidated or isinstance(error, OperationalError | InterfaceError)
    return state[:2] in _OUT_OF_REACH
