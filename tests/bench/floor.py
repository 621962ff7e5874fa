"""The barest workflows that our cases are measured against: `python -m tests.bench.floor ADDRESS QUEUE` works on them.

No activity, no record, no lock on what they say; the same server, and a worker set up as ours is for cases.
"""

import asyncio
import signal
import sys
from datetime import datetime, timedelta

from temporalio import workflow

from hotline import loop

QUEUE = "floor"

UPDATES = 4
"""As many as a routine case takes commands."""


@workflow.defn
class Empty:
    """Returns at once: what a workflow costs that does nothing."""

    @workflow.run
    async def run(self) -> None:
        """Nothing at all."""


@workflow.defn
class Floor:
    """Takes so many updates and holds one timer: what a case costs that does nothing between its commands."""

    def __init__(self) -> None:
        self._taken = 0

    @workflow.run
    async def run(self, updates: int, hold: timedelta) -> int:
        """End with the last of the updates. The timer stands as that of a case does, and does not fire before."""
        timer = asyncio.create_task(workflow.sleep(hold))
        await workflow.wait_condition(lambda: timer.done() or self._taken >= updates)
        await workflow.wait_condition(workflow.all_handlers_finished)
        return self._taken

    @workflow.update
    async def take(self, what: str) -> int:
        """Count it."""
        self._taken += 1
        return self._taken


@workflow.defn
class FloorAlarm:
    """One timer to a moment: what an alarm costs that tells nobody."""

    @workflow.run
    async def run(self, due: datetime) -> datetime:
        """Wait until it is due, and tell when it fired."""
        await workflow.sleep(due - workflow.now())
        return workflow.now()


async def run(address: str, queue: str) -> None:
    """Work on them until told to stop."""
    from temporalio.client import Client
    from temporalio.contrib.pydantic import pydantic_data_converter
    from temporalio.worker import UnsandboxedWorkflowRunner, Worker

    from hotline.settings import Settings
    from tests.bench import floor
    from worker import TAKEN_OVER_AFTER, TASKS_AT_ONCE

    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    client = await Client.connect(address, data_converter=pydantic_data_converter)
    async with Worker(
        client,
        task_queue=queue,
        # By their module's name, as those who start them know it.
        workflows=[floor.Empty, floor.Floor, floor.FloorAlarm],
        # All this as in the service.
        workflow_runner=UnsandboxedWorkflowRunner(),
        max_cached_workflows=Settings().cached_cases,
        sticky_queue_schedule_to_start_timeout=TAKEN_OVER_AFTER,
        max_concurrent_workflow_tasks=TASKS_AT_ONCE,
        graceful_shutdown_timeout=timedelta(seconds=5),
    ):
        await stop.wait()


if __name__ == "__main__":
    loop.run(run(*sys.argv[1:]))
