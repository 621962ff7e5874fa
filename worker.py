"""The worker process: runs the workflows of cases and the activities that reach outside."""

import asyncio
import logging
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, suppress
from datetime import timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.client import Client
from temporalio.common import WorkerDeploymentVersion
from temporalio.worker import UnsandboxedWorkflowRunner, Worker, WorkflowRunner

from activities.adoption import Adoptions
from activities.casebook import Casebook
from activities.departments import Bounds, Departments
from activities.links import Links
from activities.notices.channels import Channels
from activities.notices.city import CityOfNotices
from activities.notices.courier import Courier
from activities.notices.owing import Notices
from activities.reconciliation import Reconciliation
from activities.relay import Relay
from activities.retention import Forget, Retention
from activities.wording.rendering import Wording
from cases.errors import InvalidError, UnavailableError
from hotline import discreet, loop, own_keys
from hotline.city import at_pace
from hotline.policies import PolicyError, load
from hotline.settings import Settings
from hotline.stack import resolve
from records.attachments import Attachments
from records.database import check
from records.database import connect as connect_database
from records.errors import SchemaError
from records.register import Register
from vault.following import Following
from vault.keyfile import KeyFile, KeyFileError
from workflows import deployment
from workflows.case_runs import CaseRuns
from workflows.complaint_case import ComplaintCase
from workflows.connection import connect
from workflows.delivering import SYSTEMS
from workflows.engine import Engine
from workflows.policy_adoption import PolicyAdoption
from workflows.reconciliation import Reconciliation as ReconciliationWorkflow
from workflows.reconciliation_schedule import RECONCILING
from workflows.retention import Retention as RetentionWorkflow
from workflows.retention_schedule import ERASING
from workflows.sandbox import SANDBOX

USUAL = Bounds()

TAKEN_OVER_AFTER = timedelta(seconds=4)
"""How long a case's work waits for a worker that was killed before another takes it: no limit may fire later."""

TASKS_AT_ONCE = 32
"""Workflow tasks under way at once. They share one interpreter: more make each slower, and the engine's library gives
one two seconds."""

_SHORTEST_WAIT, _LONGEST_WAIT = 0.5, 5.0
"""Seconds between two tries to reach Temporal's server, or the register, at the start."""

_log = logging.getLogger("hotline.worker")


class Workers:
    """The workers of the cases and of the deliveries to units, the relay of complaints that were kept, and the courier
    of notices, which run side by side."""

    def __init__(self, *workers: Worker, departments: Departments, relay: Relay, courier: Courier | None) -> None:
        self._workers = workers
        self._relay = relay
        self._departments = departments
        self._courier = courier
        self._running = AsyncExitStack()

    async def __aenter__(self) -> "Workers":
        self._running.push_async_callback(self._departments.aclose)
        for worker in self._workers:
            await self._running.enter_async_context(worker)
        relaying = asyncio.create_task(self._relay.run())
        self._running.callback(relaying.cancel)
        if self._courier is not None:
            self._running.push_async_callback(self._courier.aclose)
            going = asyncio.create_task(self._courier.run())
            self._running.callback(going.cancel)
        return self

    async def __aexit__(self, *raised: Any) -> None:
        await self._running.aclose()


def build(
    client: Client,
    task_queue: str,
    register: Register,
    *,
    bounds: Bounds = USUAL,
    courier: Courier | None = None,
    outside: Sequence[Forget] = (),
    version: WorkerDeploymentVersion | None = None,
    runner: WorkflowRunner = SANDBOX,
    cached: int = 500,
) -> Workers:
    """The workers of a task queue.

    Args:
        client: The engine.
        task_queue: The queue of the cases.
        register: Where they are recorded.
        bounds: Where orders to units may go, and how fast.
        courier: Who sends the notices; without one, they wait for another worker's.
        outside: What forgets erased cases where more of them lies than register and engine have.
        version: Which release they are; without one, they get work for as long as no version is current.
        runner: What runs the code of workflows.
        cached: How many cases stay in memory between their events; the rest cost none.
    """
    side_by_side = deployment.config(version) if version else None
    engine = Engine(client, task_queue, register.history)
    adoptions = Adoptions(register, engine)
    retention = Retention(register, [engine.forget, *outside])
    reconciliation = Reconciliation(register, CaseRuns(client, task_queue))
    departments = Departments(register, bounds)
    casebook = Casebook(register, departments)
    deliveries = Worker(
        client,
        task_queue=f"{task_queue}{SYSTEMS}",
        activities=[departments.deliver],
        max_concurrent_activities=500,
        graceful_shutdown_timeout=timedelta(seconds=5),
        deployment_config=side_by_side,
    )
    cases = Worker(
        client,
        task_queue=task_queue,
        workflows=[ComplaintCase, PolicyAdoption, RetentionWorkflow, ReconciliationWorkflow],
        activities=[
            casebook.record,
            casebook.rewrite,
            casebook.history,
            departments.deliver,
            Notices(register).send,
            Links(engine, register).tell,
            adoptions.find,
            adoptions.adopt,
            retention.erase_due,
            retention.settle_erased,
            retention.drop_leftovers,
            reconciliation.survey,
            reconciliation.mend,
            reconciliation.conclude,
        ],
        workflow_runner=runner,
        max_cached_workflows=cached,
        sticky_queue_schedule_to_start_timeout=TAKEN_OVER_AFTER,
        max_concurrent_workflow_tasks=TASKS_AT_ONCE,
        max_concurrent_activities=200,
        max_concurrent_local_activities=200,
        graceful_shutdown_timeout=timedelta(seconds=5),
        deployment_config=side_by_side,
    )
    return Workers(deliveries, cases, departments=departments, relay=Relay(register.kept, engine), courier=courier)


async def run(settings: Settings) -> None:
    """Work until the process is told to stop.

    Raises:
        RuntimeError: no database is set.
        InvalidError: the channels file cannot be used.
        PolicyError: the policy cannot be used.
        KeyFileError: the service's own keys cannot be used.
    """
    settings = resolve(settings)
    if settings.database_url is None:
        raise RuntimeError("no database: start the service with `hotline up`, or set HOTLINE_DATABASE_URL")
    city, channels = load(settings.policy), Channels.load(settings.channels)
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with AsyncExitStack() as stack:
        database = connect_database(settings.database_url.get_secret_value())
        stack.push_async_callback(database.dispose)
        keys = own_keys.load(settings)
        watching = asyncio.create_task(Following(own_keys.path(settings), keys).run())
        stack.callback(watching.cancel)
        if not await _fits(database, stop):
            return
        client = await _connected(keys, f"127.0.0.1:{settings.temporal_port}", stop)
        if client is None:
            return
        bounds = Bounds(
            networks=settings.open_networks,
            within=settings.unit_timeout,
            at_once=settings.unit_at_once,
            per_minute=settings.unit_per_minute,
        )
        register = Register(database, keys)
        await register.seals.check()
        in_force = CityOfNotices(city, register.policies, lambda one: at_pace(one, settings))
        courier = Courier(register.sending_queue, register.seals, in_force, _wording(settings), channels)
        attachments = Attachments(settings.attachments or settings.state / "attachments")
        version = deployment.version(settings.deployment, settings.build_id)
        workers = build(
            client,
            settings.task_queue,
            register,
            bounds=bounds,
            courier=courier,
            outside=[attachments.delete_all],
            version=version,
            runner=SANDBOX if settings.sandbox else UnsandboxedWorkflowRunner(),
            cached=settings.cached_cases,
        )
        await stack.enter_async_context(workers)
        telling = deployment.tell_whether_it_works(client, settings.task_queue, version)
        stack.callback(asyncio.create_task(telling).cancel)
        for nightly in (ERASING, RECONCILING):
            ensuring = nightly.ensure_for_sure(client, settings.task_queue, city.policy.city_zone)
            stack.callback(asyncio.create_task(ensuring).cancel)
        chaining = asyncio.create_task(register.audit.chain.run())
        stack.callback(chaining.cancel)
        await stop.wait()


async def _fits(database: AsyncEngine, stop: asyncio.Event) -> bool:
    """Wait until the database answers and its schema suits this release; false once it is told to stop before that."""
    async for _ in _tries(stop):
        try:
            await check(database)
        except (UnavailableError, SchemaError) as error:
            _log.warning("waiting for the register: %s", error)
        else:
            return True
    return False


async def _connected(keys: KeyFile, address: str, stop: asyncio.Event) -> Client | None:
    """A client as soon as Temporal's server answers; none once it is told to stop before that."""
    async for _ in _tries(stop):
        try:
            async with asyncio.timeout(_LONGEST_WAIT * 2):
                return await connect(keys, address)
        except (RuntimeError, TimeoutError) as error:
            why = str(error).partition("\n")[0] or "no answer"
            _log.warning("waiting for Temporal's server, by TEMPORAL_ADDRESS or at %s: %s", address, why)
    return None


async def _tries(stop: asyncio.Event) -> AsyncIterator[None]:
    """Tries with growing pauses between them, until the process is told to stop."""
    pause = _SHORTEST_WAIT
    while not stop.is_set():
        yield
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), pause)
        pause = min(_LONGEST_WAIT, pause * 2)


def _wording(settings: Settings) -> Wording:
    wording = Wording.load([settings.notices] if settings.notices else [])
    for flaw in wording.flaws:
        where = " ".join(filter(None, (flaw.file, ".".join(flaw.path), f"line {flaw.line}" if flaw.line else "")))
        _log.error("HOTLINE_NOTICES: %s: %s; the shipped text is taken", where, flaw.detail)
    return wording


def main() -> None:
    """Run the worker by the settings of the environment."""
    settings = Settings()
    discreet.configure(settings.log_level)
    try:
        loop.run(run(settings))
    except (InvalidError, PolicyError, KeyFileError) as error:
        # The last line of the log is what the start of the whole service tells.
        raise SystemExit(f"hotline: {error}") from None


if __name__ == "__main__":
    main()
