"""What earlier releases wrote is read right by today's code, once the schema has come up, and lives on.

`earlier/` holds the rows that releases of each earlier schema wrote, made by their own code: cases in many places,
keys, policies, and what goes out. The texts of their keys and secrets open nothing. Rows of the schema before this one,
and of every schema whose code the last migration says to work on (`oldest_code`), are also written after the way up, as
by processes of a release before that are still running. `tests/deploys` has today's code on a schema yet to come.
"""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
import pytest_asyncio
from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine
from sqlalchemy.ext.asyncio import AsyncEngine

from cases.case import Case
from cases.commands import Command, Remark, Withdraw
from cases.decide import decide
from cases.evolve import fold
from cases.vocabulary import Role
from records.case_list import CaseFilter
from records.clock import Clock
from records.database import connect, migrate, sqlalchemy_url
from records.keys import Keys
from records.projection import project
from records.register import Register
from records.schema import known
from tests.own_keys import KEYS
from tests.unit.narrative import DESK, FULL, INTAKE, POLICY

EARLIER = {
    file.stem: json.loads(file.read_text("utf-8")) for file in (Path(__file__).parent / "earlier").glob("*.json")
}
VERSIONS = Path(__file__).parents[2] / "records" / "migrations" / "versions"
MADE = sorted(file.name[1:5] for file in VERSIONS.glob("v*.py"))
"""Every version of the schema, the last of which is today's."""
RUNNING = sorted({MADE[-2], *MADE[MADE.index(known().oldest_code[MADE[-1]]) : -1]})
"""Those whose code may still run on today's: that of the release before, and whichever the last migration says."""


@dataclass
class Town:
    """A database that an earlier release has written, as today's code finds it."""

    schema: str
    url: str
    engine: AsyncEngine
    register: Register

    @property
    def written(self) -> dict[str, Any]:
        """What the release wrote."""
        found: dict[str, Any] = EARLIER[self.schema]
        return found


def up_to(url: str, revision: str) -> None:
    """Bring the schema to where an earlier release had it."""
    engine = create_engine(sqlalchemy_url(url))
    config = Config()
    config.set_main_option("script_location", "records:migrations")
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
    engine.dispose()


def write(url: str, schema: str) -> None:
    """Put in what a release wrote, by the columns that it knew."""
    with psycopg.connect(url) as connection:
        for table, rows in EARLIER[schema]["rows"].items():
            for row in rows:
                columns = ", ".join(row)
                connection.execute(
                    f"INSERT INTO {table} ({columns}) OVERRIDING SYSTEM VALUE "  # noqa: S608 - from our own file
                    f"SELECT {columns} FROM jsonb_populate_record(NULL::{table}, %s::jsonb)",
                    [json.dumps(row)],
                )
            if isinstance(rows[-1].get("id"), int):
                # Where the database counts itself, it goes on from there.
                counted = f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), max(id)) FROM {table}"  # noqa: S608
                connection.execute(counted)


@pytest_asyncio.fixture(params=[*sorted(EARLIER), *(f"{one}, still running" for one in RUNNING)])
async def town(request: pytest.FixtureRequest, empty_url: str) -> AsyncIterator[Town]:
    schema, _, still_running = request.param.partition(", ")
    if still_running:
        migrate(empty_url)
        write(empty_url, schema)
    else:
        up_to(empty_url, schema)
        write(empty_url, schema)
        migrate(empty_url)
    engine = connect(empty_url)
    yield Town(schema, empty_url, engine, Register(engine, KEYS))
    await engine.dispose()


def test_there_are_rows_of_every_earlier_schema() -> None:
    missing = set(MADE[:-1]) - EARLIER.keys()
    assert missing == set(), "run `python -m tests.records.keep_rows` with the code and schema before your migration"


async def test_every_case_is_what_its_row_said(town: Town) -> None:
    for row in town.written["rows"]["cases"]:
        case = await town.register.case(row["number"])
        assert (case.status, case.version, case.unit) == (row["status"], row["version"], row["unit"])
        opened = await town.register.seals.open(case, Case)
        assert opened.complaint.description == "A pothole as deep as a bucket."
        found = await town.register.row(row["number"])
        assert found is not None
        assert (found.confidential, found.accused) == (False, [])
        fresh = project(case, found.updated_at)
        # The same complaint is known again, the same limit is due: what a schema has added waits for the next event.
        assert {name: fresh[name] for name in row} == {name: getattr(found, name) for name in row}


async def test_every_case_is_in_the_lists(town: Town) -> None:
    page = await town.register.cases(CaseFilter(), limit=100)
    assert {row.number for row in page.items} == set(town.written["cases"].values())
    headings = await town.register.headings(page.items)
    assert headings[town.written["cases"]["open"]].subject == "A hole before the door"


async def test_an_open_case_lives_on(town: Town) -> None:
    number = town.written["cases"]["open"]
    history = await town.register.history(number)
    now = history[-1].at + timedelta(hours=1)
    for act, actor in ((Remark(text="Seen."), DESK), (Withdraw(), INTAKE)):
        history += decide(fold(history), Command(id=act.type, actor=actor, act=act), now)
    await town.register.record(number, history)
    row = await town.register.row(number)
    assert row is not None
    assert (row.status, row.outcome, row.version) == ("closed", "withdrawn", len(history))
    assert await town.register.history(number) == history


async def test_keys_hold_and_a_units_acts_as_its_lead(town: Town) -> None:
    keys, texts = Keys(town.engine), town.written["texts"]
    unit, intake = await keys.find(texts["unit"]), await keys.find(texts["intake"])
    assert unit is not None
    assert intake is not None
    assert (unit.role, unit.unit, intake.role, intake.source) == (Role.UNIT_LEAD, "roads", Role.INTAKE, "phone")
    assert [key.role for key in await keys.list()].count(Role.UNIT_LEAD) == 1


async def test_policies_are_read_without_the_sections_they_lack(town: Town) -> None:
    stored = await town.register.policies.versions()
    wanted = POLICY if town.schema == "0001" else FULL
    assert [(one.policy, one.version) for one in stored] == [(wanted.policy, "1")]
    assert await town.register.policies.policy(wanted.policy, "1") == wanted
    in_force = await town.register.policies.in_force(wanted.policy)
    assert (in_force is None) == (town.schema == "0001")


async def test_a_system_keeps_its_address_and_its_secret_which_is_wrapped_from_now_on(town: Town) -> None:
    system = await town.register.systems.of("roads")
    assert system is not None
    secret = town.written["texts"].get("secret")
    assert system.endpoint == "https://roads.example/orders"
    assert list(system.secrets) == ([secret] if secret else [])
    assert (await town.register.systems.by_master()).get("plain", 0) == 0
    assert await town.register.systems.secrets("roads") == list(system.secrets)


async def test_what_was_on_its_way_goes_out(town: Town) -> None:
    rows = town.written["rows"]
    letters = await town.register.mailboxes.read("roads", after=0, limit=100)
    expected = [one["key"] for one in rows.get("unit_orders", []) if one["unit"] == "roads"]
    assert [one.form.key for one in letters] == expected
    now = datetime.now(UTC)
    async with town.register.sending_queue.planning(1_000, Clock()) as planning:
        planned = [] if planning is None else [one.key for one in planning.notices]
    assert sorted(planned) == sorted(one["key"] for one in rows.get("notices", []))
    due = await town.register.sending_queue.claim(now, timedelta(minutes=1), 10)
    assert [(one["id"], one["address"], one["body"]) for one in due] == [
        (one["id"], one["address"], one["body"]) for one in rows.get("sendings", [])
    ]
    stuck = await town.register.deliveries.page()
    assert [one.row.key for one in stuck.items] == [one["key"] for one in rows.get("deliveries", [])]
