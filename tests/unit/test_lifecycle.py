"""The straight life of a case, and what may not happen in it."""

import pytest

from cases.commands import (
    Acknowledge,
    CallBack,
    Close,
    Contact,
    Designate,
    Dispatch,
    Report,
    Return,
    Tick,
    Withdraw,
    content_fingerprint,
)
from cases.errors import RefusalError
from cases.routing import Route
from cases.vocabulary import Outcome, Satisfaction, Status
from tests.unit.narrative import DESK, INTAKE, ROADS, SUPERVISOR, UNIT_OF_WATER, WATER, Narrative, received

SOLVED = Report(outcome=Outcome.SOLVED, note="Filled and rolled.")
HAPPY = CallBack(reached=True, contacted=True, solved=True, satisfaction=Satisfaction.SATISFIED)
UNHAPPY = CallBack(reached=True, contacted=True, solved=False, satisfaction=Satisfaction.DISSATISFIED)
NOBODY = CallBack(reached=False)


def reported() -> Narrative:
    told = Narrative()
    for act in (Acknowledge(), Contact(), SOLVED):
        told.after(minutes=30).do(act)
    return told


def test_a_complaint_is_handled_and_closed() -> None:
    told = reported()
    assert told.do(HAPPY, DESK) == ["answered", "closed"]
    case = told.case
    assert case.status is Status.CLOSED
    assert case.closure is not None
    assert case.closure.outcome is Outcome.SOLVED
    assert case.unit == ROADS
    assert [event.fact.type for event in told.events] == [
        "received",
        "dispatched",
        "acknowledged",
        "contacted",
        "reported",
        "answered",
        "closed",
    ]


def test_a_command_given_twice_is_taken_once() -> None:
    told = Narrative()
    assert told.do(Acknowledge(), id="a") == ["acknowledged"]
    assert told.do(Acknowledge(), id="a") == []


def test_an_id_used_for_another_request_is_refused() -> None:
    told = Narrative()
    told.do(Acknowledge(), id="a")
    with pytest.raises(RefusalError) as refused:
        told.do(Contact(), id="a")
    assert refused.value.rule == "command_id_reused"


def test_a_refusal_names_the_rule_and_what_is_allowed() -> None:
    told = Narrative()
    with pytest.raises(RefusalError) as refused:
        told.do(SOLVED)
    assert refused.value.rule == "report_not_now"
    assert {"acknowledge", "return"} <= set(refused.value.allowed)
    assert "report" not in refused.value.allowed
    assert "acknowledge" in refused.value.detail


def test_another_unit_cannot_act_on_the_order() -> None:
    with pytest.raises(RefusalError, match="another unit"):
        Narrative().do(Acknowledge(), UNIT_OF_WATER)


def test_a_returned_order_goes_by_the_desk_to_another_unit() -> None:
    told = Narrative()
    assert told.do(Return(reason="It is a water main.")) == ["returned"]
    assert told.case.status is Status.RECEIVED
    assert told.case.unit is None
    told.after(hours=1).do(Dispatch(unit=WATER, reason="Water main."), DESK)
    assert told.case.unit == WATER
    assert told.do(Acknowledge(), UNIT_OF_WATER) == ["acknowledged"]


def test_returns_are_bounded() -> None:
    told = Narrative()
    told.do(Return(reason="Not ours."))
    told.do(Dispatch(unit=WATER, reason="Yours."), DESK)
    told.do(Return(reason="Nor ours."), UNIT_OF_WATER)
    with pytest.raises(RefusalError, match="a supervisor must designate"):
        told.do(Dispatch(unit=ROADS, reason="Yours."), DESK)
    assert told.case.to_desk == "returned by roads: Not ours.; water: Nor ours.; a supervisor designates its unit"
    told.do(Designate(unit=ROADS, reason="It is a road."), SUPERVISOR)
    with pytest.raises(RefusalError) as refused:
        told.do(Return(reason="Not ours."))
    assert refused.value.rule == "returns_exhausted"
    assert refused.value.source == "Art. 14"
    assert "return" not in refused.value.allowed


def test_unreachable_is_tried_again_and_is_a_value_of_its_own() -> None:
    told = reported()
    assert told.do(NOBODY, DESK) == ["not_reached"]
    assert told.do(NOBODY, DESK) == ["not_reached"]
    assert told.do(NOBODY, DESK) == ["not_reached", "closed"]
    assert told.case.closure is not None
    assert told.case.closure.outcome is Outcome.UNREACHABLE
    assert told.case.answers == ()


def test_an_unsolved_matter_goes_back_a_bounded_number_of_times() -> None:
    told = reported()
    assert told.do(UNHAPPY, DESK) == ["answered", "dispatched"]
    assert told.case.status is Status.DISPATCHED
    told.do(Acknowledge())
    told.do(SOLVED)
    assert told.do(UNHAPPY, DESK) == ["answered", "referred"]
    assert told.case.awaits_supervisor
    assert told.do(Close(outcome=Outcome.UNSOLVED, reason="No budget."), SUPERVISOR) == ["closed"]
    assert told.case.closure is not None
    assert told.case.closure.outcome is Outcome.UNSOLVED


def test_an_explained_matter_closes_as_explained() -> None:
    told = Narrative()
    told.do(Acknowledge())
    told.do(Report(outcome=Outcome.EXPLAINED, note="The road belongs to the estate."))
    told.do(UNHAPPY, DESK)
    assert told.case.closure is not None
    assert told.case.closure.outcome is Outcome.EXPLAINED


@pytest.mark.parametrize("steps", range(4))
def test_a_complaint_can_be_withdrawn_while_it_is_open(steps: int) -> None:
    told = Narrative()
    for act in (Acknowledge(), Contact(), SOLVED)[:steps]:
        told.do(act)
    told.do(Withdraw(reason="Sorted it out."), INTAKE)
    assert told.case.closure is not None
    assert told.case.closure.outcome is Outcome.WITHDRAWN
    with pytest.raises(RefusalError, match="a case that is closed does not take 'withdraw'"):
        told.do(Withdraw(), INTAKE)


def test_a_complaint_that_fits_nowhere_waits_at_the_desk() -> None:
    told = Narrative(Route(unit=None, reason="no catalogue line"))
    assert told.case.status is Status.RECEIVED
    assert told.case.to_desk == "no catalogue line"
    assert told.do(Dispatch(unit=ROADS, reason="A road after all."), DESK) == ["dispatched"]
    assert told.case.to_desk is None


def test_an_answer_without_reaching_anybody_is_no_answer() -> None:
    with pytest.raises(ValueError, match="solved"):
        CallBack(reached=False, solved=True)
    with pytest.raises(ValueError, match="solved"):
        CallBack(reached=True)


def test_time_alone_changes_nothing_before_a_warning() -> None:
    assert Narrative().after(minutes=89).do(Tick()) == []


def test_content_is_the_same_whenever_it_was_received() -> None:
    early, late = received(), received(at=received().act.complaint.received_at.replace(year=2027))  # type: ignore[union-attr]
    assert content_fingerprint(early.act.complaint) == content_fingerprint(late.act.complaint)  # type: ignore[union-attr]
