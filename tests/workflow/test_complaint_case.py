"""Whole lives of cases on the real server, in virtual time."""

import asyncio

import pytest
from temporalio.api.sdk.v1 import WorkflowMetadata
from temporalio.client import WorkflowExecutionStatus
from temporalio.worker import Replayer

from cases.commands import Acknowledge, Act, CallBack, Contact, Dispatch, Report, Return, Wait, Withdraw
from cases.deadlines import Deadline
from cases.errors import RefusalError, UnknownCaseError
from cases.evolve import fold
from cases.routing import Route
from cases.vocabulary import Actor, Outcome, Satisfaction, Status
from tests.unit.narrative import DESK, INTAKE, ROADS, UNIT_OF_ROADS, UNIT_OF_WATER, WATER, received
from tests.unit_system import UnitSystem
from tests.workflow.conftest import LiveCase, Service
from workflows.complaint_case import ComplaintCase
from workflows.sandbox import SANDBOX
from workflows.search_attributes import REGISTRY

SOLVED = Report(outcome=Outcome.SOLVED, note="Filled and rolled.")
HAPPY = CallBack(reached=True, contacted=True, solved=True, satisfaction=Satisfaction.SATISFIED)


async def live_to_the_end(case: LiveCase, *acts: Act, unit: Actor = UNIT_OF_ROADS) -> None:
    for act in acts or (Acknowledge(), Contact(), SOLVED):
        await case.do(act, unit)
    await case.do(HAPPY, DESK)
    await case.handle.result()


async def test_a_case_of_fifteen_days_is_warned_breached_and_closed(service: Service) -> None:
    case = await service.receive()
    await case.do(Acknowledge())
    await case.do(Contact())
    await case.after(days=15, hours=1)
    view = await case.do(SOLVED)
    assert [(one.name, one.standing) for one in view.deadlines] == [
        ("resolution", "met_late"),
        ("callback", "running"),
    ]
    await case.do(HAPPY, DESK)
    await case.handle.result()
    events = await service.engine.events(case.number)
    start = events[0].at
    resolution = [(e.fact.type, e.at) for e in events if getattr(e.fact, "deadline", "") == "resolution/1"]
    assert [name for name, _ in resolution] == ["warned", "breached"]
    assert (resolution[0][1] - start).total_seconds() == pytest.approx(0.75 * 15 * 86_400, abs=60)
    assert (resolution[1][1] - start).total_seconds() == pytest.approx(15 * 86_400, abs=60)


async def test_no_deadline_fires_early(service: Service) -> None:
    case = await service.receive()
    await case.after(days=20)
    for event in await service.engine.events(case.number):
        if event.fact.type == "breached":
            assert event.at >= event.fact.due_at


async def test_the_record_equals_the_history_once_a_command_is_answered(service: Service) -> None:
    case = await service.receive()
    await case.until(lambda facts: "delivered" in facts)
    await case.do(Acknowledge())
    assert await service.register.case(case.number) == await service.engine.case(case.number)
    await case.do(Contact())
    row = await service.register.row(case.number)
    assert row is not None
    assert row.status == Status.IN_PROGRESS


async def test_a_closed_case_is_recorded_before_its_workflow_ends(service: Service) -> None:
    case = await service.receive()
    await live_to_the_end(case)
    events = await service.register.events(case.number)
    assert events == await service.engine.events(case.number)
    assert fold(events).status is Status.CLOSED


async def test_an_order_reaches_the_unit_once_it_answers(service: Service, unit_system: UnitSystem) -> None:
    unit_system.answers = [500, 503]
    case = await service.receive()
    facts = await case.until(lambda facts: "delivered" in facts)
    assert facts.count("delivered") == 1
    keys = {key for key, _ in unit_system.requests}
    assert len(unit_system.requests) == 3
    assert len(keys) == 1
    body = unit_system.requests[-1][1]
    assert body["case_number"] == case.number
    assert {one["name"] for one in body["deadlines"]} == {"acknowledgment", "handling", "resolution"}


async def test_an_order_refused_for_good_is_not_sent_again(service: Service, unit_system: UnitSystem) -> None:
    unit_system.answers = [422]
    case = await service.receive()
    await case.until(lambda facts: "undelivered" in facts)
    assert len(unit_system.requests) == 1
    assert (await case.do(Acknowledge())).status is Status.ACKNOWLEDGED


async def test_a_dead_unit_stops_no_deadline(service: Service, unit_system: UnitSystem) -> None:
    unit_system.answers = [503] * 1_000
    case = await service.receive()
    await case.do(Acknowledge())
    view = await case.do(Contact())
    assert view.status is Status.IN_PROGRESS


async def test_a_unit_without_a_system_has_its_orders_in_the_mailbox(service: Service) -> None:
    case = await service.receive(Route(unit=WATER, reason="catalogue line 2"))
    await case.do(Acknowledge(), UNIT_OF_WATER)
    letters = await service.register.mailboxes.read(WATER, after=0, limit=10)
    assert [(one.form.case_number, one.form.about) for one in letters] == [(case.number, "dispatched")]
    assert "delivered" not in await case.facts()


async def test_a_withdrawal_is_told_to_the_unit(service: Service, unit_system: UnitSystem) -> None:
    case = await service.receive()
    await case.do(Acknowledge())
    await case.do(Withdraw(reason="Sorted out."), INTAKE)
    await case.handle.result()
    assert [body["about"] for _, body in unit_system.requests] == ["dispatched", "withdrawn"]


async def test_a_returned_order_goes_to_the_unit_the_desk_names(service: Service, unit_system: UnitSystem) -> None:
    case = await service.receive()
    await case.do(Return(reason="A water main."))
    await case.do(Dispatch(unit=WATER, reason="Water main."), DESK)
    view = await case.do(Acknowledge(), UNIT_OF_WATER)
    assert view.unit == WATER


async def test_a_refused_update_leaves_no_trace(service: Service) -> None:
    case = await service.receive()
    await case.until(lambda facts: "delivered" in facts)
    with pytest.raises(RefusalError) as refused:
        await case.do(SOLVED)
    assert refused.value.rule == "report_not_now"
    assert "acknowledge" in refused.value.allowed
    history = await case.handle.fetch_history()
    assert not any(event.HasField("workflow_execution_update_accepted_event_attributes") for event in history.events)
    assert "refused" not in await case.facts()


async def test_signals_give_the_same_outcomes_and_a_refused_one_is_recorded(service: Service) -> None:
    case = await service.receive()
    await case.signal(SOLVED)
    await case.until(lambda facts: "refused" in facts)
    await case.signal(Acknowledge(), id="a")
    await case.signal(Acknowledge(), id="a")
    await case.handle.signal("contact", "this is not a command")
    await case.handle.signal("nonsense", {"id": "x"})
    facts = await case.until(lambda facts: facts.count("refused") == 3)
    assert facts.count("acknowledged") == 1


async def test_a_command_sent_twice_is_taken_once_also_after_the_end(service: Service) -> None:
    case = await service.receive()
    first = await case.do(Acknowledge(), id="same")
    assert await case.do(Acknowledge(), id="same") == first
    await case.do(Contact(), id="first contact")
    with pytest.raises(RefusalError, match="different request"):
        await case.do(Contact(note="Other."), id="first contact")
    ended = await case.do(SOLVED, id="end")
    await case.do(HAPPY, DESK)
    await case.handle.result()
    assert await case.do(SOLVED, id="end") == ended
    assert (await case.do(Contact(note="Rang once more."))).status is Status.CLOSED
    assert (await case.facts())[-1] == "late_report"
    with pytest.raises(RefusalError, match="does not take 'wait'"):
        await case.do(Wait(reason="Where is the key?"))


async def test_many_services_at_once_get_one_case(service: Service) -> None:
    command = received(source_ref="at-once")
    with service.environment.with_time_skipping_disabled():
        started = await asyncio.gather(*(service.engine.start(command) for _ in range(10)))
    assert sum(new for _, new in started) == 1
    assert len({view.number for view, _ in started}) == 1


async def test_other_content_under_one_reference_is_refused(service: Service) -> None:
    command = received(source_ref="taken")
    other = command.act.model_copy(
        update={"complaint": command.act.complaint.model_copy(update={"description": "Something else."})}  # type: ignore[union-attr]
    )
    with service.environment.with_time_skipping_disabled():
        await service.engine.start(command)
        with pytest.raises(RefusalError, match="source_ref") as refused:
            await service.engine.start(command.model_copy(update={"act": other}))
    assert refused.value.rule == "different_content"


async def test_an_unknown_case_is_said_to_be_unknown(service: Service) -> None:
    with pytest.raises(UnknownCaseError):
        await service.engine.case("0000-0000-0000-0")


async def test_a_long_history_continues_as_new_and_loses_nothing(service: Service) -> None:
    case = await service.receive(renew_after=12)
    await case.until(lambda facts: "delivered" in facts)
    first_run = (await case.handle.describe()).run_id
    await live_to_the_end(case)
    described = await case.handle.describe()
    assert described.run_id != first_run
    assert described.status is WorkflowExecutionStatus.COMPLETED
    facts = await case.facts()
    assert facts[0] == "received"
    assert facts[-1] == "closed"
    assert facts.count("delivered") == 1
    assert await service.register.events(case.number) == await service.engine.events(case.number)


async def test_queries_explain_and_the_engines_own_screens_tell_the_story(service: Service) -> None:
    case = await service.receive()
    deadlines = await case.handle.query("deadlines", result_type=list[Deadline])
    assert "2 hours from dispatch" in deadlines[1].explanation
    described = await case.handle.describe()
    assert await described.static_summary() == "general complaint: roads/pothole"
    metadata = await case.handle.query("__temporal_workflow_metadata", result_type=WorkflowMetadata)
    assert f"with {ROADS}" in metadata.current_details
    attributes = {pair.key.name: pair.value for pair in described.typed_search_attributes if pair.key.name in REGISTRY}
    assert attributes == {"HotlineUnit": ROADS, "HotlineLevel": "general"}


async def test_a_routine_case_stays_small_and_replays(service: Service) -> None:
    case = await service.receive()
    await case.until(lambda facts: "delivered" in facts)
    await live_to_the_end(case)
    await is_small(case, events=46, tasks=7)


async def test_an_answer_at_once_saves_the_engine_a_step(service: Service, unit_system: UnitSystem) -> None:
    unit_system.answers = [{"answer": "accepted"}]
    case = await service.receive()
    await case.until(lambda facts: "acknowledged" in facts)
    await live_to_the_end(case, Contact(), SOLVED)
    await is_small(case, events=40, tasks=6)


async def test_a_unit_that_reads_its_mailbox_costs_the_engine_the_least(service: Service) -> None:
    case = await service.receive(Route(unit=WATER, reason="catalogue line 1"))
    await live_to_the_end(case, unit=UNIT_OF_WATER)
    await is_small(case, events=34, tasks=5)


async def is_small(case: LiveCase, events: int, tasks: int) -> None:
    history = await case.handle.fetch_history()
    done = sum(event.HasField("workflow_task_completed_event_attributes") for event in history.events)
    assert len(history.events) <= events
    assert done <= tasks
    assert sum(event.ByteSize() for event in history.events) <= 16 * 1024
    await Replayer(
        workflows=[ComplaintCase],
        data_converter=case.service.environment.client.data_converter,
        workflow_runner=SANDBOX,
    ).replay_workflow(history)
