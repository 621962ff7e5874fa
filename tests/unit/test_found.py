"""What random lives of cases have found to be wrong, each as a case of its own."""

from datetime import UTC, datetime, timedelta

import pytest

from cases.commands import (
    Acknowledge,
    Adjudicate,
    Adopt,
    Appeal,
    CallBack,
    ConfirmDelivery,
    Contact,
    DecideExtension,
    Dispatch,
    FailDelivery,
    Hold,
    Join,
    NotDispatch,
    Relay,
    Reopen,
    Report,
    RequestExtension,
    Resume,
    Return,
    Tick,
    Wait,
    Withdraw,
)
from cases.deadlines import Deadline, Standing, deadlines, running
from cases.decide import decide
from cases.errors import RefusalError
from cases.events import Breached, Escalated, Event
from cases.evolve import fold
from cases.limits import Budget
from cases.routing import Route
from cases.rules import CallBackRules
from cases.triage import Unlawful
from cases.vocabulary import SYSTEM, Outcome, Status
from tests.model.cities import TERMS
from tests.unit.narrative import (
    DESK,
    FULL,
    INTAKE,
    POLICY,
    ROADS,
    SUPERVISOR,
    WATER,
    Narrative,
    received,
)

SOLVED = Report(outcome=Outcome.SOLVED, note="Filled.")
UNHAPPY = CallBack(reached=True, solved=False)
HAPPY = CallBack(reached=True, solved=True)
OTHER = "Z0QH-FEZQ-97QZ-5"


def the(told: Narrative, deadline: str) -> Deadline:
    return next(one for one in deadlines(told.case) if one.id == deadline)


def under(city: str, at: datetime | None = None, unit: str | None = ROADS) -> Narrative:
    """A case held to the terms of one of the cities that random lives are led in."""
    told = Narrative()
    route = Route(unit=unit, copy_to="chaoyang", reason="catalogue line 1")
    command = received(route, at=at or told.now)
    command = command.model_copy(update={"act": command.act.model_copy(update={"terms": TERMS[city]})})
    told.now = at or told.now
    told.events = decide(None, command, told.now)
    return told


def test_a_case_reopened_in_the_moment_of_its_end_is_pressed_to_be_dispatched() -> None:
    told = Narrative(Route(unit=None, reason="no line"), FULL)
    told.do(NotDispatch(ground=Unlawful(told="No.")), DESK)
    told.do(Reopen(reason="It is lawful."), INTAKE)
    assert [one.id for one in running(told.case)] == ["dispatch/2"]


@pytest.mark.parametrize("order", [0, 2, -1])
@pytest.mark.parametrize("act", [ConfirmDelivery, FailDelivery])
def test_news_of_an_order_that_there_never_was_are_refused(
    order: int, act: type[ConfirmDelivery | FailDelivery]
) -> None:
    reason = {"reason": "It answers 422."} if act is FailDelivery else {}
    with pytest.raises(RefusalError) as refused:
        Narrative().do(act(order=order, unit=ROADS, **reason), SYSTEM)
    assert refused.value.rule == "unknown_order"
    with pytest.raises(RefusalError):
        Narrative().do(act(order=1, unit=ROADS, assist=1, **reason), SYSTEM)


def test_alarms_of_a_clock_that_a_breach_began_come_in_the_order_in_which_they_fell_due() -> None:
    policy = POLICY.model_copy(update={"callback": CallBackRules(within=Budget.parse("12 hours"))})
    told = Narrative(policy=policy)
    told.after(days=60).do(Tick(), SYSTEM)
    alarms = [event.fact for event in told.events if isinstance(event.fact, Breached | Escalated)]
    assert [(one.deadline, one.mark) for one in alarms[-3:]] == [
        ("resolution/1", "breach"),
        ("callback/1", "breach"),
        ("resolution/1", "ladder 1 day"),
    ]


def test_a_limit_that_was_kept_on_account_is_not_changed_by_how_long_that_lasts() -> None:
    told = Narrative(policy=FULL)
    told.do(Acknowledge())
    review = told.now + timedelta(days=20)
    told.do(Hold(plan="Wait for the sewer.", owner="Li", exit="Laid.", reviews=(review,), until=review), SUPERVISOR)
    told.after(days=2).do(Contact())
    due = the(told, "handling/1").due_at
    told.after(days=3).do(Resume(reason="Laid."))
    assert the(told, "handling/1").due_at == due


def test_a_limit_that_was_kept_is_not_put_off_by_an_objection_that_is_decided_late() -> None:
    told = under("working-city")
    told.do(Return(reason="Not ours."))
    told.after(days=10).do(Acknowledge())
    due = the(told, "acknowledgment/1").due_at
    told.after(days=10).do(Adjudicate(upheld=False, reason="By the map."), DESK)
    assert the(told, "acknowledgment/1").due_at == due


def test_a_reported_case_keeps_its_call_back_under_terms_without_call_backs() -> None:
    told = Narrative(policy=FULL)
    told.do(Acknowledge())
    told.after(hours=1).do(SOLVED)
    told.after(hours=1).do(Adopt(terms=TERMS["quick-city"]), SYSTEM)
    assert [one.id for one in running(told.case)] == ["callback/1"]
    assert told.do(HAPPY, DESK) == ["answered", "closed"]


def test_terms_with_call_backs_hold_for_reports_that_come_under_them() -> None:
    told = Narrative(policy=POLICY.model_copy(update={"callback": None}))
    told.do(Acknowledge())
    told.after(days=16).do(Adopt(terms=FULL.terms("general")), SYSTEM)
    with pytest.raises(RefusalError) as refused:
        told.do(UNHAPPY, DESK)
    assert refused.value.rule == "callback_not_now"
    assert told.after(hours=1).do(SOLVED) == ["reported"]
    assert the(told, "callback/1").starts_at == told.now


def test_a_report_through_an_incident_ends_a_case_without_call_backs() -> None:
    told = Narrative(policy=POLICY.model_copy(update={"callback": None}))
    told.do(Join(incident=OTHER, unit=WATER, reason="One main."), DESK)
    assert told.do(Relay(incident=OTHER, version=9, outcome=Outcome.SOLVED, note="Mended."), SYSTEM) == [
        "relayed",
        "closed",
    ]
    assert told.case.closure is not None
    assert told.case.closure.outcome is Outcome.SOLVED


def test_a_call_back_is_counted_by_the_terms_that_hold_when_it_falls_due() -> None:
    told = under("working-city")
    told.do(Acknowledge())
    told.after(hours=1).do(Adopt(terms=FULL.terms("general")), SYSTEM)
    told.after(days=60).do(Tick(), SYSTEM)
    assert the(told, "callback/1").budget == "3 days"
    assert the(told, "callback/1").standing is Standing.BREACHED


def test_more_time_by_working_days_is_counted_when_the_calendar_is_gone() -> None:
    told = Narrative(policy=FULL)
    told.do(Acknowledge())
    told.after(hours=1).do(Adopt(terms=TERMS["working-city"]), SYSTEM)
    told.do(RequestExtension(by=Budget.parse("3 working days"), reason="Rain."))
    told.do(DecideExtension(granted=True), SUPERVISOR)
    due = the(told, "resolution/1").due_at
    told.after(hours=1).do(Adopt(terms=FULL.terms("general")), SYSTEM)
    assert the(told, "resolution/1").due_at == due


def test_more_time_asked_for_by_a_calendar_that_is_gone_cannot_be_granted() -> None:
    told = under("working-city")
    told.do(RequestExtension(by=Budget.parse("3 working days"), reason="Rain."))
    told.after(hours=1).do(Adopt(terms=FULL.terms("general")), SYSTEM)
    with pytest.raises(RefusalError) as refused:
        told.do(DecideExtension(granted=True, by=Budget.parse("1 day")), SUPERVISOR)
    assert refused.value.rule == "no_calendar"
    assert told.do(DecideExtension(granted=False), SUPERVISOR) == ["extension_decided"]


def test_a_pause_that_ends_in_the_hour_that_is_doubled_in_autumn_is_read_as_it_was_written() -> None:
    told = under("summer-time-city", datetime(2026, 10, 23, 0, 20, tzinfo=UTC))
    told.do(Acknowledge())
    told.do(Wait(reason="Where is the key?"))
    reread = [Event.model_validate_json(event.model_dump_json()) for event in told.events]
    assert reread == told.events
    assert fold(reread) == told.case


def test_a_ground_not_to_dispatch_is_that_of_the_end_it_came_with() -> None:
    told = Narrative(Route(unit=None, reason="no line"), FULL)
    told.do(NotDispatch(ground=Unlawful(told="No.")), DESK)
    assert told.case.declined is not None
    told.after(hours=1).do(Reopen(reason="It is lawful."), INTAKE)
    assert told.case.status is Status.RECEIVED
    assert told.case.declined is None


def test_an_appeal_in_the_moment_of_a_dispatch_does_not_move_its_limits() -> None:
    told = under("direct-city", unit=None)
    told.after(days=3).do(Dispatch(unit=ROADS, reason="Yours."), DESK)
    told.do(Withdraw(), INTAKE)
    told.do(Appeal(reason="Nobody came."), INTAKE)
    told.after(days=1).do(Dispatch(unit=WATER, reason="Yours."), DESK)
    told.do(Withdraw(), INTAKE)
    appealed = told.now
    limit = the(told, "resolution/2")
    assert limit.starts_at == appealed - timedelta(days=1)
    told.do(Appeal(reason="Nobody came again."), INTAKE)
    assert the(told, "resolution/2") == limit
