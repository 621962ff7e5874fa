"""A run that a newer release began waits for a worker that knows how it goes about its work."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import WorkflowExecutionStatus
from temporalio.testing import WorkflowEnvironment

from cases.commands import Acknowledge, Receive
from cases.vocabulary import Status
from records.register import Register
from tests.unit.narrative import POLICY, UNIT_OF_WATER, received
from tests.workflow.office import TO_WATER, Office, until
from workflows.messages import LAYOUT, WORKFLOW, CaseStart, workflow_id

LATER = LAYOUT + 1


@asynccontextmanager
async def this_release(office: Office, database_url: str) -> AsyncIterator[None]:
    """A worker in a process of its own, where it may fail as it likes."""
    address = office.environment.client.service_client.config.target_host
    arguments = ("-m", "tests.workflow.dying_worker", address, office.queue, database_url, "of nothing")
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(sys.executable, *arguments, stdout=pipe)
    try:
        assert process.stdout is not None
        assert await process.stdout.readline() == b"working\n"
        yield
    finally:
        process.kill()
        await process.wait()


async def test_a_run_of_a_later_layout_waits_for_who_knows_it(
    environment: WorkflowEnvironment, register: Register, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    office = Office(environment, register, f"test-{uuid4().hex}", f"town-{uuid4().hex}")
    command = received(TO_WATER, POLICY, source_ref=uuid4().hex, at=datetime.now(UTC))
    assert isinstance(command.act, Receive)
    number = command.act.number
    with environment.with_time_skipping_disabled():
        run = await environment.client.start_workflow(
            WORKFLOW, CaseStart(command=command, layout=LATER), id=workflow_id(number), task_queue=office.queue
        )

        async def history() -> list[HistoryEvent]:
            return list((await run.fetch_history()).events)

        async with this_release(office, database_url):
            events = await until(history, lambda events: any(map(_failed, events)))
        assert not any(event.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED for event in events)
        assert (await run.describe()).status is WorkflowExecutionStatus.RUNNING
        assert await register.events(number) == []

        # What a newer release knows more than this one, here, is that number.
        monkeypatch.setattr("workflows.complaint_case.LAYOUT", LATER)
        monkeypatch.setattr("workflows.messages.LAYOUT", LATER)
        async with office.working():
            await office.do(number, Acknowledge(), UNIT_OF_WATER)
            assert (await office.engine.case(number)).status is Status.ACKNOWLEDGED


def _failed(event: HistoryEvent) -> bool:
    return event.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED
