"""What the wider life of a case asks of the engine: calls, pauses, incidents, and a life after the end."""

import asyncio
from datetime import timedelta

import pytest
from temporalio.client import WorkflowExecutionStatus
from temporalio.worker import Replayer

from cases.commands import (
    Acknowledge,
    AssistAcknowledge,
    AssistReport,
    CallBack,
    Called,
    Contact,
    Join,
    Remark,
    Reopen,
    Report,
    Return,
    Supplement,
    Wait,
    Whistle,
    Withdraw,
)
from cases.deadlines import deadlines
from cases.errors import RefusalError
from cases.events import Noted
from cases.routing import Route
from cases.triage import SameMatter
from cases.vocabulary import Channel, Outcome, Satisfaction, Status
from tests.unit.narrative import DESK, FULL, INTAKE, ROADS, UNIT_OF_WATER, WATER
from tests.unit_system import UnitSystem
from tests.workflow.conftest import LiveCase, Service
from workflows.complaint_case import ComplaintCase
from workflows.sandbox import SANDBOX

SOLVED = Report(outcome=Outcome.SOLVED, note="Filled and rolled.")
HAPPY = CallBack(reached=True, contacted=True, solved=True, satisfaction=Satisfaction.SATISFIED)
UNHAPPY = CallBack(reached=True, contacted=True, solved=False, satisfaction=Satisfaction.DISSATISFIED)


async def closed(service: Service) -> LiveCase:
    case = await service.receive(policy=FULL)
    for act in (Acknowledge(), Contact(), SOLVED):
        await case.do(act)
    await case.do(HAPPY, DESK)
    await case.handle.result()
    return case


async def test_a_called_unit_gets_an_order_of_its_own_with_its_own_limits(
    service: Service, unit_system: UnitSystem
) -> None:
    case = await service.receive(Route(unit=WATER, reason="catalogue line 2"), policy=FULL)
    await case.do(Acknowledge(), UNIT_OF_WATER)
    await case.do(Whistle(calls=(Called(unit=ROADS, task="Close the lane."),)), UNIT_OF_WATER)
    await case.until(lambda facts: "delivered" in facts)
    (_, order), *_ = unit_system.requests
    assert (order["about"], order["lead"], order["task"], order["assist"]) == ("assist", WATER, "Close the lane.", 1)
    assert {one["name"] for one in order["deadlines"]} == {"assist_acknowledgment", "assist_report"}
    await case.do(AssistAcknowledge(assist=1))
    with pytest.raises(RefusalError, match=f"missing_reason: {ROADS}"):
        await case.do(SOLVED, UNIT_OF_WATER)
    await case.after(days=6)
    await case.do(AssistReport(assist=1, note="Closed from nine to four."))
    await case.do(SOLVED, UNIT_OF_WATER)
    late = {one.id: one.standing for one in deadlines(await service.engine.case(case.number))}
    assert late["assist_report/1"] == "met_late"
    assert late["assist_acknowledgment/1"] == "met"


async def test_a_pause_ends_by_itself_on_the_one_timer(service: Service) -> None:
    case = await service.receive(policy=FULL)
    await case.do(Acknowledge())
    await case.do(Contact())
    before = {one.id: one.due_at for one in deadlines(await service.engine.case(case.number))}
    await case.do(Wait(reason="The key to the yard."))
    await case.after(days=5, minutes=1)
    after = await service.engine.case(case.number)
    assert after.pause is None
    assert (await case.facts())[-1] == "resumed"
    due = {one.id: one.due_at for one in deadlines(after)}
    assert due["resolution/1"] - before["resolution/1"] == timedelta(days=5)
    assert due["handling/1"] == before["handling/1"]


async def test_an_objection_that_nobody_decides_on_is_breached_and_the_units_clock_runs_on(service: Service) -> None:
    case = await service.receive(policy=FULL)
    await case.do(Return(reason="A water main.", evidence="Survey sheet 14."))
    await case.after(hours=5)
    late = {one.id: one.standing for one in deadlines(await service.engine.case(case.number))}
    assert late["adjudication/1"] == "breached"
    assert late["acknowledgment/1"] == "breached"


async def test_a_case_that_ended_is_reopened_from_its_record_and_lives_on(service: Service) -> None:
    case = await closed(service)
    first_run = (await case.handle.describe()).run_id
    view = await case.do(Reopen(reason="It has sunk again."), INTAKE, id="again")
    assert view.status is Status.DISPATCHED
    assert await case.do(Reopen(reason="It has sunk again."), INTAKE, id="again") == view
    described = await case.handle.describe()
    assert described.run_id != first_run
    assert described.status is WorkflowExecutionStatus.RUNNING
    for act in (Acknowledge(), SOLVED):
        await case.do(act)
    await case.do(HAPPY, DESK)
    await case.handle.result()
    events = await service.engine.events(case.number)
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    assert await service.register.events(case.number) == events
    await Replayer(
        workflows=[ComplaintCase],
        data_converter=service.environment.client.data_converter,
        workflow_runner=SANDBOX,
    ).replay_workflow(await case.handle.fetch_history())


async def test_what_is_told_of_an_ended_case_is_kept_and_its_workflow_ends_again(service: Service) -> None:
    case = await closed(service)
    view = await case.do(Remark(text="He sent flowers."), DESK)
    assert view.status is Status.CLOSED
    await case.handle.result()
    described = await case.handle.describe()
    assert described.status is WorkflowExecutionStatus.COMPLETED
    assert (await service.register.events(case.number))[-1].fact.type == "noted"


async def test_many_things_told_at_once_of_an_ended_case_are_all_kept_once(service: Service) -> None:
    case = await closed(service)
    remarks = [case.do(Remark(text=f"Remark {n}."), DESK, id=f"remark {n % 5}") for n in range(5)]
    await asyncio.gather(*remarks, *(case.do(Remark(text=f"Remark {n}."), DESK, id=f"remark {n}") for n in range(5)))
    facts = await case.until(lambda facts: facts.count("noted") == 5)
    assert facts.count("noted") == 5


async def test_an_incident_is_handled_once_and_each_complainant_is_called_back(service: Service) -> None:
    lead = await service.receive(policy=FULL)
    follower = await service.receive(policy=FULL)
    await follower.do(Join(incident=lead.number, unit=ROADS, reason="The same hole."), DESK)
    await lead.until(lambda facts: "followed" in facts)
    assert (await service.engine.case(lead.number)).followers == (follower.number,)
    for act in (Acknowledge(), Contact(), SOLVED):
        await lead.do(act)
    await follower.until(lambda facts: "relayed" in facts)
    case = await service.engine.case(follower.number)
    note = await service.register.seals.open_text(case.orders[-1].report_note)
    assert (case.status, note) == (Status.REPORTED, "Filled and rolled.")
    await follower.do(UNHAPPY, DESK)
    assert (await service.engine.case(follower.number)).incident is None
    await lead.do(HAPPY, DESK)
    await lead.handle.result()
    assert (await service.engine.case(follower.number)).status is Status.DISPATCHED


async def test_an_incident_that_is_withdrawn_sets_its_followers_free(service: Service) -> None:
    lead = await service.receive(policy=FULL)
    follower = await service.receive(policy=FULL)
    await follower.do(Join(incident=lead.number, unit=ROADS, reason="The same hole."), DESK)
    await lead.until(lambda facts: "followed" in facts)
    await lead.do(Withdraw(reason="I have moved."), INTAKE)
    await follower.until(lambda facts: "relayed" in facts)
    case = await service.engine.case(follower.number)
    assert (case.status, case.incident) == (Status.RECEIVED, None)


async def test_one_who_joins_a_case_that_was_reported_gets_the_report(service: Service) -> None:
    lead = await closed(service)
    follower = await service.receive(policy=FULL)
    await follower.do(Join(incident=lead.number, unit=ROADS, reason="The same hole."), DESK)
    await follower.until(lambda facts: "relayed" in facts)
    assert (await service.engine.case(follower.number)).status is Status.REPORTED
    assert (await service.register.events(lead.number))[-1].fact.type == "followed"


async def test_a_repeat_is_told_to_the_case_that_the_matter_has(service: Service) -> None:
    first = await service.receive(policy=FULL)
    again = await service.receive(policy=FULL, triage=SameMatter(case=first.number, told="A team comes on Friday."))
    await again.handle.result()
    await first.until(lambda facts: "repeated" in facts)
    assert (await service.engine.case(first.number)).repeats == (again.number,)


async def test_a_repeat_of_a_case_that_is_nowhere_is_noted_for_people_to_see_to(service: Service) -> None:
    nowhere = SameMatter(case="ACA7-T1N1-2FNG-H", told="A team comes on Friday.")
    case = await service.receive(policy=FULL, triage=nowhere)
    await case.until(lambda facts: "noted" in facts)
    await case.handle.result()


async def test_contact_on_any_channel_ends_the_waiting_also_by_signal(service: Service) -> None:
    case = await service.receive(policy=FULL)
    await case.do(Acknowledge())
    await case.do(Wait(reason="The key to the yard."))
    await case.signal(Supplement(channel=Channel.WECHAT, note="It is with the porter."), INTAKE)
    await case.until(lambda facts: facts[-2:] == ["resumed", "supplemented"])


async def test_a_record_that_contradicts_the_history_is_written_anew(service: Service) -> None:
    case = await service.receive(policy=FULL)
    await case.until(lambda facts: "delivered" in facts)
    events = await service.engine.events(case.number)
    ghost = events[-1].model_copy(update={"seq": len(events) + 1, "fact": Noted(text="Never came to be.")})
    await service.register.record(case.number, [ghost])
    await case.do(Acknowledge())
    await case.until(lambda facts: facts[-1] == "acknowledged")
    assert await service.register.events(case.number) == await service.engine.events(case.number)
    await case.do(Contact())
    await case.until(lambda facts: facts[-1] == "contacted")
