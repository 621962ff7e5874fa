"""The keys of cases' texts in the register: remembered, held ready, claimed, destroyed, and out of reach."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel import col, func, select

from cases.commands import Acknowledge, Command, Remark
from cases.decide import decide
from cases.errors import UnavailableError
from cases.events import Event
from cases.evolve import fold
from cases.sealed import ERASED, UNREADABLE, is_sealed, keys_in
from records import data_keys
from records.audit import Audit
from records.belonging import needs_keys
from records.database import reading, transaction
from records.guarding import DataKeyRow
from records.register import Register
from records.seals import FRESH, HELD, STALE, Seals
from tests.outage import away
from tests.own_keys import KEYS
from tests.records.clock import Clock
from tests.records.histories import begun, number_of
from tests.unit.narrative import DESK, NOON
from vault.keyfile import KeyFile, KeyFileError
from vault.sealing import seal

STRANGE = KeyFile.new()
"""The keys of another service."""
WORDS = "楼上漏水，物业不管。"


@pytest.fixture
def seals(engine: AsyncEngine, clock: Clock) -> Seals:
    return Seals(engine, KEYS, clock=clock)


async def stored(engine: AsyncEngine) -> list[DataKeyRow]:
    async with reading(engine) as session:
        return list(await session.exec(select(DataKeyRow).order_by(col(DataKeyRow.made_at), col(DataKeyRow.id))))


async def destroyed(engine: AsyncEngine, number: str) -> int:
    async with transaction(engine) as connection:
        return await data_keys.destroy(connection, number)


async def recorded(register: Register, seals: Seals, reference: str = "one") -> list[Event]:
    """A case whose description is sealed, as the register holds it."""
    events = begun(reference)
    number = number_of(events)
    key = await seals.new_key()
    received = events[0].fact.model_copy(
        update={"complaint": seal(fold(events).complaint.model_copy(update={"description": WORDS}), key)}
    )
    events[0] = events[0].model_copy(update={"fact": received})
    await register.record(number, events)
    return events


async def noted(register: Register, events: list[Event], act: Remark) -> list[Event]:
    """The events of a case with a note more, recorded."""
    more = decide(fold(events), Command(id=f"note-{len(events)}", actor=DESK, act=act), NOON + timedelta(hours=1))
    await register.record(number_of(events), more)
    return events + more


async def test_a_key_is_never_kept_open(engine: AsyncEngine, seals: Seals) -> None:
    key = await seals.new_key()
    (row,) = await stored(engine)
    assert (row.id, row.case_number) == (key.id, None)
    assert row.wrapped is not None
    assert key.secret not in row.wrapped


async def test_every_process_opens_what_one_has_sealed(engine: AsyncEngine, seals: Seals) -> None:
    kept = seal(Remark(text=WORDS), await seals.new_key())
    other = Seals(engine, KEYS)
    assert (await other.open(kept, Remark)).text == WORDS
    assert await other.open_text(f"He says: {kept.text}", strictly=True) == f"He says: {WORDS}"
    assert (await other.open([kept, kept], list[Remark])) == [Remark(text=WORDS)] * 2


async def test_a_case_claims_the_keys_of_its_events_and_goes_on_with_them(
    register: Register, engine: AsyncEngine, seals: Seals
) -> None:
    events = await recorded(register, seals)
    number = number_of(events)
    (row,) = await stored(engine)
    assert row.case_number == number
    other = Seals(engine, KEYS)
    assert (await other.key_for(number)).id == row.id
    sealed = await other.seal(Remark(text=WORDS), number)
    await noted(register, events, sealed)
    assert len(await stored(engine)) == 1
    history = await other.open(await register.history(number), list[Event])
    assert [fold(history).complaint.description, getattr(history[-1].fact, "text", "")] == [WORDS, WORDS]


async def test_the_first_case_keeps_a_key(register: Register, engine: AsyncEngine, seals: Seals) -> None:
    first = await recorded(register, seals, "first")
    second = await recorded(register, seals, "second")
    foreign = await seals.seal(Remark(text=WORDS), number_of(first))
    await noted(register, second, foreign)
    assert {row.case_number for row in await stored(engine)} == {number_of(first), number_of(second)}
    await destroyed(engine, number_of(second))
    assert (await Seals(engine, KEYS).open(foreign, Remark)).text == WORDS


async def test_what_has_no_texts_needs_no_key(engine: AsyncEngine, seals: Seals, database_url: str) -> None:
    with away(database_url):
        assert await seals.seal(Acknowledge(), "any") == Acknowledge()
    assert await stored(engine) == []


async def test_what_came_in_is_added_to_with_its_own_key(engine: AsyncEngine, seals: Seals) -> None:
    key = await seals.new_key("a case")
    assert (await seals.key_for("a case")).id == key.id
    assert (await seals.key_for("another")).id != key.id


async def test_an_erased_case_opens_nowhere_any_more_and_takes_texts_under_a_new_key(
    register: Register, engine: AsyncEngine, seals: Seals, clock: Clock
) -> None:
    events = await recorded(register, seals)
    number = number_of(events)
    old = await seals.key_for(number)
    history = await register.history(number)
    assert await destroyed(engine, number) == 1
    assert await destroyed(engine, number) == 0
    # Others may read it for as long as they remember the key; whoever erased it forgets at once.
    assert fold(await seals.open(history, list[Event])).complaint.description == WORDS
    seals.forget(number)
    assert fold(await seals.open(history, list[Event])).complaint.description == ERASED
    other = Seals(engine, KEYS, clock=clock)
    assert fold(await other.open(history, list[Event], strictly=True)).complaint.description == ERASED
    assert fold(history).complaint.category == "roads/pothole"
    later = await seals.seal(Remark(text=WORDS), number)
    assert keys_in(later.text).isdisjoint({old.id})
    assert (await seals.open(later, Remark)).text == WORDS


async def test_a_key_that_was_remembered_is_looked_up_again_after_a_while(
    register: Register, engine: AsyncEngine, seals: Seals, clock: Clock
) -> None:
    number = number_of(await recorded(register, seals))
    history = await register.history(number)
    await destroyed(engine, number)
    clock.now += FRESH + 1
    assert fold(await seals.open(history, list[Event])).complaint.description == ERASED


async def test_while_postgresql_is_away_remembered_keys_serve_for_a_day(
    seals: Seals, clock: Clock, database_url: str
) -> None:
    known = seal(Remark(text=WORDS), await seals.key_for("known"))
    with away(database_url):
        clock.now += STALE - 1
        assert (await seals.open(known, Remark, strictly=True)).text == WORDS
        assert (await seals.seal(Remark(text=WORDS), "known")).text != known.text
        clock.now += 2
        assert (await seals.open(known, Remark)).text == UNREADABLE
        with pytest.raises(UnavailableError):
            await seals.open(known, Remark, strictly=True)
    assert (await seals.open(known, Remark, strictly=True)).text == WORDS


async def test_a_key_that_nobody_has_is_no_key_that_was_destroyed(seals: Seals) -> None:
    key = await seals.new_key()
    kept = seal(Remark(text=WORDS), key)
    await seals.data_keys.give_back([key])
    seals.forget("any")
    assert (await seals.open(kept, Remark)).text == UNREADABLE
    with pytest.raises(UnavailableError, match=key.id):
        await seals.open(kept, Remark, strictly=True)


async def test_from_the_reserve_complaints_are_sealed_while_postgresql_is_away(
    engine: AsyncEngine, database_url: str
) -> None:
    seals = Seals(engine, KEYS, reserve=3)
    await seals.fill()
    assert len(await stored(engine)) == 3
    with away(database_url):
        kept = [await seals.seal(Remark(text=WORDS), number) for number in ("one", "two", "three")]
        assert all(is_sealed(one.text) for one in kept)
        with pytest.raises(UnavailableError):
            await seals.new_key()
        with pytest.raises(UnavailableError):
            await seals.fill()
    await seals.fill()
    assert len(await stored(engine)) == 6
    assert (await Seals(engine, KEYS).open(kept, list[Remark])) == [Remark(text=WORDS)] * 3
    await seals.aclose()
    assert len(await stored(engine)) == 3


async def test_no_key_is_held_ready_for_longer_than_a_day(engine: AsyncEngine, clock: Clock, database_url: str) -> None:
    seals = Seals(engine, KEYS, reserve=2, clock=clock)
    await seals.fill()
    before = {row.id for row in await stored(engine)}
    clock.now += HELD - 1
    await seals.fill()
    assert {row.id for row in await stored(engine)} == before
    clock.now += 2
    with away(database_url), pytest.raises(UnavailableError):
        await seals.fill()
    await seals.fill()
    after = {row.id for row in await stored(engine)}
    assert len(after) == 2
    assert after.isdisjoint(before)
    assert (await seals.new_key()).id in after


async def test_keys_that_no_case_has_claimed_are_dropped_and_no_others(
    register: Register, engine: AsyncEngine, seals: Seals
) -> None:
    await recorded(register, seals)
    lost, ready = await seals.new_key(), await seals.new_key()
    async with transaction(engine) as connection:
        old = func.now() - timedelta(days=30)
        await connection.execute(update(DataKeyRow).where(col(DataKeyRow.id) != ready.id).values(made_at=old))
    assert await seals.data_keys.drop_unclaimed(datetime.now(UTC) - timedelta(days=7)) == 1
    assert lost.id not in {row.id for row in await stored(engine)}
    assert len(await stored(engine)) == 2


async def test_a_master_key_is_changed_under_the_keys_of_cases(
    register: Register, engine: AsyncEngine, seals: Seals
) -> None:
    kept = seal(Remark(text=WORDS), await seals.new_key())
    await recorded(register, seals)
    turned = KEYS.with_ring("master", KEYS.master.turned())
    other = Seals(engine, turned)
    assert await other.data_keys.by_master() == {KEYS.master.current: 2}
    assert [await other.data_keys.by_master(claimed=claimed) for claimed in (True, False)] == [
        {KEYS.master.current: 1}
    ] * 2
    assert [await other.data_keys.rewrap(1) for _ in range(3)] == [1, 1, 0]
    assert await other.data_keys.by_master() == {turned.master.current: 2}
    alone = Seals(engine, turned.with_ring("master", turned.master.without(KEYS.master.current)))
    await alone.data_keys.check()
    assert (await alone.open(kept, Remark, strictly=True)).text == WORDS
    with pytest.raises(KeyFileError, match=rf"{turned.master.current} \(of 1 keys, 1 cases\)"):
        await seals.data_keys.check()
    assert (await Seals(engine, KEYS).open(kept, Remark)).text == UNREADABLE


async def test_keys_that_nobody_can_unwrap_keep_no_others_from_being_wrapped_anew(
    engine: AsyncEngine, seals: Seals
) -> None:
    await Seals(engine, STRANGE).data_keys.make(3)
    await seals.data_keys.make(3)
    other = Seals(engine, KEYS.with_ring("master", KEYS.master.turned()))
    assert [await other.data_keys.rewrap(2) for _ in range(3)] == [2, 1, 0]
    assert (await other.data_keys.by_master())[STRANGE.master.current] == 3


async def test_several_may_wrap_keys_anew_at_once(engine: AsyncEngine, seals: Seals) -> None:
    made = await seals.data_keys.make(40)
    other = Seals(engine, KEYS.with_ring("master", KEYS.master.turned()))

    async def all_of_them() -> int:
        done = 0
        while some := await other.data_keys.rewrap(5):
            done += some
        return done

    assert sum(await asyncio.gather(*(all_of_them() for _ in range(3)))) == 40
    assert await other.data_keys.find([one.id for one in made]) == {one.id: one for one in made}


async def test_keys_of_no_case_are_nobodys_loss(register: Register, engine: AsyncEngine, seals: Seals) -> None:
    await Seals(engine, STRANGE).data_keys.make(2)
    await seals.check()
    await recorded(register, Seals(engine, STRANGE))
    with pytest.raises(KeyFileError, match=rf"{STRANGE.master.current} \(of 1 keys, 1 cases\).* HOTLINE_KEYS"):
        await seals.check()


async def test_the_trail_tells_whose_a_database_without_cases_is(engine: AsyncEngine, seals: Seals) -> None:
    strange = Seals(engine, STRANGE)
    await strange.check()
    assert not await needs_keys(engine)
    audit = Audit(engine, KEYS.proof)
    await audit.note(DESK, "reveal")
    await strange.check()
    await audit.chain.extend()
    with pytest.raises(KeyFileError, match=f"proof key {KEYS.proof.current}"):
        await strange.check()
    assert await needs_keys(engine)
    await seals.check()
    turned = KEYS.with_ring("proof", KEYS.proof.turned())
    await Seals(engine, turned).check()
    later = Audit(engine, turned.proof)
    await later.note(DESK, "reveal")
    await later.chain.extend()
    with pytest.raises(KeyFileError, match="an old copy"):
        await seals.check()


async def test_a_database_with_texts_of_cases_needs_their_keys(
    register: Register, engine: AsyncEngine, seals: Seals
) -> None:
    await seals.data_keys.make(1)
    assert not await needs_keys(engine)
    number = number_of(await recorded(register, seals))
    assert await needs_keys(engine)
    await destroyed(engine, number)
    assert not await needs_keys(engine)


async def test_the_reserve_is_filled_by_and_by(engine: AsyncEngine, clock: Clock) -> None:
    seals = Seals(engine, KEYS, reserve=5, clock=clock)
    for ready in (2, 4, 5, 5):
        await seals.fill(2)
        assert len(await stored(engine)) == ready
    clock.now += HELD + 1
    before = {row.id for row in await stored(engine)}
    await seals.fill(2)
    # The old ones stay as long as others are missing.
    assert before < {row.id for row in await stored(engine)}
    for _ in range(2):
        await seals.fill(2)
    after = {row.id for row in await stored(engine)}
    assert len(after) == 5
    assert after.isdisjoint(before)
