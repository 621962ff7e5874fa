"""A unit's mailbox: everything it was told, in order, to be read from any place on and waited for."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from http import HTTPStatus

import httpx
import pytest
import pytest_asyncio
import uvicorn
from fastapi import FastAPI
from sqlalchemy import text

from api.app import Server, create_app
from api.services import Services
from cases.vocabulary import Role
from hotline.policies import City
from hotline.settings import Settings
from records.database import connect
from records.keys import Keys
from records.mailboxes import Mailboxes
from records.register import Register
from tests.api.conftest import MAILBOX, OTHER_UNIT, UNIT, Headers, do, headers, listed, page, started, talking_to, until
from tests.unit_system import UnitSystem
from workflows.engine import Engine


async def test_a_mailbox_holds_everything_that_a_unit_was_told(
    client: httpx.AsyncClient, intake: Headers, unit: Headers, desk: Headers
) -> None:
    number = await started(client, intake)
    (order,) = await listed(client, unit, MAILBOX, 1)
    assert order["type"] == "order.dispatched"
    assert order["timestamp"] == order["data"]["at"]
    assert order["data"]["case_number"] == number
    assert order["data"]["description"] == "早上六点起全楼停水。"
    assert re.fullmatch(rf"{number}\.[0-9a-f]{{12}}\.order\.{UNIT}", order["data"]["key"])
    await do(client, intake, f"{number}/withdraw")
    assert [one["type"] for one in await listed(client, unit, MAILBOX, 2)] == ["order.dispatched", "order.withdrawn"]
    assert await listed(client, desk, MAILBOX, 2) == await listed(client, unit, MAILBOX, 2)


async def test_what_stands_there_is_what_is_posted(
    client: httpx.AsyncClient, intake: Headers, unit: Headers, register: Register
) -> None:
    with UnitSystem().running() as system:
        await system.connect(register, UNIT)
        number = await started(client, intake)
        await do(client, unit, f"{number}/acknowledge")
        await do(client, intake, f"{number}/withdraw")
        items = await listed(client, unit, MAILBOX, 2)
        await until(lambda: len(system.bodies) == 2)
    for item, body in zip(items, system.bodies, strict=True):
        place = item.pop("place")
        assert json.dumps(item, ensure_ascii=False) == json.dumps(json.loads(body), ensure_ascii=False)
        assert place > 0


async def test_it_is_read_page_by_page_and_always_says_where_to_go_on(
    client: httpx.AsyncClient, intake: Headers, unit: Headers
) -> None:
    numbers = [await started(client, intake) for _ in range(3)]
    await listed(client, unit, MAILBOX, 3)
    first = await page(client, unit, limit=2)
    second = await page(client, unit, limit=2, after=first["next"])
    third = await page(client, unit, limit=2, after=second["next"])
    found = [item["data"]["case_number"] for item in (*first["items"], *second["items"])]
    assert sorted(found) == sorted(numbers)
    assert [item["place"] for item in first["items"]][-1] == first["next"]
    assert (third["items"], third["next"]) == ([], second["next"])
    answer = await client.get(MAILBOX, params={"limit": 2}, headers=unit)
    assert (await client.get(answer.links["next"]["url"], headers=unit)).json() == second
    assert answer.headers["Cache-Control"] == "no-store"


async def test_who_waits_is_answered_as_soon_as_something_comes(
    client: httpx.AsyncClient, intake: Headers, unit: Headers, services: Services
) -> None:
    waiting = asyncio.create_task(page(client, unit, wait=30))
    await until(lambda: services.watch.waiting == 1)
    number = await started(client, intake)
    async with asyncio.timeout(20):
        told = await waiting
    assert [item["data"]["case_number"] for item in told["items"]] == [number]
    assert services.watch.waiting == 0
    # What is there already is not waited for.
    async with asyncio.timeout(20):
        assert (await page(client, unit, wait=30))["items"] == told["items"]


async def test_who_waits_in_vain_is_told_where_to_go_on(client: httpx.AsyncClient, unit: Headers) -> None:
    assert await page(client, unit, wait=1, after=7) == {"items": [], "next": 7}


async def test_news_for_another_unit_wakes_nobody(
    client: httpx.AsyncClient, intake: Headers, unit: Headers, other_unit: Headers, services: Services
) -> None:
    mine = asyncio.create_task(page(client, unit, wait=30))
    await until(lambda: services.watch.waiting == 1)
    other = asyncio.create_task(
        client.get(f"/v1/units/{OTHER_UNIT}/orders", params={"wait": 30}, headers=other_unit, timeout=40)
    )
    await until(lambda: services.watch.waiting == 2)
    await started(client, intake, unit=OTHER_UNIT)
    assert len((await other).json()["items"]) == 1
    assert not mine.done()
    services.watch.close()
    assert (await mine)["items"] == []


@pytest_asyncio.fixture
async def server(app: FastAPI, services: Services) -> AsyncIterator[Server]:
    """The application on a real server, as it is served."""
    config = uvicorn.Config(app, port=0, log_config=None, access_log=False, lifespan="off")
    made = Server(config, services.watch)
    serving = asyncio.create_task(made.serve())
    await until(lambda: made.started)
    yield made
    made.should_exit = True
    await serving


def address(server: Server) -> str:
    return f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"


async def test_who_goes_away_is_forgotten(server: Server, unit: Headers, services: Services) -> None:
    async with httpx.AsyncClient(base_url=address(server), headers=unit) as client:
        asking = asyncio.create_task(client.get(MAILBOX, params={"wait": 30}, timeout=40))
        await until(lambda: services.watch.waiting == 1)
        asking.cancel()
        await until(lambda: services.watch.waiting == 0)


async def test_a_server_that_is_told_to_stop_keeps_nobody_waiting(
    server: Server, unit: Headers, services: Services
) -> None:
    async with httpx.AsyncClient(base_url=address(server), headers=unit) as client:
        asking = asyncio.create_task(client.get(MAILBOX, params={"wait": 30, "after": 3}, timeout=40))
        await until(lambda: services.watch.waiting == 1)
        server.should_exit = True
        async with asyncio.timeout(20):
            assert (await asking).json() == {"items": [], "next": 3}


async def test_while_the_register_is_away_who_waits_is_told_to_come_again(
    app: FastAPI, unit: Headers, services: Services, database_url: str
) -> None:
    async with talking_to(app) as client:
        await page(client, unit)
        waiting = asyncio.create_task(client.get(MAILBOX, params={"wait": 30}, headers=unit))
        await until(lambda: services.watch.waiting == 1)
        database = connect("postgresql://nobody@127.0.0.1:1/nothing")
        services.watch._mailboxes = Mailboxes(database)
        async with asyncio.timeout(20):
            answer = await waiting
        assert answer.status_code == HTTPStatus.SERVICE_UNAVAILABLE
        assert int(answer.headers["Retry-After"]) > 0
        again = await client.get(MAILBOX, params={"wait": 30}, headers=unit)
        assert again.status_code == HTTPStatus.SERVICE_UNAVAILABLE
        await database.dispose()
        healthy = connect(database_url)
        services.watch._mailboxes = Mailboxes(healthy)
        assert (await page(client, unit, wait=1))["items"] == []
        await services.watch.aclose()
        await healthy.dispose()


@pytest.mark.parametrize(
    ("query", "field", "says"),
    [
        ("after=abc", "after", "whole number"),
        ("after=-1", "after", "0 or more"),
        ("limit=0", "limit", "1 or more"),
        ("limit=201", "limit", "200 or less"),
        ("wait=31", "wait", "30 or less"),
        ("page=2", "page", "not known here"),
    ],
)
async def test_a_wrong_question_is_told_by_its_field(
    client: httpx.AsyncClient, unit: Headers, query: str, field: str, says: str
) -> None:
    answer = await client.get(f"{MAILBOX}?{query}", headers=unit)
    assert answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    (error,) = answer.json()["errors"]
    assert error["field"] == field
    assert says in error["detail"]


async def test_no_key_that_is_bound_elsewhere_opens_it(
    client: httpx.AsyncClient, other_unit: Headers, keys: Keys, desk: Headers
) -> None:
    assert (await client.get(MAILBOX, headers=other_unit)).status_code == HTTPStatus.NOT_FOUND
    bound = await headers(keys, Role.DESK, source="app")
    answer = await client.get(MAILBOX, headers=bound)
    assert answer.status_code == HTTPStatus.FORBIDDEN
    assert "'app'" in answer.json()["detail"]
    nowhere = await client.get("/v1/units/chaoyan/orders", headers=desk)
    assert nowhere.json()["errors"][0]["field"] == "unit"
    assert "did you mean chaoyang" in nowhere.json()["detail"]


async def test_a_unit_of_an_earlier_policy_still_has_its_mailbox(
    engine: Engine, register: Register, keys: Keys, city: City, desk: Headers, database_url: str
) -> None:
    database = connect(database_url)
    async with database.begin() as connection:
        put = "INSERT INTO units (code, kind, title) VALUES ('old/unit', 'department', '{}')"
        await connection.execute(text(put))
    await database.dispose()
    app = create_app(Settings(), engine=engine, register=register, keys=keys, city=city)
    async with talking_to(app) as client:
        answer = await client.get("/v1/units/old/unit/orders", headers=desk)
    assert (answer.status_code, answer.json()) == (HTTPStatus.OK, {"items": [], "next": 0})
