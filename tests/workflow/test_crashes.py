"""Cases whose record and whose history part ways: what was recorded in a task that is lost, or in another time."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest_asyncio
from temporalio.client import WorkflowExecutionStatus, WorkflowHandle
from temporalio.testing import WorkflowEnvironment

from cases.commands import Acknowledge, CallBack, Command, Contact, Remark, Reopen, Report, Withdraw
from cases.decide import decide
from cases.events import Event
from cases.evolve import fold
from cases.routing import Unit
from cases.vocabulary import Outcome, Satisfaction, Status
from records.register import Register
from tests.unit.narrative import DESK, FULL, INTAKE, UNIT_OF_WATER, WATER, received
from tests.unit_system import UnitSystem
from tests.workflow.office import TO_WATER, Office, until
from workflows.messages import workflow_id

SOLVED = Report(outcome=Outcome.SOLVED, note="Filled and rolled.")
AGAIN = Command(id="again", actor=INTAKE, act=Reopen(reason="It has sunk again."))
HAPPY = CallBack(reached=True, contacted=True, solved=True, satisfaction=Satisfaction.SATISFIED)


@pytest_asyncio.fixture
async def office(environment: WorkflowEnvironment, register: Register) -> AsyncIterator[Office]:
    with environment.with_time_skipping_disabled():
        yield Office(environment, register, f"crash-{uuid4().hex}", "full-city")


@asynccontextmanager
async def dying(office: Office, database_url: str, fact: str) -> AsyncIterator[None]:
    """A worker process that is killed once it has recorded a fact. At the end it is dead."""
    address = office.environment.client.service_client.config.target_host
    arguments = ("-m", "tests.workflow.dying_worker", address, office.queue, database_url, fact)
    process = await asyncio.create_subprocess_exec(sys.executable, *arguments, stdout=asyncio.subprocess.PIPE)
    try:
        assert process.stdout is not None
        assert await process.stdout.readline() == b"working\n"
        yield
        assert await process.wait() == -signal.SIGKILL
    finally:
        if process.returncode is None:
            process.kill()


@pytest_asyncio.fixture
async def water(register: Register, unit_system: UnitSystem) -> UnitSystem:
    """The system of the unit that has the cases."""
    await register.put_units([Unit(code=WATER, kind="department", title={"en": "Water"})])
    await unit_system.connect(register, WATER)
    return unit_system


def case_of(office: Office, number: str) -> WorkflowHandle[Any, Any]:
    return office.environment.client.get_workflow_handle(workflow_id(number))


async def closed(office: Office) -> str:
    number = await office.receive(FULL)
    for act in (Acknowledge(), Contact(), SOLVED):
        await office.do(number, act, UNIT_OF_WATER)
    await office.do(number, HAPPY, DESK)
    await case_of(office, number).result()
    return number


async def recorded(office: Office, number: str, last: str) -> list[Event]:
    """Wait until the register's last word on a case is a certain one."""
    events: list[Event] = await until(
        lambda: office.register.events(number), lambda events: bool(events) and events[-1].fact.type == last
    )
    return events


async def test_a_reopening_whose_worker_was_killed_still_sends_its_order(
    office: Office, database_url: str, water: UnitSystem
) -> None:
    async with office.working():
        number = await closed(office)
    before = len(await office.register.events(number))
    async with dying(office, database_url, "reopened"):
        answer = asyncio.create_task(office.engine.submit(number, AGAIN))
    assert len(await office.register.events(number)) > before
    async with office.working():
        # Whether it was taken the caller may never have been told. So it is asked again.
        await asyncio.gather(answer, return_exceptions=True)
        assert (await office.engine.submit(number, AGAIN)).status is Status.DISPATCHED
        events = await recorded(office, number, "delivered")
        assert dispatched(water) == [1, 2]
        assert await office.engine.events(number) == events


async def test_what_only_the_record_knows_is_made_true_before_it_is_answered_with(
    office: Office, water: UnitSystem
) -> None:
    async with office.working():
        number = await closed(office)
        events = await office.register.events(number)
        await office.register.record(number, decide(fold(events), AGAIN, datetime.now(UTC)))
        assert (await office.engine.submit(number, AGAIN)).status is Status.DISPATCHED
        told = await recorded(office, number, "delivered")
        assert dispatched(water) == [1, 2]
        assert await office.engine.events(number) == told


async def test_an_order_that_goes_out_late_says_what_it_said_at_first(office: Office, water: UnitSystem) -> None:
    async with office.working():
        number = await office.receive(FULL)
        await recorded(office, number, "delivered")
    withdrawn = Command(id="enough", actor=INTAKE, act=Withdraw(reason="I have moved."))
    for command in (withdrawn, AGAIN):
        await case_of(office, number).signal(command.act.type, command)
    async with office.working():
        await until(lambda: office.engine.events(number), lambda events: delivered(events) == 2)
    orders = [(order["about"], order["order"]) for _, order in water.requests]
    assert orders == [("dispatched", 1), ("withdrawn", 1), ("dispatched", 2)], "one after the other"


def delivered(events: list[Event]) -> int:
    return sum(event.fact.type == "delivered" for event in events)


def dispatched(system: UnitSystem) -> list[int]:
    return [order["order"] for _, order in system.requests if order["about"] == "dispatched"]


async def test_a_record_of_another_time_is_never_written_over_and_the_case_lives_on(office: Office) -> None:
    ref = uuid4().hex
    earlier, later = (received(TO_WATER, FULL, ref, datetime.now(UTC) - timedelta(days=days)) for days in (900, 0))
    number = earlier.act.number  # type: ignore[union-attr]
    kept = decide(None, earlier, datetime.now(UTC))
    await office.register.record(number, kept)
    async with office.working():
        await office.engine.start(later)
        await office.do(number, Withdraw(reason="I have moved."), INTAKE)
        await until(lambda: refused(office, number), bool)
        await office.do(number, Remark(text="Who sees to the register?"), DESK)
        described = await case_of(office, number).describe()
    assert described.status is WorkflowExecutionStatus.RUNNING
    assert await office.register.events(number) == kept


async def refused(office: Office, number: str) -> bool:
    """Whether the register has refused to write a case anew."""
    history = await case_of(office, number).fetch_history()
    markers = (event.marker_recorded_event_attributes for event in history.events)
    return any(b"rewrite" in marker.SerializeToString() and marker.HasField("failure") for marker in markers)
