"""The API over the real stack: Temporal's server, a worker, PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from http import HTTPStatus
from typing import Any
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio
from fastapi import FastAPI
from sqlalchemy import update
from sqlmodel import col
from temporalio.testing import WorkflowEnvironment

import worker
from api.app import create_app
from api.services import Services
from cases.vocabulary import Role
from hotline.policies import City, load
from hotline.settings import Settings
from records.database import connect, transaction
from records.keys import Keys
from records.register import Register
from records.tables import KeyRow
from tests.unit_system import ON_THIS_MACHINE
from workflows.engine import Engine
from workflows.messages import workflow_id

UNIT = "chaoyang"
MAILBOX = f"/v1/units/{UNIT}/orders"
OTHER_UNIT = "haidian"
SUBDISTRICT = "haidian-shangdi"
"""It lies in `OTHER_UNIT`."""
SOURCE = "counter-3"

Headers = dict[str, str]


@pytest.fixture(scope="session")
def city() -> City:
    return load("beijing")


@pytest_asyncio.fixture
async def engine(environment: WorkflowEnvironment, register: Register, city: City) -> AsyncIterator[Engine]:
    await register.put_units(list(city.catalogue.units.values()))
    task_queue = f"api-{uuid4().hex}"
    async with worker.build(environment.client, task_queue, register, bounds=ON_THIS_MACHINE):
        with environment.with_time_skipping_disabled():
            yield Engine(environment.client, task_queue, register.history)


@pytest_asyncio.fixture
async def keys(database_url: str) -> AsyncIterator[Keys]:
    database = connect(database_url, pool_size=2)
    yield Keys(database)
    await database.dispose()


@pytest_asyncio.fixture
async def app(engine: Engine, register: Register, keys: Keys, city: City) -> AsyncIterator[FastAPI]:
    made = create_app(Settings(), engine=engine, register=register, keys=keys, city=city)
    yield made
    await made.state.services.watch.aclose()


@pytest_asyncio.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with talking_to(app) as talking:
        yield talking


@pytest.fixture
def under(engine: Engine, register: Register, keys: Keys, city: City) -> Callable[..., httpx.AsyncClient]:
    """Makes clients of a city whose policy has some rules changed."""

    def client_under(**rules: Any) -> httpx.AsyncClient:
        changed = replace(city, policy=city.policy.model_copy(update=rules))
        return talking_to(create_app(Settings(), engine=engine, register=register, keys=keys, city=changed))

    return client_under


def talking_to(app: FastAPI) -> httpx.AsyncClient:
    """A client of an application in this process."""
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://hotline")


async def headers(keys: Keys, role: Role, unit: str | None = None, source: str | None = None) -> Headers:
    """The headers of a new key; as earlier releases could, one of any role may be bound to a source."""
    key = await keys.create(role, unit=unit, source=source if role is Role.INTAKE else None)
    if source is not None and role is not Role.INTAKE:
        bound = update(KeyRow).where(col(KeyRow.prefix) == key.split("_")[1]).values(source=source)
        async with transaction(keys._engine) as connection:
            await connection.execute(bound)
    return {"Authorization": f"Bearer {key}"}


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
    return await headers(keys, Role.UNIT_LEAD, unit=UNIT)


@pytest_asyncio.fixture
async def other_unit(keys: Keys) -> Headers:
    return await headers(keys, Role.UNIT_LEAD, unit=OTHER_UNIT)


@pytest_asyncio.fixture
async def subdistrict(keys: Keys) -> Headers:
    return await headers(keys, Role.UNIT_LEAD, unit=SUBDISTRICT)


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


async def at_the_desk(client: httpx.AsyncClient, headers: Headers, **changed: Any) -> str:
    """The number of a new case that the catalogue cannot place: its area is not known."""
    return await started(client, headers, **({"unit": None, "category": "danger/falling-objects"} | changed))


async def do(client: httpx.AsyncClient, headers: Headers, address: str, **body: Any) -> dict[str, Any]:
    """Take a step that is allowed; `address` is `number/step`. What it answers."""
    answer = await client.post(f"/v1/cases/{address}", json=body, headers=headers)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


async def refused(client: httpx.AsyncClient, headers: Headers, address: str, **body: Any) -> dict[str, Any]:
    """Try a step that is not. The problem it answers with."""
    answer = await client.post(f"/v1/cases/{address}", json=body, headers=headers)
    assert answer.status_code in (409, 422), answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    told: dict[str, Any] = answer.json()
    return told


async def shown(client: httpx.AsyncClient, headers: Headers, number: str, path: str = "", **query: str) -> Any:
    """A case, or what is asked of it."""
    answer = await client.get(f"/v1/cases/{number}{path}", params=query, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def eventually(
    client: httpx.AsyncClient, headers: Headers, number: str, so: Callable[[dict[str, Any]], bool]
) -> dict[str, Any]:
    """A case once it is so; cases hear of one another, and of the time, by themselves."""
    case: dict[str, Any] = {}
    for _ in range(100):
        case = await shown(client, headers, number)
        if so(case):
            break
        await asyncio.sleep(0.05)
    return case


async def facts(client: httpx.AsyncClient, headers: Headers, number: str) -> list[str]:
    """What happened to a case, without what the service did by itself."""
    events = (await shown(client, headers, number, "/events"))["items"]
    return [event["fact"]["type"] for event in events if event["fact"]["type"] != "delivered"]


async def run_out(environment: WorkflowEnvironment, number: str) -> None:
    """Wait until the workflow of a case that has ended is over: from then on the case is but a record."""
    await environment.client.get_workflow_handle(workflow_id(number)).result()


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


@pytest.fixture
def services(app: FastAPI) -> Services:
    found: Services = app.state.services
    return found


async def page(client: httpx.AsyncClient, unit: Headers, **query: int) -> dict[str, Any]:
    answer = await client.get(MAILBOX, params=query, headers=unit)
    assert answer.status_code == HTTPStatus.OK, answer.text
    told: dict[str, Any] = answer.json()
    return told


async def until(fact: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not fact():  # noqa: ASYNC110 - what is waited for has no event of its own
            await asyncio.sleep(0.01)
