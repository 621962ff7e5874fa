"""Whistle and report-in (吹哨报到): units called in by the one that leads (Art. 14, 16, 33)."""

from datetime import timedelta
from typing import Literal

import pytest

from cases import number
from cases.commands import (
    Acknowledge,
    Adjudicate,
    AssistAcknowledge,
    AssistAdjudicate,
    AssistProgress,
    AssistRefuse,
    AssistReport,
    CallBack,
    Called,
    Contact,
    Designate,
    Join,
    Reassign,
    Report,
    Return,
    Tick,
    Whistle,
    Withdraw,
)
from cases.deadlines import Standing
from cases.order import ORDERED
from cases.policy import Policy
from cases.rules import AssistRules
from cases.vocabulary import Actor, Outcome, Status
from tests.unit.narrative import (
    DESK,
    DISTRICT,
    FULL,
    GAS,
    INTAKE,
    NOON,
    ROADS,
    SOLVED,
    SUPERVISOR,
    UNHAPPY,
    UNIT_OF_GAS,
    UNIT_OF_ROADS,
    UNIT_OF_THE_DISTRICT,
    UNIT_OF_WATER,
    WATER,
    Narrative,
    due,
    notices,
    owed,
    raised,
    refused,
    span,
    standing,
    working,
)

WHISTLE = Whistle(
    calls=(Called(unit=WATER, task="Shut the main."), Called(unit=GAS, copy_to="haidian", task="Mark the pipe."))
)
WITHOUT = Report(outcome=Outcome.SOLVED, note="Filled.", missing_reason="The gas office did not come in ten days.")
REFUSES = AssistRefuse(assist=1, reason="No main of ours.", evidence="Plan 3.")


def releasing(what: Literal["keep", "release"]) -> Policy:
    rules = AssistRules(acknowledge=span("4 hours"), report=span("5 days"), on_change_of_lead=what)
    return FULL.model_copy(update={"assist": rules})


def whistled(policy: Policy = FULL) -> Narrative:
    """Roads lead, and call the water and gas offices in an hour after noon."""
    told = working(policy)
    assert told.do(WHISTLE) == ["whistled", "whistled"]
    return told


def test_art_16_each_unit_called_gets_an_order_of_its_own() -> None:
    told = whistled()
    orders = [(one.about, one.to, one.assist) for one in owed(told) if one.kind == "order" and one.about in ORDERED]
    assert orders == [("dispatched", ROADS, None), ("assist", WATER, 1), ("assist", GAS, 2)]
    assert ("copied", "unit:haidian") in notices(told)
    assert [(one.unit, one.called_by, one.task) for one in told.case.assists] == [
        (WATER, ROADS, "Shut the main."),
        (GAS, ROADS, "Mark the pipe."),
    ]
    assert told.case.unit == ROADS, "the one that called stays responsible"


def test_art_16_each_unit_called_has_limits_of_its_own() -> None:
    told = whistled()
    ours = {name: at for name, at in due(told).items() if name.startswith("assist_")}
    assert ours == {
        "assist_acknowledgment/1": timedelta(hours=5),
        "assist_acknowledgment/2": timedelta(hours=5),
        "assist_report/1": timedelta(days=5, hours=1),
        "assist_report/2": timedelta(days=5, hours=1),
    }
    told.after(hours=1).do(AssistAcknowledge(assist=1), UNIT_OF_WATER)
    told.after(hours=4).do(Tick())
    assert standing(told)["assist_acknowledgment/1"] is Standing.MET
    assert standing(told)["assist_acknowledgment/2"] is Standing.BREACHED


def test_art_16_a_unit_that_does_not_come_is_told_to_its_own_district() -> None:
    told = whistled()
    before = len(told.events)
    told.after(hours=4).do(Tick())
    breaches = [to for about, to in notices(told, before) if about == "breached"]
    assert breaches == [f"unit:{WATER}", f"unit:{DISTRICT}", f"unit:{GAS}", "unit:haidian"]


def test_art_16_who_signs_by_reporting_has_signed() -> None:
    told = whistled()
    told.after(hours=1).do(AssistReport(assist=1, note="Shut."), UNIT_OF_WATER)
    assert standing(told)["assist_acknowledgment/1"] is Standing.MET
    assert standing(told)["assist_report/1"] is Standing.MET


def test_art_16_nobody_else_can_act_for_a_unit_that_was_called() -> None:
    told = whistled()
    for act in (AssistAcknowledge(assist=1), REFUSES, AssistReport(assist=1, note="Shut.")):
        assert refused(told, act, UNIT_OF_GAS).rule == "not_your_order"
        assert refused(told, act, UNIT_OF_ROADS).rule == "not_your_order"
    assert refused(told, AssistReport(assist=3, note="Shut."), UNIT_OF_GAS).rule == "unknown_assist"
    assert refused(told, WHISTLE, UNIT_OF_WATER).rule == "not_your_order", "only the one that leads calls"


@pytest.mark.parametrize("unit", [ROADS, WATER])
def test_art_16_a_unit_that_works_on_the_case_is_not_called_again(unit: str) -> None:
    again = Whistle(calls=(Called(unit="power", task="Light."), Called(unit=unit, task="Again.")))
    refusal = refused(whistled(), again)
    assert (refusal.rule, refusal.detail[:13]) == ("called_already", "calls.1.unit:")


def test_art_16_a_refusal_goes_to_the_district_with_its_reason() -> None:
    told = whistled()
    before = len(told.events)
    assert told.do(REFUSES, UNIT_OF_WATER) == ["assist_refused"]
    assert notices(told, before) == [("assist_refused", f"unit:{DISTRICT}"), ("assist_refused", f"unit:{ROADS}")]
    refusal = told.case.assists[0].refusal
    assert refusal is not None
    assert (refusal.reason, refusal.evidence) == ("No main of ours.", "Plan 3.")
    assert standing(told)["assist_report/1"] is Standing.RUNNING, "to refuse is not to be free"


def test_art_16_a_refusal_without_a_district_goes_to_a_supervisor() -> None:
    told = Narrative(policy=FULL)
    told.do(Reassign(unit=WATER, reason="Answers to the city."), DESK)
    told.do(Acknowledge(), UNIT_OF_WATER)
    told.do(Whistle(calls=(Called(unit=GAS, task="Come."),)), UNIT_OF_WATER)
    told.do(AssistRefuse(assist=1, reason="No."), UNIT_OF_GAS)
    assert ("assist_refused", "supervisor") in notices(told)


def test_art_16_the_district_decides_on_a_refusal_and_nobody_of_the_two() -> None:
    told = whistled()
    told.do(REFUSES, UNIT_OF_WATER)
    decision = AssistAdjudicate(assist=1, upheld=False, reason="It is your main.")
    for party in (UNIT_OF_WATER, UNIT_OF_ROADS, UNIT_OF_GAS):
        assert refused(told, decision, party).rule == "not_your_order"
    assert told.do(decision, UNIT_OF_THE_DISTRICT) == ["assist_adjudicated"]
    assert refused(told, REFUSES, UNIT_OF_WATER).rule == "refusal_once"
    assert told.case.assists[0].outstanding


def test_art_16_a_refusal_that_is_upheld_releases_the_unit() -> None:
    told = whistled()
    told.do(REFUSES, UNIT_OF_WATER)
    before = len(told.events)
    upheld = AssistAdjudicate(assist=1, upheld=True, reason="The plan says so.")
    assert told.do(upheld, DESK) == ["assist_adjudicated", "assist_released"]
    assert [(one.about, one.to, one.assist) for one in owed(told, before)] == [
        ("refusal_upheld", f"unit:{WATER}", 1),
        ("refusal_upheld", f"unit:{ROADS}", None),
        ("refusal_upheld", WATER, 1),
        ("refusal_upheld", ROADS, None),
        ("assist_withdrawn", WATER, 1),
        ("assist_withdrawn", f"unit:{WATER}", 1),
    ]
    told.after(days=9).do(Tick())
    assert raised(told, "assist_report/1") == []
    assert refused(told, AssistReport(assist=1, note="Shut."), UNIT_OF_WATER).rule == "assist_over"


def test_art_16_a_refusal_is_decided_in_a_limit_of_its_own() -> None:
    told = whistled()
    told.do(REFUSES, UNIT_OF_WATER)
    assert due(told)["assist_adjudication/1"] == timedelta(hours=5)
    told.after(hours=4).do(Tick())
    assert standing(told)["assist_adjudication/1"] is Standing.BREACHED


def test_art_16_35_a_refusal_that_was_decided_late_stays_late_when_another_unit_refuses() -> None:
    told = whistled()
    told.do(AssistRefuse(assist=2, reason="No pipe of ours."), UNIT_OF_GAS)
    told.after(hours=5).do(REFUSES, UNIT_OF_WATER)
    assert standing(told)["assist_adjudication/2"] is Standing.BREACHED
    assert standing(told)["assist_adjudication/1"] is Standing.RUNNING


def test_art_16_a_report_makes_a_decision_on_the_refusal_needless() -> None:
    told = whistled()
    told.do(REFUSES, UNIT_OF_WATER)
    told.after(hours=1).do(AssistReport(assist=1, note="Shut all the same."), UNIT_OF_WATER)
    told.after(days=1).do(Tick())
    assert standing(told)["assist_adjudication/1"] is Standing.LIFTED
    assert told.case.assists[0].refusals[0].upheld is None


def test_art_14_a_unit_called_in_tells_the_one_that_leads_how_far_it_is() -> None:
    told = whistled()
    before = len(told.events)
    told.after(days=2).do(AssistProgress(assist=1, note="The valve is ordered; it comes on Friday."), UNIT_OF_WATER)
    assert notices(told, before)[-1] == ("assist_progress", f"unit:{ROADS}")
    assert told.case.assists[0].progressed_at == told.now
    assert told.case.assists[0].outstanding


def test_art_14_a_unit_called_in_reports_to_the_one_that_leads() -> None:
    told = whistled()
    before = len(told.events)
    told.do(AssistReport(assist=1, note="Shut."), UNIT_OF_WATER)
    assert notices(told, before) == [("assist_reported", f"unit:{ROADS}")]
    assert told.case.status is Status.IN_PROGRESS


def test_art_14_16_the_lead_does_not_report_over_a_missing_report_without_a_reason() -> None:
    told = whistled()
    told.do(AssistReport(assist=1, note="Shut."), UNIT_OF_WATER)
    for silent in ("", "   "):
        act = Report(outcome=Outcome.SOLVED, note="Filled.", missing_reason=silent)
        refusal = refused(told, act)
        assert (refusal.rule, refusal.source) == ("assist_reports_missing", "Art. 16")
        assert "gas called in have not reported" in refusal.detail
    assert told.do(WITHOUT) == ["reported"]
    order = told.case.orders[0]
    assert (order.missing, order.missing_reason) == ((2,), WITHOUT.missing_reason)


def test_art_16_with_all_reports_there_is_nothing_to_excuse() -> None:
    told = whistled()
    told.do(AssistReport(assist=1, note="Shut."), UNIT_OF_WATER)
    told.do(AssistReport(assist=2, note="Marked."), UNIT_OF_GAS)
    assert told.do(WITHOUT) == ["reported"]
    assert (told.case.orders[0].missing, told.case.orders[0].missing_reason) == ((), "")


def test_art_16_a_report_that_comes_after_the_leads_is_still_taken() -> None:
    told = whistled()
    told.do(WITHOUT)
    assert told.after(hours=1).do(AssistReport(assist=2, note="Marked."), UNIT_OF_GAS)[-1] == "assist_reported"


CHANGES = [
    pytest.param(Reassign(unit="power", reason="It is a cable."), DESK, id="reassigned"),
    pytest.param(Designate(unit="power", reason="It is a cable."), SUPERVISOR, id="designated"),
]


@pytest.mark.parametrize(("act", "actor"), CHANGES)
def test_art_14_units_called_in_survive_a_change_of_lead(act: Reassign | Designate, actor: Actor) -> None:
    told = whistled()
    told.do(act, actor)
    assert [assist.outstanding for assist in told.case.assists] == [True, True]
    before = len(told.events)
    told.after(hours=1).do(AssistReport(assist=1, note="Shut."), UNIT_OF_WATER)
    assert ("assist_reported", "unit:power") in notices(told, before), "they report to whoever leads now"
    assert ("assist_reported", f"unit:{ROADS}") not in notices(told, before)


@pytest.mark.parametrize(("act", "actor"), CHANGES)
def test_art_14_or_they_are_released_where_the_policy_says_so(act: Reassign | Designate, actor: Actor) -> None:
    told = whistled(releasing("release"))
    told.do(act, actor)
    assert [assist.released for assist in told.case.assists] == ["the lead has changed"] * 2
    assert [one.about for one in owed(told) if one.kind == "order"][-3:] == [
        "assist_withdrawn",
        "assist_withdrawn",
        "dispatched",
    ]


@pytest.mark.parametrize("what", ["keep", "release"])
def test_art_14_an_objection_that_is_upheld_changes_the_lead_too(what: Literal["keep", "release"]) -> None:
    told = Narrative(policy=releasing(what))
    told.do(Acknowledge())
    told.do(WHISTLE)
    told.do(Return(reason="A cable."))
    told.do(Adjudicate(upheld=True, reason="A cable.", unit="power"), DESK)
    assert {assist.outstanding for assist in told.case.assists} == {what == "keep"}


@pytest.mark.parametrize("what", ["keep", "release"])
def test_art_23_another_round_with_the_same_lead_releases_nobody(what: Literal["keep", "release"]) -> None:
    told = whistled(releasing(what))
    told.do(WITHOUT)
    told.do(UNHAPPY, DESK)
    assert [assist.outstanding for assist in told.case.assists] == [True, True]


def test_art_14_a_unit_called_in_that_leads_now_does_not_wait_for_itself() -> None:
    told = whistled()
    assert told.do(Reassign(unit=WATER, reason="It is the main."), DESK) == [
        "recalled",
        "assist_released",
        "dispatched",
    ]
    assert [assist.outstanding for assist in told.case.assists] == [False, True]
    told.do(Acknowledge(), UNIT_OF_WATER)
    told.do(AssistReport(assist=2, note="Marked."), UNIT_OF_GAS)
    assert told.do(SOLVED, UNIT_OF_WATER) == ["reported"]


def test_art_33_the_record_of_both_sides_is_kept_after_all_that() -> None:
    told = whistled()
    told.do(REFUSES, UNIT_OF_WATER)
    told.do(AssistAdjudicate(assist=1, upheld=False, reason="It is yours."), UNIT_OF_THE_DISTRICT)
    told.after(hours=5).do(AssistAcknowledge(assist=1), UNIT_OF_WATER)
    told.do(Reassign(unit="power", reason="A cable."), DESK)
    told.do(AssistReport(assist=1, note="Shut."), UNIT_OF_WATER)
    told.do(Withdraw(), INTAKE)
    water, gas = told.case.assists
    assert (water.called_by, water.order, water.called_at) == (ROADS, 1, NOON + timedelta(hours=1))
    assert (water.refusals[0].upheld, water.report_note) == (False, "Shut.")
    assert standing(told)["assist_acknowledgment/1"] is Standing.MET_LATE
    assert (gas.called_by, gas.released) == (ROADS, "the case ended")
    assert standing(told)["assist_acknowledgment/2"] is Standing.BREACHED
    reports = [event.fact for event in told.events if event.fact.type == "assist_reported"]
    assert [(fact.unit, fact.lead) for fact in reports] == [(WATER, ROADS)]


def test_art_16_the_end_of_a_case_is_told_to_the_units_called_in() -> None:
    told = whistled()
    told.do(Withdraw(), INTAKE)
    withdrawn = [(one.about, one.to, one.assist) for one in owed(told) if one.about.endswith("withdrawn")]
    assert ("assist_withdrawn", WATER, 1) in withdrawn
    assert ("assist_withdrawn", GAS, 2) in withdrawn


def test_art_16_a_case_that_is_handled_through_an_incident_calls_nobody_in_any_more() -> None:
    told = Narrative(policy=FULL)
    told.do(Acknowledge())
    told.do(WHISTLE)
    told.do(Return(reason="Not ours."))
    told.do(Adjudicate(upheld=True, reason="Right."), DESK)
    told.do(Join(incident=number.derive("test", "lead"), unit=WATER, reason="The same main."), DESK)
    assert [assist.released for assist in told.case.assists] == ["handled through an incident"] * 2


def test_art_16_a_policy_without_it_has_no_whistle() -> None:
    told = Narrative()
    told.do(Acknowledge())
    assert refused(told, WHISTLE).rule == "whistle_not_provided"
    assert refused(Narrative(policy=FULL), WHISTLE).rule == "whistle_not_now", "sign for it first"


def test_art_16_a_case_found_solved_ends_for_all() -> None:
    told = whistled()
    told.do(Contact())
    told.do(WITHOUT)
    told.do(CallBack(reached=True, solved=True), DESK)
    assert not any(assist.outstanding for assist in told.case.assists)
