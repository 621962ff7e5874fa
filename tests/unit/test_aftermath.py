"""After the end: rating, reopening, appeal, withdrawal, and what units still tell of a case (Art. 8, 14, 35)."""

from datetime import timedelta

import pytest

from cases import number
from cases.commands import (
    Acknowledge,
    Act,
    Adjudicate,
    Appeal,
    CallBack,
    Contact,
    Dispatch,
    Join,
    Progress,
    Rate,
    Reassign,
    Remark,
    Reopen,
    Return,
    Supplement,
    Withdraw,
)
from cases.deadlines import Standing, next_alarm
from cases.errors import RefusalError
from cases.triage import Unlawful
from cases.vocabulary import Actor, Channel, Outcome, Satisfaction, Status
from tests.unit.narrative import (
    DESK,
    FULL,
    GAS,
    HAPPY,
    INTAKE,
    NOON,
    ROADS,
    SOLVED,
    UNHAPPY,
    UNIT_OF_GAS,
    UNIT_OF_ROADS,
    UNIT_OF_WATER,
    WATER,
    Narrative,
    brought,
    due,
    ended,
    notices,
    owed,
    refused,
    reported,
    standing,
    working,
)

REOPEN = Reopen(reason="It has sunk again.")
APPEAL = Appeal(reason="They only poured sand.")
BAD = Rate(satisfaction=Satisfaction.DISSATISFIED)
UNHAPPY_BUT_SOLVED = CallBack(reached=True, contacted=False, solved=True, satisfaction=Satisfaction.DISSATISFIED)
WINDOW = timedelta(days=30)


def appealed() -> Narrative:
    told = ended()
    told.do(BAD, INTAKE)
    assert told.do(APPEAL, INTAKE) == ["appealed"]
    return told


def test_art_8_the_complainant_rates_a_case_that_has_ended() -> None:
    told = ended()
    said = told.case.satisfaction
    assert said is Satisfaction.SATISFIED
    assert told.do(BAD, INTAKE) == ["rated"]
    assert told.case.satisfaction == "dissatisfied"
    assert told.case.answers[0].satisfaction is said, "what was said at the call-back stands"
    for unit in (UNIT_OF_ROADS, UNIT_OF_WATER):
        assert refused(told, BAD, unit).rule == "not_your_order"
    assert refused(working(), BAD, INTAKE).rule == "rate_not_now"


def test_art_8_the_complainant_is_told_how_it_goes_from_receipt_to_end() -> None:
    told = working()
    told.do(Progress(note="The roller comes on Friday."))
    told.do(SOLVED)
    told.do(HAPPY, DESK)
    assert [about for about, to in notices(told) if to == "complainant"] == [
        "received",
        "progress",
        "reported",
        "closed_solved",
    ]


def test_art_8_a_case_is_reopened_within_the_window_and_goes_to_the_unit_that_had_it() -> None:
    told = ended()
    told.after(days=3)
    before = len(told.events)
    assert told.do(REOPEN, INTAKE) == ["reopened", "dispatched"]
    assert (told.case.unit, told.case.status, told.case.closure) == (ROADS, Status.DISPATCHED, None)
    assert [one.outcome for one in told.case.closures] == [Outcome.SOLVED]
    assert ("order", ROADS) in [(one.kind, one.to) for one in owed(told, before)]
    assert ("reopened", "complainant") in notices(told, before)
    assert due(told)["resolution/2"] == timedelta(days=18, hours=1)


@pytest.mark.parametrize(("late", "taken"), [(timedelta(), True), (timedelta(seconds=1), False)])
def test_art_8_the_window_is_judged_by_the_end_that_is_stored(late: timedelta, taken: bool) -> None:
    told = ended()
    told.do(Remark(text="Somebody looked at it much later."), DESK)
    told.after(days=20).do(Rate(satisfaction=Satisfaction.SATISFIED), INTAKE)
    assert told.case.closure is not None
    told.now = told.case.closure.at + WINDOW + late
    if taken:
        assert told.do(REOPEN, INTAKE)[0] == "reopened"
    else:
        refusal = refused(told, REOPEN, INTAKE)
        assert refusal.rule == "reopen_too_late"
        assert refusal.detail.endswith("within 30 days, until 2026-10-01 13:00+08:00")


def test_art_8_it_is_reopened_as_often_as_the_policy_says() -> None:
    told = ended()
    told.do(REOPEN, INTAKE)
    for act in (Acknowledge(), Contact(), SOLVED):
        told.do(act)
    told.do(HAPPY, DESK)
    assert refused(told, REOPEN, INTAKE).rule == "reopened_enough"


def test_art_23_a_reopened_case_has_its_rounds_again() -> None:
    told = reported()
    told.do(UNHAPPY, DESK)
    for act in (Acknowledge(), Contact(), SOLVED):
        told.do(act)
    told.do(HAPPY, DESK)
    told.do(REOPEN, INTAKE)
    for act in (Acknowledge(), Contact(), SOLVED):
        told.do(act)
    assert told.do(UNHAPPY, DESK) == ["answered", "dispatched"]


def test_art_32_a_rating_is_of_the_end_it_followed() -> None:
    told = ended()
    told.do(BAD, INTAKE)
    told.do(REOPEN, INTAKE)
    for act in (Acknowledge(), Contact(), SOLVED):
        told.do(act)
    told.do(HAPPY, DESK)
    assert told.case.satisfaction is Satisfaction.SATISFIED
    assert refused(told, APPEAL, INTAKE).rule == "appeal_locked"


def test_a_unit_reopens_and_appeals_nothing() -> None:
    for act in (REOPEN, APPEAL):
        assert refused(ended(UNHAPPY_BUT_SOLVED), act, UNIT_OF_ROADS).rule == "not_your_order"


def test_art_8_a_matter_that_never_had_a_unit_is_reopened_with_the_desk() -> None:
    told = brought(Unlawful(told="That is not done."))
    assert told.do(REOPEN, INTAKE) == ["reopened"]
    assert (told.case.status, told.case.to_desk) == (Status.RECEIVED, "It has sunk again.")
    assert due(told)["dispatch/2"] == timedelta(days=1)


def test_art_8_an_appeal_is_unlocked_by_a_bad_rating() -> None:
    told = ended()
    refusal = refused(told, APPEAL, INTAKE)
    assert refusal.rule == "appeal_locked"
    assert "rate the case first" in refusal.detail
    told.do(BAD, INTAKE)
    assert told.do(APPEAL, INTAKE) == ["appealed"]
    assert {("appealed", "complainant"), ("appealed", "desk")} <= set(notices(told))


def test_art_8_an_appeal_is_unlocked_by_a_bad_answer_at_the_call_back_too() -> None:
    assert ended(UNHAPPY_BUT_SOLVED).do(APPEAL, INTAKE) == ["appealed"]


def test_art_8_an_appeal_goes_to_another_reviewer() -> None:
    told = appealed()
    assert (told.case.status, told.case.stage, told.case.unit) == (Status.RECEIVED, 2, None)
    same: list[Act] = [
        Dispatch(unit=ROADS, reason="Yours again."),
        Join(incident=number.derive("test", "lead"), unit=ROADS, reason="The same."),
    ]
    for act in same:
        assert refused(told, act, DESK).rule == "same_reviewer"
    assert told.do(Dispatch(unit=WATER, reason="Review it."), DESK) == ["dispatched"]
    assert told.case.orders[1].stage == 2


def test_art_8_an_appeal_that_is_returned_still_goes_to_another_reviewer() -> None:
    told = appealed()
    told.do(Dispatch(unit=WATER, reason="Review it."), DESK)
    told.do(Return(reason="Not for us.", proposed=ROADS), UNIT_OF_WATER)
    assert refused(told, Adjudicate(upheld=True, reason="Right.", unit=ROADS), DESK).rule == "same_reviewer"
    told.do(Adjudicate(upheld=True, reason="Right.", unit=GAS), DESK)
    assert refused(told, Reassign(unit=ROADS, reason="Yours."), DESK).rule == "same_reviewer"
    assert told.do(Acknowledge(), UNIT_OF_GAS) == ["acknowledged"]


def test_art_8_an_appeal_has_limits_of_its_stage() -> None:
    told = appealed()
    told.after(days=1).do(Dispatch(unit=WATER, reason="Review it."), DESK)
    day = timedelta(days=1, hours=1)
    assert due(told)["acknowledgment/2"] == day + timedelta(days=5)
    assert due(told)["resolution/2"] == day + timedelta(days=20)
    assert "handling/2" not in due(told)


def test_art_8_an_appeal_ends_once_and_for_all_after_the_last_reviewer() -> None:
    told = appealed()
    told.do(Dispatch(unit=WATER, reason="Review it."), DESK)
    for act in (Acknowledge(), Contact(), SOLVED):
        told.do(act, UNIT_OF_WATER)
    told.do(UNHAPPY_BUT_SOLVED, DESK)
    assert refused(told, APPEAL, INTAKE).rule == "appealed_enough"
    assert told.do(REOPEN, INTAKE) == ["reopened", "dispatched"]
    assert told.case.unit == WATER


def test_art_8_an_appeal_that_was_withdrawn_is_not_reopened_with_the_first_unit() -> None:
    told = appealed()
    told.do(Withdraw(), INTAKE)
    assert told.do(REOPEN, INTAKE) == ["reopened"]
    assert refused(told, Dispatch(unit=ROADS, reason="Yours."), DESK).rule == "same_reviewer"


def test_art_8_an_appeal_comes_in_time() -> None:
    told = ended(UNHAPPY_BUT_SOLVED).after(days=30, seconds=1)
    assert refused(told, APPEAL, INTAKE).rule == "appeal_too_late"


def test_art_8_an_appeal_needs_a_unit_that_has_handled_the_case() -> None:
    told = brought(Unlawful(told="That is not done."))
    told.do(BAD, INTAKE)
    assert refused(told, APPEAL, INTAKE).rule == "appeal_not_now"


@pytest.mark.parametrize("act", [REOPEN, APPEAL], ids=lambda act: act.type)
def test_a_policy_without_them_has_neither_reopening_nor_appeal(act: Act) -> None:
    told = ended(policy=FULL.model_copy(update={"reopening": None, "appeal": None}))
    assert refused(told, act, INTAKE).rule == f"{act.type}_not_provided"


def test_art_8_withdrawal_is_told_to_the_unit_that_has_the_order() -> None:
    told = working()
    before = len(told.events)
    assert told.do(Withdraw(reason="Sorted it out."), INTAKE) == ["closed"]
    assert [(one.kind, one.about, one.to) for one in owed(told, before)] == [
        ("notice", "closed_withdrawn", "complainant"),
        ("order", "withdrawn", ROADS),
        ("notice", "withdrawn", f"unit:{ROADS}"),
    ]
    assert next_alarm(told.case) is None


def test_art_8_withdrawal_is_not_told_to_a_unit_that_has_given_it_back_or_has_reported() -> None:
    returned = Narrative()
    returned.do(Return(reason="Not ours."))
    for told, hears in ((returned, []), (reported(), ["closed"])):
        before = len(told.events)
        told.do(Withdraw(), INTAKE)
        assert [one.about for one in owed(told, before) if one.kind == "order"] == hears


def test_art_8_withdrawal_is_the_complainants_alone() -> None:
    assert refused(working(), Withdraw(), UNIT_OF_ROADS).rule == "not_your_order"


@pytest.mark.parametrize(
    ("act", "outcome"), [(SOLVED, Outcome.SOLVED), (Contact(note="Rang."), None), (Progress(note="Half."), None)]
)
def test_art_14_35_what_a_unit_tells_of_a_closed_case_is_kept_and_the_end_stands(
    act: Act, outcome: Outcome | None
) -> None:
    told = working()
    told.do(Withdraw(), INTAKE)
    end = told.case.closure
    before = len(told.events)
    assert told.after(days=2).do(act) == ["late_report"]
    fact = told.events[-1].fact
    assert fact.type == "late_report"
    assert (fact.unit, fact.act, fact.outcome) == (ROADS, act.type, outcome)
    assert notices(told, before) == [("late_report", "desk")]
    assert (told.case.closure, told.case.status, told.case.orders[0].reported_at) == (end, Status.CLOSED, None)


def test_art_14_another_units_word_about_a_closed_case_is_not_taken() -> None:
    told = working()
    told.do(Withdraw(), INTAKE)
    with pytest.raises(RefusalError):
        told.do(SOLVED, UNIT_OF_WATER)


def test_art_35_a_late_report_sent_twice_is_kept_once() -> None:
    told = working()
    told.do(Withdraw(), INTAKE)
    assert told.do(SOLVED, id="late") == ["late_report"]
    assert told.do(SOLVED, id="late") == []


@pytest.mark.parametrize("actor", [DESK, INTAKE, UNIT_OF_ROADS])
def test_notes_and_words_of_the_complainant_are_taken_after_the_end_too(actor: Actor) -> None:
    told = ended()
    assert told.do(Remark(text="The street has a new name."), actor) == ["noted"]
    assert told.do(Supplement(channel=Channel.LETTER, note="Thank you."), actor) == ["supplemented"]
    assert told.case.status is Status.CLOSED


def test_notes_of_units_without_a_part_in_it_are_not() -> None:
    assert refused(ended(), Remark(text="Interesting."), UNIT_OF_WATER).rule == "not_your_order"


def test_art_35_a_breach_of_the_first_time_stays_after_a_reopening() -> None:
    told = working()
    told.now = NOON + timedelta(days=16)
    told.do(SOLVED)
    told.do(HAPPY, DESK)
    told.do(REOPEN, INTAKE)
    assert standing(told)["resolution/1"] is Standing.MET_LATE
    assert standing(told)["resolution/2"] is Standing.RUNNING
