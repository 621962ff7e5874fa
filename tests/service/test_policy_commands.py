"""`hotline policy`, on a real register and a real engine."""

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from temporalio.testing import WorkflowEnvironment
from typer.testing import CliRunner, Result

import worker
from cases.commands import Receive
from hotline.cli import app
from hotline.policies import load
from records.register import Register
from tests.own_keys import written
from tests.service.town import write
from tests.unit.narrative import received
from workflows.engine import Engine


@pytest.fixture
def code() -> str:
    """A code of the test's own: the engine is shared by all."""
    return f"town-{uuid4().hex}"


@pytest.fixture(autouse=True)
def settings(tmp_path: Path, code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    monkeypatch.setenv("HOTLINE_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("HOTLINE_KEYS", str(written(tmp_path / "keys.json")))
    monkeypatch.setenv("HOTLINE_POLICY", write(tmp_path / "first", "1", code))


@pytest.fixture
def queue(database_url: str, environment: WorkflowEnvironment, monkeypatch: pytest.MonkeyPatch) -> str:
    """The task queue of a service that the commands find."""
    name = f"policy-{uuid4().hex}"
    monkeypatch.setenv("HOTLINE_DATABASE_URL", database_url)
    monkeypatch.setenv("HOTLINE_TASK_QUEUE", name)
    monkeypatch.setenv("TEMPORAL_ADDRESS", environment.client.service_client.config.target_host)
    return name


def run(*words: str) -> Result:
    return CliRunner().invoke(app, ["policy", *words])


def fields(before: str, after: str) -> dict[str, tuple[str | None, str | None]]:
    result = run("diff", before, after, "--json")
    return {one["field"]: (one["before"], one["after"]) for one in json.loads(result.stdout)}


def test_check_counts_what_is_there(tmp_path: Path) -> None:
    result = run("check")
    assert result.exit_code == 0
    assert "1 levels, 2 units, 2 categories, 2 catalogue lines" in result.stdout
    write(tmp_path / "first", "1", litter="nobody")
    broken = run("check")
    assert broken.exit_code == 2
    assert "catalogue.csv" in broken.stderr


def test_show_tells_limits_sections_and_counts() -> None:
    shown = run("show", "beijing").stdout
    for text in (
        "level emergency: 紧急 / Emergency",
        "acknowledge  15 minutes",
        "[callback]",
        "[extension]",
        "open cases keep",
        "units (",
    ):
        assert text in shown
    whole = json.loads(run("show", "beijing", "--json").stdout)
    assert whole["policy"]["levels"]["general"]["resolve"]["within"] == "7 days"
    assert len(whole["units"]) == len(load("beijing").catalogue.units)
    assert len(whole["lines"]) == len(load("beijing").catalogue.entries)


def test_diff_names_each_field_and_its_status_is_that_of_diff(tmp_path: Path, code: str) -> None:
    first, second = (
        str(tmp_path / "first"),
        write(tmp_path / "second", "2", code, "5 days", "adopt", "by area", "Roads"),
    )
    assert fields(first, second) == {
        "levels.general.resolve.within": ("7 days", "5 days"),
        "open_cases": ("keep", "adopt"),
        "units.works.title.en": ("Works", "Roads"),
        "catalogue: streets/litter everywhere": ("works", "by area"),
    }
    told = run("diff", first, second)
    assert told.exit_code == 1
    assert "~ levels.general.resolve.within: 7 days → 5 days" in told.stdout
    same = run("diff", first, write(tmp_path / "third", "3", code))
    assert (same.exit_code, same.stdout, same.stderr) == (0, "", "nothing differs\n")
    nowhere = run("diff", first, "2026.9")
    assert nowhere.exit_code == 2
    assert "HOTLINE_DATABASE_URL" in nowhere.stderr


def test_diff_tells_what_came_and_what_went() -> None:
    forth, back = fields("beijing", "boston-311"), fields("boston-311", "beijing")
    assert forth == {name: (after, before) for name, (before, after) in back.items()}
    lines = run("diff", "beijing", "boston-311").stdout.splitlines()
    assert "- levels.emergency.resolve.within = 2 hours" in lines
    assert any(line.startswith("+ units.pwdx.title.en = ") for line in lines)
    assert any(line.startswith("- catalogue: danger/gas-smell everywhere = gas-group") for line in lines)


def test_route_explains_by_the_lines() -> None:
    told = run("route", "streets/litter", "--area", "north")
    assert told.exit_code == 0
    assert "works: catalogue line 2" in told.stdout
    assert json.loads(run("route", "streets/lamps", "--json").stdout)["route"]["unit"] == "works"
    for words, option in ((("lamps",), "CATEGORY"), (("streets/lamps", "--area", "south"), "--area")):
        wrong = run("route", *words)
        assert wrong.exit_code == 2
        assert option in wrong.stderr


def test_without_a_service_it_says_how_to_get_one() -> None:
    for words in (("load", "beijing"), ("adoption",), ("versions",)):
        result = run(*words)
        assert result.exit_code == 1
        assert "start it with `hotline up`" in result.stderr


async def test_a_version_is_brought_into_force_and_to_the_open_cases(
    environment: WorkflowEnvironment, register: Register, queue: str, tmp_path: Path, code: str
) -> None:
    async def policy(*words: str) -> Result:
        return await asyncio.to_thread(run, *words)

    first, second = str(tmp_path / "first"), write(tmp_path / "second", "2", code, "5 days", "adopt")
    async with worker.build(environment.client, queue, register):
        loaded = await policy("load", first)
        assert loaded.exit_code == 0, loaded.stderr
        assert loaded.stdout == f"policy {code} 1 is in force\n"
        assert {unit.code for unit in await register.units()} == {"north", "works"}
        assert "there is no adoption" in (await policy("adoption")).stderr
        with environment.with_time_skipping_disabled():
            number = await receive(Engine(environment.client, queue, register.history), first)
        await until(lambda: register.policies.open_by_version(code), {"1": 1})
        loaded = await policy("load", second)
        assert f"policy {code} 2 replaces 1 for new cases" in loaded.stdout
        assert "open cases adopt it" in loaded.stdout
        watched = await policy("adoption", "--watch", "--json")
        progress = json.loads(watched.stdout)
        assert (progress["total"], progress["counts"]) == (1, {"adopted": 1})
        assert "1 of 1 open cases" in (await policy("adoption")).stdout
        await until(lambda: register.policies.open_by_version(code), {"2": 1})
        listed = (await policy("versions")).stdout
        assert listed.count("in force") == 1
        assert (await register.case(number)).terms.version == "2"
        assert "5 days" in (await policy("show")).stdout
        assert "7 days" in (await policy("show", "1")).stdout
        assert (await policy("diff", "1", f"{code}@2")).exit_code == 1
        assert (await policy("diff", second, "2")).exit_code == 0
        again = await policy("load", second)
        assert again.stdout == f"policy {code} 2 is in force\n"


async def test_a_version_with_other_content_is_refused_with_what_to_do(
    environment: WorkflowEnvironment, queue: str, tmp_path: Path, code: str
) -> None:
    folder = str(tmp_path / "first")
    assert (await asyncio.to_thread(run, "load", folder)).exit_code == 0
    write(tmp_path / "first", "1", code, "6 days")
    refused = await asyncio.to_thread(run, "load", folder)
    assert refused.exit_code == 2
    assert "new version in policy.toml" in refused.stderr
    assert f"hotline policy diff {folder} {code}@1" in refused.stderr
    told = await asyncio.to_thread(run, "diff", folder, f"{code}@1")
    assert "~ levels.general.resolve.within: 6 days → 7 days" in told.stdout


async def receive(engine: Engine, folder: str) -> str:
    command = received(policy=load(folder).policy, source_ref=uuid4().hex, at=datetime.now(UTC))
    assert isinstance(command.act, Receive)
    view, _ = await engine.start(command)
    return view.number


async def until(ask: Callable[[], Any], expected: object) -> None:
    async with asyncio.timeout(20):
        while True:
            if await ask() == expected:
                return
            await asyncio.sleep(0.02)
