"""`hotline keys`, on a real register."""

import asyncio
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from cases.routing import Unit
from hotline.cli import app
from records.database import connect
from records.keys import Key, Keys
from records.register import Register
from tests.own_keys import KEYS


@pytest.fixture(autouse=True)
def settings(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOTLINE_DATABASE_URL", database_url)
    monkeypatch.setenv("HOTLINE_STATE", str(tmp_path))
    asyncio.run(put_units(database_url))


async def put_units(database_url: str) -> None:
    engine = connect(database_url)
    await Register(engine, KEYS).put_units([Unit(code="water", kind="enterprise", title={"en": "Water"})])
    await engine.dispose()


async def found(database_url: str, text: str) -> Key | None:
    engine = connect(database_url)
    try:
        return await Keys(engine).find(text)
    finally:
        await engine.dispose()


def run(*words: str) -> Result:
    return CliRunner().invoke(app, ["keys", *words])


def test_a_key_is_shown_once_and_works(database_url: str) -> None:
    text = run("create", "--role", "unit", "--unit", "water", "--label", "the works").stdout.strip()
    key = asyncio.run(found(database_url, text))
    assert key is not None
    assert (key.role, key.unit, key.label) == ("unit", "water", "the works")
    listed = run("list").stdout
    assert key.prefix in listed
    assert text not in listed


def test_a_revoked_key_is_worthless(database_url: str) -> None:
    text = run("create", "--role", "intake", "--source", "counter-3").stdout.strip()
    assert run("revoke", text[3:11]).exit_code == 0
    assert asyncio.run(found(database_url, text)) is None
    assert "revoked" in run("list").stdout


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("create", "--role", "boss"), "the roles are: intake, desk, unit, supervisor, admin"),
        (("create", "--role", "system"), "there is no role 'system'"),
        (("create", "--role", "unit", "--unit", "watr"), "there is no unit 'watr'; there are: water"),
        (("create", "--role", "unit"), "--unit: a key of role unit acts for one unit; say which"),
        (("create", "--role", "desk", "--unit", "water"), "acts for no unit"),
        (("revoke", "00000000"), "there is no key of this prefix"),
    ],
)
def test_mistakes_are_told_in_one_line(words: tuple[str, ...], told: str) -> None:
    result = run(*words)
    assert result.exit_code == 2
    assert told in result.stderr
    assert result.stderr.count("\n") == 1


def test_without_a_database_it_says_how_to_get_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HOTLINE_DATABASE_URL")
    result = run("list")
    assert result.exit_code == 1
    assert "start it with `hotline up`" in result.stderr


def test_a_wrong_setting_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOTLINE_API_PORT", "99999")
    result = run("list")
    assert result.exit_code == 2
    assert "HOTLINE_API_PORT" in result.stderr
