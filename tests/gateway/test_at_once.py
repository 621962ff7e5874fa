"""What a case waits for goes out only to a system that answers promptly, and else as any other order."""

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
from fastapi import Response
from temporalio.testing import ActivityEnvironment

from activities import departments, pace
from activities.casebook import Casebook
from activities.messages import Delivery, Recorded, RecordRequest
from cases.evolve import fold
from cases.owed import owed
from records.register import Register
from tests.gateway.conftest import Gateway, order
from tests.gateway.receiver import Post, Receiver, connect
from tests.records.histories import begun, number_of
from tests.unit_system import ON_THIS_MACHINE

TAKEN = Delivery(taken=True)
QUICK = 60_000
"""Orders a minute, of a system that one may follow the other to without a pause."""


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """What answers at all is prompt, however busy the machine is with other tests."""
    monkeypatch.setattr(pace, "_PROMPT", 60.0)
    monkeypatch.setattr(departments, "_AT_ONCE", 60.0)


@contextmanager
def held(receiver: Receiver) -> Iterator[threading.Event]:
    """Have a system answer nothing until it is let go, or the context ends."""
    let_go = threading.Event()

    async def hold(_: Post) -> Response:
        while not let_go.is_set():  # noqa: ASYNC110 - the server is in another thread
            await asyncio.sleep(0.01)
        return Response(status_code=200)

    receiver.answer = hold
    try:
        yield let_go
    finally:
        let_go.set()


@pytest.mark.usefixtures("patient")
async def test_a_prompt_system_has_it_under_the_key_of_the_order(
    gateway: Gateway, register: Register, roads: Receiver
) -> None:
    await connect(register, "roads", roads.address, QUICK)
    assert await gateway.deliver(order(ref="1")) == TAKEN
    roads.says(200, json.dumps({"answer": "accepted", "note": "On our list."}), content_type="application/json")
    second = order(ref="2")
    answer = await gateway.at_once(second)
    assert answer is not None
    assert answer.answer == "accepted"
    assert await register.seals.open_text(answer.note) == "On our list."
    assert await gateway.deliver(second) is not None
    first, at_once, again = roads.posts
    assert first.key != second.key == at_once.key == again.key
    assert at_once.body == again.body


@pytest.mark.usefixtures("patient")
async def test_a_system_that_nothing_has_gone_to_yet_is_not_known_to_be_prompt(
    gateway: Gateway, register: Register, roads: Receiver
) -> None:
    await connect(register, "roads", roads.address, QUICK)
    assert await gateway.at_once(order()) is None
    assert roads.posts == []


async def test_a_slow_system_is_not_waited_for(
    gateway: Gateway, register: Register, roads: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    await connect(register, "roads", roads.address, QUICK)

    async def slow(_: Post) -> Response:
        await asyncio.sleep(0.2)
        return Response(status_code=200)

    roads.answer = slow
    await gateway.deliver(order(ref="1"))
    assert await gateway.at_once(order(ref="2")) is None
    assert len(roads.posts) == 1
    monkeypatch.setattr(pace, "_PROMPT", 60.0)
    assert await gateway.at_once(order(ref="2")) == TAKEN, "only that kept it"


@pytest.mark.usefixtures("patient")
async def test_a_system_that_has_as_many_as_it_takes_at_once_gets_no_more(
    gateway: Gateway, register: Register, roads: Receiver
) -> None:
    await connect(register, "roads", roads.address, QUICK, at_once=1)
    await gateway.deliver(order(ref="1"))
    with held(roads) as let_go:
        under_way = asyncio.create_task(gateway.deliver(order(ref="2")))
        while not roads.at_once:  # noqa: ASYNC110 - the server is in another thread
            await asyncio.sleep(0.01)
        assert await gateway.at_once(order(ref="3")) is None
        let_go.set()
        assert await under_way == TAKEN
    assert len(roads.posts) == 2
    assert await gateway.at_once(order(ref="3")) == TAKEN, "now it has room"


@pytest.mark.usefixtures("patient")
async def test_nobody_overtakes_at_a_system_that_has_a_pace(
    gateway: Gateway, register: Register, roads: Receiver
) -> None:
    await connect(register, "roads", roads.address, per_minute=1)
    await gateway.deliver(order(ref="1"))
    assert await gateway.at_once(order(ref="2")) is None
    assert len(roads.posts) == 1


@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize("status", [503, 404])
async def test_what_is_not_taken_is_no_failure_yet_and_goes_the_usual_way_under_the_same_key(
    gateway: Gateway, register: Register, roads: Receiver, status: int
) -> None:
    await connect(register, "roads", roads.address, QUICK)
    await gateway.deliver(order(ref="1"))
    roads.says(status)
    second = order(ref="2")
    assert await gateway.at_once(second) is None
    assert (await register.deliveries.page("roads")).items == []
    roads.says(200)
    assert await gateway.deliver(second) == TAKEN
    assert [post.key for post in roads.posts[1:]] == [second.key, second.key]


@pytest.mark.usefixtures("patient")
async def test_a_system_that_was_found_to_take_nothing_is_not_asked(
    gateway: Gateway, register: Register, roads: Receiver
) -> None:
    await connect(register, "roads", roads.address, QUICK)
    await gateway.deliver(order(ref="0"))
    roads.says(503)
    for place in range(1, 20):
        assert await gateway.at_once(order(ref=str(place))) is None
    assert len(roads.posts) < 10


@pytest.mark.usefixtures("patient")
async def test_a_unit_without_a_system_is_told_nothing(gateway: Gateway, register: Register) -> None:
    assert await gateway.at_once(order("parks")) is None
    assert list(await register.mailboxes.read("parks", after=0, limit=10)) == []


async def test_a_system_that_answers_no_more_holds_up_no_case(
    register: Register, gateway: Gateway, roads: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pace, "_PROMPT", 60.0)
    await connect(register, "roads", roads.address, QUICK)
    waits_long = Gateway(register, replace(ON_THIS_MACHINE, within=300.0))
    waits_long.info = replace(waits_long.info, start_to_close_timeout=timedelta(seconds=300))
    await waits_long.deliver(order(ref="1"))
    with held(roads):
        async with asyncio.timeout(60):
            environment = ActivityEnvironment()
            environment.info = waits_long.info
            assert await environment.run(waits_long.departments.deliver_at_once, order(ref="2")) is None
    assert len(roads.posts) == 2
    await waits_long.departments.aclose()


@pytest.mark.usefixtures("patient")
async def test_orders_go_out_once_they_are_written_the_first_for_each_unit(
    gateway: Gateway, register: Register, roads: Receiver
) -> None:
    await connect(register, "roads", roads.address, QUICK)
    await gateway.deliver(order(ref="1"))
    events = begun("2")
    orders, notices = owed(events)
    to_roads = next(form for form in orders if form.unit == "roads")
    behind = to_roads.model_copy(update={"key": f"{to_roads.key}-2", "sequence": 9, "about": "urged"})
    unasked = RecordRequest(
        number=number_of(events),
        events=tuple(events),
        case=fold(events),
        orders=(*orders, behind),
        notices=tuple(notices),
    )
    casebook = Casebook(register, gateway.departments)
    assert await _recorded(casebook, unasked) == Recorded(in_mailbox=_not_for("roads", unasked))
    assert len(roads.posts) == 1, "those that may have been tried before go their usual way"
    asked = unasked.model_copy(update={"at_once": tuple(form.key for form in unasked.orders)})
    done = await _recorded(casebook, asked)
    assert done == Recorded(in_mailbox=_not_for("roads", asked), delivered={to_roads.key: TAKEN})
    assert roads.posts[-1].key == to_roads.key
    assert len(roads.posts) == 2


async def _recorded(casebook: Casebook, request: RecordRequest) -> Recorded:
    return await ActivityEnvironment().run(casebook.record, request)


def _not_for(unit: str, request: RecordRequest) -> tuple[str, ...]:
    return tuple(form.key for form in request.orders if form.unit != unit)
