"""An erased case is lost wherever copies of it are, and counts in every statistic as before (Art. 8, 28)."""

import asyncio
import json
from collections.abc import Awaitable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.exceptions import InvalidTag
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from cases.commands import Command, Reopen
from cases.decide import decide
from cases.errors import InvalidError, RefusalError, UnknownCaseError
from cases.events import Event
from cases.evolve import fold
from cases.sealed import ERASED, keys_in
from records.data_keys import DataKeys
from records.erasures import ERASED_ACTION, ON_REQUEST
from records.errors import ConflictError
from records.legal_holds import LIFTED, PLACED
from records.register import CaseFilter, Register
from tests.own_keys import KEYS
from tests.records.erased import (
    ADMIN,
    NAME,
    PHONE,
    PLANTED,
    STEPS,
    SUPERVISOR,
    erase,
    everything,
    lived,
    named,
    receipt,
    recorded,
)
from tests.unit.narrative import INTAKE, NOON
from vault.sealing import as_document, unlock


async def sealed_case(register: Register, reference: str = "1", **complaint: Any) -> str:
    key = await register.seals.new_key()
    return await recorded(register, lived(receipt(reference, **complaint), key))


async def planted_besides(engine: AsyncEngine, number: str) -> None:
    """What an earlier release, or another part, has written of a case in plain words."""
    statements = (
        "INSERT INTO calls VALUES (:number, 'digest-of-a-caller', now())",
        "INSERT INTO caller_marks (caller, reason, case_number, marked_by, until)"
        " VALUES ('digest-of-a-caller', :name, :number, '{}', now())",
        "INSERT INTO kept_cases (number, command, content, priority)"
        " VALUES (:number, jsonb_build_object('x', CAST(:name AS text)), 'digest-of-a-complaint', 3)",
        "INSERT INTO deliveries (key, unit, case_number, sequence, about, level, attempts, reason, since,"
        " last_tried_at) VALUES ('k' || :number, 'roads', :number, 1, 'dispatched', 'general', 1, :name, now(), now())",
    )
    sending = (
        "INSERT INTO sendings (id, about, audience, case_number, route, channel, language, address, addressee, subject,"
        " body, state, urgent, send_after, gathered_in) VALUES (:id, 'x', 'complainant', :case, 'r', 'sms', 'zh',"
        " :phone, :addressee, :name, :name, :state, false, now(), :digest)"
    )
    async with engine.begin() as connection:
        for statement in statements:
            await connection.execute(text(statement), {"number": number, "name": NAME})
        for state, case, digest in (
            ("waiting", number, None),
            ("failed", number, None),
            ("sent", number, None),
            ("gathered", number, "of-several"),
            ("waiting", None, None),
        ):
            given = {"id": "of-several" if case is None else f"{number}.{state}", "case": case, "digest": digest}
            words = {"phone": "", "name": ""} if state == "sent" else {"phone": PHONE, "name": NAME}
            told = words | {"addressee": "digest-of-an-address", "state": state}
            await connection.execute(text(sending), given | told)


async def test_art_28_nothing_of_a_person_is_left_and_nothing_opens_what_was_sealed(
    register: Register, engine: AsyncEngine
) -> None:
    number = await sealed_case(register)
    other = await sealed_case(register, "2")
    hold = (await register.seals.key_for(number)).seal(f"{NAME} goes to court")
    await register.legal_holds.place(number, hold, SUPERVISOR)
    await register.legal_holds.lift(number, hold, SUPERVISOR)
    await planted_besides(engine, number)
    opened = await register.seals.open(await register.case(number), type(await register.case(number)))
    assert opened.complaint.complainant.name == NAME

    erased, new = await erase(register, number)
    assert new
    assert erased.keys == 1
    register.seals.forget(number)

    tables = await everything(engine)
    assert not named(tables), "in plain words"
    for table in ("calls", "caller_marks", "deliveries"):
        assert number not in tables[table]
    assert "digest-of-a-complaint" not in tables["kept_cases"]
    sendings = [line for line in tables["sendings"].splitlines() if number in line]
    assert sorted(json.loads(line)["state"] for line in sendings) == ["sent"], "nobody is told any more"
    assert not any("digest-of-an-address" in line for line in sendings)
    mine = keys_in("\n".join(line for rows in tables.values() for line in rows.splitlines() if number in line))
    assert mine, "its sealed texts are there as ever"
    everywhere = Register(engine, KEYS)
    found = await everywhere.seals.keys(mine, strictly=True)
    assert set(found.values()) == {None}, "with the whole file of keys at hand none of them opens"
    case = await everywhere.seals.open(await register.case(number), type(opened))
    assert case.complaint.complainant.name == case.complaint.description == ERASED
    history = as_document(await everywhere.seals.open(await register.history(number), list[Event]))
    assert not any(word in history for word in PLANTED)
    neighbour = await everywhere.seals.open(await register.case(other), type(opened))
    assert neighbour.complaint.complainant.name == NAME, "the other case is as it was"


async def test_what_an_earlier_release_wrote_in_plain_words_is_blanked_where_it_stands(
    register: Register, engine: AsyncEngine
) -> None:
    number = await recorded(register, lived(receipt("1")))
    await planted_besides(engine, number)
    before = await everything(engine)
    places = {table for table, word in named(before) if word == NAME}
    assert places >= {"case_events", "cases", "unit_orders", "notices", "sendings", "deliveries", "kept_cases"}
    erased, _ = await erase(register, number)
    assert erased.keys == 0
    after = await everything(engine)
    assert not named(after)
    for table in ("case_events", "unit_orders"):
        assert [_shape(line) for line in after[table].splitlines()] == [
            _shape(line) for line in before[table].splitlines()
        ], "the structure is the same"
    case = await register.case(number)
    assert case.erased
    assert case.complaint.description == ERASED
    row = await register.row(number)
    assert row is not None
    assert (row.subject, row.source_ref, row.content_fingerprint) == (ERASED, None, "erased")


def _shape(line: str) -> Any:
    def shape(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: shape(inner) for name, inner in value.items() if name not in ("content", "source_ref")}
        if isinstance(value, list):
            return [shape(one) for one in value]
        return type(value).__name__

    return shape(json.loads(line))


async def test_the_figures_are_the_same_before_and_after(register: Register, engine: AsyncEngine) -> None:
    numbers = [await sealed_case(register, str(index)) for index in range(3)]
    figures = text(
        "SELECT status, level, kind, category, channel, source, area, unit, district, policy, policy_version, outcome,"
        " satisfaction, breached, returns, rounds, reopened, urges, received_at, closed_at, updated_at,"
        " unit_times::text, version FROM cases ORDER BY number"
    )
    kinds = text("SELECT case_number, seq, type, at FROM case_events ORDER BY case_number, seq")

    async def counted() -> list[Any]:
        async with engine.connect() as connection:
            return [list((await connection.execute(asked)).all()) for asked in (figures, kinds)]

    before, statuses = await counted(), await register.count_by_status()
    await erase(register, numbers[1])
    assert await counted() == before
    assert await register.count_by_status() == statuses
    assert len((await register.cases(CaseFilter())).items) == 3


async def test_an_erasure_is_told_by_the_trail_in_the_same_transaction(register: Register, engine: AsyncEngine) -> None:
    number = await sealed_case(register)
    await erase(register, number)
    (entry,) = await register.erasures.entries_of(number, ERASED_ACTION)
    assert (entry.actor["id"], entry.origin, entry.reason) == ("local:root", "192.0.2.9", "at the person's request")
    assert entry.details == {"rule": ON_REQUEST, "keys": 1}
    found = await register.erasures.find(number)
    assert found is not None
    assert (found.rule, found.keys, found.settled_at) == (ON_REQUEST, 1, None)
    left = await register.erasures.keys_of(number)
    assert (left.destroyed, left.usable) == (1, 0)


async def test_erasing_twice_or_from_many_sides_erases_once(register: Register, engine: AsyncEngine) -> None:
    number = await sealed_case(register)
    other = Register(engine, KEYS)
    done = await asyncio.gather(
        *(erase(side, number, f"request {index}") for index, side in enumerate([register, other] * 3))
    )
    assert [new for _, new in done].count(True) == 1
    assert len({(row.at, row.reason) for row, _ in done}) == 1
    assert len(await register.erasures.entries_of(number, ERASED_ACTION)) == 1


async def test_an_open_case_and_an_unknown_one_are_not_erased(register: Register) -> None:
    key = await register.seals.new_key()
    number = await recorded(register, lived(receipt("1"), key, steps=STEPS[:2]))
    with pytest.raises(RefusalError, match="is open") as refusal:
        await erase(register, number)
    assert refusal.value.rule == "case_open"
    with pytest.raises(UnknownCaseError):
        await erase(register, "nobody's")
    assert (await register.erasures.keys_of(number)).usable == 1


async def test_a_hold_keeps_a_case_until_it_is_lifted_and_both_are_told_by_the_trail(register: Register) -> None:
    number = await sealed_case(register)
    reason = (await register.seals.key_for(number)).seal("the court asks for it")
    hold, new = await register.legal_holds.place(number, reason, SUPERVISOR, "192.0.2.1")
    again, new_again = await register.legal_holds.place(number, "other", ADMIN)
    assert (new, new_again, again.id, again.reason) == (True, False, hold.id, reason)
    with pytest.raises(RefusalError, match=f"legal hold {hold.id}") as refusal:
        await erase(register, number)
    assert refusal.value.rule == "legal_hold"
    assert [one.case_number for one in await register.legal_holds.all_in_force()] == [number]
    lifted = await register.legal_holds.lift(number, reason, SUPERVISOR)
    assert (await register.legal_holds.lift(number, "twice", ADMIN)).lifted_at == lifted.lifted_at
    _, new = await erase(register, number)
    assert new
    for action in (PLACED, LIFTED):
        (entry,) = await register.erasures.entries_of(number, action)
        assert entry.details == {"hold": hold.id}
    with pytest.raises(RefusalError, match="nothing left to hold"):
        await register.legal_holds.place(number, reason, SUPERVISOR)


async def test_a_hold_that_never_was_is_not_lifted(register: Register) -> None:
    number = await sealed_case(register)
    with pytest.raises(RefusalError, match="under no legal hold"):
        await register.legal_holds.lift(number, "why", SUPERVISOR)
    with pytest.raises(UnknownCaseError):
        await register.legal_holds.place("nobody's", "why", SUPERVISOR)


async def test_the_reason_of_a_hold_on_a_case_of_an_earlier_release_stays_readable(register: Register) -> None:
    number = await recorded(register, lived(receipt("1")))
    key = await register.seals.key_for(number)
    await register.legal_holds.place(number, key.seal("the court asks for it"), SUPERVISOR)
    await register.seals.data_keys.drop_unclaimed(datetime.now(UTC) + timedelta(days=1))
    assert (await register.erasures.keys_of(number)).usable == 1


async def test_a_hold_and_an_erasure_at_once_never_both_come_to_pass(register: Register, engine: AsyncEngine) -> None:
    other = Register(engine, KEYS)
    for index in range(8):
        number = await sealed_case(register, str(index))
        sides: list[Awaitable[object]] = [
            other.legal_holds.place(number, "court", SUPERVISOR),
            erase(register, number),
        ]
        done = await asyncio.gather(*sides, return_exceptions=True)
        assert sum(isinstance(one, RefusalError) for one in done) == 1


async def test_nothing_brings_it_back(register: Register, engine: AsyncEngine) -> None:
    for reference, key in (("sealed", await register.seals.new_key()), ("plain", None)):
        events = lived(receipt(reference), key)
        number = await recorded(register, events)
        await erase(register, number)
        before = await everything(engine)
        for some in (events, events[:2], events[3:]):
            await register.record(number, some, fold(events))
        with pytest.raises(ConflictError):
            await register.rewrite(number, events)
        later = events[-1].model_copy(update={"seq": events[-1].seq + 1})
        with pytest.raises(ConflictError, match="erased"):
            await register.record(number, [later])
        assert await everything(engine) == before
        with pytest.raises(RefusalError, match="was erased"):
            decide(await register.case(number), Command(id="again", actor=INTAKE, act=Reopen(reason="x")), NOON)


async def test_a_copy_of_the_database_is_worth_nothing_once_the_master_key_was_turned(
    register: Register, engine: AsyncEngine
) -> None:
    gone, kept = await sealed_case(register, "1"), await sealed_case(register, "2")
    async with engine.connect() as connection:
        asked = text("SELECT id, wrapped, master, case_number FROM data_keys")
        copied = list((await connection.execute(asked)).all())
        texts = text("SELECT string_agg(fact::text, '') FROM case_events WHERE case_number = :number")
        copy_of_events = (await connection.execute(texts, {"number": gone})).scalar_one()
    await erase(register, gone)
    (wrapped,) = [bytes(row.wrapped) for row in copied if row.case_number == gone]
    (name,) = keys_in(copy_of_events)
    assert unlock(KEYS.master.in_use, wrapped, name.encode()), "until then the old copy, with today's file, opens"

    turned = KEYS.master.turned()
    assert await DataKeys(engine, turned).rewrap(1_000) == 1, "only the key of the case that is left"
    dropped = turned.without(KEYS.master.current)
    assert set(await DataKeys(engine, dropped).by_master()) == {dropped.current}
    for secret in dropped.keys:
        left = dropped.key(secret)
        assert left is not None
        with pytest.raises(InvalidTag):
            unlock(left, wrapped, name.encode())
    after = Register(engine, KEYS.with_ring("master", dropped))
    case = await after.seals.open(await after.case(kept), type(fold(await after.history(kept))))
    assert case.complaint.complainant.name == NAME, "the others are read as ever"


async def test_erasures_are_listed_the_latest_first_and_page_by_page(register: Register) -> None:
    numbers = [await sealed_case(register, str(index)) for index in range(5)]
    for number in numbers:
        await erase(register, number)
    seen, after = [], None
    while True:
        page = await register.erasures.page(2, after)
        seen += [row.case_number for row in page.items]
        if (after := page.next) is None:
            break
    assert seen == numbers[::-1]
    with pytest.raises(InvalidError, match="after"):
        await register.erasures.page(2, "no cursor")
    with pytest.raises(InvalidError, match="limit"):
        await register.erasures.page(0)
    assert await register.erasures.unsettled() == sorted(numbers)
    await register.erasures.settle(numbers[0])
    assert await register.erasures.unsettled(2, sorted(numbers[1:])[0]) == sorted(numbers[1:])[1:3]
