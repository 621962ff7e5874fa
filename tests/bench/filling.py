"""Fills a register with as many cases as are wanted: a few real ones, multiplied inside the database.

Every life of `stories` is recorded as any case is. Its rows are then copied under other numbers. Of an ended case only
the first event, letter and notice are copied, and of most old ones no event and no letter: more would fill the disk and
not the lists.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

import psycopg
from psycopg import sql
from sqlalchemy import insert, update
from sqlalchemy.ext.asyncio import AsyncEngine

from cases.city import City
from cases.owed import owed
from cases.retention import Retention
from cases.routing import Catalogue, Unit
from records.outgoing import NoticeRow, SendingRow
from records.register import Register
from tests.bench.copying import statements
from tests.bench.drawing import SENDINGS, TABLE, drawn
from tests.bench.stories import Story, stories
from tests.unit.narrative import DESK, DISTRICT, FULL, NOON, ROADS, WATER
from vault.sealing import seal

_KEPT = {"default": "3 years", "kinds": {"report": "5 years"}, "categories": {"danger": "5 years"}}
POLICY = FULL.model_copy(update={"retention": Retention.model_validate(_KEPT)})

_FILLED = (
    *("cases", "case_events", "audit_trail", "unit_orders", "notices", "sendings"),
    *("data_keys", "calls", "erasures", "legal_holds", "deliveries", "kept_cases"),
)


def database(address: str, size: int) -> str:
    """An empty database of its own in a server, and its address."""
    name = f"cases_{size}"
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute("ALTER SYSTEM SET max_wal_size = '8GB'")
        connection.execute("SELECT pg_reload_conf()")
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    return urlsplit(address)._replace(path=f"/{name}").geturl()


async def begin(engine: AsyncEngine, register: Register) -> None:
    """Record the lives that are multiplied then, into an empty register."""
    units = [Unit(code=code, kind="department", title={"en": code}) for code in (ROADS, WATER, DISTRICT)]
    await register.put_units(units)
    await register.policies.put(City(POLICY, Catalogue(units, [], [])))
    await register.policies.put_in_force(POLICY.policy, POLICY.version)
    for story in stories():
        await _record(register, story)
    async with engine.begin() as connection:
        await connection.execute(update(NoticeRow).values(content=None, planned_at=NOON))
        await connection.execute(insert(SendingRow), list(_sendings()))
    await register.audit.chain.extend()


def fill(address: str, wanted: int) -> None:
    """Copy until there are so many cases. The indexes are made anew at the end."""
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(f"CREATE UNLOGGED TABLE drawn ({TABLE})")
        with connection.cursor().copy("COPY drawn FROM STDIN") as copy:
            for row in drawn(wanted):
                copy.write_row(row)
        connection.execute("ANALYZE drawn")
        indexes = _drop_indexes(connection)
    _run(address, list(statements()))
    _run(address, indexes)
    _run(address, [f"VACUUM ANALYZE {table}" for table in _FILLED])


async def _record(register: Register, story: Story) -> None:
    named = story.case.number
    key = await register.seals.new_key(named)
    events = [seal(event, key) for event in story.told.events]
    await register.record(named, events, None, *owed(events))
    await register.callers.note(named, [register.seals.digests.of_text("caller", named)], NOON)
    if story.name == "held":
        await register.legal_holds.place(named, key.seal("A court asked."), DESK)
    if story.name == "stuck":
        await register.deliveries.failed(owed(events)[0][0], "status 503")
    if story.name == "erased":
        await register.erasures.erase(named, rule="3 years after its end", reason="its time is over", actor=DESK)
        await register.erasures.settle(named)


def _sendings() -> Iterator[dict[str, Any]]:
    """What the couriers made of a notice: gone out, gathered with others, failing or failed."""
    for name in SENDINGS:
        waits, stuck, alone = name in ("waiting", "failing"), name in ("failing", "failed"), name != "digest"
        yield {
            "id": f"story-{name}",
            "notice": f"story-{name}" if alone else None,
            "about": "received" if alone else "digest",
            "audience": "complainant",
            "case_number": f"story-{name}" if alone else None,
            "route": "sms",
            "channel": "sms",
            "language": "zh",
            "address": "sealed" if waits or stuck else "",
            "addressee": "",
            "subject": "",
            "body": "sealed" if waits or stuck else "",
            "state": "waiting" if waits else name if alone else "sent",
            "urgent": False,
            "send_after": NOON,
            "gathered_in": "story-digest" if name == "gathered" else None,
            "attempts": 0 if name == "waiting" else 1,
            "reason": "the gateway answers 503" if stuck else None,
            "failing_since": NOON if stuck else None,
            "planned_at": NOON,
            "sent_at": None if waits or stuck else NOON,
        }


def _run(address: str, works: Sequence[str]) -> None:
    """Statements, two at a time."""

    def one(statement: str) -> None:
        with psycopg.connect(address, autocommit=True) as connection:
            connection.execute("SET synchronous_commit = off")
            connection.execute("SET maintenance_work_mem = '256MB'")
            connection.execute(statement)

    with ThreadPoolExecutor(2) as workers:
        list(workers.map(one, works))


def _drop_indexes(connection: "psycopg.Connection[Any]") -> list[str]:
    """Drop every index that is no constraint; the statements that make them again."""
    asked = (
        "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename = ANY(%s) "
        "AND indexname NOT IN (SELECT conname FROM pg_constraint)"
    )
    found = connection.execute(asked, [list(_FILLED)]).fetchall()
    for name, _ in found:
        connection.execute(sql.SQL("DROP INDEX {}").format(sql.Identifier(name)))
    return [definition for _, definition in found]
