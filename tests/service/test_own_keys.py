"""The service's own keys belong to its database: they are made for a new one alone, and no others are used with it."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select
from typer.testing import CliRunner

from hotline import own_keys
from hotline.actor import local_admin
from hotline.cli import app
from hotline.settings import Settings
from records.database import connect, reading
from records.guarding import AuditRow, DataKeyRow
from records.register import Register
from tests.own_keys import KEYS, written
from tests.records.erased import lived, receipt, recorded
from tests.service.free import ports
from vault import keyfile
from vault.keyfile import KeyFile


@pytest.fixture
def environment(database_url: str, tmp_path: Path) -> dict[str, str]:
    """Settings of a service on the test's database whose file of keys is not there."""
    api, temporal, temporal_ui = ports(3)
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith(("HOTLINE_", "TEMPORAL_"))},
        "HOTLINE_STATE": str(tmp_path),
        "HOTLINE_DATABASE_URL": database_url,
        "HOTLINE_API_PORT": str(api),
        "HOTLINE_TEMPORAL_PORT": str(temporal),
        "HOTLINE_TEMPORAL_UI_PORT": str(temporal_ui),
    }


@pytest.fixture
def case(database_url: str) -> str:
    """The number of a case in the test's database, locked by the keys of its service."""

    async def made(register: Register) -> str:
        return await recorded(register, lived(receipt("1"), await register.seals.new_key()))

    return str(done(database_url, made))


def done(database_url: str, work: Callable[[Register], Awaitable[Any]]) -> Any:
    async def run() -> Any:
        engine = connect(database_url, pool_size=1)
        try:
            return await work(Register(engine, KEYS))
        finally:
            await engine.dispose()

    return asyncio.run(run())


def written_there(database_url: str) -> int:
    """How many keys of cases and entries of the trail there are."""

    async def counted(register: Register) -> int:
        async with reading(register.seals._engine) as session:
            rows = [*await session.exec(select(DataKeyRow.id)), *await session.exec(select(AuditRow.id))]
            return len(rows)

    return int(done(database_url, counted))


@pytest.mark.timeout(120)
def test_a_service_with_data_whose_keys_are_missing_is_not_given_others(
    case: str, environment: dict[str, str], tmp_path: Path
) -> None:
    command = [sys.executable, "-m", "hotline", "up"]
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=100, check=False)  # noqa: S603
    assert ran.returncode == 2, ran.stdout + ran.stderr
    assert "keys.json is missing" in ran.stderr
    assert "back from its copy" in ran.stderr
    assert not (tmp_path / "keys.json").exists()


def test_no_command_works_with_the_keys_of_another_service(
    case: str, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "keys.json"
    monkeypatch.setenv("HOTLINE_DATABASE_URL", database_url)
    monkeypatch.setenv("HOTLINE_STATE", str(tmp_path))
    monkeypatch.setenv("HOTLINE_TEMPORAL_PORT", str(ports(1)[0]))
    keyfile.create(path)
    before = written_there(database_url)
    commands = [
        ("hold", "place", case, "--reason", "the court asks"),
        ("erase", "case", case, "--reason", "asked"),
        ("case", "show", case),
        ("case", "show", case, "--reveal", "to agree on a visit"),
    ]
    for words in commands:
        ran = CliRunner().invoke(app, list(words))
        assert ran.exit_code == 2, ran.output
        assert f"texts of cases in this database are locked: {KEYS.master.current}" in ran.stderr
    assert written_there(database_url) == before
    path.unlink()
    written(path)
    assert CliRunner().invoke(app, ["hold", "place", case, "--reason", "the court asks"]).exit_code == 0


async def test_keys_are_made_for_a_database_of_which_nothing_is_locked(
    register: Register, database_url: str, tmp_path: Path
) -> None:
    await register.audit.note(local_admin(), "reveal")
    settings = Settings(state=tmp_path)
    assert not own_keys.there(settings)
    made = await own_keys.make(settings, database_url)
    assert isinstance(made, KeyFile)
    assert own_keys.load(settings) == made


def test_the_keys_of_another_file_that_was_used_by_mistake_are_taken_in(
    case: str, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine, other = tmp_path / "keys.json", written(tmp_path / "other.json")
    monkeypatch.setenv("HOTLINE_DATABASE_URL", database_url)
    monkeypatch.setenv("HOTLINE_STATE", str(tmp_path))
    before = keyfile.create(mine)

    def run(*words: str) -> str:
        ran = CliRunner().invoke(app, list(words))
        assert ran.exit_code == 0, ran.output
        return ran.output

    assert CliRunner().invoke(app, ["erase", "list"]).exit_code == 2
    assert f"master {KEYS.master.current}" in run("vault", "merge", str(other))
    after = keyfile.read(mine)
    assert (after.master.current, after.digest) == (before.master.current, before.digest)
    # None of them counts as announced: it would be the next one in use.
    assert [list(ring.keys)[-1] for ring in (after.master, after.payload, after.proof)] == [
        before.master.current,
        before.payload.current,
        before.proof.current,
    ]
    run("erase", "list")
    assert "wrapped 1 keys and" in run("vault", "rewrap")
    run("vault", "drop", "master", KEYS.master.current)
    assert "no case was erased" in run("erase", "list")
    assert "has no key that the service has not" in run("vault", "merge", str(mine))
