"""A new version of a policy on its way to the open cases, on the real server with a real register."""

from collections.abc import AsyncIterator
from datetime import datetime, time, timedelta
from uuid import uuid4

import pytest_asyncio
from temporalio.testing import ActivityEnvironment, WorkflowEnvironment
from temporalio.worker import Replayer

from activities.adoption import Adoptions as Adopting
from activities.messages import Adoption
from cases.adoption import Fate
from cases.calendar import Calendar, Window
from cases.commands import Dispatch, Return, Withdraw
from cases.limits import Anchor
from records.register import Register
from tests.unit.narrative import DESK, INTAKE, POLICY, UNIT_OF_WATER, WATER, limit
from tests.workflow.office import Office
from workflows.adoption_messages import Progress, Stage, workflow_id
from workflows.messages import LAYOUT, CaseStart
from workflows.messages import WORKFLOW as CASE
from workflows.messages import workflow_id as case_id
from workflows.policy_adoption import PolicyAdoption
from workflows.sandbox import SANDBOX

GENERAL = POLICY.levels["general"]


@pytest_asyncio.fixture
async def office(environment: WorkflowEnvironment, register: Register) -> AsyncIterator[Office]:
    with environment.with_time_skipping_disabled():
        yield Office(environment, register, f"adoption-{uuid4().hex}", f"city-{uuid4().hex}")


def through(progress: Progress) -> bool:
    return progress.stage is not Stage.ADOPTING


async def test_fifty_cases_adopt_once_each_though_the_worker_stops_in_the_middle(office: Office) -> None:
    old = office.policy("1")
    new = office.policy(
        "2",
        open_cases="adopt",
        levels={"general": GENERAL.model_copy(update={"acknowledge": limit("30 minutes"), "resolve": limit("3 days")})},
    )
    async with office.working():
        numbers = [await office.receive(old) for _ in range(50)]
        await office.recorded(old, 50)
        before = {number: await office.due(number) for number in numbers}
        ruling = await office.in_force(new)
        handle = await office.adopt(ruling, page_size=4, pages_a_run=5)
        stopped = await office.progress(ruling, lambda progress: progress.counts.get(Fate.ADOPTED, 0) >= 12)
    assert stopped.seen < 50
    assert (stopped.stage, stopped.total) == (Stage.ADOPTING, 50)
    async with office.working():
        progress = await office.progress(ruling, through)
        assert (progress.stage, progress.total, progress.counts, progress.told) == (
            Stage.WATCHING,
            50,
            {Fate.ADOPTED: 50},
            (),
        )
        assert [await office.adopted(number) for number in numbers] == [1] * 50
        assert {number: await office.due(number) for number in numbers} == before
        await office.recorded(new, 50)
        number = numbers[0]
        await office.do(number, Return(reason="A water main."), UNIT_OF_WATER)
        await office.do(number, Dispatch(unit=WATER, reason="It is yours."), DESK)
        budgets = {one.id: (one.budget, one.explanation) for one in await office.deadlines(number)}
        assert budgets["acknowledgment/1"][0] == "2 hours"
        assert budgets["acknowledgment/2"][0] == "30 minutes"
        assert budgets["resolution/2"][0] == "3 days"
        assert f"policy {office.code} 2" in budgets["resolution/2"][1]
        assert (await handle.describe()).run_id != handle.result_run_id


async def test_a_case_that_comes_in_under_the_old_version_meanwhile_is_not_missed(office: Office) -> None:
    old, new = office.policy("1"), office.policy("2", open_cases="adopt")
    async with office.working():
        first = await office.receive(old)
        await office.recorded(old, 1)
        ruling = await office.in_force(new)
        handle = await office.adopt(ruling)
        await office.progress(ruling, through)
        late = await office.receive(old)
        await office.recorded(old, 1)
        await office.environment.fast_forward(handle, timedelta(seconds=31))
        progress = await office.progress(ruling, lambda progress: progress.counts == {Fate.ADOPTED: 2})
        assert progress.total == 2
        assert [await office.adopted(number) for number in (first, late)] == [1, 1]
        await office.environment.fast_forward(handle, timedelta(hours=25))
        ended = await handle.result()
        assert Progress.model_validate(ended).stage is Stage.DONE
        assert (await office.progress(ruling, through)).counts == {Fate.ADOPTED: 2}
        history = await handle.fetch_history()
    await Replayer(
        workflows=[PolicyAdoption],
        data_converter=office.environment.client.data_converter,
        workflow_runner=SANDBOX,
    ).replay_workflow(history)


async def test_kept_cases_get_the_holidays_announced_since_once(office: Office) -> None:
    every_day = Calendar(weekdays=tuple(range(7)), windows=(Window(opens=time(0), closes=time(0)),))
    working = {"general": GENERAL.model_copy(update={"resolve": limit("5 working days", Anchor.DISPATCH)})}
    old = office.policy("1", calendar=every_day, levels=working)
    holiday = datetime.now(old.city_zone).date() + timedelta(days=2)
    shorter = {"general": GENERAL.model_copy(update={"resolve": limit("1 working day", Anchor.DISPATCH)})}
    announced = every_day.model_copy(update={"holidays": (holiday,)})
    async with office.working():
        number = await office.receive(old)
        await office.recorded(old, 1)
        before = await office.due(number)
        ruling = await office.in_force(office.policy("2", calendar=announced, levels=shorter))
        assert await office.adoptions.start(ruling)
        progress = await office.progress(ruling, through)
        assert progress.counts == {Fate.RENEWED: 1}
        after = await office.due(number)
        assert after.pop("resolution/1") - before.pop("resolution/1") == timedelta(days=1)
        assert after == before
        case = await office.engine.case(number)
        assert (case.terms.version, str(case.terms.resolve.within)) == ("1", "5 working days")
        assert not await office.adoptions.start(ruling)
        await office.environment.client.get_workflow_handle(workflow_id(office.code, "2")).terminate()
        assert await office.adoptions.start(ruling)
        assert (await office.progress(ruling, through)).counts == {Fate.RENEWED: 1}
        assert await office.adopted(number) == 1


async def test_without_a_calendar_kept_cases_are_left_alone(office: Office) -> None:
    async with office.working():
        number = await office.receive(office.policy("1"))
        await office.recorded(office.policy("1"), 1)
        ruling = await office.in_force(office.policy("2"))
        await office.adopt(ruling)
        progress = await office.progress(ruling, through)
        assert (progress.total, progress.counts) == (1, {Fate.KEPT: 1})
        assert await office.adopted(number) == 0


async def test_in_the_demonstration_cases_adopt_the_hastened_version(office: Office) -> None:
    old, new = office.policy("1"), office.policy("2", open_cases="adopt")
    async with office.working():
        number = await office.receive(old.faster(60))
        await office.recorded(old.faster(60), 1)
        await office.adopt((await office.in_force(new)).model_copy(update={"speed": 60}))
        await office.recorded(new.faster(60), 1)
        terms = (await office.engine.case(number)).terms
        assert (terms.version, str(terms.resolve.within)) == ("2 x60", "21600 seconds")


async def test_a_case_whose_level_is_gone_keeps_its_limits_and_is_named(office: Office) -> None:
    old = office.policy("1", levels={"general": GENERAL, "special": GENERAL})
    async with office.working():
        special = await office.receive(old, "special")
        await office.receive(old)
        await office.recorded(old, 2)
        ruling = await office.in_force(office.policy("2", open_cases="adopt"))
        await office.adopt(ruling)
        progress = await office.progress(ruling, through)
        assert progress.counts == {Fate.ADOPTED: 1, Fate.LEVEL_GONE: 1}
        assert [(one.number, one.fate) for one in progress.told] == [(special, Fate.LEVEL_GONE)]
        assert "no level 'special'" in progress.told[0].why
        assert (await office.engine.case(special)).terms.version == "1"


async def test_an_adoption_stops_when_another_version_comes_into_force(office: Office) -> None:
    old = office.policy("1")
    async with office.working():
        number = await office.receive(old)
        await office.recorded(old, 1)
    overtaken = await office.in_force(office.policy("2", open_cases="adopt"))
    latest = await office.in_force(office.policy("3", open_cases="adopt"))
    handle = await office.adopt(overtaken)
    await office.adopt(latest)
    async with office.working():
        assert Progress.model_validate(await handle.result()).stage is Stage.SUPERSEDED
        assert (await office.progress(latest, through)).counts == {Fate.ADOPTED: 1}
        assert await office.adopted(number) == 1
        assert (await office.engine.case(number)).terms.version == "3"


async def test_a_version_that_is_brought_back_is_adopted_again(office: Office) -> None:
    first, second = office.policy("1", open_cases="adopt"), office.policy("2", open_cases="adopt")
    async with office.working():
        number = await office.receive(first)
        await office.recorded(first, 1)
        for policy, times in ((second, 1), (first, 2), (second, 3)):
            assert await office.adoptions.start(await office.in_force(policy), again=False)
            await office.recorded(policy, 1)
            assert await office.adopted(number) == times
            assert (await office.engine.case(number)).terms.version == policy.version


async def test_a_case_that_does_not_answer_holds_up_no_other_and_is_asked_again(office: Office) -> None:
    old = office.policy("1")
    client = office.environment.client
    async with office.working():
        silent, talking = [await office.receive(old) for _ in range(2)]
        await office.recorded(old, 2)
        await client.get_workflow_handle(case_id(silent)).terminate()
        ruling = await office.in_force(office.policy("2", open_cases="adopt"))
        handle = await office.adopt(ruling)
        progress = await office.progress(ruling, through)
        assert progress.counts == {Fate.ADOPTED: 1, Fate.UNANSWERED: 1}
        assert [one.number for one in progress.told] == [silent]
        assert await office.adopted(talking) == 1
        events = tuple(await office.register.history(silent))
        start = CaseStart(events=events, recorded=len(events), layout=LAYOUT)
        await client.start_workflow(CASE, start, id=case_id(silent), task_queue=office.queue)
        await office.environment.fast_forward(handle, timedelta(seconds=31))
        progress = await office.progress(ruling, lambda progress: progress.counts == {Fate.ADOPTED: 2})
        assert (progress.total, progress.told) == (2, ())
        assert await office.adopted(silent) == 1


async def test_a_case_that_has_ended_since_its_record_was_read_is_left_alone(office: Office) -> None:
    old = office.policy("1")
    async with office.working():
        number = await office.receive(old)
        await office.recorded(old, 1)
        ruling = await office.in_force(office.policy("2", open_cases="adopt"))
        await office.do(number, Withdraw(), INTAKE)
        adopted = await ActivityEnvironment().run(
            Adopting(office.register, office.engine).adopt, Adoption(ruling=ruling, numbers=(number,))
        )
    assert adopted.counts == {Fate.ENDED: 1}
    assert adopted.told == ()
