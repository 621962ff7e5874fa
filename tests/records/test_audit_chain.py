"""Entries are chained once, one after the other, whatever becomes of those who write and chain them."""

import asyncio
from collections.abc import AsyncIterator

import psycopg
import pytest
import pytest_asyncio
from sqlalchemy.ext.asyncio import AsyncEngine

from cases.errors import InvalidError, UnavailableError
from cases.vocabulary import Actor, Role
from records.audit import AuditFilter, write
from records.database import connect, transaction
from records.register import Register
from tests.own_keys import KEYS
from tests.records.chaining import chained, verified
from tests.records.histories import begun, number_of

DESK = Actor(role=Role.DESK, id="key:desk")
_ALL = AuditFilter()


@pytest_asyncio.fixture
async def other(database_url: str) -> AsyncIterator[Register]:
    """The register of another process."""
    engine = connect(database_url)
    yield Register(engine, KEYS)
    await engine.dispose()


async def test_chainers_side_by_side_make_one_chain(register: Register, other: Register) -> None:
    async def writing(writer: Register, name: str) -> None:
        for index in range(30):
            await writer.audit.note(DESK, name, details={"index": index})

    async def chaining(chainer: Register) -> int:
        return sum([await chainer.audit.chain.extend(7) for _ in range(40)])

    sides = (register, other)
    await asyncio.gather(*(writing(one, str(index)) for index, one in enumerate(sides)), *map(chaining, sides))
    await chained(register)
    faults, report = await verified(register)
    assert faults == []
    assert report.head.position == report.entries == 61


async def test_the_process_that_chains_dies_in_the_middle(
    register: Register, other: Register, database_url: str
) -> None:
    await chained(register)
    for _ in range(5):
        await register.audit.note(DESK, "reveal")
    with psycopg.connect(database_url) as holding, psycopg.connect(database_url, autocommit=True) as killing:
        # The chainer cannot go on past this entry.
        holding.execute("SELECT FROM audit_trail WHERE position IS NULL ORDER BY id DESC LIMIT 1 FOR UPDATE")
        dying = asyncio.create_task(register.audit.chain.extend())
        waiting = "SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
        while not (found := killing.execute(waiting).fetchall()):  # noqa: ASYNC110 - the server tells it nobody
            await asyncio.sleep(0.01)
        assert await other.audit.chain.extend() == 0
        killing.execute("SELECT pg_terminate_backend(%s)", found[0])
        with pytest.raises(UnavailableError):
            await dying
    faults, report = await verified(register)
    assert (faults, report.waiting, report.head.position) == ([], 5, 1)
    await chained(other)
    faults, report = await verified(register)
    assert (faults, report.waiting, report.head.position) == ([], 0, 6)


async def test_an_entry_that_comes_late_is_chained_late(register: Register, engine: AsyncEngine) -> None:
    await chained(register)
    async with transaction(engine) as connection:
        await write(connection, DESK, "slow")
        await register.audit.note(DESK, "quick")
        await chained(register)
    await chained(register)
    faults, report = await verified(register)
    assert (faults, report.head.position) == ([], 3)
    found = {one.action: one for one in (await register.audit.page(_ALL)).items}
    assert found["slow"].id < found["quick"].id
    assert (found["quick"].position, found["slow"].position) == (2, 3)


async def test_the_loop_chains_what_comes(register: Register) -> None:
    running = asyncio.create_task(register.audit.chain.run())
    await register.audit.note(DESK, "reveal")
    while (await verified(register))[1].head.position < 2:  # noqa: ASYNC110 - the chain tells nobody
        await asyncio.sleep(0.05)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert (await verified(register))[0] == []


async def test_events_of_earlier_releases_are_taken_up_once(register: Register, database_url: str) -> None:
    histories = [begun(str(index)) for index in range(4)]
    for events in histories[:3]:
        await register.record(number_of(events), events)
    forget_entries(database_url)
    await register.record(number_of(histories[3]), histories[3])
    # Whoever does it dies after every batch.
    for _ in range(3):
        assert await register.audit.chain.extend(2) == 2
        faults, report = await verified(register)
        assert (faults, report.begun) == ([], False)
    await chained(register)
    faults, report = await verified(register)
    assert faults == []
    assert (report.begun, report.events, report.entries) == (True, 8, 9)
    taken = [one for one in (await register.audit.page(_ALL)).items if one.action == "taken_up"]
    assert len({(one.case_number, one.seq) for one in taken}) == len(taken) == 6
    # What has no entry from now on was not written by the service.
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute('UPDATE case_events SET fact = fact || \'{"reason": "x"}\' WHERE seq = 2')
        connection.execute("SET session_replication_role = replica")
        connection.execute("DELETE FROM audit_trail WHERE action = 'received'")
    await chained(register)
    told = [str(fault) for fault in (await verified(register))[0]]
    assert sum("is not as it was recorded" in one for one in told) == 4
    assert sum("has no entry in the trail" in one for one in told) == 1


async def test_digests_of_open_texts_cannot_be_tried_out(register: Register, database_url: str) -> None:
    events = begun("1")
    await register.record(number_of(events), events)
    with psycopg.connect(database_url) as connection:
        mine = "SELECT content FROM audit_trail WHERE seq = 1"
        before = connection.execute(mine).fetchone()
    forget_entries(database_url)
    await chained(register)
    with psycopg.connect(database_url) as connection:
        after = connection.execute(mine).fetchone()
    assert before is not None
    assert after is not None
    assert before[0] not in after[0]
    assert after[0].startswith(f"{KEYS.proof.current}.")


async def test_a_walk_begins_where_it_is_asked_to(register: Register, database_url: str) -> None:
    for _ in range(9):
        await register.audit.note(DESK, "reveal")
    await chained(register)
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute("UPDATE audit_trail SET origin = 'x' WHERE position = 4")
    faults, report = await verified(register, first=5)
    assert (faults, report.entries) == ([], 6)
    assert [fault.position for fault in (await verified(register, first=4))[0]] == [4]
    for wrong in (0, 11):
        with pytest.raises(InvalidError, match="must be from 1 to 10"):
            await verified(register, first=wrong)


def forget_entries(database_url: str) -> None:
    """Make the events those of a release that wrote no entries."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute("DELETE FROM audit_trail")
