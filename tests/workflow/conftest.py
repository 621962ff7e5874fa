"""Case workflows on the real server in virtual time, with a real register and a unit's real HTTP system."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio
from temporalio.client import WorkflowHandle
from temporalio.testing import WorkflowEnvironment

import worker
from cases.commands import Act, Command
from cases.policy import Policy
from cases.routing import Route, Unit
from cases.triage import Triage
from cases.view import CaseView
from cases.vocabulary import Actor
from records.register import Register
from tests.unit.narrative import POLICY, ROADS, UNIT_OF_ROADS, WATER, received
from tests.unit_system import ON_THIS_MACHINE, UnitSystem
from workflows.engine import Engine
from workflows.messages import LAYOUT, CaseStart, workflow_id


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
        """Wait, in real time, for something that the case does in the background, by looking into the register."""
        async with asyncio.timeout(20):
            while True:
                facts: list[str] = [event.fact.type for event in await self.service.register.events(self.number)]
                if reached(facts):
                    return facts
                await asyncio.sleep(0.02)


@dataclass
class Service:
    """One worker with its engine and register."""

    environment: WorkflowEnvironment
    engine: Engine
    register: Register
    task_queue: str

    async def receive(
        self,
        route: Route | None = None,
        renew_after: int | None = None,
        policy: Policy = POLICY,
        triage: Triage | None = None,
    ) -> LiveCase:
        command = received(route, policy, source_ref=uuid4().hex, at=datetime.now(UTC))
        if triage is not None:
            act = command.act.model_copy(update={"triage": triage})
            command = command.model_copy(update={"act": act})
        number = command.act.number  # type: ignore[union-attr]
        client = self.environment.client
        with self.environment.with_time_skipping_disabled():
            if renew_after is None:
                await self.engine.start(command)
            else:
                await client.start_workflow(
                    "ComplaintCase",
                    CaseStart(command=command, renew_after=renew_after, layout=LAYOUT),
                    id=workflow_id(number),
                    task_queue=self.task_queue,
                )
        return LiveCase(self, number, client.get_workflow_handle(workflow_id(number)))


@pytest_asyncio.fixture
async def service(
    environment: WorkflowEnvironment, register: Register, unit_system: UnitSystem
) -> AsyncIterator[Service]:
    units = [Unit(code=code, kind="department", title={"en": code}) for code in (ROADS, WATER, "chaoyang")]
    await register.put_units(units)
    await unit_system.connect(register, ROADS)
    task_queue = f"test-{uuid4().hex}"
    async with (
        worker.build(environment.client, task_queue, register, bounds=ON_THIS_MACHINE),
    ):
        yield Service(environment, Engine(environment.client, task_queue, register.history), register, task_queue)
