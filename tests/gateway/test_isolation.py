"""A unit that is dead, slow, or answers nonsense holds up its own orders, and nobody else's."""

import asyncio
import threading
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
import pytest_asyncio
from fastapi import Response

from activities import stuck
from activities.messages import Delivery
from cases.errors import UnavailableError
from records.database import connect as connect_database
from records.register import Register
from tests.gateway.conftest import Gateway, order
from tests.gateway.receiver import Post, Receiver, connect, listening
from tests.gateway.test_wire import is_silent, speaks_something_else
from tests.own_keys import KEYS
from tests.unit_system import ON_THIS_MACHINE

TAKEN = Delivery(taken=True)


async def test_a_slow_unit_has_no_more_than_its_share_and_others_go_on(
    gateway: Gateway, register: Register, roads: Receiver, water: Receiver
) -> None:
    await connect(register, "roads", roads.address, at_once=3)
    await connect(register, "water", water.address)
    let_go = threading.Event()

    async def slow(_: Post) -> Response:
        while not let_go.is_set():  # noqa: ASYNC110 - the server is in another thread
            await asyncio.sleep(0.01)
        return Response(status_code=200)

    roads.answer = slow
    patient = Gateway(register, replace(ON_THIS_MACHINE, within=40.0))
    held = [asyncio.create_task(patient.until_taken(order(ref=str(place)))) for place in range(12)]
    try:
        while roads.at_once < 3:  # noqa: ASYNC110 - the server is in another thread
            await asyncio.sleep(0.01)
        others = (patient.until_taken(order("water", str(place))) for place in range(12, 32))
        assert await asyncio.gather(*others) == [TAKEN] * 20
        assert not any(task.done() for task in held)
    finally:
        let_go.set()
    assert await asyncio.gather(*held) == [TAKEN] * 12
    assert roads.most_at_once == 3
    await patient.departments.aclose()


async def test_a_dead_unit_is_asked_by_a_few_and_the_others_wait_behind_them(
    gateway: Gateway, register: Register, roads: Receiver, water: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Every failure is to be found in the list, also where the machine is busy with other tests.
    monkeypatch.setattr(stuck, "_PATIENCE", 60.0)
    await connect(register, "roads", roads.address)
    await connect(register, "water", water.address)
    roads.says(503)
    failures = [await gateway.fails(order(ref=str(place))) for place in range(20)]
    assert len(roads.posts) < 10, "most are not even tried"
    behind = [failure for failure in failures if "waits behind others" in failure.message]
    assert len(behind) == 20 - len(roads.posts)
    assert "roads: waits behind others: the system answers 503" in behind[-1].message
    moments = {failure.next_retry_delay for failure in behind}
    assert len(moments) == len(behind), "each comes back at a moment of its own"
    assert not any(failure.non_retryable for failure in failures)
    assert await gateway.deliver(order("water")) == TAKEN

    listed = await register.deliveries.page("roads", limit=100)
    assert len(listed.items) == 20
    assert sum(stuck.row.attempts == 0 for stuck in listed.items) == len(behind), "a wait is no attempt"
    assert {stuck.state for stuck in listed.items} == {"retrying"}

    roads.says(200)
    waiting = [order(ref=str(place)) for place in range(20)]
    assert await asyncio.gather(*map(gateway.until_taken, waiting)) == [TAKEN] * 20
    assert (await register.deliveries.page("roads")).items == []


async def test_units_that_are_silent_or_answer_nonsense_hold_up_nobody(
    register: Register, gateway: Gateway, water: Receiver
) -> None:
    short = Gateway(register, replace(ON_THIS_MACHINE, within=2.0))
    async with listening(is_silent) as silent, listening(speaks_something_else) as garbage:
        await connect(register, "roads", silent)
        await connect(register, "gas", garbage)
        await connect(register, "parks", "http://127.0.0.1:9")
        await connect(register, "water", water.address)
        ended: list[str] = []

        async def carry(unit: str, place: int) -> None:
            form = order(unit, str(place))
            await (short.deliver(form) if unit == "water" else short.fails(form))
            ended.append(unit)

        units = [unit for unit in ("roads", "gas", "parks", "water") for _ in range(10)]
        await asyncio.gather(*(carry(unit, place) for place, unit in enumerate(units)))
    assert ended.index("roads") > max(place for place, unit in enumerate(ended) if unit == "water")
    assert {unit for (unit, _), _ in (await register.deliveries.counts()).items()} == {"roads", "gas", "parks"}
    await short.departments.aclose()


async def test_a_system_at_a_new_address_is_asked_at_once(
    gateway: Gateway, register: Register, roads: Receiver, water: Receiver
) -> None:
    await connect(register, "roads", roads.address)
    roads.says(500)
    for place in range(8):
        await gateway.fails(order(ref=str(place)))
    await register.systems.set("roads", water.address, None, None)
    fresh = Gateway(register, gateway.departments._bounds)
    fresh.departments._ways = gateway.departments._ways
    assert await fresh.deliver(order(ref="9")) == TAKEN
    await fresh.departments.aclose()


async def test_what_waits_is_back_before_its_time_is_over(
    gateway: Gateway, register: Register, roads: Receiver
) -> None:
    await connect(register, "roads", roads.address)
    roads.says(429, retry_after="300")
    left = gateway.info.schedule_to_close_timeout
    assert left is not None
    gateway.info = replace(gateway.info, started_time=gateway.info.scheduled_time + left * 0.99)
    delay = (await gateway.fails(order())).next_retry_delay
    assert delay is not None
    assert delay < left * 0.01


async def test_a_unit_without_a_system_has_it_in_its_mailbox(gateway: Gateway, register: Register) -> None:
    form = order()
    for _ in range(2):
        assert await gateway.deliver(form) == Delivery(taken=False)
    assert [letter.form for letter in await register.mailboxes.read("roads", 0, 10)] == [form]


@pytest_asyncio.fixture
async def away() -> AsyncIterator[Register]:
    """A register that is out of reach."""
    database = connect_database("postgresql://nobody@127.0.0.1:9/none")
    yield Register(database, KEYS)
    await database.dispose()


async def test_orders_go_out_while_the_register_is_away(
    gateway: Gateway, register: Register, roads: Receiver, away: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    await connect(register, "roads", roads.address)
    assert await gateway.deliver(order()) == TAKEN
    departments = gateway.departments
    departments._systems._register = departments._register = away
    departments._stuck._deliveries = away.deliveries
    monkeypatch.setattr("activities.known_systems._KEPT", 0.0)
    known = departments._systems._known["roads"]
    departments._systems._known["roads"] = replace(known, until=0.0)
    assert await gateway.deliver(order(ref="2")) == TAKEN
    roads.says(500)
    assert "answers 500" in (await gateway.fails(order(ref="3"))).message
    failure = await gateway.fails(order("water"))
    assert "not known where water is" in failure.message
    assert not failure.non_retryable
    with pytest.raises(UnavailableError):
        await away.deliveries.counts()


async def test_what_is_told_right_after_a_unit_got_a_system_is_posted_there(
    gateway: Gateway, register: Register, roads: Receiver
) -> None:
    assert not (await gateway.deliver(order())).taken
    await connect(register, "roads", roads.address)
    assert await gateway.deliver(order(ref="2")) == TAKEN
    assert [post.key for post in roads.posts] == [order(ref="2").key]


async def test_what_arrived_while_the_register_was_away_leaves_the_list_with_the_next(
    gateway: Gateway, register: Register, roads: Receiver, away: Register
) -> None:
    await connect(register, "roads", roads.address)
    roads.says(500)
    await gateway.fails(order())
    roads.says(200)
    gateway.departments._stuck._deliveries = away.deliveries
    assert await gateway.deliver(order()) == TAKEN
    assert await register.deliveries.find(order().key) is not None
    gateway.departments._stuck._deliveries = register.deliveries
    assert await gateway.deliver(order(ref="2")) == TAKEN
    assert await register.deliveries.find(order().key) is None
