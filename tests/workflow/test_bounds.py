"""What the engine can bear of one case at once, and how a case keeps within it."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest_asyncio
from temporalio.api.enums.v1 import EventType
from temporalio.client import (
    Client,
    Interceptor,
    OutboundInterceptor,
    StartWorkflowUpdateInput,
    WorkflowExecutionStatus,
    WorkflowUpdateHandle,
)
from temporalio.testing import WorkflowEnvironment

from cases import number
from cases.commands import Acknowledge, Command, Contact, Remark, Reopen, Report, Withdraw
from cases.decide import decide
from cases.events import Breached, Event, Followed, Noted
from cases.evolve import fold
from cases.limits import Anchor, Budget, Limit
from cases.policy import Policy
from cases.vocabulary import SYSTEM, Outcome, Status
from records.register import Register
from tests.unit.narrative import DESK, FULL, INTAKE, POLICY, UNIT_OF_WATER, received
from tests.workflow.conftest import Service
from tests.workflow.office import TO_WATER, Office, until
from workflows.engine import Engine
from workflows.messages import LAYOUT, MOST_TOLD, WORKFLOW, CaseStart, workflow_id

LONG = "路" * 4_000
"""A note of twelve kilobytes, as long as they may be."""


@pytest_asyncio.fixture
async def office(environment: WorkflowEnvironment, register: Register) -> Any:
    with environment.with_time_skipping_disabled():
        yield Office(environment, register, f"bounds-{uuid4().hex}", "full-city")


async def begun(office: Office, facts: list[Any], **start: Any) -> str:
    """A case to which all this has happened already."""
    command = received(TO_WATER, FULL, source_ref=uuid4().hex, at=datetime.now(UTC))
    events = decide(None, command, datetime.now(UTC))
    for fact in facts:
        events.append(Event(seq=len(events) + 1, at=events[-1].at, actor=SYSTEM, fact=fact))
    case = fold(events)
    await office.environment.client.start_workflow(
        WORKFLOW,
        CaseStart(events=tuple(events), layout=LAYOUT, **start),
        id=workflow_id(case.number),
        task_queue=office.queue,
    )
    return case.number


async def test_a_lead_tells_no_more_cases_at_once_than_the_engine_bears(office: Office) -> None:
    followers = [number.derive("nobody", str(place)) for place in range(MOST_TOLD * 2 + 1)]
    async with office.working():
        lead = await begun(office, [Followed(case=follower) for follower in followers])
        for act in (Acknowledge(), Contact(), Report(outcome=Outcome.SOLVED, note="Repaired.")):
            await office.do(lead, act, UNIT_OF_WATER)
        await until(
            lambda: office.register.events(lead),
            lambda events: sum(event.fact.type == "noted" for event in events) == len(followers),
        )
    history = await office.environment.client.get_workflow_handle(workflow_id(lead)).fetch_history()
    under_way = most = 0
    for event in history.events:
        under_way += event.event_type == EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED
        under_way -= event.event_type in (
            EventType.EVENT_TYPE_ACTIVITY_TASK_COMPLETED,
            EventType.EVENT_TYPE_ACTIVITY_TASK_FAILED,
        )
        most = max(most, under_way)
    # Besides those, at most one activity records.
    assert MOST_TOLD <= most <= MOST_TOLD + 1


async def test_a_history_that_is_too_much_for_one_message_still_lives_ends_and_lives_on(office: Office) -> None:
    async with office.working():
        case = await begun(office, [Noted(text=LONG) for _ in range(100)], renew_after=10)
        for _ in range(80):
            await office.do(case, Remark(text=LONG), DESK)
        await office.do(case, Withdraw(reason="I have moved."), INTAKE)
        handle = office.environment.client.get_workflow_handle(workflow_id(case))
        await handle.result()
        again = Command(id="again", actor=INTAKE, act=Reopen(reason="It has sunk again."))
        assert (await office.engine.submit(case, again)).status is Status.DISPATCHED
        assert (await handle.describe()).status is WorkflowExecutionStatus.RUNNING
        await office.do(case, Acknowledge(), UNIT_OF_WATER)
        now = await office.engine.case(case)
        assert now.status is Status.ACKNOWLEDGED
        await until(lambda: office.register.case(case), lambda recorded: recorded == now)
        assert sum(event.fact.type == "noted" for event in await office.register.events(case)) == 180


class Counting(Interceptor):
    """Counts the updates that are on their way."""

    def __init__(self) -> None:
        self.under_way = self.most = 0

    def intercept_client(self, next: OutboundInterceptor) -> OutboundInterceptor:  # noqa: A002 - the SDK's name
        counting = self

        class Outbound(OutboundInterceptor):
            async def start_workflow_update(self, input: StartWorkflowUpdateInput) -> WorkflowUpdateHandle[Any]:  # noqa: A002
                counting.under_way += 1
                counting.most = max(counting.most, counting.under_way)
                try:
                    return await super().start_workflow_update(input)
                finally:
                    counting.under_way -= 1

        return Outbound(next)


async def test_many_commands_at_once_are_given_a_few_at_a_time(office: Office) -> None:
    counting = Counting()
    config = office.environment.client.config()
    config["interceptors"] = [counting]
    engine = Engine(Client(**config), office.queue, office.register.history)
    async with office.working():
        case = await office.receive(FULL)
        remarks = [Command(id=f"remark {n}", actor=DESK, act=Remark(text=f"Remark {n}.")) for n in range(40)]
        await asyncio.gather(*(engine.submit(case, remark) for remark in remarks))
        events = await office.engine.events(case)
    assert sum(event.fact.type == "noted" for event in events) == 40
    assert counting.most < 10, "the engine takes ten, and drops them where there are more"


def flat(within: timedelta, counts_from: Anchor = Anchor.DISPATCH) -> Limit:
    minutes = round(within / timedelta(minutes=1))
    return Limit(within=Budget.parse(f"{minutes} minutes"), counts_from=counts_from, warn=(), ladder=())


def next_doubled_hour(zone: ZoneInfo, after: datetime) -> datetime:
    """When the clocks of a zone are put back next, in UTC."""
    hour = after.replace(minute=0, second=0, microsecond=0)
    while (hour.astimezone(zone).utcoffset() or timedelta()) <= (
        (hour + timedelta(hours=1)).astimezone(zone).utcoffset() or timedelta()
    ):
        hour += timedelta(hours=1)
    return hour + timedelta(hours=1)


async def test_an_alarm_in_the_doubled_hour_is_not_late_by_an_hour(service: Service) -> None:
    zone = ZoneInfo("America/New_York")
    start = datetime.now(UTC).replace(second=0, microsecond=0)
    back = next_doubled_hour(zone, start + timedelta(days=1))
    general = POLICY.levels["general"].model_copy(
        update={
            # The clocks read 01:50 when it is due, but for the second time.
            "acknowledge": flat(back + timedelta(minutes=50) - start),
            # Signed for at 01:05, it is due at 01:55, while they read so for the first time.
            "handle": flat(timedelta(minutes=50), Anchor.ACKNOWLEDGMENT),
            "resolve": flat(timedelta(days=800)),
        }
    )
    policy: Policy = POLICY.model_copy(update={"zone": str(zone), "levels": {"general": general}})
    case = await service.receive(policy=policy)
    passed = back - timedelta(minutes=55) - datetime.now(UTC)
    await service.environment.fast_forward(case.handle, passed)
    await case.do(Acknowledge())
    await case.after(hours=3)
    events = await service.engine.events(case.number)
    ((at, breach),) = [(event.at, event.fact) for event in events if isinstance(event.fact, Breached)]
    assert breach.deadline == "handling/1"
    assert at - breach.due_at < timedelta(minutes=5)
