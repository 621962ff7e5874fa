"""A case whose register hung goes on as it was, also where its history is gone through again."""

import asyncio
from collections.abc import Sequence
from typing import Any
from uuid import uuid4

from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Replayer

import worker
from cases.commands import Acknowledge, Command
from cases.events import Event
from records.database import connect
from records.register import Register
from tests.own_keys import KEYS
from tests.unit.narrative import UNIT_OF_ROADS, received
from tests.unit_system import ON_THIS_MACHINE
from workflows.codec import converter
from workflows.complaint_case import ComplaintCase
from workflows.engine import Engine
from workflows.messages import workflow_id
from workflows.sandbox import SANDBOX


class HangingRegister(Register):
    """Does not answer the first time that it is to record something."""

    hung = False

    async def record(self, number: str, events: Sequence[Event], *more: Any) -> None:
        if not self.hung:
            self.hung = True
            await asyncio.Event().wait()
        await super().record(number, events, *more)


async def test_a_register_that_hung_stops_no_case(environment: WorkflowEnvironment, database_url: str) -> None:
    database, queue = connect(database_url), f"hung-{uuid4().hex}"
    register = HangingRegister(database, KEYS)
    engine = Engine(environment.client, queue, register.history)
    receipt = received(source_ref=uuid4().hex)
    number = receipt.act.number  # type: ignore[union-attr]
    with environment.with_time_skipping_disabled():
        async with worker.build(environment.client, queue, register, bounds=ON_THIS_MACHINE):
            await engine.start(receipt)
            async with asyncio.timeout(30):
                while not await register.events(number):  # noqa: ASYNC110 - the register tells nobody
                    await asyncio.sleep(0.1)
            handle = environment.client.get_workflow_handle(workflow_id(number))
            history = await handle.fetch_history()
            replayer = Replayer(
                workflows=[ComplaintCase], data_converter=converter(KEYS.payload), workflow_runner=SANDBOX
            )
            assert (await replayer.replay_workflow(history)).replay_failure is None
        # Another worker knows nothing of it, and goes through the history from its beginning.
        async with worker.build(environment.client, queue, register, bounds=ON_THIS_MACHINE):
            taken = await engine.submit(number, Command(id="signed", actor=UNIT_OF_ROADS, act=Acknowledge()))
            assert taken.status == "acknowledged"
    await database.dispose()
