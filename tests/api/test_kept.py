"""Complaints that come in while Temporal is away: taken in all the same, and started when it is back."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio
from fastapi import FastAPI

import worker
from api.app import create_app
from cases.events import Breached
from cases.vocabulary import Role
from hotline.policies import City
from hotline.settings import Settings
from records.database import connect
from records.keys import Keys
from records.register import Register
from tests.api.conftest import Headers, eventually, facts, headers, new_case, shown, started, talking_to
from tests.own_keys import KEYS, written
from tests.records.test_outage import Server, server_of_its_own
from tests.service.free import ports
from tests.temporal_server import TemporalServer
from tests.unit_system import ON_THIS_MACHINE
from workflows.engine import Engine

pytestmark = pytest.mark.timeout(240)

Working = Callable[[], AbstractAsyncContextManager[None]]


@pytest_asyncio.fixture
async def temporal(tmp_path: Path) -> AsyncIterator[TemporalServer]:
    server = TemporalServer(tmp_path)
    yield server
    server.kill()


@pytest.fixture
def task_queue() -> str:
    return f"kept-{uuid4().hex}"


@pytest_asyncio.fixture
async def app(
    temporal: TemporalServer, register: Register, keys: Keys, city: City, task_queue: str
) -> AsyncIterator[FastAPI]:
    """The API as it comes up by itself, whether Temporal answers or not."""
    await register.put_units(list(city.catalogue.units.values()))
    engine = Engine(await temporal.client(lazy=True), task_queue, register.history)
    made = create_app(Settings(), engine=engine, register=register, keys=keys, city=city)
    yield made
    await made.state.services.watch.aclose()


@pytest.fixture
def working(temporal: TemporalServer, register: Register, task_queue: str) -> Working:
    """Workers, and with them the relay, for as long as a context lasts."""

    @asynccontextmanager
    async def work() -> AsyncIterator[None]:
        client = await temporal.client()
        async with worker.build(client, task_queue, register, bounds=ON_THIS_MACHINE):
            yield

    return work


async def in_the_engine(client: httpx.AsyncClient, key: Headers, number: str) -> dict[str, Any]:
    """A case once its workflow answers for it."""
    async with asyncio.timeout(120):
        while True:
            case = await eventually(client, key, number, lambda one: one["as_of_source"] == "workflow")
            if case["as_of_source"] == "workflow":
                return case


async def test_art_10_a_call_is_taken_while_temporal_is_dead_and_its_case_lives_when_it_is_back(
    temporal: TemporalServer,
    client: httpx.AsyncClient,
    working: Working,
    register: Register,
    intake: Headers,
    unit: Headers,
    other_unit: Headers,
) -> None:
    await temporal.start()
    async with working():
        earlier = await started(client, intake)
        await in_the_engine(client, intake, earlier)
        temporal.kill()
        body = new_case()
        taken = await client.post("/v1/cases", json=body, headers=intake)
        assert taken.status_code == 201, taken.text
        number = taken.json()["number"]
        assert taken.json()["status"] == "dispatched"
        again = await client.post("/v1/cases", json=body, headers=intake)
        assert (again.status_code, again.json()["number"]) == (200, number)
        other = await client.post("/v1/cases", json=body | {"description": "another matter"}, headers=intake)
        assert (other.status_code, other.json()["rule"]) == (409, "different_content")
        many = await asyncio.gather(*(client.post("/v1/cases", json=new_case(), headers=intake) for _ in range(20)))
        assert [one.status_code for one in many] == [201] * 20
        case = await shown(client, unit, number)
        assert (case["as_of_source"], case["complaint"]["description"]) == ("record", body["description"])
        assert len((await shown(client, unit, number, "/events"))["items"]) == case["version"]
        assert (await shown(client, unit, number, "/explanation"))["as_of_source"] == "record"
        step, foreign = await asyncio.gather(
            *(client.post(f"/v1/cases/{number}/acknowledge", json={}, headers=key) for key in (unit, other_unit))
        )
        assert step.status_code == 503
        assert int(step.headers["Retry-After"]) > 0
        assert f"case {number} came in while the engine was out of reach; it is kept" in step.json()["detail"]
        # Whether it is kept is nobody's business who may not see it.
        assert foreign.status_code == 503
        assert "kept" not in foreign.json()["detail"]
        figures = (await client.get("/metrics")).text
        assert 'hotline_kept_cases{state="waiting"} 21.0' in figures
        await temporal.start()
        case = await in_the_engine(client, unit, number)
        limits = {one["id"]: one["due_at"] for one in case["deadlines"]}
        assert {one["id"]: one["due_at"] for one in taken.json()["deadlines"]}.items() <= limits.items()
        again = await client.post("/v1/cases", json=body, headers=intake)
        assert (again.status_code, again.json()["number"]) == (200, number)
        other = await client.post("/v1/cases", json=body | {"description": "another matter"}, headers=intake)
        assert other.status_code == 409
        for one in many:
            await in_the_engine(client, intake, one.json()["number"])
        signed = await client.post(f"/v1/cases/{number}/acknowledge", json={}, headers=unit)
        assert (signed.status_code, signed.json()["status"]) == (200, "acknowledged")
        # What lived before lives on.
        assert (await in_the_engine(client, unit, earlier))["number"] == earlier
        assert await register.kept.list() == []


async def breached(register: Register, number: str) -> list[Breached]:
    return [one.fact for one in await register.events(number) if isinstance(one.fact, Breached)]


async def test_limits_that_passed_meanwhile_are_breached_at_once_and_when_they_ended(
    temporal: TemporalServer, client: httpx.AsyncClient, working: Working, register: Register, intake: Headers
) -> None:
    received_at = datetime.now(UTC) - timedelta(hours=2)
    body = new_case(
        unit=None, category="danger/falling-objects", level="emergency", received_at=received_at.isoformat()
    )
    taken = await client.post("/v1/cases", json=body, headers=intake)
    assert taken.status_code == 201, taken.text
    number = taken.json()["number"]
    assert (await shown(client, intake, number))["as_of_source"] == "record"
    await temporal.start()
    async with working():
        case = await eventually(client, intake, number, lambda one: one["as_of_source"] == "workflow")
        await in_the_engine(client, intake, number)
        async with asyncio.timeout(30):
            while not (breaches := await breached(register, number)):  # noqa: ASYNC110
                await asyncio.sleep(0.05)
    assert breaches[0].deadline.startswith("dispatch")
    assert breaches[0].due_at == received_at + timedelta(hours=1)
    assert case["number"] == number


async def test_a_server_that_hangs_holds_up_no_call_and_makes_no_second_case(
    temporal: TemporalServer, client: httpx.AsyncClient, working: Working, register: Register, intake: Headers
) -> None:
    await temporal.start()
    async with working():
        await in_the_engine(client, intake, await started(client, intake))
        temporal.hang()
        # The first ones have asked the engine, which takes them once it goes on; the next ones are kept unasked.
        bodies = [new_case() for _ in range(12)]
        early = await asyncio.gather(*(client.post("/v1/cases", json=body, headers=intake) for body in bodies[:6]))
        late = await asyncio.gather(*(client.post("/v1/cases", json=body, headers=intake) for body in bodies[6:]))
        assert [one.status_code for one in (*early, *late)] == [201] * 12
        temporal.go_on()
        numbers = [one.json()["number"] for one in (*early, *late)]
        assert len(set(numbers)) == 12
        for number, body in zip(numbers, bodies, strict=True):
            await in_the_engine(client, intake, number)
            assert (await facts(client, intake, number)).count("received") == 1
            again = await client.post("/v1/cases", json=body, headers=intake)
            assert (again.status_code, again.json()["number"]) == (200, number)
        async with asyncio.timeout(60):
            while await register.kept.list():  # noqa: ASYNC110
                await asyncio.sleep(0.1)


@pytest.fixture
def postgres_of_its_own() -> Iterator[Server]:
    with server_of_its_own() as server:
        yield server


async def test_with_both_away_the_call_is_refused_and_nothing_is_half_kept(
    temporal: TemporalServer, postgres_of_its_own: Server, city: City, task_queue: str
) -> None:
    database = connect(postgres_of_its_own.url)
    async with AsyncExitStack() as parts:
        parts.push_async_callback(database.dispose)
        register, keys = Register(database, KEYS, reserve=10), Keys(database)
        await register.seals.fill()
        key = await headers(keys, Role.INTAKE)
        engine = Engine(await temporal.client(lazy=True), task_queue, register.history)
        client = talking_to(create_app(Settings(), engine=engine, register=register, keys=keys, city=city))
        kept = await started(client, key)
        await asyncio.to_thread(postgres_of_its_own.stop)
        body = new_case()
        refused = await client.post("/v1/cases", json=body, headers=key)
        assert refused.status_code == 503
        assert int(refused.headers["Retry-After"]) > 0
        assert "ask again" in refused.json()["detail"]
        # With the engine back and remembered as away, and the register still out of reach, it is asked all the same.
        await temporal.start()
        taken = await client.post("/v1/cases", json=body, headers=key)
        assert taken.status_code == 201, taken.text
        await asyncio.to_thread(postgres_of_its_own.start)
        assert [one.number for one in await register.kept.list()] == [kept]


def test_the_processes_come_up_without_temporal_and_take_complaints(tmp_path: Path, database_url: str) -> None:
    asyncio.run(_come_up(tmp_path, database_url))


async def _come_up(folder: Path, database_url: str) -> None:
    temporal = TemporalServer(folder)
    (api,) = ports(1)
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("HOTLINE_", "TEMPORAL_"))},
        "HOTLINE_STATE": str(folder),
        "HOTLINE_DATABASE_URL": database_url,
        "HOTLINE_KEYS": str(written(folder / "keys.json")),
        "HOTLINE_API_PORT": str(api),
        "HOTLINE_TEMPORAL_PORT": str(temporal.port),
    }
    async with AsyncExitStack() as parts:
        parts.callback(temporal.kill)
        running = []
        for name, words in {"api": ["hotline", "api"], "worker": ["worker"]}.items():
            log = parts.enter_context((folder / f"{name}.log").open("wb"))
            process = subprocess.Popen([sys.executable, "-m", *words], env=environment, stdout=log, stderr=log)  # noqa: ASYNC220, S603
            parts.callback(process.wait, 60)
            parts.callback(process.terminate)
            running.append(process)
        database = connect(database_url)
        parts.push_async_callback(database.dispose)
        key = await headers(Keys(database), Role.SUPERVISOR)
        client = await parts.enter_async_context(httpx.AsyncClient(base_url=f"http://127.0.0.1:{api}", timeout=30))
        async with asyncio.timeout(60):
            while not await _up(client):  # noqa: ASYNC110
                await asyncio.sleep(0.1)
        taken = await client.post("/v1/cases", json=new_case(), headers=key)
        assert taken.status_code == 201, taken.text
        assert (await client.get("/readyz")).status_code == 503
        async with asyncio.timeout(60):
            while b"waiting for Temporal's server" not in (folder / "worker.log").read_bytes():  # noqa: ASYNC110
                await asyncio.sleep(0.1)
        await temporal.start()
        await in_the_engine(client, key, taken.json()["number"])
        temporal.kill()
        await started(client, key)
        await temporal.start()
        number = await started(client, key)
        await in_the_engine(client, key, number)
        assert [process.poll() for process in running] == [None, None]


async def _up(client: httpx.AsyncClient) -> bool:
    try:
        return (await client.get("/healthz")).is_success
    except httpx.TransportError:
        return False
