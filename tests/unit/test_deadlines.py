"""Deadlines are recomputed from what happened; a breach is never unmade (Art. 13, 35)."""

from datetime import timedelta

from cases.commands import Acknowledge, CallBack, Contact, Dispatch, Report, Return, Tick
from cases.deadlines import Standing, deadlines, next_alarm, next_due, running
from cases.limits import Anchor
from cases.routing import Route
from cases.vocabulary import Outcome
from tests.unit.narrative import DESK, NOON, POLICY, ROADS, Narrative, limit


def standing(told: Narrative) -> dict[str, Standing]:
    return {one.id: one.standing for one in deadlines(told.case)}


def test_an_order_carries_its_limits_from_its_dispatch() -> None:
    due = {one.name: one.due_at - NOON for one in running(Narrative().case)}
    assert due == {
        "acknowledgment": timedelta(hours=2),
        "handling": timedelta(hours=24),
        "resolution": timedelta(days=15),
    }


def test_meeting_a_duty_stops_its_clock() -> None:
    told = Narrative()
    told.after(hours=1).do(Acknowledge())
    told.after(hours=1).do(Contact())
    told.after(days=3).do(Report(outcome=Outcome.SOLVED, note="Done."))
    told.after(days=1).do(CallBack(reached=True, solved=True), DESK)
    assert set(standing(told).values()) == {Standing.MET}
    assert next_alarm(told.case) is None


def test_alarms_come_in_order_and_once() -> None:
    told = Narrative()
    assert next_alarm(told.case) == NOON + timedelta(minutes=90)
    assert told.after(minutes=90).do(Tick()) == ["warned"]
    assert told.do(Tick()) == []
    assert told.after(minutes=30).do(Tick()) == ["breached"]
    assert told.after(hours=21).do(Tick()) == ["warned"]
    assert told.after(hours=1).do(Tick()) == ["breached"]
    assert told.after(hours=2).do(Tick()) == ["escalated"]


def test_a_breach_is_recorded_before_the_late_command_that_follows_it() -> None:
    told = Narrative().after(hours=3)
    assert told.do(Acknowledge()) == ["warned", "breached", "acknowledged"]
    assert standing(told)["acknowledgment/1"] is Standing.MET_LATE


def test_the_ladder_goes_on_after_a_breach() -> None:
    told = Narrative().after(hours=2, days=1)
    told.do(Tick())
    raised = [event.fact for event in told.events if event.fact.type in ("warned", "breached", "escalated")]
    marks = [(fact.deadline, fact.mark) for fact in raised if fact.deadline == "acknowledgment/1"]
    assert marks == [
        ("acknowledgment/1", "warning 0.75"),
        ("acknowledgment/1", "breach"),
        ("acknowledgment/1", "ladder 1 day"),
    ]
    assert next(fact.tell for fact in raised if fact.mark == "breach") == ("unit", "district")
    assert next(fact.tell for fact in raised if fact.mark == "ladder 1 day") == ("supervisor",)


def test_a_breach_stays_when_the_order_is_returned() -> None:
    told = Narrative().after(hours=3)
    told.do(Return(reason="Not ours."))
    assert standing(told)["acknowledgment/1"] is Standing.BREACHED
    assert standing(told)["handling/1"] is Standing.LIFTED
    assert standing(told)["dispatch/2"] is Standing.RUNNING


def test_each_order_has_clocks_of_its_own() -> None:
    told = Narrative()
    told.after(hours=1).do(Return(reason="Not ours."))
    told.after(hours=5).do(Dispatch(unit="water", reason="Theirs."), DESK)
    due = {one.id: one.due_at for one in running(told.case)}
    assert due["acknowledgment/2"] == NOON + timedelta(hours=8)
    assert standing(told)["dispatch/2"] is Standing.MET


def test_waiting_for_dispatch_counts_from_the_receipt() -> None:
    told = Narrative(Route(unit=None, reason="no line"))
    (dispatch,) = running(told.case)
    assert dispatch.id == "dispatch/1"
    assert dispatch.due_at == NOON + timedelta(hours=24)
    told.after(hours=25).do(Dispatch(unit=ROADS, reason="A road."), DESK)
    assert standing(told)["dispatch/1"] is Standing.MET_LATE


def test_a_deadline_explains_its_arithmetic() -> None:
    acknowledgment = running(Narrative().case)[0]
    assert acknowledgment.explanation == (
        "2 hours from dispatch at 2026-09-01 12:00:00+08:00, counted around the clock, "
        "end at 2026-09-01 14:00:00+08:00 (Asia/Shanghai); policy test-city 1, level general"
    )


def test_every_running_deadline_has_an_alarm_until_its_ladder_ends() -> None:
    told = Narrative()
    while (alarm := next_alarm(told.case)) is not None:
        assert alarm >= told.now
        told.now = alarm
        assert told.do(Tick())
    assert {mark for marks in told.case.marks.values() for mark in marks} == {
        "warning 0.75",
        "breach",
        "ladder 1 day",
    }


def test_what_runs_is_the_same_whatever_was_asked_before() -> None:
    one, other = Narrative().after(hours=1), Narrative()
    one.do(Acknowledge())
    for case in (one.case, other.case):
        unasked = running(case)
        assert unasked == sorted((due for due in deadlines(case) if due.runs), key=lambda due: due.due_at)
        assert running(case) == unasked
        assert next_due(case) == (unasked[0].name, unasked[0].due_at)


def test_two_that_are_due_at_once_come_in_one_order_whatever_was_asked_before() -> None:
    general = POLICY.levels["general"]
    limits = {"handle": limit("23 hours", Anchor.ACKNOWLEDGMENT), "resolve": limit("24 hours")}
    levels = {"general": general.model_copy(update=limits)}
    told = Narrative(policy=POLICY.model_copy(update={"levels": levels}))
    told.after(hours=1).do(Acknowledge())
    asked = told.case
    assert [one.name for one in deadlines(asked) if one.runs] == ["resolution", "handling"]
    for case in (asked, told.case):
        assert [one.name for one in running(case)] == ["handling", "resolution"]
        assert next_due(case) == ("handling", NOON + timedelta(hours=24))
