"""The API over the real stack: Temporal's server, a worker, PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio
from fastapi import FastAPI
from temporalio.testing import WorkflowEnvironment

import worker
from api.app import create_app
from cases.vocabulary import Role
from hotline.policies import City, load
from hotline.settings import Settings
from records.database import connect
from records.keys import Keys
from records.register import Register
from workflows.engine import Engine

UNIT = "chaoyang"
OTHER_UNIT = "haidian"
SOURCE = "counter-3"

Headers = dict[str, str]


@pytest.fixture(scope="session")
def city() -> City:
    return load("beijing")


@pytest_asyncio.fixture
async def engine(environment: WorkflowEnvironment, register: Register, city: City) -> AsyncIterator[Engine]:
    await register.put_units(list(city.catalogue.units.values()))
    task_queue = f"api-{uuid4().hex}"
    async with (
        httpx.AsyncClient() as http,
        worker.build(environment.client, task_queue, register, http),
    ):
        with environment.with_time_skipping_disabled():
            yield Engine(environment.client, task_queue, register.history)


@pytest_asyncio.fixture
async def keys(database_url: str) -> AsyncIterator[Keys]:
    database = connect(database_url, pool_size=2)
    yield Keys(database)
    await database.dispose()


@pytest.fixture
def app(engine: Engine, register: Register, keys: Keys, city: City) -> FastAPI:
    return create_app(Settings(), engine=engine, register=register, keys=keys, city=city)


@pytest_asyncio.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with talking_to(app) as talking:
        yield talking


def talking_to(app: FastAPI) -> httpx.AsyncClient:
    """A client of an application in this process."""
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://hotline")


async def headers(keys: Keys, role: Role, unit: str | None = None, source: str | None = None) -> Headers:
    """The headers of a new key."""
    return {"Authorization": f"Bearer {await keys.create(role, unit=unit, source=source)}"}


@pytest_asyncio.fixture
async def intake(keys: Keys) -> Headers:
    return await headers(keys, Role.INTAKE)


@pytest_asyncio.fixture
async def bound_intake(keys: Keys) -> Headers:
    return await headers(keys, Role.INTAKE, source=SOURCE)


@pytest_asyncio.fixture
async def desk(keys: Keys) -> Headers:
    return await headers(keys, Role.DESK)


@pytest_asyncio.fixture
async def unit(keys: Keys) -> Headers:
    return await headers(keys, Role.UNIT, unit=UNIT)


@pytest_asyncio.fixture
async def other_unit(keys: Keys) -> Headers:
    return await headers(keys, Role.UNIT, unit=OTHER_UNIT)


@pytest_asyncio.fixture
async def supervisor(keys: Keys) -> Headers:
    return await headers(keys, Role.SUPERVISOR)


@pytest_asyncio.fixture
async def admin(keys: Keys) -> Headers:
    return await headers(keys, Role.ADMIN)


def new_case(**changed: Any) -> dict[str, Any]:
    """A complaint's body that goes to `UNIT`."""
    return {
        "source": SOURCE,
        "source_ref": uuid4().hex,
        "channel": "phone",
        "kind": "complaint",
        "category": "utilities/water-outage",
        "description": "早上六点起全楼停水。",
        "unit": UNIT,
    } | changed


async def started(client: httpx.AsyncClient, headers: Headers, **changed: Any) -> str:
    """The number of a new case."""
    answer = await client.post("/v1/cases", json=new_case(**changed), headers=headers)
    assert answer.status_code == 201, answer.text
    number: str = answer.json()["number"]
    return number


async def listed(client: httpx.AsyncClient, headers: Headers, url: str, count: int) -> list[Any]:
    """The items of a list, once the register has caught up with the cases and there are `count` of them."""
    items: list[Any] = []
    for _ in range(100):
        answer = await client.get(url, headers=headers)
        assert answer.status_code == 200, answer.text
        items = answer.json()["items"]
        if len(items) == count:
            break
        await asyncio.sleep(0.05)
    return items
