"""A unit's mailbox: everything it was told, in order, to be read from any place on and waited for."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable
from http import HTTPStatus
from typing import Any

import httpx
import pytest
import pytest_asyncio
import uvicorn
from fastapi import FastAPI
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from api.app import Server, create_app
from api.services import Services
from api.watch import MOST_WAITING
from cases.vocabulary import Role
from hotline.policies import City
from hotline.settings import Settings
from records.database import connect
from records.keys import Keys
from records.mailboxes import Letter, Mailboxes
from records.register import Register
from tests.api.conftest import OTHER_UNIT, UNIT, Headers, do, headers, listed, started, talking_to
from tests.unit_system import UnitSystem
from workflows.engine import Engine

MAILBOX = f"/v1/units/{UNIT}/orders"


async def page(client: httpx.AsyncClient, unit: Headers, **query: int) -> dict[str, Any]:
    answer = await client.get(MAILBOX, params=query, headers=unit)
    assert answer.status_code == HTTPStatus.OK, answer.text
    told: dict[str, Any] = answer.json()
    return told


async def until(fact: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not fact():  # noqa: ASYNC110 - what is waited for has no event of its own
            await asyncio.sleep(0.01)


class CountedMailboxes(Mailboxes):
    """The real mailboxes, with a count of how often anybody looks for news, and of the reads.

    While `gate` is closed, what was read is held back.
    """

    looks = 0
    reads = 0
    under_way = 0
    most = 0

    def __init__(self, engine: AsyncEngine) -> None:
        super().__init__(engine)
        self.gate = asyncio.Event()
        self.gate.set()

    async def read(self, unit: str, after: int, limit: int) -> list[Letter]:
        self.reads += 1
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        try:
            found = await super().read(unit, after, limit)
            await self.gate.wait()
            return found
        finally:
            self.under_way -= 1

    async def news(self, after: int) -> tuple[int, set[str]]:
        self.looks += 1
        return await super().news(after)


@pytest.fixture
def services(app: FastAPI) -> Services:
    found: Services = app.state.services
    return found


@pytest_asyncio.fixture
async def counted(database_url: str, services: Services) -> AsyncIterator[CountedMailboxes]:
    database = connect(database_url, pool_size=2)
    mailboxes = CountedMailboxes(database)
    services.watch._mailboxes = mailboxes
    yield mailboxes
    mailboxes.gate.set()
    await services.watch.aclose()
    await database.dispose()


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


async def test_however_many_wait_one_look_serves_them_all(
    app: FastAPI, intake: Headers, unit: Headers, services: Services, counted: CountedMailboxes
) -> None:
    async with talking_to(app) as client:
        waiting = [asyncio.create_task(page(client, unit, wait=30)) for _ in range(50)]
        await until(lambda: services.watch.waiting == len(waiting))
        await until(lambda: counted.looks >= 2)
        seen = counted.looks
        await started(client, intake)
        told = await asyncio.gather(*waiting)
    assert all(one == told[0] and len(one["items"]) == 1 for one in told)
    assert counted.looks - seen < len(waiting) / 2
    last = services.watch._watching
    assert last is not None
    await last
    seen = counted.looks
    await asyncio.sleep(0.7)
    assert counted.looks == seen, "nobody waits, and still it looks"


async def test_those_who_are_woken_together_read_together(
    app: FastAPI, intake: Headers, unit: Headers, services: Services, counted: CountedMailboxes
) -> None:
    watch = services.watch
    async with talking_to(app) as client:
        waiting = [asyncio.create_task(page(client, unit, wait=30)) for _ in range(50)]
        await until(lambda: watch.waiting == len(waiting) and not watch._next and not counted.under_way)
        seen = counted.reads
        await started(client, intake)
        told = await asyncio.gather(*waiting)
    assert [len(one["items"]) for one in told] == [1] * len(waiting)
    assert counted.reads - seen == 1


async def test_those_who_ask_the_same_while_reads_are_slow_share_one(
    app: FastAPI, intake: Headers, unit: Headers, services: Services, counted: CountedMailboxes
) -> None:
    async with talking_to(app) as client:
        await started(client, intake)
        await listed(client, unit, MAILBOX, 1)
        counted.gate.clear()
        seen = counted.reads
        waiting = [asyncio.create_task(page(client, unit, wait=30)) for _ in range(50)]
        await until(lambda: services.watch.waiting == len(waiting) and counted.under_way > 0)
        counted.gate.set()
        told = await asyncio.gather(*waiting)
    assert [len(one["items"]) for one in told] == [1] * len(waiting)
    # Three that had begun, and one for all who came meanwhile.
    assert counted.reads - seen <= 4


async def test_those_who_ask_differently_read_three_at_a_time(
    app: FastAPI, unit: Headers, services: Services, counted: CountedMailboxes
) -> None:
    counted.gate.clear()
    async with talking_to(app) as client:
        waiting = [asyncio.create_task(page(client, unit, wait=30, after=place)) for place in range(20)]
        await until(lambda: services.watch.waiting == len(waiting) and counted.under_way >= 3)
        # Who does not wait does not stand in their line.
        at_once = asyncio.create_task(page(client, unit))
        await until(lambda: counted.under_way == 4)
        counted.gate.set()
        await at_once
        services.watch.close()
        told = await asyncio.gather(*waiting)
    assert [one["next"] for one in told] == list(range(20))
    assert counted.most == 4


async def test_nobody_shares_a_read_that_began_before_the_mail_came(
    app: FastAPI, intake: Headers, unit: Headers, services: Services, counted: CountedMailboxes
) -> None:
    async with talking_to(app) as client:
        counted.gate.clear()
        first = asyncio.create_task(page(client, unit, wait=30))
        await until(lambda: counted.under_way == 1)
        number = await started(client, intake)
        async with asyncio.timeout(20):
            while not await counted.last():  # noqa: ASYNC110 - what is waited for has no event of its own
                await asyncio.sleep(0.01)
        # The look after this one rings, and the second comes too late for it.
        seen = counted.looks
        await until(lambda: counted.looks >= seen + 3)
        second = asyncio.create_task(page(client, unit, wait=30))
        await until(lambda: services.watch.waiting == 2)
        counted.gate.set()
        async with asyncio.timeout(20):
            told = await asyncio.gather(first, second)
    assert [[item["data"]["case_number"] for item in one["items"]] for one in told] == [[number], [number]]


async def test_who_goes_away_while_a_read_is_shared_takes_it_from_nobody(
    client: httpx.AsyncClient, intake: Headers, unit: Headers, services: Services, counted: CountedMailboxes
) -> None:
    await started(client, intake)
    await listed(client, unit, MAILBOX, 1)
    counted.gate.clear()
    waiting = [asyncio.create_task(page(client, unit, wait=30)) for _ in range(5)]
    await until(lambda: services.watch.waiting == len(waiting) and counted.under_way > 0)
    leaving, *staying = waiting
    leaving.cancel()
    await until(lambda: services.watch.waiting == len(staying))
    counted.gate.set()
    assert [len(one["items"]) for one in await asyncio.gather(*staying)] == [1] * len(staying)


async def test_no_crowd_may_wait_for_one_mailbox(
    app: FastAPI, unit: Headers, other_unit: Headers, services: Services, counted: CountedMailboxes
) -> None:
    async with talking_to(app) as client:
        waiting = [asyncio.create_task(page(client, unit, wait=30)) for _ in range(MOST_WAITING)]
        await until(lambda: services.watch.waiting == MOST_WAITING)
        answer = await client.get(MAILBOX, params={"wait": 30}, headers=unit)
        assert answer.status_code == HTTPStatus.SERVICE_UNAVAILABLE
        assert int(answer.headers["Retry-After"]) > 0
        assert "one client that keeps its place is enough" in answer.json()["detail"]
        # Whoever does not wait is answered, and so is another unit.
        assert (await page(client, unit))["items"] == []
        elsewhere = await client.get(f"/v1/units/{OTHER_UNIT}/orders", params={"wait": 1}, headers=other_unit)
        assert elsewhere.status_code == HTTPStatus.OK
        services.watch.close()
        assert [one["items"] for one in await asyncio.gather(*waiting)] == [[]] * MOST_WAITING
    assert services.watch.waiting == 0


async def test_the_time_that_somebody_wanted_to_wait_is_no_latency(
    client: httpx.AsyncClient, unit: Headers, services: Services, register: Register
) -> None:
    async def figure(name: str) -> list[str]:
        lines = (await services.metrics.exposition(register)).decode().splitlines()
        of_mailboxes = f'{name}{{method="GET",route="/v1/units/{{unit}}/orders"'
        return [line.rsplit(" ", 1)[1] for line in lines if line.startswith(of_mailboxes)]

    await page(client, unit, wait=1)
    assert (await figure("hotline_requests_total"), await figure("hotline_request_seconds_count")) == (["1.0"], [])
    await page(client, unit)
    assert (await figure("hotline_requests_total"), await figure("hotline_request_seconds_count")) == (["2.0"], ["1.0"])


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
