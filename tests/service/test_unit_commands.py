"""`hotline unit` and `hotline deliveries`, on a real register and a real engine."""

import asyncio
import base64
import json
import socket
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio
from temporalio.testing import WorkflowEnvironment
from typer.testing import CliRunner, Result

import worker
from activities.departments import Bounds
from cases.commands import Receive
from cases.routing import Route, Unit
from cases.targets import networks
from hotline.actor import local_admin
from hotline.cli import app
from hotline.conformance.samples import Sample
from hotline.unit_simulator.app import one
from hotline.unit_simulator.clerk import Clerk, Habit
from hotline.unit_simulator.department import Department
from hotline.unit_simulator.running import Simulation, made_up
from hotline.unit_simulator.running import app as simulated
from records.audit import AuditFilter
from records.register import Register
from tests.own_keys import written
from tests.serving import served
from tests.unit.narrative import received
from workflows.engine import Engine

UNITS = [
    Unit(code=code, kind="enterprise", title={"en": code}) for code in ("water", "gas", "street-light/north", "heating")
]
LOOPBACK = "127.0.0.0/8"


@pytest.fixture(autouse=True)
def settings(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("HOTLINE_DATABASE_URL", database_url)
    monkeypatch.setenv("HOTLINE_STATE", str(tmp_path))
    monkeypatch.setenv("HOTLINE_UNIT_NETWORKS", LOOPBACK)
    written(tmp_path / "keys.json")


@pytest_asyncio.fixture(autouse=True)
async def units(register: Register) -> AsyncIterator[None]:
    await register.put_units(UNITS)
    yield


def run(*words: str) -> Result:
    return CliRunner().invoke(app, list(words))


async def hotline(*words: str) -> Result:
    """A command, while the test's own loop runs on."""
    return await asyncio.to_thread(run, *words)


async def test_connecting_shows_the_secret_once_and_what_there_is_afterwards(register: Register) -> None:
    connected = await hotline("unit", "connect", "water", "http://127.0.0.1:9", "--per-minute", "30", "--at-once", "2")
    assert connected.exit_code == 0, connected.stderr
    secret = connected.stdout.strip()
    assert len(base64.b64decode(secret.removeprefix("whsec_"))) == 32
    system = await register.systems.of("water")
    assert system is not None
    assert (system.endpoint, system.secrets, system.per_minute, system.at_once) == (
        *("http://127.0.0.1:9", (secret,), 30, 2),
    )
    shown = (await hotline("unit", "show", "water")).stdout
    assert "http://127.0.0.1:9, with 1 valid secret" in shown
    assert secret not in shown
    moved = await hotline("unit", "connect", "water", "http://127.0.0.1:10")
    assert (moved.exit_code, moved.stdout) == (0, "")
    assert "hotline unit secret water" in moved.stderr
    assert "a pace of its own, which is gone" in moved.stderr
    assert "pace" not in (await hotline("unit", "connect", "water", "http://127.0.0.1:11")).stderr


async def test_a_secret_is_replaced_and_the_old_one_stays_for_a_while(register: Register) -> None:
    first = (await hotline("unit", "connect", "gas", "http://127.0.0.1:9")).stdout.strip()
    second = (await hotline("unit", "secret", "gas", "--keep-old", "2h")).stdout.strip()
    assert await register.systems.secrets("gas") == [second, first]
    assert "2 valid secrets" in (await hotline("unit", "show", "gas")).stdout
    replaced = await hotline("unit", "secret", "gas", "--keep-old", "0 hours")
    assert await register.systems.secrets("gas") == [replaced.stdout.strip()]
    assert replaced.stderr == "the secrets that gas had before are valid no more\n"


async def test_a_unit_that_is_disconnected_reads_its_mailbox(register: Register) -> None:
    await hotline("unit", "connect", "street-light/north", "http://127.0.0.1:9")
    listed = (await hotline("unit", "list")).stdout
    assert [line.split()[-1] for line in listed.splitlines() if "street-light" in line] == ["http://127.0.0.1:9"]
    assert (await hotline("unit", "disconnect", "street-light/north")).exit_code == 0
    assert "its mailbox" in (await hotline("unit", "list")).stdout.split("street-light/north")[1].splitlines()[0]
    assert (
        "reads its orders from GET /v1/units/street-light/north/orders"
        in (await hotline("unit", "show", "street-light/north")).stdout
    )
    entries = (await register.audit.page(AuditFilter(actor=local_admin().id))).items
    unit = "street-light/north"
    assert [(one.action, one.details["unit"]) for one in entries] == [("system_removed", unit), ("system_set", unit)]


@pytest.mark.parametrize(
    ("words", "status", "told"),
    [
        (("unit", "connect", "watr", "http://127.0.0.1:9"), 2, "CODE: there is no unit 'watr'; there are:"),
        (("unit", "connect", "water", "http://10.0.0.1"), 2, "URL: must begin with https://"),
        (("unit", "connect", "water", "https://169.254.1.1"), 2, "URL: 169.254.1.1 leads to"),
        (("unit", "connect", "water", "water.example"), 2, "URL: must be an address like"),
        (("unit", "disconnect", "watr"), 2, "there is no unit 'watr'"),
        (("unit", "show", "watr"), 2, "CODE: there is no unit"),
        (("unit", "secret", "watr"), 2, "CODE: there is no unit"),
        (("unit", "secret", "water", "--keep-old", "a while"), 2, "--keep-old: must be a length of time"),
        (("unit", "secret", "water", "--keep-old", "9999 days"), 2, "at most 90 days"),
        (("deliveries", "retry"), 2, "KEY or --unit"),
        (("deliveries", "--after", "nowhere"), 2, "after: not a place in this list"),
        (("deliveries", "list", "--after", "nowhere"), 2, "after: not a place in this list"),
    ],
)
async def test_mistakes_are_told_in_one_line(words: tuple[str, ...], status: int, told: str) -> None:
    result = await hotline(*words)
    assert result.exit_code == status
    assert told in result.stderr
    assert result.stderr.count("\n") == 1


async def test_a_port_that_is_taken_is_told_with_its_option() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refused = await hotline("unit", "simulate", "--unit", "water", "--port", str(port))
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert refused.stderr.startswith(f"hotline: port {port} for the simulated department is taken")
    assert f"--port={port + 1}" in refused.stderr


async def test_what_is_stuck_is_listed_and_counted(register: Register, monkeypatch: pytest.MonkeyPatch) -> None:
    assert (await hotline("deliveries")).stderr == "no delivery is stuck\n"
    for number in range(3):
        await register.deliveries.failed(Sample("water", str(number)).form("dispatched"), "water does not answer")
    stopped = Sample("gas", "9").form("urged")
    await register.deliveries.failed(stopped, "gas answers 404", stopped=True)
    monkeypatch.setenv("COLUMNS", "80")
    narrow = await hotline("deliveries")
    assert (await hotline("deliveries", "list")).stdout == narrow.stdout
    monkeypatch.setenv("COLUMNS", "200")
    told = narrow.stdout
    assert told.splitlines()[-2:] == ["water: 3 stuck", "gas: 1 stuck"]
    assert "hotline deliveries retry" in narrow.stderr
    assert max(len(line) for line in told.splitlines()) <= 80
    assert told.split(stopped.key)[1].lstrip().startswith("stopped\n    urged, due ")
    flowing = " ".join(told.split())
    assert "; tried once since " in flowing
    assert "water does not answer" in flowing
    only = json.loads((await hotline("deliveries", "--state", "stopped", "--json")).stdout)
    assert [one["key"] for one in only["items"]] == [stopped.key]
    assert only["counts"] == {"gas": 1}
    first = json.loads((await hotline("deliveries", "--unit", "water", "--limit", "2", "--json")).stdout)
    second = json.loads((await hotline("deliveries", "--unit", "water", "--after", first["next"], "--json")).stdout)
    assert (len(first["items"]), len(second["items"]), second["next"]) == (2, 1, None)
    listed = (await hotline("unit", "list")).stdout.splitlines()
    assert [line.split()[:3] for line in listed if line.startswith("water")] == [["water", "enterprise", "3"]]


async def until(ask: Callable[[], Any], wanted: Callable[[Any], bool]) -> Any:
    async with asyncio.timeout(60):
        while not wanted(found := await ask()):  # noqa: ASYNC110 - the engine tells nobody
            await asyncio.sleep(0.1)
    return found


async def test_a_stopped_delivery_is_retried_by_hand_once_the_system_is_mended(
    environment: WorkflowEnvironment, register: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue = f"units-{uuid4().hex}"
    monkeypatch.setenv("HOTLINE_TASK_QUEUE", queue)
    monkeypatch.setenv("TEMPORAL_ADDRESS", environment.client.service_client.config.target_host)
    clerk = Clerk(Habit.ACCEPT, 0)
    doors = [Department("water", [made_up()], clerk.take)]

    class Door(Department):
        async def receive(self, headers: Any, body: bytes) -> Any:
            return await doors[-1].receive(headers, body)

    bounds = Bounds(networks=networks(LOOPBACK))
    with served(one(Door("water", [], clerk.take), clerk.shown)) as address:
        async with (
            worker.build(environment.client, queue, register, bounds=bounds),
        ):
            secret = (await hotline("unit", "connect", "water", address)).stdout.strip()
            with environment.with_time_skipping_disabled():
                engine = Engine(environment.client, queue, register.history)
                command = received(Route(unit="water", reason="test"), source_ref=uuid4().hex, at=datetime.now(UTC))
                assert isinstance(command.act, Receive)
                number = (await engine.start(command))[0].number
                page = await until(lambda: register.deliveries.page("water"), lambda page: bool(page.items))
                assert page.items[0].state == "stopped"
                assert "answers 401" in page.items[0].row.reason
                doors.append(Department("water", [secret], clerk.take))
                await until(lambda: engine.case(number), lambda case: bool(case.orders[0].undelivered))
                tried = await hotline("deliveries", "retry", page.items[0].row.key)
                assert tried.exit_code == 0, tried.stderr
                assert tried.stdout.startswith("1 tried again")
                case = await until(lambda: engine.case(number), lambda case: case.orders[0].acknowledged_at is not None)
                assert case.orders[0].undelivered == ""
                gone = await until(lambda: register.deliveries.page("water"), lambda page: not page.items)
                assert gone.items == []
                retried = [event for event in await engine.events(number) if event.fact.type == "delivery_retried"]
                assert [event.actor for event in retried] == [local_admin()]
                again = await hotline("deliveries", "retry", page.items[0].row.key)
                assert (again.exit_code, "KEY: no delivery" in again.stderr) == (2, True)
                nothing = await hotline("deliveries", "retry", "--unit", "water")
                assert (nothing.exit_code, nothing.stdout) == (0, "nothing is stuck for it\n")
    assert doors[-1].keys == 1


def test_the_simulator_can_be_connected_and_tested_with_one_secret() -> None:
    with served(simulated(Simulation(unit="water", secrets=(secret := made_up(),)))) as address:
        result = run("unit", "test", address, "--unit", "water", "--secret", secret)
        assert httpx.get(address).json()["orders"] == 0
    assert result.exit_code == 0, result.stdout
    assert "not be connected yet" not in result.stdout


def test_a_test_says_that_an_address_could_not_be_connected_and_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOTLINE_UNIT_NETWORKS", "")
    with served(simulated(Simulation(unit="water", secrets=(secret := made_up(),)))) as address:
        result = run("unit", "test", address, "--unit", "water", "--secret", secret)
    assert result.exit_code == 0, result.stdout
    assert result.stdout.startswith("· it can be tested there, but not be connected yet: URL: must begin with https://")
