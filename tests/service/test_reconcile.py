"""`hotline reconcile`, as an operator types it, and what the metrics tell of it."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Coroutine
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio
from sqlalchemy import text
from typer.testing import CliRunner, Result

import worker
from api.metrics import Metrics
from cases.drift import Drift
from hotline.cli import app
from records.database import connect
from records.register import Register
from tests.own_keys import written
from tests.records.erased import recorded
from tests.records.histories import begun
from tests.temporal_server import TemporalServer
from tests.unit.narrative import POLICY, received
from tests.unit_system import ON_THIS_MACHINE
from tests.workflow.office import TO_WATER, until
from workflows.engine import Engine

Run = Callable[..., Coroutine[Any, Any, Result]]

pytestmark = pytest.mark.timeout(120)


@pytest.fixture
def task_queue() -> str:
    return f"reconcile-{uuid4().hex}"


@pytest_asyncio.fixture
async def temporal(tmp_path: Path) -> AsyncIterator[TemporalServer]:
    server = TemporalServer(tmp_path)
    await server.start()
    yield server
    server.kill()


@pytest.fixture
def run(
    database_url: str, tmp_path: Path, temporal: TemporalServer, task_queue: str, monkeypatch: pytest.MonkeyPatch
) -> Run:
    monkeypatch.setenv("HOTLINE_DATABASE_URL", database_url)
    monkeypatch.setenv("HOTLINE_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("HOTLINE_KEYS", str(written(tmp_path / "keys.json")))
    monkeypatch.setenv("HOTLINE_TASK_QUEUE", task_queue)
    monkeypatch.setenv("TEMPORAL_ADDRESS", temporal.address)

    def typed(*words: str) -> Coroutine[Any, Any, Result]:
        # In a thread, as the command has an event loop of its own.
        return asyncio.to_thread(CliRunner().invoke, app, ["reconcile", *words])

    return typed


def figures(exposed: bytes) -> dict[str, float]:
    lines = exposed.decode().splitlines()
    return {
        name: float(value)
        for line in lines
        if line.startswith("hotline_drifted")
        for name, _, value in [line.rpartition(" ")]
    }


async def test_drift_is_told_mended_and_counted(
    run: Run, temporal: TemporalServer, task_queue: str, register: Register, database_url: str
) -> None:
    refused = await run("--grace", "0")
    assert refused.exit_code == 1
    assert f"no worker listens on {task_queue}" in refused.output

    client, sql = await temporal.client(), connect(database_url)
    engine = Engine(client, task_queue, register.history)
    async with (
        worker.build(client, task_queue, register, bounds=ON_THIS_MACHINE),
    ):
        command = received(TO_WATER, POLICY, source_ref="living", at=datetime.now(UTC))
        view, _ = await engine.start(command)

        async def equal() -> bool:
            return await engine.events(view.number) == await register.events(view.number)

        async def listed() -> int:
            return (await client.count_workflows("WorkflowType = 'ComplaintCase'")).count

        await until(equal, bool)
        await until(listed, bool)
        clean = await run("--grace", "0", "--a-second", "1000")
        assert (clean.exit_code, "1 cases compared" in clean.output) == (0, True)
        assert "every record is what happened" in clean.output

        lost = await recorded(register, begun("lost", datetime.now(UTC)))
        async with sql.begin() as connection:
            await connection.execute(text("UPDATE cases SET urges = 7 WHERE number = :n"), {"n": view.number})
        looked = await run("--grace", "0", "--dry-run")
        assert looked.exit_code == 1
        assert all(word in looked.output for word in (view.number, "row", "urges", lost, "orphaned", "left"))
        assert "nothing was mended" in looked.output
        told = figures(await Metrics().exposition(register))
        assert told['hotline_drifted_cases{kind="row",state="left"}'] == 1

        both = await run("--dry-run", "--revive")
        assert (both.exit_code, "--revive" in both.output) == (2, True)

        mended = json.loads((await run("--grace", "0", "--json")).output)
        assert mended["left"] == 1
        assert {one["number"]: (one["kind"], one["mended"]) for one in mended["drifted"]} == {
            view.number: ("row", True),
            lost: ("orphaned", False),
        }
        told = figures(await Metrics().exposition(register))
        assert told['hotline_drifted_cases{kind="row",state="mended"}'] == 1
        assert told['hotline_drifted_cases{kind="orphaned",state="left"}'] == 1

        revived = await run("--grace", "0", "--revive")
        assert (revived.exit_code, lost in revived.output) == (0, True)
        again = await run("--grace", "0")
        assert (again.exit_code, "every record is what happened" in again.output) == (0, True)
        told = figures(await Metrics().exposition(register))
        assert len(told) == 2 * len(Drift)
        assert set(told.values()) == {0}
    await sql.dispose()
