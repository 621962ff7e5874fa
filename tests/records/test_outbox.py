"""What events owe is in the register with them or not at all, once, and in an order that a reader can go on from."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from cases.commands import ConfirmDelivery, FailDelivery, RetryDelivery
from cases.events import Cause, Event, Supplemented
from cases.evolve import fold
from cases.notice import Notice
from cases.order_form import OrderForm
from cases.owed import owed
from cases.routing import Unit
from cases.vocabulary import SYSTEM, Channel
from records.errors import GapError
from records.outbox import put_orders
from records.register import Register
from tests.records.histories import acknowledged, begun, lived, number_of
from tests.unit.narrative import DESK, DISTRICT, INTAKE, ROADS, Narrative

KEY = "YZV0-RSFK-BP0G-3.9d1f0c22ab41.order.roads"


async def keys(engine: AsyncEngine, table: str) -> list[str]:
    async with engine.connect() as connection:
        return list((await connection.execute(text(f"SELECT key FROM {table} ORDER BY key"))).scalars())  # noqa: S608


async def recorded(register: Register, events: list[Event]) -> tuple[list[OrderForm], list[Notice]]:
    orders, notices = owed(events)
    await register.record(number_of(events), events, fold(events), orders, notices)
    return orders, notices


async def test_what_is_owed_is_written_once_with_its_events(register: Register, engine: AsyncEngine) -> None:
    _, events = lived()
    for _ in range(2):
        orders, notices = await recorded(register, events)
    assert await keys(engine, "unit_orders") == sorted(one.key for one in orders)
    assert await keys(engine, "notices") == sorted(one.key for one in notices)
    assert len(notices) > len(orders) > 3


async def test_nothing_is_owed_for_events_that_are_not_taken(register: Register, engine: AsyncEngine) -> None:
    case, events = lived()
    orders, notices = owed(events)
    with pytest.raises(GapError):
        await register.record(case.number, events[3:], case, orders, notices)
    assert await keys(engine, "unit_orders") == await keys(engine, "notices") == []


async def test_a_mailbox_holds_what_its_unit_was_told_and_nothing_else(register: Register) -> None:
    _, events = lived()
    orders, _ = await recorded(register, events)
    for unit in (ROADS, DISTRICT):
        read = await register.mailboxes.read(unit, after=0, limit=100)
        assert [one.form for one in read] == [form for form in orders if form.unit == unit]
        assert await register.mailboxes.read(unit, after=read[1].place, limit=1) == read[2:3]
        assert await register.mailboxes.read(unit, after=read[-1].place, limit=10) == []


async def test_what_is_written_anew_owes_anew_what_was_missing(register: Register, engine: AsyncEngine) -> None:
    case, events = lived()
    await register.record(case.number, events, case)
    assert await keys(engine, "unit_orders") == []
    await register.rewrite(case.number, events)
    orders, notices = owed(events)
    assert await keys(engine, "unit_orders") == sorted(one.key for one in orders)
    assert await keys(engine, "notices") == sorted(one.key for one in notices)


async def test_what_was_owed_for_an_event_that_never_came_to_be_is_taken_back(
    register: Register, engine: AsyncEngine
) -> None:
    events = begun("1")
    lost = events + acknowledged(events) + [urged(events)]
    await recorded(register, lost)
    assert len(await keys(engine, "unit_orders")) == 3
    await register.rewrite(number_of(events), events)
    orders, notices = owed(events)
    assert await keys(engine, "unit_orders") == sorted(one.key for one in orders)
    assert await keys(engine, "notices") == sorted(one.key for one in notices)


def urged(events: list[Event]) -> Event:
    cause = Cause(id="urge", fingerprint="0")
    at = events[-1].at + timedelta(hours=1)
    return Event(
        seq=len(events) + 2, at=at, actor=INTAKE, cause=cause, fact=Supplemented(channel=Channel.PHONE, note="!")
    )


async def test_what_comes_to_be_again_under_another_number_is_owed_once(
    register: Register, engine: AsyncEngine
) -> None:
    """A worker died before the engine knew of an event; it comes again, behind another one."""
    events = begun("1")
    lost, before = urged(events), acknowledged(events)
    await recorded(register, [*events, lost.model_copy(update={"seq": len(events) + 1})])
    known = await keys(engine, "unit_orders"), await keys(engine, "notices")
    await register.rewrite(number_of(events), [*events, *before, lost])
    assert (await keys(engine, "unit_orders"), await keys(engine, "notices")) == known


async def test_who_reads_on_from_a_place_misses_nothing_that_was_slow_to_be_written(
    register: Register, engine: AsyncEngine
) -> None:
    """Numbers are given out before they can be seen; a later one must never be seen before an earlier one."""
    early, late = (owed(begun(reference))[0] for reference in ("early", "late"))
    async with engine.connect() as slow:
        await put_orders(slow, early)
        later = asyncio.create_task(register.mailboxes.put(late))
        read = await register.mailboxes.read(ROADS, after=0, limit=100)
        assert read == [], "the later one waits for the earlier one to be there"
        await slow.commit()
    await later
    assert [one.form.key for one in await register.mailboxes.read(ROADS, after=0, limit=100)] == of(ROADS, early, late)


async def test_what_goes_on_to_systems_is_told_as_it_was_first(register: Register) -> None:
    events = begun("1")
    units = [Unit(code=code, kind="department", title={"en": code}) for code in (ROADS, DISTRICT)]
    await register.put_units(units, {ROADS: "https://roads.example/"})
    orders, _ = await recorded(register, events)
    told_later = [one.model_copy(update={"about": "urged"}) for one in orders]
    assert {one.unit for one in told_later} == {ROADS, DISTRICT}
    assert await register.mailboxes.to_systems(told_later) == [one for one in orders if one.unit == ROADS]
    unknown = [one.model_copy(update={"key": f"{one.key}-2"}) for one in orders]
    assert await register.mailboxes.to_systems(unknown) == [one for one in unknown if one.unit == ROADS]


def of(unit: str, *forms: Sequence[OrderForm]) -> list[str]:
    return [one.key for some in forms for one in some if one.unit == unit]


async def test_news_name_the_units_that_have_some_and_how_far_they_go(register: Register) -> None:
    assert (await register.mailboxes.news(0), await register.mailboxes.last()) == ((0, set()), 0)
    await recorded(register, begun("1"))
    last, units = await register.mailboxes.news(0)
    assert (units, last) == ({ROADS, DISTRICT}, await register.mailboxes.last())
    assert await register.mailboxes.news(last) == (last, set())


async def test_what_the_history_says_of_a_delivery_counts(register: Register, engine: AsyncEngine) -> None:
    told = Narrative()
    await register.record(told.case.number, told.events, told.case)
    stopped = FailDelivery(order=1, unit=ROADS, reason="roads answered 404", sequence=2, key=KEY, final=True)
    told.do(stopped, SYSTEM)
    await register.record(told.case.number, told.events, told.case)
    assert await keys(engine, "deliveries") == [KEY]
    assert await stopped_ones(engine) == [True]
    told.do(RetryDelivery(key=KEY, unit=ROADS, about="dispatched", sequence=2), DESK)
    await register.record(told.case.number, told.events, told.case)
    assert await stopped_ones(engine) == [False], "somebody has it tried again"
    told.do(ConfirmDelivery(order=1, unit=ROADS, sequence=2, key=KEY), SYSTEM)
    await register.record(told.case.number, told.events, told.case)
    assert await keys(engine, "deliveries") == []


async def stopped_ones(engine: AsyncEngine) -> list[bool]:
    async with engine.connect() as connection:
        return list((await connection.execute(text("SELECT stopped FROM deliveries"))).scalars())
