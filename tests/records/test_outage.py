"""PostgreSQL goes away and comes back; nobody is stuck, and nothing is half written."""

import asyncio
import os
import signal
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil  # type: ignore[import-untyped]
import pytest
import pytest_asyncio
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.casebook import Casebook
from activities.messages import RecordRequest
from cases.city import City
from cases.errors import UnavailableError
from cases.routing import Catalogue
from cases.vocabulary import Role
from hotline.postgres import Postgres
from records import database
from records.database import connect, migrate
from records.keys import Keys
from records.reach import hurried, outage_of
from records.register import CaseFilter, Register
from tests.own_keys import KEYS
from tests.records.histories import begun, number_of
from tests.unit.narrative import POLICY


class Server:
    """A server that tests may stop."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._postgres = Postgres(folder)
        self.url = self._postgres.start()

    def stop(self) -> None:
        """Stop it from outside, as an operator would, and wait until it has ended."""
        mark = self._folder / "postmaster.pid"
        os.kill(int(mark.read_text().split()[0]), signal.SIGINT)
        for _ in range(600):
            if not mark.exists():
                return
            time.sleep(0.05)
        raise TimeoutError("PostgreSQL does not stop")

    def start(self) -> None:
        """Start it again."""
        for _ in range(600):
            if self._postgres.revive():
                return
            time.sleep(0.05)
        raise TimeoutError("PostgreSQL does not start again")

    @contextmanager
    def hung(self) -> Iterator[None]:
        """Have all of its processes hold still, as on a machine whose disk does not answer."""
        server = psutil.Process(int((self._folder / "postmaster.pid").read_text().split()[0]))
        # First the one that makes others.
        server.suspend()
        held = [server]
        try:
            for one in server.children():
                # One that was just ending may be gone by now.
                with suppress(psutil.NoSuchProcess):
                    one.suspend()
                    held.append(one)
            yield
        finally:
            for one in held:
                one.resume()

    def close(self) -> None:
        """Stop it for good."""
        self._postgres.stop()


@contextmanager
def server_of_its_own() -> Iterator[Server]:
    """A migrated PostgreSQL that a test may stop and start as it likes."""
    with tempfile.TemporaryDirectory(prefix="hotline-outage-") as folder:
        started = Server(Path(folder) / "postgres")
        try:
            migrate(started.url)
            yield started
        finally:
            started.close()


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with server_of_its_own() as started:
        yield started


@pytest_asyncio.fixture
async def engine(server: Server) -> AsyncIterator[AsyncEngine]:
    made = connect(server.url)
    yield made
    await made.dispose()


async def test_everything_says_so_and_works_again_afterwards(server: Server, engine: AsyncEngine) -> None:
    register, keys = Register(engine, KEYS), Keys(engine)
    events = begun("outage")
    number = number_of(events)
    key = await keys.create(Role.ADMIN)
    await register.record(number, events[:1])
    asked: list[Callable[[], Awaitable[object]]] = [
        lambda: register.record(number, events),
        lambda: register.case(number),
        lambda: register.events(number),
        lambda: register.row(number),
        lambda: register.content_fingerprint(number),
        lambda: register.cases(CaseFilter()),
        lambda: register.mailboxes.read("roads", 0, 10),
        lambda: register.mailboxes.news(0),
        lambda: register.mailboxes.last(),
        lambda: register.systems.of("roads"),
        lambda: register.systems.secrets("roads"),
        lambda: register.deliveries.page(),
        lambda: register.deliveries.counts(),
        lambda: register.sendings.page(),
        lambda: register.sendings.counts(),
        lambda: register.count_by_status(),
        lambda: register.kept.counts(),
        lambda: register.kept.waits(number),
        lambda: register.kept.let_go(),
        lambda: register.units(),
        lambda: register.unit("roads"),
        lambda: register.policies.put(City(POLICY, Catalogue([], [], []))),
        lambda: register.policies.put_in_force(POLICY.policy, POLICY.version),
        lambda: register.policies.in_force(POLICY.policy),
        lambda: register.policies.open_cases(POLICY.policy, POLICY.version),
        lambda: register.ping(),
        lambda: keys.find(key),
        lambda: keys.list(),
    ]
    await asyncio.to_thread(server.stop)
    for ask in asked:
        with pytest.raises(UnavailableError, match="out of reach"):
            await ask()
    several = [begun(f"outage-{index}") for index in range(5)]
    results = await asyncio.gather(
        *(register.record(number_of(each), each) for each in several), return_exceptions=True
    )
    assert all(isinstance(result, UnavailableError) for result in results)
    await asyncio.to_thread(server.start)
    for ask in asked:
        await ask()
    assert await register.events(number) == events


async def test_the_casebook_may_be_retried_while_it_is_away(server: Server, engine: AsyncEngine) -> None:
    events = begun("retried")
    request = RecordRequest(number=number_of(events), events=tuple(events))
    casebook, environment = Casebook(Register(engine, KEYS)), ActivityEnvironment()
    await asyncio.to_thread(server.stop)
    try:
        with pytest.raises(UnavailableError) as away:
            await environment.run(casebook.record, request)
        assert not isinstance(away.value, ApplicationError)
        assert "pothole" not in f"{away.value}{away.value.__cause__}"
    finally:
        await asyncio.to_thread(server.start)
    await environment.run(casebook.record, request)


async def test_connections_that_were_cut_are_replaced_unnoticed(engine: AsyncEngine) -> None:
    register = Register(engine, KEYS)
    await register.ping()
    other = connect(engine.url.render_as_string(hide_password=False))
    async with other.connect() as connection:
        await connection.exec_driver_sql(
            "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
        )
    await other.dispose()
    await register.ping()


async def test_a_server_that_hangs_is_out_of_reach_too(engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "_PATIENCE", 0.5)
    register = Register(engine, KEYS)
    events = begun("hung")
    async with engine.connect() as connection:
        hung = (await connection.exec_driver_sql("SELECT pg_backend_pid()")).scalar_one()
    # The pool hands out the connection that came back last, so the next to record gets the hung one.
    os.kill(hung, signal.SIGSTOP)
    try:
        began = time.monotonic()
        with pytest.raises(UnavailableError):
            await register.record(number_of(events), events)
        assert time.monotonic() - began < 15
    finally:
        os.kill(hung, signal.SIGCONT)
    monkeypatch.undo()
    await register.record(number_of(events), events)
    assert await register.events(number_of(events)) == events


async def test_whoever_is_in_a_hurry_soon_does_without_a_server_that_hangs(server: Server, engine: AsyncEngine) -> None:
    register = Register(engine, KEYS)
    await asyncio.gather(*(register.ping() for _ in range(3)))
    with server.hung():
        # Ten contacts, each of which would wait twenty seconds of its own.
        async with asyncio.timeout(15):
            for _ in range(10):
                with hurried(1.5), pytest.raises(UnavailableError):
                    await register.ping()
            assert outage_of(engine).known
            # Those who need an answer wait for it, but not as long as ever.
            with pytest.raises(UnavailableError):
                await register.ping()
    await register.ping()
    assert not outage_of(engine).known
    with hurried(1.5):
        await register.ping()
