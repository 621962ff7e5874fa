"""The town whose cases are recorded: the real service over real servers, with one unit that has a system of its own."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.client import WorkflowHandle
from temporalio.testing import WorkflowEnvironment

import worker
from cases.commands import Act, Command, Receive, fingerprint
from cases.policy import Policy
from cases.routing import Route, Unit
from cases.triage import Triage
from cases.vocabulary import Actor
from hotline.postgres import Postgres
from hotline.temporal_server import program
from records.database import connect, migrate
from records.register import Register
from tests.conftest import TIME_SKIPPING
from tests.own_keys import KEYS
from tests.replay.kept import CONVERTER
from tests.unit.narrative import DISTRICT, FULL, GAS, ROADS, UNIT_OF_WATER, WATER, received
from tests.unit_system import ON_THIS_MACHINE, UnitSystem
from tests.workflow.office import until
from vault.sealing import seal
from workflows.engine import Engine
from workflows.messages import LAYOUT, WORKFLOW, CaseStart, workflow_id
from workflows.search_attributes import REGISTRY

TO_WATER = Route(unit=WATER, reason="catalogue line 1")
"""To a unit that reads its mailbox."""
TO_ROADS = Route(unit=ROADS, copy_to=DISTRICT, reason="catalogue line 2")
"""To a unit that has a system."""
TO_NOBODY = Route(unit=None, reason="no line of the catalogue")


@dataclass
class Living:
    """A case on the server, led from outside as the API does it: its texts are sealed before the engine sees them."""

    town: "Town"
    number: str

    @property
    def handle(self) -> WorkflowHandle[Any, Any]:
        return self.town.environment.client.get_workflow_handle(workflow_id(self.number))

    async def do(self, act: Act, actor: Actor = UNIT_OF_WATER) -> None:
        await self.town.engine.submit(self.number, await self._command(act, actor))

    async def signal(self, act: Act, actor: Actor = UNIT_OF_WATER) -> None:
        await self.handle.signal(act.type, await self._command(act, actor))

    async def after(self, **passed: float) -> None:
        await self.town.environment.fast_forward(self.handle, timedelta(**passed))

    async def has(self, *facts: str) -> None:
        """Wait until all these are recorded."""

        def there(events: list[Any]) -> bool:
            return {event.fact.type for event in events} >= set(facts)

        await until(lambda: self.town.register.events(self.number), there)

    async def ends(self) -> None:
        await self.handle.result()

    async def rests(self) -> None:
        """Wait until everything that happened is recorded."""
        events = await self.town.engine.events(self.number)
        await until(lambda: self.town.register.events(self.number), lambda found: len(found) >= len(events))

    async def _command(self, act: Act, actor: Actor) -> Command:
        sealed = await self.town.register.seals.seal(act, self.number)
        return Command(id=uuid4().hex, actor=actor, act=sealed, digest=fingerprint(act), origin="192.0.2.10")


@dataclass
class Town:
    """The service, and the workflows that the life which is being recorded has begun."""

    environment: WorkflowEnvironment
    register: Register
    database: AsyncEngine
    queue: str
    system: UnitSystem
    begun: list[str] = field(default_factory=list)

    @property
    def engine(self) -> Engine:
        return Engine(self.environment.client, self.queue, self.register.history)

    async def receive(
        self,
        route: Route = TO_WATER,
        policy: Policy = FULL,
        triage: Triage | None = None,
        renew_after: int | None = None,
        **complaint: Any,
    ) -> Living:
        command = received(route, policy, source_ref=uuid4().hex, at=datetime.now(UTC))
        assert isinstance(command.act, Receive)
        digest = fingerprint(command.act)
        changed = command.act.complaint.model_copy(update={"content": digest, **complaint})
        act = command.act.model_copy(update={"complaint": changed, "triage": triage})
        sealed = seal(act, await self.register.seals.new_key(act.number))
        command = Command(id="receive", actor=command.actor, act=sealed, digest=digest, origin="192.0.2.10")
        self.begun.append(workflow_id(act.number))
        if renew_after is None:
            await self.engine.start(command)
        else:
            await self.environment.client.start_workflow(
                WORKFLOW,
                CaseStart(command=command, renew_after=renew_after, layout=LAYOUT),
                id=workflow_id(act.number),
                task_queue=self.queue,
            )
        return Living(self, act.number)

    async def wait(self, ask: Callable[[], Any], reached: Callable[[Any], bool]) -> Any:
        return await until(ask, reached)


@asynccontextmanager
async def town(folder: Path) -> AsyncIterator[Town]:
    """A town of its own, whose servers run for as long as the context lasts."""
    extra = [word for name, kind in REGISTRY.items() for word in ("--search-attribute", f"{name}={kind}")]
    extra += [word for item in TIME_SKIPPING.items() for word in ("--dynamic-config-value", "=".join(item))]
    server = Postgres(folder / "postgres")
    try:
        address = server.start()
        migrate(address)
        engine = connect(address)
        register = Register(engine, KEYS)
        units = [Unit(code=code, kind="department", title={"en": code}) for code in (ROADS, WATER, GAS, DISTRICT)]
        await register.put_units(units)
        async with await WorkflowEnvironment.start_time_skipping_v2(
            data_converter=CONVERTER,
            dev_server_existing_path=str(program()),
            dev_server_extra_args=extra,
            dev_server_log_level="error",
        ) as environment:
            with UnitSystem().running() as system, environment.with_time_skipping_disabled():
                await system.connect(register, ROADS)
                queue = "hotline"
                async with worker.build(environment.client, queue, register, bounds=ON_THIS_MACHINE):
                    yield Town(environment, register, engine, queue, system)
        await engine.dispose()
    finally:
        server.stop()
