"""Code on a schema that is not its own: an earlier one is waited for, a later one that only adds is worked on."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import psycopg
import pytest
import pytest_asyncio
from sqlmodel import SQLModel

from records.database import advice, connect, migrate
from records.errors import SchemaError
from records.register import Register
from records.schema import known, saying
from tests.deploys.load import Load
from tests.own_keys import KEYS, written
from tests.records import keep_rows
from tests.records.test_earlier_data import up_to
from tests.town import rules
from tests.town.caller import ROUTINE, Caller
from tests.town.town import Town, running, until

pytestmark = pytest.mark.timeout(200)

NEXT = "9999"
"""The schema of a release that is not made yet."""


def add_to_all(url: str, oldest_code: str) -> None:
    """Do what the migration of the next release does if it only adds: columns to every table, an index, a table.

    Args:
        url: The database.
        oldest_code: What that migration says of the first schema whose code works on what it makes.
    """
    with psycopg.connect(url) as connection:
        for table in SQLModel.metadata.tables:
            connection.execute(f'ALTER TABLE "{table}" ADD COLUMN of_next text')
            connection.execute(f"ALTER TABLE \"{table}\" ADD COLUMN also_of_next text NOT NULL DEFAULT ''")
        connection.execute("CREATE INDEX of_next ON cases (of_next)")
        connection.execute("CREATE TABLE things_of_next (id bigint PRIMARY KEY)")
        connection.execute("UPDATE alembic_version SET version_num = %s", [NEXT])
        connection.execute(f"COMMENT ON TABLE alembic_version IS '{saying(NEXT, oldest_code)}'")


async def advised(url: str) -> str | None:
    engine = connect(url, pool_size=1)
    try:
        return await advice(engine)
    finally:
        await engine.dispose()


async def test_an_earlier_schema_must_come_up_first(empty_url: str) -> None:
    for earlier in (None, *known().all[:-1]):
        if earlier is not None:
            up_to(empty_url, earlier)
        assert "hotline migrate" in (await advised(empty_url) or "")
    assert migrate(empty_url) == known().own
    assert await advised(empty_url) is None


async def test_a_later_schema_says_whether_this_code_works_on_it(empty_url: str) -> None:
    migrate(empty_url)
    add_to_all(empty_url, oldest_code=known().own)
    assert await advised(empty_url) is None
    assert migrate(empty_url) == NEXT
    with psycopg.connect(empty_url) as connection:
        connection.execute(f"COMMENT ON TABLE alembic_version IS '{saying(NEXT, NEXT)}'")
    assert "install that release" in (await advised(empty_url) or "")
    with pytest.raises(SchemaError, match="newer release"):
        migrate(empty_url)


async def test_this_code_writes_and_reads_all_on_a_schema_that_was_added_to(empty_url: str) -> None:
    migrate(empty_url)
    add_to_all(empty_url, oldest_code=known().own)
    kept = await keep_rows.write(empty_url)
    engine = connect(empty_url)
    register = Register(engine, KEYS)
    for number in kept["cases"].values():
        row, case = await register.row(number), await register.case(number)
        assert row is not None
        assert (row.status, row.version) == (case.status, case.version)
        assert len(await register.history(number)) == case.version
    assert await register.policies.versions()
    await engine.dispose()


def test_every_migration_says_of_known_code_that_it_works() -> None:
    for revision, oldest in known().oldest_code.items():
        assert oldest in known().all
        assert oldest <= revision


@pytest_asyncio.fixture
async def town(tmp_path: Path) -> AsyncIterator[Town]:
    async with running(tmp_path / "town", rules.write(tmp_path / "policy"), only_servers=True) as one:
        yield one


async def test_processes_wait_for_their_schema_and_outlive_the_next(town: Town) -> None:
    with psycopg.connect(town.database_url) as connection:
        # Nothing of it is looked at before the schema is known.
        connection.execute("UPDATE alembic_version SET version_num = %s", [known().all[-2]])
        connection.execute("ALTER TABLE data_keys RENAME TO put_aside")
    worker = town.add_worker()
    worker.start()

    async def says() -> bool:
        return "waiting for the register: the schema of the database is an earlier release's" in worker.log.read_text()

    await until(says, "the worker's log")
    assert worker.running
    assert "Traceback" not in worker.log.read_text()
    with psycopg.connect(town.database_url) as connection:
        connection.execute("ALTER TABLE put_aside RENAME TO data_keys")
        connection.execute("UPDATE alembic_version SET version_num = %s", [known().own])
    town.add_systems().start()
    api = town.add_api()
    api.start()
    await asyncio.gather(town.worker_polls(), town.api_answers(), town.systems_answer())

    async with httpx.AsyncClient(base_url=town.api, timeout=20) as http:
        load = Load(Caller(http, town.keys))
        await load.step(await load.bring("before"), *ROUTINE)
        half = await load.bring("through")
        await load.step(half, *ROUTINE[:2])
        add_to_all(town.database_url, oldest_code=known().own)
        await load.step(half, *ROUTINE[2:])
        await load.step(await load.bring("after"), *ROUTINE)
        for part in (worker, api):
            await asyncio.to_thread(part.stop)
            part.start()
        await asyncio.gather(town.worker_polls(), town.api_answers())
        await load.step(await load.bring("started again"), *ROUTINE)
        assert (await http.get("/readyz")).json()["checks"] == {"engine": "ok", "register": "ok"}

        async def ended() -> bool:
            rows = [await town.register.row(number) for number in load.promised]
            return all(row is not None and row.status == "closed" for row in rows)

        await until(ended, "the end of every case")
        with psycopg.connect(town.database_url) as connection:
            connection.execute(f"COMMENT ON TABLE alembic_version IS '{saying(NEXT, NEXT)}'")
        unready = await http.get("/readyz")
        assert unready.status_code == 503
        assert "install that release" in unready.json()["checks"]["register"]


def test_the_schema_is_brought_up_by_a_command(empty_url: str, tmp_path: Path) -> None:
    up_to(empty_url, known().all[0])
    keys = written(tmp_path / "keys.json")
    named = {"HOTLINE_DATABASE_URL": empty_url, "HOTLINE_STATE": str(tmp_path), "HOTLINE_KEYS": str(keys)}

    def hotline(*command: str) -> "subprocess.CompletedProcess[str]":
        environment = {name: value for name, value in os.environ.items() if not name.startswith("HOTLINE_")}
        return subprocess.run(  # noqa: S603
            [sys.executable, "-m", "hotline", *command],
            env=environment | named,
            capture_output=True,
            text=True,
            check=False,
        )

    for command in (("case", "list"), ("erase", "list")):
        early = hotline(*command)
        assert (early.returncode, early.stdout) == (1, "")
        assert early.stderr.strip().endswith("bring it up by `hotline migrate`")
        assert len(early.stderr.splitlines()) == 1
    done = hotline("migrate")
    assert (done.returncode, done.stdout) == (0, f"the schema is {known().own}\n"), done.stderr
    assert hotline("case", "list").returncode == 0
