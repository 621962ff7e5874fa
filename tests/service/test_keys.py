"""`hotline keys`, on a real register."""

import asyncio
import getpass
from datetime import datetime
from pathlib import Path

import psycopg
import pytest
from typer.testing import CliRunner, Result

from api.people import account_id
from cases.routing import Unit
from hotline.cli import app
from records.database import connect
from records.keys import Key, Keys
from records.register import Register
from tests.own_keys import KEYS, written
from vault.digests import Digests


@pytest.fixture(autouse=True)
def settings(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOTLINE_DATABASE_URL", database_url)
    monkeypatch.setenv("HOTLINE_STATE", str(tmp_path))
    written(tmp_path / "keys.json")
    asyncio.run(put_units(database_url))


async def put_units(database_url: str) -> None:
    engine = connect(database_url)
    water = Unit(code="water", kind="enterprise", title={"en": "Water"})
    haidian = Unit(code="haidian", kind="district", title={"en": "Haidian"})
    await Register(engine, KEYS).put_units([water, haidian])
    await engine.dispose()


async def found(database_url: str, text: str) -> Key | None:
    engine = connect(database_url)
    try:
        return await Keys(engine).find(text)
    finally:
        await engine.dispose()


def trail(database_url: str) -> list[tuple[str, str]]:
    with psycopg.connect(database_url) as connection:
        rows = connection.execute("SELECT action, actor ->> 'id' FROM audit_trail ORDER BY id").fetchall()
        return [(str(action), str(actor)) for action, actor in rows]


def run(*words: str) -> Result:
    return CliRunner().invoke(app, ["keys", *words])


def test_a_key_is_shown_once_and_works(database_url: str) -> None:
    text = run("create", "--role", "unit_lead", "--unit", "water", "--label", "the works").stdout.strip()
    key = asyncio.run(found(database_url, text))
    assert key is not None
    assert (key.role, key.unit, key.label) == ("unit_lead", "water", "the works")
    listed = run("list").stdout
    assert key.prefix in listed
    assert text not in listed


def test_a_revoked_key_is_worthless(database_url: str) -> None:
    text = run("create", "--role", "intake", "--source", "counter-3").stdout.strip()
    assert run("revoke", text[3:11]).exit_code == 0
    assert asyncio.run(found(database_url, text)) is None
    assert "revoked" in run("list").stdout


def test_a_key_is_rotated_and_the_list_and_the_audit_trail_show_it(database_url: str) -> None:
    old = run("create", "--role", "district", "--district", "haidian").stdout.strip()
    rotated = run("rotate", f"hl_{old[3:11]}", "--overlap", "12h")
    assert rotated.exit_code == 0, rotated.stderr
    new = asyncio.run(found(database_url, rotated.stdout.strip()))
    assert new is not None
    assert (new.role, new.unit, new.replaces) == ("district", "haidian", old[3:11])
    assert asyncio.run(found(database_url, old)) is not None
    assert f"replaces {old[3:11]}" in " ".join(run("list").stdout.split())
    actor = f"local:{getpass.getuser()}"
    assert trail(database_url) == [("key_created", actor), ("key_rotated", actor)]


def test_a_key_without_an_end_is_warned_of_and_its_text_stands_alone() -> None:
    for_ever = run("create", "--role", "desk")
    assert "never expires" in for_ever.stderr
    assert len(for_ever.stdout.split()) == 1
    assert run("create", "--role", "desk", "--expires", "2099-01-01").stderr == ""


def test_a_key_that_sees_every_source_is_warned_of() -> None:
    every = run("create", "--role", "intake", "--expires", "2099-01-01")
    assert "sees what every source brought" in every.stderr
    assert len(every.stdout.split()) == 1
    assert run("create", "--role", "intake", "--source", "counter-3", "--expires", "2099-01-01").stderr == ""


def test_a_key_ends_when_it_was_said(database_url: str) -> None:
    for typed, ends in (
        ("2099-01-01T18:00+08:00", "2099-01-01T10:00:00+00:00"),
        ("2099-01-01T18:00Z", "2099-01-01T18:00:00+00:00"),
    ):
        text = run("create", "--role", "desk", "--expires", typed).stdout.strip()
        key = asyncio.run(found(database_url, text))
        assert key is not None
        assert key.expires_at == datetime.fromisoformat(ends)


def test_the_id_of_an_account_is_what_the_api_calls_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOTLINE_OIDC_ISSUER", "https://login.example")
    told = run("person", "li.wei@city.example")
    assert told.stdout.strip() == account_id(Digests(KEYS.digest_key), "https://login.example", "li.wei@city.example")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (
            ("create", "--role", "boss"),
            "the roles are: intake, desk, unit_clerk, unit_lead, district, supervisor, evaluator,",
        ),
        (("create", "--role", "system"), "there is no role 'system'"),
        (("create", "--role", "unit", "--unit", "water"), "it is unit_lead, or unit_clerk"),
        (
            ("create", "--role", "unit_lead", "--unit", "watr"),
            "--unit: there is no unit 'watr'; there are: haidian, water",
        ),
        (("create", "--role", "unit_clerk"), "--unit: a key of the role unit_clerk acts for one unit; say which"),
        (("create", "--role", "desk", "--unit", "water"), "--unit: a key of the role desk acts for no unit"),
        (("create", "--role", "district"), "--district: a key of the role district acts for one district"),
        (("create", "--role", "district", "--unit", "haidian"), "--unit: a key of the role district acts for no unit"),
        (("create", "--role", "district", "--district", "water"), "no district 'water'; there are: haidian"),
        (("create", "--role", "auditor", "--district", "haidian"), "--district: a key of the role auditor"),
        (("create", "--role", "desk", "--source", "app"), "--source: a key of the role desk is bound to no source"),
        (("create", "--role", "intake", "--source", ""), "--source: is empty, so the key would be bound to nothing"),
        (("create", "--role", "unit_lead", "--unit", " "), "--unit: is empty"),
        (("create", "--role", "district", "--district", ""), "--district: is empty"),
        (("create", "--role", "intake", "--source", "counter 3"), "--source: no source is called 'counter 3'"),
        (("create", "--role", "desk", "--expires", "2020-01-01"), "--expires: 2020-01-01 lies in the past"),
        (
            ("create", "--role", "desk", "--expires", "31.12.2099"),
            "--expires: '31.12.2099' is no date; write 2026-12-31",
        ),
        (("create", "--role", "desk", "--expires", "0001-01-01"), "is no date"),
        (("rotate", "00000000", "--expires", "2020-01-01T18:00"), "--expires: 2020-01-01T18:00 lies in the past"),
        (("rotate", "00000000"), "there is no key of this prefix"),
        (("rotate", "00000000", "--overlap", "a week"), "--overlap: 'a week' is no length of time"),
        (("rotate", "00000000", "--overlap", "91d"), "at most 90d"),
        (("person", "li"), "HOTLINE_OIDC_ISSUER"),
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
