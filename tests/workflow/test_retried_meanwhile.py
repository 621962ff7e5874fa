"""A delivery that is tried again by hand in the very moment in which its attempt comes to an end."""

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from fastapi import Response
from temporalio.api.enums.v1 import EventType
from temporalio.client import Client, WorkflowHandle
from temporalio.testing import WorkflowEnvironment

import worker
from cases.commands import Command, Receive, Remark, RetryDelivery
from cases.routing import Route, Unit
from records.register import Register
from tests.gateway.receiver import Post, Receiver, connect
from tests.unit.narrative import DESK, FULL, ROADS, received
from tests.unit_system import ON_THIS_MACHINE
from tests.workflow.office import until
from workflows.engine import Engine
from workflows.messages import workflow_id

_ENDED = {EventType.EVENT_TYPE_ACTIVITY_TASK_COMPLETED, EventType.EVENT_TYPE_ACTIVITY_TASK_FAILED}


@asynccontextmanager
async def _at_work(client: Client, queue: str, register: Register, place: int) -> AsyncIterator[None]:
    """Only the deliveries' worker (0), or only the cases' (1), over a connection of its own."""
    own = await Client.connect(
        client.service_client.config.target_host, namespace=client.namespace, data_converter=client.data_converter
    )
    both = worker.build(own, queue, register, bounds=ON_THIS_MACHINE)
    try:
        async with both._workers[place]:
            yield
    finally:
        await both._departments.aclose()


_ALARMS = {"warned", "breached", "escalated"}
"""What the time raises that passes while nobody works on the case."""


async def _tried(case: WorkflowHandle[Any, Any]) -> int:
    """How many deliveries of it came to their end."""
    return sum(event.event_type in _ENDED for event in (await case.fetch_history()).events)


async def _posts(system: Receiver) -> int:
    return len(system.posts)


@pytest.mark.parametrize("first", [200, 400])
async def test_a_case_goes_on_that_hears_of_both_at_once(
    environment: WorkflowEnvironment, register: Register, first: int
) -> None:
    client, queue = environment.client, f"test-{uuid4().hex}"
    engine = Engine(client, queue, register.history)
    let_go = threading.Event()
    answers = [first]

    async def slow(_: Post) -> Response:
        while not let_go.is_set():  # noqa: ASYNC110 - the server is in another thread
            await asyncio.sleep(0.01)
        return Response(status_code=answers.pop() if answers else 200)

    await register.put_units([Unit(code=ROADS, kind="department", title={"en": ROADS})])
    with Receiver(slow).running() as system:
        await connect(register, ROADS, system.address)
        command = received(Route(unit=ROADS, reason="catalogue line 1"), FULL, uuid4().hex, datetime.now(UTC))
        assert isinstance(command.act, Receive)
        case = client.get_workflow_handle(workflow_id(command.act.number))
        async with _at_work(client, queue, register, 0):
            async with _at_work(client, queue, register, 1):
                await engine.start(command)
                await until(lambda: _posts(system), bool)
            key = system.posts[0].key
            act = RetryDelivery(key=key, unit=ROADS, about="dispatched", sequence=2)
            await case.signal(act.type, Command(id=uuid4().hex, actor=DESK, act=act))
            let_go.set()
            await until(lambda: _tried(case), bool)
            async with _at_work(client, queue, register, 1):
                await until(lambda: _tried(case), lambda times: times == 2)
                await engine.submit(command.act.number, Command(id="goes on", actor=DESK, act=Remark(text="It does.")))
                facts = [event.fact.type for event in await engine.events(command.act.number)]
    assert [fact for fact in facts if fact not in _ALARMS] == [
        *("received", "dispatched", "delivery_retried", "delivered", "noted")
    ]
    assert [(post.key, post.body) for post in system.posts] == [(key, system.posts[0].body)] * 2
