"""Report and call-back (回访): after the limit or on the report; reached, contacted, solved, satisfied (Art. 23)."""

from datetime import timedelta

import pytest
from pydantic import ValidationError

from cases.calendar import Window
from cases.commands import Acknowledge, CallBack, Close, Contact, Designate, Progress, Report, Tick
from cases.deadlines import Standing
from cases.policy import Policy
from cases.vocabulary import Outcome, Satisfaction, Status
from tests.unit.narrative import (
    DESK,
    DISTRICT,
    FULL,
    HAPPY,
    INTAKE,
    NOBODY,
    NOON,
    ROADS,
    SOLVED,
    SUPERVISOR,
    UNHAPPY,
    UNIT_OF_ROADS,
    UNIT_OF_WATER,
    WATER,
    Narrative,
    due,
    notices,
    owed,
    raised,
    refused,
    reported,
    standing,
    working,
)


def ruled(**changes: object) -> Policy:
    assert FULL.callback is not None
    return FULL.model_copy(update={"callback": FULL.callback.model_copy(update=changes)})


def overdue() -> Narrative:
    """A case whose resolution limit has passed without a report."""
    told = working()
    told.now = NOON + timedelta(days=15)
    told.do(Tick())
    return told


def test_art_23_the_call_back_begins_with_the_report() -> None:
    told = working()
    assert refused(told, HAPPY, DESK).rule == "callback_not_now"
    told.after(hours=2).do(SOLVED)
    assert due(told)["callback/1"] == timedelta(days=3, hours=3)
    told.after(days=1).do(HAPPY, DESK)
    assert standing(told)["callback/1"] is Standing.MET


def test_art_23_or_with_the_end_of_the_resolution_limit() -> None:
    told = overdue()
    assert due(told)["callback/1"] == timedelta(days=18)
    assert told.case.status is Status.IN_PROGRESS
    assert told.do(UNHAPPY, DESK) == ["answered", "dispatched"]
    assert told.case.answers[0].solved is False
    assert standing(told)["resolution/1"] is Standing.BREACHED


def test_art_23_a_case_found_solved_without_a_report_ends_and_the_unit_is_told() -> None:
    told = overdue()
    assert told.do(HAPPY, DESK) == ["answered", "closed"]
    assert ("order", "withdrawn", ROADS) in [(one.kind, one.about, one.to) for one in owed(told)]
    assert standing(told)["resolution/1"] is Standing.BREACHED, "the unit never reported"


def test_art_23_a_call_back_that_is_late_is_breached_with_the_desk() -> None:
    told = reported()
    before = len(told.events)
    told.after(days=3).do(Tick())
    assert raised(told, "callback/1") == ["breach"]
    assert ("breached", "desk") in notices(told, before)
    told.do(HAPPY, DESK)
    assert standing(told)["callback/1"] is Standing.MET_LATE


def test_art_23_the_desk_calls_back_and_never_the_unit_that_reported() -> None:
    for unit in (UNIT_OF_ROADS, UNIT_OF_WATER):
        assert refused(reported(), HAPPY, unit).rule == "not_your_order"
    assert refused(reported(), HAPPY, INTAKE).rule == "not_your_part"


@pytest.mark.parametrize("contacted", [True, False, None])
@pytest.mark.parametrize("satisfaction", [*Satisfaction, None])
@pytest.mark.parametrize("solved", [True, False])
def test_art_23_contacted_solved_and_satisfied_are_kept_apart(
    contacted: bool | None, satisfaction: Satisfaction | None, solved: bool
) -> None:
    told = reported()
    told.do(CallBack(reached=True, contacted=contacted, solved=solved, satisfaction=satisfaction), DESK)
    (answer,) = told.case.answers
    assert (answer.contacted, answer.solved, answer.satisfaction) == (contacted, solved, satisfaction)
    assert told.case.open is not solved, "satisfied or not, it ends if it is solved"


def test_art_23_basically_satisfied_is_an_answer_of_its_own() -> None:
    assert {one.value for one in Satisfaction} == {"satisfied", "basically_satisfied", "dissatisfied"}


def test_art_23_whoever_was_not_reached_has_said_nothing() -> None:
    with pytest.raises(ValidationError, match="satisfaction"):
        CallBack(reached=False, satisfaction=Satisfaction.DISSATISFIED)
    with pytest.raises(ValidationError, match="contacted"):
        CallBack(reached=False, contacted=False)


def test_art_23_unreachable_is_a_value_of_its_own_after_so_many_attempts() -> None:
    told = reported()
    for attempt in (1, 2):
        assert told.do(NOBODY, DESK) == ["not_reached"]
        assert told.case.orders[0].attempts == attempt
        told.after(hours=2)
    assert told.do(NOBODY, DESK) == ["not_reached", "closed"]
    assert told.case.closure is not None
    assert told.case.closure.outcome is Outcome.UNREACHABLE
    assert (told.case.answers, told.case.satisfaction) == ((), None)
    assert standing(told)["callback/1"] is Standing.MET


def test_art_23_attempts_lie_apart() -> None:
    told = reported()
    told.do(NOBODY, DESK)
    refusal = refused(told.after(minutes=119), NOBODY, DESK)
    assert (refusal.rule, refusal.source) == ("callback_too_soon", "Art. 23")
    assert refusal.detail.endswith("try again from 2026-09-01 15:00+08:00")
    assert told.after(minutes=1).do(NOBODY, DESK) == ["not_reached"]


@pytest.mark.parametrize(
    ("hours_after_noon", "again"),
    [
        (9, "2026-09-02 08:00+08:00"),
        (13, "2026-09-02 08:00+08:00"),
        (19.99, "2026-09-02 08:00+08:00"),
    ],
)
def test_art_23_nobody_is_called_at_night_to_be_found_unreachable(hours_after_noon: float, again: str) -> None:
    told = reported()
    told.now = NOON + timedelta(hours=hours_after_noon)
    assert refused(told, NOBODY, DESK).detail.endswith(f"try again from {again}")
    assert told.do(HAPPY, DESK) == ["answered", "closed"], "who answers at night has answered"


def test_art_23_the_hours_begin_and_end_to_the_minute() -> None:
    told = reported()
    told.now = NOON + timedelta(hours=9) - timedelta(seconds=1)
    assert told.do(NOBODY, DESK) == ["not_reached"]
    told.now = NOON + timedelta(hours=20)
    assert told.do(NOBODY, DESK) == ["not_reached"]


def test_art_23_hours_that_end_at_midnight_last_the_whole_evening() -> None:
    midnight = Window.model_validate({"opens": "08:00", "closes": "00:00"})
    told = reported(ruled(hours=midnight))
    told.now = NOON + timedelta(hours=11, minutes=59)
    assert told.do(NOBODY, DESK) == ["not_reached"]


def test_art_23_attempts_before_the_report_do_not_end_a_case_and_do_not_count_after_it() -> None:
    told = overdue()
    for _ in range(4):
        assert told.do(NOBODY, DESK) == ["not_reached"]
        told.after(hours=2)
    assert told.case.open
    told.do(SOLVED)
    assert told.do(NOBODY, DESK) == ["not_reached"]
    assert told.case.orders[0].attempts == 1


def test_art_23_not_solved_it_goes_to_the_next_round_with_limits_of_its_own() -> None:
    told = reported()
    told.after(days=1).do(UNHAPPY, DESK)
    order = told.case.orders[1]
    assert (told.case.status, order.unit, order.copy_to) == (Status.DISPATCHED, ROADS, DISTRICT)
    assert due(told)["acknowledgment/2"] == timedelta(days=1, hours=3)
    assert order.attempts == 0


def test_art_23_rounds_are_bounded_and_then_a_supervisor_decides() -> None:
    told = reported()
    told.do(UNHAPPY, DESK)
    for act in (Acknowledge(), Contact(), SOLVED):
        told.do(act)
    assert told.do(UNHAPPY, DESK) == ["answered", "referred"]
    assert ("referred", "supervisor") in notices(told)
    assert (told.case.awaits_supervisor, told.case.rounds) == (True, 2)
    end = Close(outcome=Outcome.UNSOLVED, reason="No money this year.")
    assert refused(told, end, DESK).rule == "not_your_part"
    told.do(Designate(unit=WATER, reason="Try it from below."), SUPERVISOR)
    for act in (Acknowledge(), Contact(), SOLVED):
        told.do(act, UNIT_OF_WATER)
    assert told.do(UNHAPPY, DESK) == ["answered", "referred"], "a further round is the supervisor's to give"
    told.do(end, SUPERVISOR)
    assert told.case.closure is not None
    assert told.case.closure.outcome is Outcome.UNSOLVED


def test_art_23_or_they_end_the_case_where_the_policy_says_so() -> None:
    told = reported(ruled(exhausted="close", rounds=1))
    assert told.do(UNHAPPY, DESK) == ["answered", "closed"]
    assert told.case.closure is not None
    assert told.case.closure.outcome is Outcome.UNSOLVED


def test_art_23_what_was_explained_ends_as_explained_also_if_the_complainant_is_not_content() -> None:
    told = working()
    told.do(Report(outcome=Outcome.EXPLAINED, note="The estate owns the road."))
    told.do(UNHAPPY, DESK)
    assert told.case.closure is not None
    assert (told.case.closure.outcome, told.case.closure.reason) == (Outcome.EXPLAINED, "The estate owns the road.")
    assert told.case.satisfaction is Satisfaction.DISSATISFIED


def test_art_23_without_call_backs_in_the_policy_the_report_ends_the_case() -> None:
    told = working(FULL.model_copy(update={"callback": None}))
    assert told.do(SOLVED) == ["reported", "closed"]
    assert told.case.closure is not None
    assert told.case.closure.outcome is Outcome.SOLVED
    assert "callback/1" not in due(told)
    assert refused(told, HAPPY, DESK).rule == "callback_not_provided"


def test_art_15_the_report_goes_to_complainant_and_hotline() -> None:
    told = reported()
    assert ("reported", "complainant") in notices(told)
    assert "callback/1" in due(told), "the hotline has it before it, under a limit"


def test_art_15_first_contact_ends_the_handling_limit_and_a_second_changes_nothing() -> None:
    told = working()
    told.after(days=2).do(Contact(note="Once more."))
    assert standing(told)["handling/1"] is Standing.MET
    assert told.case.orders[0].contacted_at == NOON + timedelta(hours=1)


def test_art_14_an_interim_reply_is_told_to_the_complainant() -> None:
    told = working()
    before = len(told.events)
    told.do(Progress(note="The valve is ordered."))
    assert notices(told, before) == [("progress", "complainant")]
