"""Many who wait for mail at once: they share their looks and reads, and keep nobody else from anything."""

import asyncio
from collections.abc import AsyncIterator
from http import HTTPStatus

import httpx
import pytest_asyncio
from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncEngine

from api.services import Services
from api.watch import MOST_WAITING
from records.database import connect
from records.mailboxes import Letter, Mailboxes
from records.register import Register
from tests.api.conftest import MAILBOX, OTHER_UNIT, Headers, listed, page, started, talking_to, until


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


@pytest_asyncio.fixture
async def counted(database_url: str, services: Services) -> AsyncIterator[CountedMailboxes]:
    database = connect(database_url, pool_size=2)
    mailboxes = CountedMailboxes(database)
    services.watch._mailboxes = mailboxes
    yield mailboxes
    mailboxes.gate.set()
    await services.watch.aclose()
    await database.dispose()


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
