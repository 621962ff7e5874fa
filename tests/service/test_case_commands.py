"""`hotline case` opens what people said, and masks whom it is from unless somebody says why they must know."""

import asyncio
import json
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import pytest_asyncio
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel import select
from temporalio.testing import WorkflowEnvironment
from typer.testing import CliRunner, Result

from cases.sealed import is_sealed
from cases.vocabulary import Complainant, Location
from hotline.actor import local_admin
from hotline.cli import app
from records.database import connect, reading
from records.erasures import ON_REQUEST
from records.guarding import AuditRow
from records.register import Register
from tests.own_keys import written
from tests.records.erased import lived, receipt, recorded
from tests.records.histories import begun, number_of
from vault.sealing import seal

NAME, PHONE, MAIL = "王小明", "13912345678", "wang@example.org"
WORDS = "楼上漏水，物业不管。"
WHY = "to agree on a visit"


@pytest.fixture(autouse=True)
def settings(
    database_url: str, environment: WorkflowEnvironment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("HOTLINE_DATABASE_URL", database_url)
    monkeypatch.setenv("HOTLINE_STATE", str(tmp_path))
    monkeypatch.setenv("HOTLINE_KEYS", str(written(tmp_path / "keys.json")))
    # An engine that answers, and knows no case: all are told from the register.
    _, port = environment.client.service_client.config.target_host.split(":")
    monkeypatch.setenv("HOTLINE_TEMPORAL_PORT", port)


async def hotline(*words: str) -> Result:
    """A command that succeeds, while the test's own loop runs on."""
    ran = await asyncio.to_thread(CliRunner().invoke, app, ["case", *words])
    assert ran.exit_code == 0, ran.stderr
    return ran


@pytest_asyncio.fixture
async def case(register: Register) -> str:
    """The number of a case whose texts are sealed."""
    events = begun(
        "one",
        subject=f"Of {NAME}",
        description=f"{WORDS} 请找{NAME}，电话{PHONE}。",
        complainant=Complainant(name=NAME, phone=PHONE, email=MAIL),
        location=Location(address="建国路88号", latitude=39.908723, longitude=116.397499),
    )
    key = await register.seals.new_key()
    await register.record(number_of(events), [one.model_copy(update={"fact": seal(one.fact, key)}) for one in events])
    row = await register.row(number_of(events))
    assert row is not None
    assert is_sealed(row.subject or "")
    return number_of(events)


async def revealed(database_url: str) -> list[AuditRow]:
    engine: AsyncEngine = connect(database_url, pool_size=1)
    async with reading(engine) as session:
        found = list(await session.exec(select(AuditRow).where(AuditRow.action == "reveal")))
    await engine.dispose()
    return found


@pytest.mark.parametrize("command", ["show", "events", "explain"])
@pytest.mark.parametrize("form", [(), ("--json",)])
async def test_what_is_told_is_open_and_from_nobody(
    case: str, command: str, form: tuple[str, ...], database_url: str
) -> None:
    told = (await hotline(command, case, *form)).stdout
    assert "sealed." not in told
    if command == "show" or (command, form) == ("events", ("--json",)):
        assert WORDS in told
        assert "139****5678" in told
    for secret in (NAME, PHONE, MAIL):
        assert secret not in told
    assert await revealed(database_url) == []


@pytest.mark.parametrize("command", ["show", "events"])
async def test_whom_it_is_from_is_told_for_a_reason_that_is_kept(
    case: str, command: str, register: Register, database_url: str
) -> None:
    told = (await hotline(command, case, "--json", "--reveal", WHY)).stdout
    for secret in (NAME, PHONE, MAIL, WORDS):
        assert secret in told
    (entry,) = await revealed(database_url)
    assert (entry.case_number, entry.actor) == (case, local_admin().model_dump(mode="json"))
    assert is_sealed(entry.reason)
    assert await register.seals.open_text(entry.reason) == WHY


async def test_without_a_reason_nothing_is_told(case: str, database_url: str) -> None:
    ran = await asyncio.to_thread(CliRunner().invoke, app, ["case", "show", case, "--reveal", " "])
    assert ran.exit_code != 0
    assert "--reveal" in ran.stderr
    assert WORDS not in ran.stdout
    assert await revealed(database_url) == []


@pytest.mark.parametrize("words", [("--reveal",), ("--reveal", "--json")])
async def test_a_reason_that_was_left_out_is_asked_for_with_an_example(
    case: str, words: tuple[str, ...], database_url: str
) -> None:
    ran = await asyncio.to_thread(CliRunner().invoke, app, ["case", "show", case, *words])
    assert (ran.exit_code, ran.stdout) == (2, "")
    assert 'as in --reveal "to agree on a visit"' in ran.stderr
    assert await revealed(database_url) == []


async def test_an_erased_case_says_so_and_since_when(register: Register) -> None:
    number = await recorded(register, lived(receipt("1"), await register.seals.new_key()))
    erased, _ = await register.erasures.erase(number, rule=ON_REQUEST, reason="asked", actor=local_admin())
    told = await hotline("show", number)
    at = erased.at.astimezone(ZoneInfo("Asia/Shanghai"))
    assert told.stderr == f"Erased on {at:%Y-%m-%d %H:%M}: on request. `hotline erase show {number}` proves it.\n"
    assert "closed: solved, erased" in told.stdout
    assert "None" not in told.stdout
    assert "[erased]" in told.stdout


async def test_a_list_tells_subjects_from_nobody(case: str) -> None:
    listed: dict[str, Any] = json.loads((await hotline("list", "--json")).stdout)
    assert [(one["number"], one["subject"]) for one in listed["items"]] == [(case, "Of 王**")]
