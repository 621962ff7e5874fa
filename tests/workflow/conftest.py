"""Case workflows on the real server in virtual time, with a real register and a unit's real HTTP system."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio
from temporalio.client import WorkflowHandle
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.testing import WorkflowEnvironment

import worker
from cases.commands import Act, Command
from cases.routing import Route, Unit
from cases.view import CaseView
from cases.vocabulary import Actor
from hotline.temporal_server import binary
from records.register import Register
from tests.unit.narrative import ROADS, UNIT_OF_ROADS, WATER, received
from tests.unit_system import UnitSystem
from workflows.engine import Engine
from workflows.messages import CaseStart, workflow_id
from workflows.search_attributes import REGISTRY

DYNAMIC_CONFIG = {"frontend.WorkflowTimeSkippingEnabled": "true", "history.timerProcessorMaxTimeShift": '"1ms"'}


@pytest_asyncio.fixture(scope="session")
async def environment() -> AsyncIterator[WorkflowEnvironment]:
    """Temporal's development server with a clock of its own for each workflow."""
    extra = [word for name, kind in REGISTRY.items() for word in ("--search-attribute", f"{name}={kind}")]
    extra += [word for item in DYNAMIC_CONFIG.items() for word in ("--dynamic-config-value", "=".join(item))]
    async with await WorkflowEnvironment.start_time_skipping_v2(
        data_converter=pydantic_data_converter,
        dev_server_existing_path=str(binary()),
        dev_server_extra_args=extra,
        dev_server_log_level="error",
    ) as started:
        yield started


@pytest.fixture
def unit_system() -> Iterator[UnitSystem]:
    with UnitSystem().running() as system:
        yield system


@dataclass
class LiveCase:
    """A case on the server, told command by command like `Narrative`."""

    service: "Service"
    number: str
    handle: WorkflowHandle[Any, Any]

    async def do(self, act: Act, actor: Actor = UNIT_OF_ROADS, id: str | None = None) -> CaseView:  # noqa: A002
        return await self.service.engine.submit(self.number, Command(id=id or uuid4().hex, actor=actor, act=act))

    async def signal(self, act: Act, actor: Actor = UNIT_OF_ROADS, id: str | None = None) -> None:  # noqa: A002
        await self.handle.signal(act.type, Command(id=id or uuid4().hex, actor=actor, act=act))

    async def after(self, **passed: float) -> None:
        await self.service.environment.fast_forward(self.handle, timedelta(**passed))

    async def facts(self) -> list[str]:
        return [event.fact.type for event in await self.service.engine.events(self.number)]

    async def until(self, reached: Callable[[list[str]], bool]) -> list[str]:
        """Wait, in real time, for something that the case does in the background."""
        async with asyncio.timeout(20):
            while not reached(facts := await self.facts()):  # noqa: ASYNC110 - the case is in another process
                await asyncio.sleep(0.02)
        return facts


@dataclass
class Service:
    """One worker with its engine and register."""

    environment: WorkflowEnvironment
    engine: Engine
    register: Register
    task_queue: str

    async def receive(self, route: Route | None = None, renew_after: int | None = None) -> LiveCase:
        command = received(route, source_ref=uuid4().hex, at=datetime.now(UTC))
        number = command.act.number  # type: ignore[union-attr]
        client = self.environment.client
        with self.environment.with_time_skipping_disabled():
            if renew_after is None:
                await self.engine.start(command)
            else:
                await client.start_workflow(
                    "ComplaintCase",
                    CaseStart(command=command, renew_after=renew_after),
                    id=workflow_id(number),
                    task_queue=self.task_queue,
                )
        return LiveCase(self, number, client.get_workflow_handle(workflow_id(number)))


@pytest_asyncio.fixture
async def service(
    environment: WorkflowEnvironment, register: Register, unit_system: UnitSystem
) -> AsyncIterator[Service]:
    units = [Unit(code=code, kind="department", title={"en": code}) for code in (ROADS, WATER, "chaoyang")]
    await register.put_units(units, {ROADS: unit_system.address})
    task_queue = f"test-{uuid4().hex}"
    async with (
        httpx.AsyncClient(timeout=5) as http,
        worker.build(environment.client, task_queue, register, http),
    ):
        yield Service(environment, Engine(environment.client, task_queue), register, task_queue)
