"""Records broken in every way, by SQL as no release would write it, found and mended by the histories."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from cases.drift import Drift
from cases.events import Event
from cases.evolve import fold
from cases.owed import owed
from records.drift import MENDED, STALE, Flaw
from records.errors import ConflictError
from records.register import Register
from tests.records.erased import lived as sealed_life
from tests.records.erased import receipt, recorded
from tests.records.histories import begun, lived, number_of
from tests.unit.narrative import INTAKE

LIFE = lived()[1]
NUMBER = number_of(LIFE)
NOW = LIFE[-1].at

BROKEN = {
    "UPDATE case_events SET fact = jsonb_set(fact, '{type}', '\"progressed\"') WHERE seq = 4": Drift.OTHER,
    "UPDATE case_events SET at = at + interval '1 hour' WHERE seq = 3": Drift.OTHER,
    'UPDATE case_events SET actor = \'{"role": "desk", "id": "key:else"}\' WHERE seq = 3': Drift.OTHER,
    "UPDATE case_events SET actor = '[]' WHERE seq = 3": Drift.OTHER,
    "DELETE FROM case_events WHERE seq = 3": Drift.OTHER,
    "DELETE FROM case_events WHERE seq = 1": Drift.OTHER,
    "DELETE FROM case_events WHERE seq > 5": Drift.BEHIND,
    "DELETE FROM case_events": Drift.MISSING,
    "DELETE FROM cases": Drift.ROW,
    "UPDATE cases SET closed_at = NULL, status = 'in_progress'": Drift.ROW,
    "UPDATE cases SET unit_times = '{}'": Drift.ROW,
    "UPDATE cases SET due_at = now(), due_name = 'resolution'": Drift.ROW,
    "UPDATE cases SET version = 99": Drift.ROW,
    "DELETE FROM unit_orders WHERE about = 'dispatched'": Drift.MAILBOX,
    "DELETE FROM notices WHERE audience = 'complainant'": Drift.NOTICES,
}


async def rows(engine: AsyncEngine, table: str, order: str, without: str) -> list[dict[str, Any]]:
    async with engine.connect() as connection:
        asked = f"SELECT to_jsonb(t) - '{without}' FROM {table} t ORDER BY {order}"  # noqa: S608
        return list((await connection.execute(text(asked))).scalars())


async def all_of_it(engine: AsyncEngine) -> list[list[dict[str, Any]]]:
    tables = [("cases", "number", ""), ("case_events", "seq", "recorded_at")]
    return [await rows(engine, *one) for one in tables]


async def keys(engine: AsyncEngine, table: str) -> set[str]:
    async with engine.connect() as connection:
        return set((await connection.execute(text(f"SELECT key FROM {table}"))).scalars())  # noqa: S608


async def spoil(engine: AsyncEngine, sql: str) -> None:
    async with engine.begin() as connection:
        assert (await connection.execute(text(sql))).rowcount > 0, "it changes nothing"


async def found(register: Register, history: list[Event]) -> list[Flaw]:
    return await register.drift.flaws(number_of(history), history)


async def unplanned(engine: AsyncEngine) -> set[str]:
    async with engine.connect() as connection:
        return set((await connection.execute(text("SELECT key FROM notices WHERE planned_at IS NULL"))).scalars())


@pytest.mark.parametrize(("sql", "kind"), BROKEN.items())
async def test_what_is_broken_is_found_and_mended(
    register: Register, engine: AsyncEngine, sql: str, kind: Drift
) -> None:
    await recorded(register, LIFE)
    before = await all_of_it(engine)
    assert await found(register, LIFE) == []
    await spoil(engine, sql)
    flaws = await found(register, LIFE)
    assert [one.kind for one in flaws] == [kind]
    await register.drift.mend(NUMBER, flaws, LIFE, len(LIFE), NOW)
    assert await found(register, LIFE) == []
    assert await all_of_it(engine) == before
    assert await keys(engine, "unit_orders") == {one.key for one in owed(LIFE)[0]}
    assert await keys(engine, "notices") == {one.key for one in owed(LIFE)[1]}
    (entry,) = await register.erasures.entries_of(NUMBER, MENDED)
    assert entry.details == {"kinds": [kind.value]}


async def test_what_never_came_to_be_is_taken_back(register: Register, engine: AsyncEngine) -> None:
    await recorded(register, LIFE)
    durable = LIFE[:4]
    flaws = await found(register, durable)
    assert [one.kind for one in flaws] == [Drift.AHEAD]
    await register.drift.mend(NUMBER, flaws, durable, len(durable), NOW)
    assert await found(register, durable) == []
    assert await register.history(NUMBER) == durable
    assert await keys(engine, "unit_orders") == {one.key for one in owed(durable)[0]}


async def test_a_case_that_the_register_lost_is_written_again_and_nobody_is_told_twice(
    register: Register, engine: AsyncEngine
) -> None:
    flaws = await found(register, LIFE)
    assert [one.kind for one in flaws] == [Drift.MISSING]
    told = 4
    await register.drift.mend(NUMBER, flaws, LIFE, told, NOW)
    assert await found(register, LIFE) == []
    assert await register.case(NUMBER) == fold(LIFE)
    # What was recorded once, people have heard of; the rest they are owed still.
    assert await unplanned(engine) == {one.key for one in owed(LIFE)[1] if one.sequence > told}


async def test_lost_notices_go_out_unless_they_went_out_or_are_stale(register: Register, engine: AsyncEngine) -> None:
    await recorded(register, LIFE)
    notices = owed(LIFE)[1]
    sent, old, fresh = notices[-2], notices[0], notices[-1]
    now = old.at + STALE + timedelta(minutes=1)
    assert fresh.at > now - STALE, "the life is long enough to have both"
    async with engine.begin() as connection:
        sending = text(
            "INSERT INTO sendings (id, notice, about, audience, case_number, route, channel, language, address,"
            " addressee, subject, body, state, urgent, send_after) VALUES ('1', :key, '', '', :number, '', 'sms', 'en',"
            " '', '', '', '', 'sent', false, now())"
        )
        await connection.execute(sending, {"key": sent.key, "number": NUMBER})
        await connection.execute(text("DELETE FROM notices"))
    flaws = await found(register, LIFE)
    assert [(one.kind, set(one.what)) for one in flaws] == [(Drift.NOTICES, {one.key for one in notices})]
    await register.drift.mend(NUMBER, flaws, LIFE, len(LIFE), now)
    waiting = await unplanned(engine)
    assert fresh.key in waiting
    assert not waiting & {sent.key, old.key}
    assert await found(register, LIFE) == []


async def test_several_flaws_are_mended_at_once(register: Register, engine: AsyncEngine) -> None:
    await recorded(register, LIFE)
    for sql in ("UPDATE cases SET urges = 9", "DELETE FROM unit_orders", "DELETE FROM notices"):
        await spoil(engine, sql)
    flaws = await found(register, LIFE)
    assert [one.kind for one in flaws] == [Drift.ROW, Drift.MAILBOX, Drift.NOTICES]
    assert flaws[0].what == ("urges",)
    await register.drift.mend(NUMBER, flaws, LIFE, len(LIFE), NOW)
    assert await found(register, LIFE) == []


async def test_what_a_first_layout_writes_otherwise_is_not_looked_for(register: Register, engine: AsyncEngine) -> None:
    await recorded(register, LIFE)
    await spoil(engine, "DELETE FROM unit_orders")
    assert await register.drift.flaws(NUMBER, LIFE, in_writing=False) == []


async def test_a_record_alone_is_held_against_itself(register: Register, engine: AsyncEngine) -> None:
    await recorded(register, LIFE)
    await spoil(engine, "UPDATE cases SET breached = NOT breached")
    assert await register.drift.flaws(NUMBER, None) == [Flaw(Drift.ROW, ("breached",))]


async def test_another_case_in_its_place_is_left_for_people(register: Register) -> None:
    await recorded(register, LIFE)
    other = [LIFE[0].model_copy(update={"at": LIFE[0].at + timedelta(days=1)}), *LIFE[1:]]
    flaws = await found(register, other)
    assert [one.kind for one in flaws] == [Drift.OTHER]
    with pytest.raises(ConflictError, match="another receipt"):
        await register.drift.mend(NUMBER, flaws, other, len(other), NOW)
    assert await register.history(NUMBER) == LIFE


async def test_sealed_texts_stay_sealed_and_known_by_their_digest(register: Register, engine: AsyncEngine) -> None:
    life = sealed_life(receipt("1"), await register.seals.new_key())
    number = await recorded(register, life)
    before = await all_of_it(engine)
    await spoil(engine, "UPDATE cases SET content_fingerprint = 'else', subject = NULL")
    (flaw,) = await found(register, life)
    assert flaw == Flaw(Drift.ROW, ("content_fingerprint", "subject"))
    await register.drift.mend(number, [flaw], life, len(life), NOW)
    assert await all_of_it(engine) == before


async def test_a_digest_of_an_earlier_release_stays(register: Register, engine: AsyncEngine) -> None:
    await recorded(register, LIFE)
    await spoil(engine, "UPDATE cases SET content_fingerprint = 'as the first release had it', urges = 3")
    (flaw,) = await found(register, LIFE)
    assert flaw == Flaw(Drift.ROW, ("urges",))
    await register.drift.mend(NUMBER, [flaw], LIFE, len(LIFE), NOW)
    assert await register.content_fingerprint(NUMBER) == "as the first release had it"


async def test_open_cases_are_paged_without_those_that_wait_to_be_started(
    register: Register, engine: AsyncEngine
) -> None:
    numbers = sorted([await recorded(register, begun(f"open {index}")) for index in range(5)])
    closed = await recorded(register, LIFE)
    async with engine.begin() as connection:
        keep = text("INSERT INTO kept_cases (number, content, priority) VALUES (:number, '', 3)")
        await connection.execute(keep, {"number": numbers[1]})
    first = await register.drift.open_cases("", 2)
    rest = await register.drift.open_cases(first[-1], 100)
    assert first + rest == [one for one in numbers if one != numbers[1]]
    standing = await register.drift.standing(closed)
    assert (standing.known, standing.open, standing.erased) == (True, False, False)
    await register.erasures.erase(closed, rule="on request", reason="asked", actor=INTAKE)
    assert (await register.drift.standing(closed)).erased
    assert not (await register.drift.standing("none")).known


async def test_the_last_comparison_is_told(register: Register) -> None:
    assert await register.drift.last() is None
    for cases in (1, 2):
        await register.drift.conclude({"cases": cases})
    last = await register.drift.last()
    assert last is not None
    assert last.details == {"cases": 2}
