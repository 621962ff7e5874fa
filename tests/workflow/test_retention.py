"""The nightly erasing of cases whose time is over, on the real server with a real register."""

from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
import pytest_asyncio
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.client import WorkflowHandle
from temporalio.service import RPCError, RPCStatusCode
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Replayer

import worker
from activities.retention import Forget
from cases.city import City
from cases.commands import Withdraw
from cases.errors import UnavailableError
from cases.policy import Policy
from cases.retention import Age, Retention
from cases.routing import Catalogue
from records.database import connect
from records.register import Register
from tests.records.erased import NAME, PLANTED, everything, lived, named, receipt, recorded
from tests.unit.narrative import INTAKE
from tests.unit_system import ON_THIS_MACHINE
from tests.workflow.office import Office, until
from workflows.messages import workflow_id
from workflows.retention import Retention as RetentionWorkflow
from workflows.retention_messages import SCHEDULE, WORKFLOW, RetentionDone, RetentionStart
from workflows.retention_schedule import begin_now, ensure
from workflows.sandbox import SANDBOX

RULES = Retention(default=Age.parse("3 years"))
LATER = datetime.now(UTC) + timedelta(days=4 * 366)


@pytest_asyncio.fixture
async def office(environment: WorkflowEnvironment, register: Register) -> AsyncIterator[Office]:
    with environment.with_time_skipping_disabled():
        yield Office(environment, register, f"retention-{uuid4().hex}", "town")


@pytest_asyncio.fixture
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    made = connect(database_url)
    yield made
    await made.dispose()


async def town(office: Office) -> Policy:
    policy: Policy = office.policy("1", retention=RULES)
    await office.register.policies.put(City(policy, Catalogue([], [], [])))
    return policy


def working(office: Office, *outside: Forget) -> worker.Workers:
    return worker.build(
        office.environment.client, office.queue, office.register, bounds=ON_THIS_MACHINE, outside=outside
    )


async def begin(office: Office, **start: Any) -> WorkflowHandle[Any, Any]:
    return await office.environment.client.start_workflow(
        WORKFLOW,
        RetentionStart(**({"now": LATER, "a_second": 1_000} | start)),
        id=f"retention-{uuid4().hex}",
        task_queue=office.queue,
        result_type=RetentionDone,
    )


async def sealed_cases(office: Office, policy: Policy, count: int) -> list[str]:
    numbers = []
    for index in range(count):
        key = await office.register.seals.new_key()
        numbers.append(await recorded(office.register, lived(receipt(str(index), policy), key)))
    return numbers


async def erased(office: Office) -> list[str]:
    return [row.case_number for row in (await office.register.erasures.page(1_000)).items]


async def test_all_that_is_due_goes_once_each_though_the_worker_stops_in_the_middle(
    office: Office, engine: AsyncEngine
) -> None:
    numbers = await sealed_cases(office, await town(office), 14)
    async with working(office):
        handle = await begin(office, page_size=2, pages_a_run=3, a_second=40)
        stopped = await until(lambda: erased(office), lambda found: len(found) >= 3)
    assert len(stopped) < len(numbers)
    async with working(office):
        done = await handle.result()
        assert sorted(await erased(office)) == sorted(numbers)
        assert (done.erased + len(stopped) >= len(numbers), done.failed) == (True, 0)
        history = await handle.fetch_history()
    assert (await handle.describe()).run_id != handle.result_run_id, "it went on in runs of its own"
    assert not named(await everything(engine))
    for number in numbers:
        assert len(await office.register.erasures.entries_of(number, "erased")) == 1
        row = await office.register.erasures.find(number)
        assert row is not None
        assert row.settled_at is not None
        assert row.rule == "3 years after its end, by policy town 1"
    await Replayer(
        workflows=[RetentionWorkflow],
        data_converter=office.environment.client.data_converter,
        workflow_runner=SANDBOX,
    ).replay_workflow(history)


async def test_what_is_not_due_or_on_hold_stays(office: Office) -> None:
    policy = await town(office)
    held, due = await sealed_cases(office, policy, 2)
    await office.register.legal_holds.place(held, "court", INTAKE)
    async with working(office):
        today = await (await begin(office, now=datetime.now(UTC))).result()
        assert (today.erased, await erased(office)) == (0, [])
        assert (await (await begin(office)).result()).erased == 1
    assert await erased(office) == [due]


async def test_the_history_in_the_engine_is_gone_with_every_run(office: Office) -> None:
    policy = await town(office)
    client = office.environment.client
    async with working(office):
        number = await office.receive(policy)
        await office.do(number, Withdraw(reason=f"{NAME} has no more to say"), INTAKE)
        handle = client.get_workflow_handle(workflow_id(number))
        await handle.result()
        first = (await handle.describe()).run_id
        plain = str(await handle.fetch_history())
        assert not any(word in plain for word in PLANTED), "it is locked besides"
        assert (await (await begin(office)).result()).erased == 1

        async def gone() -> bool:
            try:
                await client.get_workflow_handle(workflow_id(number), run_id=first).describe()
            except RPCError as error:
                return error.status is RPCStatusCode.NOT_FOUND
            return False

        await until(gone, bool)
        row = await office.register.erasures.find(number)
        assert row is not None
        assert row.settled_at is not None
        await office.engine.forget(number)


async def test_what_is_away_is_seen_to_by_the_next_night(office: Office) -> None:
    numbers = await sealed_cases(office, await town(office), 3)
    away, forgotten = [True], list[str]()

    async def store(number: str) -> None:
        if away[0]:
            raise UnavailableError("the store is away")
        forgotten.append(number)

    async with working(office, store):
        night = await (await begin(office, page_size=2)).result()
        assert (night.erased, night.settled) == (3, 0)
        assert await office.register.erasures.unsettled() == sorted(numbers)
        away[0] = False
        next_night = await (await begin(office, page_size=2)).result()
    assert (next_night.erased, next_night.settled) == (0, 3)
    assert sorted(forgotten) == sorted(numbers)
    assert await office.register.erasures.unsettled() == []


async def test_a_case_that_cannot_be_erased_holds_up_no_other(office: Office, engine: AsyncEngine) -> None:
    numbers = await sealed_cases(office, await town(office), 5)
    async with engine.begin() as connection:
        # What the service could never have written: an event without a fact that it could look through.
        broken = text("UPDATE case_events SET actor = '[]' WHERE case_number = :number AND seq = 1")
        await connection.execute(broken, {"number": numbers[2]})
        await connection.execute(text("UPDATE case_events SET cause = NULL WHERE seq = 1"))
    async with working(office):
        done = await (await begin(office, page_size=2)).result()
    assert (done.erased, done.failed) == (4, 1)
    assert sorted(await erased(office)) == sorted(set(numbers) - {numbers[2]})


async def test_keys_that_nobody_has_claimed_for_long_are_dropped(office: Office, engine: AsyncEngine) -> None:
    await sealed_cases(office, await town(office), 1)
    old, young = await office.register.seals.data_keys.make(2)
    async with engine.begin() as connection:
        age = text("UPDATE data_keys SET made_at = now() - interval '91 days' WHERE id <> :young")
        await connection.execute(age, {"young": young.id})
    async with working(office):
        done = await (await begin(office, now=datetime.now(UTC))).result()
    assert done.keys_dropped == 1
    assert set(await office.register.seals.data_keys.find([old.id, young.id])) == {young.id}
    assert sum((await office.register.seals.data_keys.by_master()).values()) == 2, "the case's own stays"


async def test_the_schedule_is_made_once_by_the_citys_clock_and_stays_as_people_left_it(office: Office) -> None:
    client = office.environment.client
    handle = client.get_schedule_handle(SCHEDULE)
    policy = await town(office)
    await sealed_cases(office, policy, 1)
    # The server is shared: a worker that another test ran may have made it.
    with suppress(RPCError):
        await handle.delete()
    try:
        with pytest.raises(UnavailableError, match="no worker has made the schedule"):
            await begin_now(client)
        for zone in ("Europe/London", "Asia/Shanghai", "Asia/Shanghai"):
            await ensure(client, office.queue, ZoneInfo(zone))
        described = await handle.describe()
        spec = described.schedule.spec
        # The server hands calendars back as it has understood them.
        assert spec.time_zone_name == "Asia/Shanghai"
        following = described.info.next_action_times[0].astimezone(ZoneInfo("Asia/Shanghai"))
        assert (following.hour, following.minute) == (3, 20)
        await handle.pause(note="the court is asked first")
        await ensure(client, office.queue, ZoneInfo("Asia/Shanghai"))
        described = await handle.describe()
        assert (described.schedule.state.paused, described.schedule.state.note) == (True, "the court is asked first")
        async with working(office):
            await begin_now(client)
            ran = await until(handle.describe, lambda found: found.info.recent_actions)
            action = ran.info.recent_actions[0].action
            done: RetentionDone = await client.get_workflow_handle(
                action.workflow_id, run_id=action.first_execution_run_id, result_type=RetentionDone
            ).result()
            assert done.erased == 0, "nothing is due today"
    finally:
        await handle.delete()
