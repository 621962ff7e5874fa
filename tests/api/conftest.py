"""The API over the real stack: Temporal's server, a worker, PostgreSQL."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio
from temporalio.testing import WorkflowEnvironment

import worker
from api.app import create_app
from api.services import Services
from cases.vocabulary import Role
from hotline.policies import City, load
from records.database import connect
from records.keys import Keys
from records.register import Register
from workflows.engine import Engine

UNIT = "chaoyang"
OTHER_UNIT = "haidian"

Headers = dict[str, str]


@pytest.fixture(scope="session")
def city() -> City:
    return load("beijing")


@pytest_asyncio.fixture
async def services(
    environment: WorkflowEnvironment, register: Register, database_url: str, city: City
) -> AsyncIterator[Services]:
    await register.put_units(list(city.catalogue.units.values()))
    task_queue = f"api-{uuid4().hex}"
    database = connect(database_url)
    async with (
        httpx.AsyncClient() as http,
        worker.build(environment.client, task_queue, register, http),
    ):
        with environment.with_time_skipping_disabled():
            engine = Engine(environment.client, task_queue)
            yield Services(engine=engine, register=register, keys=Keys(database), city=city)
    await database.dispose()


@pytest_asyncio.fixture
async def client(services: Services) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=create_app(services), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://hotline") as talking:
        yield talking


async def _key(services: Services, role: Role, unit: str | None = None, source: str | None = None) -> Headers:
    return {"Authorization": f"Bearer {await services.keys.create(role, unit=unit, source=source)}"}


@pytest_asyncio.fixture
async def intake(services: Services) -> Headers:
    return await _key(services, Role.INTAKE)


@pytest_asyncio.fixture
async def bound_intake(services: Services) -> Headers:
    return await _key(services, Role.INTAKE, source="counter-3")


@pytest_asyncio.fixture
async def desk(services: Services) -> Headers:
    return await _key(services, Role.DESK)


@pytest_asyncio.fixture
async def unit(services: Services) -> Headers:
    return await _key(services, Role.UNIT, unit=UNIT)


@pytest_asyncio.fixture
async def other_unit(services: Services) -> Headers:
    return await _key(services, Role.UNIT, unit=OTHER_UNIT)


@pytest_asyncio.fixture
async def supervisor(services: Services) -> Headers:
    return await _key(services, Role.SUPERVISOR)


@pytest_asyncio.fixture
async def admin(services: Services) -> Headers:
    return await _key(services, Role.ADMIN)


def new_case(**changed: Any) -> dict[str, Any]:
    """A complaint's body that goes to `UNIT`."""
    return {
        "source": "counter-3",
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
