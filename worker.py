"""The worker process: runs the workflows of cases and the activities that reach outside."""

import asyncio
import logging
import signal
from contextlib import AsyncExitStack
from datetime import timedelta

import httpx
from temporalio.client import Client
from temporalio.worker import Worker

from activities.adoption import Adoptions
from activities.casebook import Casebook
from activities.departments import Departments
from activities.links import Links
from activities.notices import Notices
from hotline.settings import Settings
from hotline.stack import resolve
from records.database import connect as connect_database
from records.register import Register
from workflows.complaint_case import ComplaintCase
from workflows.connection import connect
from workflows.engine import Engine
from workflows.policy_adoption import PolicyAdoption
from workflows.sandbox import SANDBOX

_REQUEST_TIMEOUT = httpx.Timeout(20.0, connect=5.0)


def build(client: Client, task_queue: str, register: Register, http: httpx.AsyncClient) -> Worker:
    """The worker of a task queue. 500 cases stay in memory between their events; the rest cost none."""
    casebook = Casebook(register)
    engine = Engine(client, task_queue, register.history)
    adoptions = Adoptions(register, engine)
    return Worker(
        client,
        task_queue=task_queue,
        workflows=[ComplaintCase, PolicyAdoption],
        activities=[
            casebook.record,
            casebook.rewrite,
            casebook.history,
            Departments(register, http).deliver,
            Notices().send,
            Links(engine).tell,
            adoptions.find,
            adoptions.adopt,
        ],
        workflow_runner=SANDBOX,
        max_cached_workflows=500,
        # They share one interpreter: more at once make each slower, and the engine's library gives one two seconds.
        max_concurrent_workflow_tasks=32,
        max_concurrent_activities=200,
        max_concurrent_local_activities=200,
        graceful_shutdown_timeout=timedelta(seconds=5),
    )


async def run(settings: Settings) -> None:
    """Work until the process is told to stop.

    Raises:
        RuntimeError: Temporal's server does not answer, or no database is set.
    """
    settings = resolve(settings)
    if settings.database_url is None:
        raise RuntimeError("no database: start the service with `hotline up`, or set HOTLINE_DATABASE_URL")
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with AsyncExitStack() as stack:
        database = connect_database(settings.database_url.get_secret_value())
        stack.push_async_callback(database.dispose)
        http = await stack.enter_async_context(httpx.AsyncClient(timeout=_REQUEST_TIMEOUT, follow_redirects=False))
        client = await connect(f"127.0.0.1:{settings.temporal_port}")
        await stack.enter_async_context(build(client, settings.task_queue, Register(database), http))
        await stop.wait()


def main() -> None:
    """Run the worker by the settings of the environment."""
    settings = Settings()
    logging.basicConfig(level=settings.log_level, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    asyncio.run(run(settings))


if __name__ == "__main__":
    main()
