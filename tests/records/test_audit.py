"""The audit trail: every change has its entry, and whatever is done to either afterwards is found and named."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import LiteralString

import psycopg
import pytest
from psycopg import sql
from sqlalchemy.ext.asyncio import AsyncEngine

from cases.commands import Acknowledge, Command
from cases.decide import decide
from cases.evolve import fold
from cases.vocabulary import SYSTEM, Actor, Role
from records.audit import AuditFilter
from records.audit_events import restate
from records.database import transaction
from records.register import Register
from tests.own_keys import KEYS
from tests.records.chaining import chained, verified
from tests.records.histories import acknowledged, begun, lived, number_of
from vault.keyfile import KeyFile, Ring
from vault.proof import Head

AUDITOR = Actor(role=Role.AUDITOR, id="key:00000001")
Tamper = Callable[..., None]


@pytest.fixture
def tamper(database_url: str) -> Tamper:
    """Does to the database what only its owner can: with triggers switched off."""

    def done(statement: LiteralString | sql.Composed, *given: int) -> None:
        with psycopg.connect(database_url, autocommit=True) as connection:
            connection.execute("SET session_replication_role = replica")
            assert connection.execute(statement, given or None).rowcount != 0

    return done


async def found(register: Register, kept: Sequence[Head] = ()) -> list[str]:
    return [str(fault) for fault in (await verified(register, kept=kept))[0]]


async def a_life(register: Register) -> str:
    """A whole life, recorded and chained."""
    case, events = lived()
    await register.record(case.number, events, case)
    await chained(register)
    return case.number


async def test_art_35_every_event_has_its_entry(register: Register) -> None:
    events = begun("1")
    command = Command(id="signed", actor=AUDITOR, act=Acknowledge(), origin="192.0.2.7")
    unit = Actor(role=Role.UNIT_LEAD, id="key:unit", unit=fold(events).unit)
    command = command.model_copy(update={"actor": unit})
    events += decide(fold(events), command, events[-1].at + timedelta(hours=1))
    await register.record(number_of(events), events)
    entries = (await register.audit.page(AuditFilter(case=number_of(events)))).items
    told = [(one.seq, one.action, one.actor, one.origin) for one in reversed(entries)]
    origins = [event.cause.origin if event.cause else "" for event in events]
    assert origins[-1] == "192.0.2.7"
    assert told == [(e.seq, e.fact.type, e.actor, origin) for e, origin in zip(events, origins, strict=True)]


async def test_the_same_again_makes_no_second_entry(register: Register) -> None:
    events = begun("1")
    for _ in range(2):
        await register.record(number_of(events), events)
    assert len((await register.audit.page(AuditFilter(case=number_of(events)))).items) == len(events)


async def test_what_was_never_touched_is_whole(register: Register) -> None:
    await register.audit.note(AUDITOR, "reveal", origin="192.0.2.7", case="N", reason="asked", details={"of": ["a", 1]})
    await a_life(register)
    faults, report = await verified(register)
    _, events = lived()
    assert faults == []
    assert report.begun
    assert (report.entries, report.events, report.waiting) == (len(events) + 2, len(events), 0)
    assert report.head.position == len(events) + 2


CHANGES = (
    "at = at + interval '1 microsecond'",
    "actor = jsonb_set(actor, '{id}', '\"key:another\"')",
    "origin = '192.0.2.8'",
    "action = 'another'",
    "case_number = 'ANOTHER'",
    "seq = 77",
    "reason = 'another'",
    "content = 'another'",
    "details = '{\"more\": 1}'",
    "proof_key = '00000009'",
    "seal = repeat('0', 64)",
    "seal = NULL",
)


async def test_a_change_of_any_column_is_found(register: Register, tamper: Tamper) -> None:
    for _ in range(2 * len(CHANGES) + 1):
        await register.audit.note(AUDITOR, "reveal")
    await chained(register)
    assert await found(register) == []
    # Two apart, since the entry after one whose seal was changed does not follow it any more.
    places = range(2, 2 * len(CHANGES) + 2, 2)
    for place, change in zip(places, CHANGES, strict=True):
        tamper(sql.SQL("UPDATE audit_trail SET {} WHERE position = %s").format(sql.SQL(change)), place)
    faults = (await verified(register))[0]
    assert {fault.position for fault in faults} == {*places, places[-2] + 1, places[-1] + 1}
    assert all(f"entry {fault.position} " in str(fault) for fault in faults if fault.seq is None)


async def test_a_changed_digest_and_its_event_are_found(register: Register, tamper: Tamper) -> None:
    number = await a_life(register)
    tamper("UPDATE audit_trail SET content = repeat('0', 64) WHERE seq = 3")
    told = await found(register)
    assert "is not as it was sealed" in told[0]
    assert told[1].startswith(f"event 3 of case {number} is not as it was recorded")


async def test_missing_entries_are_found(register: Register, tamper: Tamper) -> None:
    number = await a_life(register)
    tamper("DELETE FROM audit_trail WHERE position = 4")
    tamper("DELETE FROM audit_trail WHERE position IN (6, 7)")
    told = await found(register)
    assert told[0] == "entry 4 is gone"
    assert told[1] == "entries 6 to 7 are gone"
    assert all(f"of case {number} has no entry in the trail" in one for one in told[2:])
    assert len(told) == 5


async def test_entries_that_close_the_gap_are_found(register: Register, tamper: Tamper) -> None:
    await a_life(register)
    tamper("DELETE FROM audit_trail WHERE position = 4")
    tamper("UPDATE audit_trail SET position = position - 1 WHERE position = 5")
    assert "entry 4 (id" in (await found(register))[0]


async def test_entries_in_another_order_are_found(register: Register, tamper: Tamper) -> None:
    await a_life(register)
    tamper("UPDATE audit_trail SET position = -position WHERE position IN (3, 4)")
    tamper("UPDATE audit_trail SET position = 7 + position WHERE position < 0")
    faults = (await verified(register))[0]
    assert [fault.position for fault in faults][:2] == [3, 4]


async def test_an_entry_put_in_is_found(register: Register, tamper: Tamper) -> None:
    await a_life(register)
    end = (await verified(register))[1].head.position
    tamper(
        "INSERT INTO audit_trail (actor, origin, action, reason, content, position, proof_key, seal) "
        "VALUES ('{}', '', 'reveal', '', '', %s, '00000001', repeat('a', 64))",
        end + 1,
    )
    assert f"entry {end + 1} (id" in (await found(register))[0]


async def test_an_entry_taken_out_of_the_chain_is_found(register: Register, tamper: Tamper) -> None:
    await a_life(register)
    tamper("UPDATE audit_trail SET position = NULL, seal = NULL, at = at - interval '1 hour' WHERE position = 3")
    told = await found(register)
    assert told[0] == "entry 3 is gone"
    assert "has no place in the chain, though later ones have" in told[1]


async def test_a_tail_cut_off_is_found_by_a_kept_head(register: Register, tamper: Tamper) -> None:
    await a_life(register)
    kept = (await verified(register))[1].head
    await register.audit.note(AUDITOR, "reveal")
    await chained(register)
    assert await found(register, kept=[kept]) == []
    tamper("DELETE FROM audit_trail WHERE position >= %s", kept.position)
    assert (await found(register, kept=[kept]))[0] == (
        f"the entries from {kept.position} to {kept.position} are gone: the trail ends at {kept.position - 1}, and a "
        f"head was kept of {kept.position}"
    )


async def test_a_trail_written_anew_is_found_by_a_kept_head(register: Register, tamper: Tamper) -> None:
    await a_life(register)
    kept = (await verified(register))[1].head
    tamper("DELETE FROM audit_trail")
    while (await verified(register))[1].head.position < kept.position:
        await register.audit.note(AUDITOR, "reveal")
        await chained(register)
    assert "the trail was written anew" in (await found(register, kept=[kept]))[0]


EVENT_CHANGES = (
    "at = at + interval '1 second'",
    "recorded_at = recorded_at - interval '1 day'",
    "type = 'noted'",
    "actor = jsonb_set(actor, '{id}', '\"key:another\"')",
    "cause = NULL",
    "fact = jsonb_set(fact, '{note}', '\"another word\"')",
)


async def test_art_35_a_change_of_any_column_of_an_event_is_found(register: Register, tamper: Tamper) -> None:
    number = await a_life(register)
    seqs = range(2, 2 + len(EVENT_CHANGES))
    for seq, change in zip(seqs, EVENT_CHANGES, strict=True):
        tamper(sql.SQL("UPDATE case_events SET {} WHERE seq = %s").format(sql.SQL(change)), seq)
    faults = (await verified(register))[0]
    assert [(one.case_number, one.seq) for one in faults] == [(number, seq) for seq in seqs]
    assert all("is not as it was recorded" in str(one) for one in faults)


async def test_a_missing_event_is_found(register: Register, tamper: Tamper) -> None:
    number = await a_life(register)
    tamper("DELETE FROM case_events WHERE seq = 2")
    told = await found(register)
    assert len(told) == 1
    assert told[0].startswith(f"event 2 of case {number} is gone")


async def test_an_event_put_in_is_found(register: Register, tamper: Tamper) -> None:
    number = await a_life(register)
    tamper(
        "INSERT INTO case_events (case_number, seq, type, at, actor, fact) "
        "SELECT case_number, 99, type, at, actor, fact FROM case_events WHERE seq = 3"
    )
    told = await found(register)
    assert len(told) == 1
    assert told[0].startswith(f"event 99 of case {number} has no entry in the trail")


async def test_postgresql_itself_refuses_to_change_the_trail(register: Register, database_url: str) -> None:
    await a_life(register)
    await register.audit.note(AUDITOR, "reveal")
    refused: tuple[LiteralString, ...] = (
        "UPDATE audit_trail SET origin = 'x'",
        "UPDATE audit_trail SET origin = 'x', position = 99, seal = 'x' WHERE position IS NULL",
        "UPDATE audit_trail SET seal = 'x' WHERE position = 1",
        "UPDATE audit_trail SET position = NULL WHERE position = 1",
        "DELETE FROM audit_trail WHERE position IS NULL",
        "TRUNCATE audit_trail",
    )
    for statement in refused:
        with psycopg.connect(database_url) as connection, pytest.raises(psycopg.Error, match="only ever added to"):
            connection.execute(statement)
    assert await found(register) == []


async def test_an_event_that_was_taken_back_stays_told(register: Register) -> None:
    events = begun("1")
    ghost, real = acknowledged(events, timedelta(hours=1)), acknowledged(events, timedelta(hours=2))
    number = number_of(events)
    await register.record(number, events + ghost)
    await register.rewrite(number, events + real)
    await chained(register)
    assert await found(register) == []
    last = [one.action for one in (await register.audit.page(AuditFilter(case=number))).items][: len(real) + len(ghost)]
    assert last == [event.fact.type for event in reversed(real)] + ["taken_back"] * len(ghost)
    await register.rewrite(number, events)
    await chained(register)
    assert await found(register) == []


async def test_one_taken_back_that_returns_is_found(register: Register, tamper: Tamper) -> None:
    events = begun("1")
    await register.record(number_of(events), events + acknowledged(events))
    await register.rewrite(number_of(events), events)
    await chained(register)
    tamper(
        "INSERT INTO case_events (case_number, seq, type, at, actor, fact) "
        "SELECT case_number, 3, type, at, actor, fact FROM case_events WHERE seq = 2"
    )
    assert "was taken back" in (await found(register))[0]


async def test_texts_that_were_blanked_are_no_fault(register: Register, engine: AsyncEngine, tamper: Tamper) -> None:
    number = await a_life(register)
    blank = "UPDATE case_events SET fact = jsonb_set(fact, '{note}', '\"[erased]\"') WHERE seq = 5"
    tamper(blank)
    assert len(await found(register)) == 1
    async with transaction(engine) as connection:
        await restate(connection, number, [5], SYSTEM)
    await chained(register)
    assert await found(register) == []
    tamper("UPDATE case_events SET fact = jsonb_set(fact, '{note}', '\"something else\"') WHERE seq = 5")
    assert len(await found(register)) == 1


async def test_a_proof_key_that_was_turned_still_proves(register: Register, engine: AsyncEngine) -> None:
    await a_life(register)
    turned = Register(engine, KEYS.with_ring("proof", KEYS.proof.turned()))
    await turned.audit.note(AUDITOR, "key_turned")
    await chained(turned)
    assert await found(turned) == []
    without = Register(engine, _with_other_proof(KEYS))
    assert "lacks the proof key '00000001'" in (await found(without))[0]


def _with_other_proof(keys: KeyFile) -> KeyFile:
    return keys.with_ring("proof", Ring.new())
