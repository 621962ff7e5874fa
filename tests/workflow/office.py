"""A hotline whose workers come and go, for tests of what becomes of its open cases."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from temporalio.client import WorkflowHandle
from temporalio.testing import WorkflowEnvironment

import worker
from activities.messages import Ruling
from cases.city import City
from cases.commands import Act, Command
from cases.deadlines import Deadline, deadlines
from cases.errors import UnavailableError
from cases.policy import Policy
from cases.routing import Catalogue, Route
from cases.vocabulary import Actor
from records.register import Register
from tests.unit.narrative import POLICY, WATER, received
from tests.unit_system import ON_THIS_MACHINE
from workflows.adoption_messages import WORKFLOW, AdoptionStart, Progress, workflow_id
from workflows.adoptions import Adoptions
from workflows.engine import Engine

TO_WATER = Route(unit=WATER, reason="catalogue line 1")


@dataclass
class Office:
    """A hotline whose workers come and go. Its policy has a code of its own, as the server is shared by all tests."""

    environment: WorkflowEnvironment
    register: Register
    queue: str
    code: str

    @property
    def engine(self) -> Engine:
        return Engine(self.environment.client, self.queue, self.register.history)

    @property
    def adoptions(self) -> Adoptions:
        return Adoptions(self.environment.client, self.queue)

    @asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        async with (
            worker.build(self.environment.client, self.queue, self.register, bounds=ON_THIS_MACHINE),
        ):
            yield

    def policy(self, version: str, **changed: Any) -> Policy:
        return POLICY.model_copy(update={"policy": self.code, "version": version, **changed})

    async def in_force(self, policy: Policy) -> Ruling:
        await self.register.policies.put(City(policy, Catalogue([], [], [])))
        since = (await self.register.policies.put_in_force(policy.policy, policy.version)).in_force_since
        assert since is not None
        return Ruling(policy=policy.policy, version=policy.version, since=since)

    async def receive(self, policy: Policy, level: str = "general") -> str:
        command = received(TO_WATER, policy, source_ref=uuid4().hex, at=datetime.now(UTC))
        act = command.act.model_copy(update={"terms": policy.terms(level)})
        view, _ = await self.engine.start(command.model_copy(update={"act": act}))
        return view.number

    async def recorded(self, policy: Policy, count: int) -> None:
        """Wait until the register knows so many open cases that are held to a version."""
        await until(lambda: self._held(policy.version), lambda held: held == count)

    async def _held(self, version: str) -> int:
        return (await self.register.policies.open_by_version(self.code)).get(version, 0)

    async def do(self, number: str, act: Act, actor: Actor) -> None:
        await self.engine.submit(number, Command(id=uuid4().hex, actor=actor, act=act))

    async def adopt(self, ruling: Ruling, **start: Any) -> WorkflowHandle[Any, Any]:
        return await self.environment.client.start_workflow(
            WORKFLOW,
            AdoptionStart(ruling=ruling, **start),
            id=workflow_id(ruling.policy, ruling.version),
            task_queue=self.queue,
        )

    async def progress(self, ruling: Ruling, reached: Callable[[Progress], bool]) -> Progress:
        async def ask() -> Progress:
            found = await self.adoptions.progress(ruling.policy, ruling.version)
            assert found is not None
            return found

        found: Progress = await until(ask, reached)
        return found

    async def adopted(self, number: str) -> int:
        """How often a case adopted anything."""
        return sum(event.fact.type == "adopted" for event in await self.engine.events(number))

    async def due(self, number: str) -> dict[str, datetime]:
        return {one.id: one.due_at for one in await self.deadlines(number)}

    async def deadlines(self, number: str) -> list[Deadline]:
        return deadlines(await self.engine.case(number))


async def until(ask: Callable[[], Any], reached: Callable[[Any], bool]) -> Any:
    async with asyncio.timeout(60):
        while True:
            # What is out of reach for a moment is asked again, as every caller is told to do.
            with suppress(UnavailableError):
                if reached(answer := await ask()):
                    return answer
            await asyncio.sleep(0.02)
