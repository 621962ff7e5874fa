"""`hotline audit`, on a real register."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path

import psycopg
import pytest
from typer.testing import CliRunner, Result

from cases.vocabulary import Actor, Role
from hotline.actor import local_admin
from hotline.cli import app
from records.database import connect
from records.register import Register
from tests.own_keys import KEYS, written
from tests.records.chaining import chained
from tests.records.histories import begun, number_of

CLERK = Actor(role=Role.DESK, id="key:clerk")


@pytest.fixture(autouse=True)
def settings(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOTLINE_DATABASE_URL", database_url)
    monkeypatch.setenv("HOTLINE_STATE", str(tmp_path))
    monkeypatch.setenv("HOTLINE_KEYS", str(written(tmp_path / "keys.json")))


@pytest.fixture
def number(database_url: str) -> str:
    """A case whose events are in the trail, and a look at its contact."""
    events = begun("1")

    async def recorded(register: Register) -> None:
        await register.record(number_of(events), events)
        await register.audit.note(CLERK, "reveal", origin="192.0.2.7", case=number_of(events), reason="asked back")
        await chained(register)

    in_register(database_url, recorded)
    return number_of(events)


def in_register(database_url: str, work: Callable[[Register], Awaitable[None]]) -> None:
    async def run() -> None:
        engine = connect(database_url)
        await work(Register(engine, KEYS))
        await engine.dispose()

    asyncio.run(run())


def run(*words: str) -> Result:
    return CliRunner(env={"COLUMNS": "140"}).invoke(app, ["audit", *words])


def tamper(database_url: str, statement: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute(statement.encode())


def test_a_whole_trail_is_proven_and_its_head_told(number: str) -> None:
    result = run("verify")
    assert result.exit_code == 0
    assert "as it was written: 4 entries, 2 events" in result.stdout
    assert result.stdout.splitlines()[-1].startswith("head 4:")
    told = json.loads(run("verify", "--json").stdout)
    assert told["whole"]
    assert f"head {told['head']}" == result.stdout.splitlines()[-1]


@pytest.mark.parametrize(
    ("statement", "detail"),
    [
        ("UPDATE audit_trail SET origin = 'x' WHERE action = 'reveal'", "'reveal' of case"),
        ("DELETE FROM audit_trail WHERE position = 2", "entry 2 is gone"),
        ("UPDATE case_events SET actor = '{}' WHERE seq = 2", "event 2 of case"),
        ("DELETE FROM case_events WHERE seq = 2", "is gone; entry"),
    ],
)
def test_what_was_changed_is_told(number: str, database_url: str, statement: str, detail: str) -> None:
    tamper(database_url, statement)
    result = run("verify")
    assert result.exit_code == 1
    assert detail in result.stdout.splitlines()[0]
    assert "head" not in result.stdout
    assert result.stderr == "hotline: the audit trail is not as it was written\n"
    as_json = run("verify", "--json")
    assert as_json.exit_code == 1
    told = json.loads(as_json.stdout)
    assert (told["whole"], told["head"]) == (False, None)
    assert detail in told["faults"][0]["detail"]


@pytest.mark.parametrize("in_file", [True, False])
def test_an_end_that_was_cut_off_is_told_by_a_head(
    number: str, database_url: str, tmp_path: Path, in_file: bool
) -> None:
    heads = tmp_path / "heads"
    heads.write_text(run("verify").stdout)
    given = str(heads) if in_file else heads.read_text().split()[-1]
    assert run("verify", "--head", given).exit_code == 0
    tamper(database_url, "DELETE FROM audit_trail WHERE position = 4")
    assert run("verify").exit_code == 0
    result = run("verify", "--head", given)
    assert result.exit_code == 1
    assert "the trail ends at 3" in result.stdout


def test_what_waits_for_the_chain_is_no_fault(number: str, database_url: str) -> None:
    in_register(database_url, lambda register: register.audit.note(CLERK, "reveal"))
    result = run("verify")
    assert result.exit_code == 0
    assert "1 entries are not chained yet" in result.stderr
    assert "4 entries" in result.stdout


def test_entries_are_listed_and_so_is_who_listed_them(number: str) -> None:
    lines = run("list", "--case", number).stdout
    assert "reveal" in lines
    assert f"case {number}, from 192.0.2.7: asked back" in " ".join(lines.split())
    assert f"event 2 of case {number}" in " ".join(lines.split())
    (look,) = json.loads(run("list", "--action", "reveal", "--actor", CLERK.id, "--json").stdout)["items"]
    assert (look["actor"]["id"], look["reason"], look["position"]) == (CLERK.id, "asked back", 3)
    readings = json.loads(run("list", "--action", "trail_read", "--json").stdout)["items"]
    assert [one["actor"]["id"] for one in readings] == [local_admin().id] * 3
    assert "no entry fits" in run("list", "--since", "2999-01-01").stderr
    paged = run("list", "--limit", "1").stdout
    assert "there are more: --after " in paged
    assert run("list", "--limit", "1", "--after", paged.split()[-1]).exit_code == 0


def test_details_are_told_in_words(number: str, database_url: str) -> None:
    details = {"workflow": "case-1", "opened_by": [], "fields": ["name", "phone"], "forced": True, "unit": None}
    in_register(database_url, lambda register: register.audit.note(CLERK, "payload_read", details=details))
    told = " ".join(run("list", "--action", "payload_read").stdout.split())
    assert "fields name and phone, forced yes, workflow case-1" in told
    assert not any(sign in told for sign in ("[", "opened_by", "None", "True"))


@pytest.mark.parametrize(
    ("words", "detail"),
    [
        (("list", "--case", "nonsense"), "--case:"),
        (("list", "--after", "zzz"), "after"),
        (("list", "--action", "foo"), "--action: there is no action 'foo'; there are, besides the types of events: "),
        (("list", "--action", "revael"), "did you mean reveal"),
        (("list", "--actor", "clerk"), "--actor: nobody is called 'clerk' in the trail"),
        (("list", "--since", "yesterday"), "--since: 'yesterday' is no date; write 2026-12-31"),
        (("verify", "--from", "99"), "--from: must be from 1 to 4"),
        (("verify", "--head", "nonsense"), "--head: 'nonsense' is no head"),
    ],
)
def test_mistakes_are_told_in_one_line(number: str, words: tuple[str, ...], detail: str) -> None:
    result = run(*words)
    assert result.exit_code == 2
    assert detail in result.stderr
    assert result.stderr.count("\n") == 1
