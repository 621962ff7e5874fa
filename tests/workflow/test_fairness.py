"""An emergency overtakes, and a flood of orders for one unit starves no other, on the server as it is shipped."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from uuid import uuid4

import pytest_asyncio
from temporalio import activity
from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.client import Client
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from activities.casebook import Casebook
from activities.messages import DELIVER_ORDER, Delivery
from cases.order_form import OrderForm
from cases.routing import Route, Unit
from hotline.temporal_server import DYNAMIC, program
from records.register import Register
from tests.own_keys import KEYS
from tests.unit.narrative import received
from tests.workflow.office import until
from workflows.codec import converter
from workflows.complaint_case import ComplaintCase
from workflows.delivering import SYSTEMS
from workflows.engine import Engine
from workflows.sandbox import SANDBOX
from workflows.search_attributes import REGISTRY

FLOODED, OTHER, THIRD = "roads", "water", "gas"


@pytest_asyncio.fixture
async def client() -> AsyncIterator[Client]:
    """A server with the settings that the product gives its own."""
    extra = [word for name, kind in REGISTRY.items() for word in ("--search-attribute", f"{name}={kind}")]
    extra += [word for item in DYNAMIC.items() for word in ("--dynamic-config-value", "=".join(item))]
    async with await WorkflowEnvironment.start_local(
        data_converter=converter(KEYS.payload),
        dev_server_existing_path=str(program()),
        dev_server_extra_args=extra,
        dev_server_log_level="error",
    ) as started:
        yield started.client


class Order:
    """Takes one delivery after the other, and remembers for which unit and of which level."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, str]] = []

    @activity.defn(name=DELIVER_ORDER)
    async def deliver(self, form: OrderForm) -> Delivery:
        self.taken.append((form.unit, form.level))
        return Delivery(taken=True)


async def test_a_flood_for_one_unit_starves_no_other_and_an_emergency_goes_first(
    client: Client, register: Register
) -> None:
    order, queue = Order(), f"fair-{uuid4().hex}"
    engine = Engine(client, queue, register.history)
    await register.put_units(
        [Unit(code=code, kind="department", title={"en": code}) for code in (FLOODED, OTHER, THIRD)],
        dict.fromkeys((FLOODED, OTHER, THIRD), "https://unit.example"),
    )
    casebook = Casebook(register)
    cases = Worker(
        client,
        task_queue=queue,
        workflows=[ComplaintCase],
        activities=[casebook.record, casebook.rewrite, casebook.history],
        workflow_runner=SANDBOX,
    )
    async with cases:
        for unit, count, level in ((FLOODED, 40, "general"), (OTHER, 4, "general"), (THIRD, 1, "emergency")):
            for _ in range(count):
                await received_by(engine, unit, level)
        await until(lambda: waiting(client, queue), lambda count: count == 45)
        async with Worker(
            client, task_queue=f"{queue}{SYSTEMS}", activities=[order.deliver], max_concurrent_activities=1
        ):
            await until(lambda: asyncio.sleep(0, order.taken), lambda taken: len(taken) == 45)
    # The first few may have been handed out before the rest had come.
    assert order.taken.index((THIRD, "emergency")) <= 3
    last_of_the_other = max(place for place, (unit, _) in enumerate(order.taken) if unit == OTHER)
    assert last_of_the_other <= 20, "in order of arrival they would have come last"


async def received_by(engine: Engine, unit: str, level: str) -> None:
    command = received(Route(unit=unit, reason="catalogue line 1"), source_ref=uuid4().hex, at=datetime.now(UTC))
    terms = command.act.terms.model_copy(update={"level": level, "priority": 1 if level == "emergency" else 3})  # type: ignore[union-attr]
    await engine.start(command.model_copy(update={"act": command.act.model_copy(update={"terms": terms})}))


async def waiting(client: Client, queue: str) -> int:
    """How many deliveries wait in the queue."""
    found = await client.workflow_service.describe_task_queue(
        DescribeTaskQueueRequest(
            namespace=client.namespace,
            task_queue=TaskQueue(name=f"{queue}{SYSTEMS}"),
            task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY,
            report_stats=True,
        )
    )
    return found.stats.approximate_backlog_count
