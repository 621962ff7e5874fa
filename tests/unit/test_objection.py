"""A unit disputes that an order is its own (Art. 12), and what keeps it from passing the buck (Art. 14)."""

from datetime import timedelta

import pytest

from cases import number
from cases.commands import (
    Acknowledge,
    Act,
    Adjudicate,
    AssistRefuse,
    CallBack,
    Called,
    Close,
    Consult,
    Contact,
    Designate,
    Dispatch,
    Escalate,
    Join,
    Progress,
    Reassign,
    Remark,
    Reopen,
    Report,
    RequestExtension,
    Return,
    Tick,
    Wait,
    Whistle,
    Withdraw,
)
from cases.deadlines import Standing
from cases.limits import Budget
from cases.policy import Policy
from cases.rules import LimitName, ReturnRules
from cases.vocabulary import Outcome, Status
from tests.unit.narrative import (
    DESK,
    DISTRICT,
    FULL,
    GAS,
    INTAKE,
    NOON,
    POLICY,
    ROADS,
    SOLVED,
    SUPERVISOR,
    UNHAPPY,
    UNIT_OF_GAS,
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
    span,
    standing,
    working,
)

NOT_OURS = Return(reason="It is a water main.", evidence="Survey sheet 14.", proposed=WATER)
UPHELD = Adjudicate(upheld=True, reason="The sheet says so.", unit=WATER, copy_to=DISTRICT)
REJECTED = Adjudicate(upheld=False, reason="The road itself has sunk.")


def pausing(*limits: LimitName) -> Policy:
    returns = ReturnRules(at_most=2, adjudicate=span("4 hours"), pauses=limits)
    return FULL.model_copy(update={"returns": returns})


def disputed(policy: Policy = FULL) -> Narrative:
    told = Narrative(policy=policy).after(hours=1)
    assert told.do(NOT_OURS) == ["objected"]
    return told


def test_art_12_an_objection_has_evidence_and_is_decided_by_the_desk() -> None:
    told = disputed()
    objection = told.case.orders[0].objection
    assert objection is not None
    assert (objection.reason, objection.evidence, objection.proposed) == (
        NOT_OURS.reason,
        NOT_OURS.evidence,
        NOT_OURS.proposed,
    )
    assert told.case.unit == ROADS, "the unit leads until it is decided"
    assert ("objected", "desk") in notices(told)
    assert refused(told, UPHELD, UNIT_OF_ROADS).rule == "not_your_order"
    assert refused(told, UPHELD, INTAKE).rule == "not_your_part"
    assert refused(told, NOT_OURS).rule == "return_not_now"


def test_art_12_upheld_it_goes_to_another_unit() -> None:
    told = disputed()
    assert told.do(UPHELD, DESK) == ["adjudicated", "returned", "dispatched"]
    assert (told.case.unit, told.case.orders[1].copy_to) == (WATER, DISTRICT)
    assert (told.case.orders[0].returned, told.case.orders[0].returned_for) == (True, NOT_OURS.reason)
    assert ("objection_upheld", f"unit:{ROADS}") in notices(told)
    assert ("order", WATER) in [(one.kind, one.to) for one in owed(told)]


def test_art_12_upheld_without_another_unit_it_goes_back_to_the_desk() -> None:
    told = disputed()
    assert told.do(Adjudicate(upheld=True, reason="Not theirs."), DESK) == ["adjudicated", "returned"]
    assert (told.case.status, told.case.unit) == (Status.RECEIVED, None)
    assert due(told)["dispatch/2"] == timedelta(hours=25)


def test_art_12_rejected_it_is_final() -> None:
    told = disputed()
    assert told.do(REJECTED, DESK) == ["adjudicated"]
    assert told.case.unit == ROADS
    assert ("objection_rejected", f"unit:{ROADS}") in notices(told)
    refusal = refused(told, NOT_OURS)
    assert (refusal.rule, refusal.source) == ("objection_final", "Art. 12")
    assert "return" not in refusal.allowed
    assert told.do(Acknowledge()) == ["acknowledged"]


def test_art_12_rejected_it_stays_final_in_the_next_round() -> None:
    told = disputed()
    told.do(REJECTED, DESK)
    for act in (Acknowledge(), Contact(), SOLVED):
        told.do(act)
    assert told.do(UNHAPPY, DESK) == ["answered", "dispatched"]
    assert refused(told, NOT_OURS).rule == "objection_final"


@pytest.mark.parametrize(
    "act",
    [
        Adjudicate(upheld=False, reason="No.", unit=WATER),
        Adjudicate(upheld=True, reason="Yes.", unit=ROADS),
    ],
)
def test_art_12_a_decision_that_contradicts_itself_is_refused(act: Adjudicate) -> None:
    refusal = refused(disputed(), act, DESK)
    assert (refusal.rule, refusal.detail[:5]) == ("unit_not_now", "unit:")


def test_art_12_an_objection_is_decided_in_a_limit_of_its_own() -> None:
    told = disputed()
    assert due(told)["adjudication/1"] == timedelta(hours=5)
    told.after(hours=3).do(Tick())
    assert ("warned", "desk") in notices(told)
    told.after(hours=2).do(Tick())
    assert raised(told, "adjudication/1") == ["warning 0.75", "breach"]
    told.do(REJECTED, DESK)
    assert standing(told)["adjudication/1"] is Standing.MET_LATE


def test_art_12_without_adjudication_in_the_policy_an_order_goes_back_as_it_is() -> None:
    told = Narrative()
    assert told.do(NOT_OURS) == ["returned"]
    returned = told.events[-1].fact
    assert returned.type == "returned"
    assert (returned.reason, returned.evidence, returned.proposed) == (
        NOT_OURS.reason,
        NOT_OURS.evidence,
        NOT_OURS.proposed,
    )


def test_art_12_the_clocks_of_a_unit_run_on_while_it_disputes() -> None:
    told = disputed()
    told.after(hours=3).do(Tick())
    assert standing(told)["acknowledgment/1"] is Standing.BREACHED
    assert due(told)["acknowledgment/1"] == timedelta(hours=2)


def test_art_12_where_the_policy_says_so_they_stand_still_for_as_long_as_it_lasts() -> None:
    told = disputed(pausing("acknowledge"))
    assert standing(told)["acknowledgment/1"] is Standing.PAUSED
    assert standing(told)["resolution/1"] is Standing.RUNNING
    told.after(hours=3).do(REJECTED, DESK)
    assert due(told)["acknowledgment/1"] == timedelta(hours=5)
    assert due(told)["resolution/1"] == timedelta(days=15)
    told.after(hours=1).do(Tick())
    assert raised(told, "acknowledgment/1") == ["warning 0.75", "breach"]


def test_art_12_a_decision_that_comes_too_late_is_the_desks_fault_and_not_the_units() -> None:
    told = disputed(pausing("acknowledge", "handle", "resolve")).after(hours=30)
    assert told.do(REJECTED, DESK) == ["warned", "breached", "escalated", "adjudicated"]
    assert raised(told, "acknowledgment/1") == []
    assert due(told)["acknowledgment/1"] == timedelta(hours=32)
    assert due(told)["resolution/1"] == timedelta(days=15, hours=30)


def test_art_12_an_objection_lapses_with_its_order_and_nobody_is_late_with_it() -> None:
    told = disputed()
    told.do(Designate(unit=GAS, reason="We see it ourselves."), SUPERVISOR)
    told.after(days=2).do(Tick())
    assert raised(told, "adjudication/1") == []
    assert standing(told)["adjudication/1"] is Standing.LIFTED
    assert refused(told, REJECTED, DESK).rule == "adjudicate_not_now"


def test_art_12_35_a_later_objection_takes_no_number_from_an_earlier_dispute() -> None:
    told = Narrative(policy=FULL)
    told.do(Acknowledge())
    told.do(Whistle(calls=(Called(unit=WATER, task="Shut the main."),)))
    told.do(AssistRefuse(assist=1, reason="No pipe of ours."), UNIT_OF_WATER)
    told.after(hours=5).do(Tick())
    assert standing(told)["assist_adjudication/1"] is Standing.BREACHED
    told.do(Return(reason="It is a gas pipe."))
    assert standing(told)["assist_adjudication/1"] is Standing.BREACHED
    assert standing(told)["adjudication/1"] is Standing.RUNNING
    assert raised(told, "adjudication/1") == []


def test_art_14_the_lead_cannot_be_changed_but_by_objection_or_the_hotline() -> None:
    acts: list[Act] = [
        Contact(),
        Progress(note="Half of it is done."),
        Whistle(calls=(Called(unit=WATER, task="Shut the main."),)),
        RequestExtension(by=Budget.parse("1 day"), reason="Rain."),
        Wait(reason="The key to the yard."),
        Escalate(reason="It needs money.", to=WATER),
        Remark(text="Ask the water office."),
    ]
    told = working()
    for act in acts:
        told.do(act)
        assert told.case.unit == ROADS
    by_the_hotline: list[Act] = [
        Reassign(unit=WATER, reason="Yours."),
        Designate(unit=WATER, reason="Yours."),
        Dispatch(unit=WATER, reason="Yours."),
        Join(incident=number.derive("test", "lead"), unit=WATER, reason="The same."),
    ]
    for act in by_the_hotline:
        assert refused(told, act, UNIT_OF_ROADS).rule.startswith(("not_your", f"{act.type}_not_now"))
    assert refused(told, NOT_OURS).rule == "return_not_now", "who has begun to handle it leads it"


def test_art_14_another_unit_can_do_nothing_with_the_order() -> None:
    for first in (Acknowledge(), NOT_OURS):
        assert refused(Narrative(policy=FULL), first, UNIT_OF_WATER).source == "Art. 14"
    for act in (Contact(), Progress(note="Done."), SOLVED, Escalate(reason="No."), Wait(reason="For them.")):
        assert refused(working(), act, UNIT_OF_WATER).rule == "not_your_order"


def test_art_14_two_units_that_throw_a_case_back_and_forth_end_with_a_supervisor() -> None:
    told = disputed()
    told.do(UPHELD, DESK)
    told.after(hours=1).do(Return(reason="Our main is dry.", proposed=ROADS), UNIT_OF_WATER)
    last = Adjudicate(upheld=True, reason="It is dry.", unit=ROADS)
    assert refused(told, last, DESK).detail.endswith("a supervisor designates its unit; leave it out")
    told.do(last.model_copy(update={"unit": None}), DESK)
    assert told.case.awaits_supervisor
    story = "returned by roads: It is a water main.; water: Our main is dry.; a supervisor designates its unit"
    assert told.case.to_desk == story
    assert ("designation", "supervisor") in notices(told)
    assert refused(told, Dispatch(unit=ROADS, reason="Yours."), DESK).rule == "dispatch_not_now"
    told.do(Consult(units=(GAS,), question="Yours?"), DESK)
    assert told.case.to_desk == f"{story}; asked gas: Yours?", "the story is kept for whoever decides"
    assert refused(told, Designate(unit=ROADS, reason="Yours."), DESK).rule == "not_your_part"
    told.do(Designate(unit=ROADS, reason="It is a road."), SUPERVISOR)
    refusal = refused(told, NOT_OURS)
    assert (refusal.rule, refusal.source) == ("returns_exhausted", "Art. 14")


def test_art_14_a_case_that_waits_for_a_supervisor_is_late_like_any_other() -> None:
    told = Narrative()
    told.do(Return(reason="Not ours."))
    told.do(Dispatch(unit=WATER, reason="Yours."), DESK)
    told.do(Return(reason="Nor ours."), UNIT_OF_WATER)
    told.after(days=2).do(Tick())
    assert raised(told, "dispatch/3") == ["warning 0.75", "breach", "ladder 1 day"]


def test_art_14_a_designated_unit_cannot_dispute_even_the_first_time() -> None:
    told = Narrative(policy=FULL)
    told.do(Designate(unit=WATER, reason="The mayor has decided."), SUPERVISOR)
    assert told.case.unit == WATER
    assert refused(told, Return(reason="Not ours."), UNIT_OF_WATER).rule == "returns_exhausted"


@pytest.mark.parametrize("again", ["call-back", "reopening"])
def test_art_14_a_designation_holds_in_every_later_round(again: str) -> None:
    told = Narrative(policy=FULL)
    told.do(Designate(unit=WATER, reason="The mayor has decided."), SUPERVISOR)
    for act in (Acknowledge(), Contact(), SOLVED):
        told.do(act, UNIT_OF_WATER)
    if again == "call-back":
        told.do(UNHAPPY, DESK)
    else:
        told.do(CallBack(reached=True, solved=True), DESK)
        told.do(Reopen(reason="It leaks again."), INTAKE)
    assert (told.case.status, told.case.unit) == (Status.DISPATCHED, WATER)
    assert refused(told, Return(reason="Not ours."), UNIT_OF_WATER).rule == "returns_exhausted"


def test_art_14_a_designation_does_not_bind_a_unit_that_the_hotline_names_afterwards() -> None:
    told = Narrative(policy=FULL)
    told.do(Designate(unit=WATER, reason="Decided."), SUPERVISOR)
    told.do(Reassign(unit=GAS, reason="It is gas after all."), DESK)
    assert told.do(Return(reason="Not ours."), UNIT_OF_GAS) == ["objected"]


def test_art_14_a_unit_that_gave_a_case_back_does_not_get_it_again_by_a_reopening() -> None:
    told = disputed()
    told.do(Adjudicate(upheld=True, reason="Not theirs."), DESK)
    told.do(Withdraw(), INTAKE)
    assert told.do(Reopen(reason="It is still there."), INTAKE) == ["reopened"]
    assert (told.case.status, told.case.unit, told.case.awaits_supervisor) == (Status.RECEIVED, None, False)


def test_art_14_a_dispute_that_awaits_a_supervisor_still_does_after_a_reopening() -> None:
    told = Narrative(policy=FULL.model_copy(update={"returns": ReturnRules(at_most=1)}))
    told.do(NOT_OURS)
    assert told.case.awaits_supervisor
    told.do(Withdraw(), INTAKE)
    told.do(Reopen(reason="It is still there."), INTAKE)
    assert told.case.awaits_supervisor
    assert refused(told, Dispatch(unit=ROADS, reason="Yours."), DESK).rule == "dispatch_not_now"


def test_art_14_a_policy_without_returns_has_none() -> None:
    told = Narrative(policy=POLICY.model_copy(update={"returns": ReturnRules(at_most=0)}))
    assert refused(told, NOT_OURS).rule == "returns_exhausted"


@pytest.mark.parametrize("done", [(Acknowledge(), Contact()), (Acknowledge(), Contact(), SOLVED)])
def test_art_14_who_has_begun_to_handle_it_gives_it_back_no_more(done: tuple[Act, ...]) -> None:
    told = Narrative(policy=FULL)
    for act in done:
        told.do(act)
    assert refused(told, NOT_OURS).rule == "return_not_now"


def test_art_14_one_unit_leads_at_any_time() -> None:
    told = Narrative(policy=FULL)
    told.do(Reassign(unit=WATER, reason="Yours."), DESK)
    told.do(Return(reason="Not ours."), UNIT_OF_WATER)
    told.do(Adjudicate(upheld=True, reason="Right.", unit=GAS), DESK)
    open_orders = [order.unit for order in told.case.orders if order.ended_at is None]
    assert open_orders == [GAS]


def test_art_14_only_a_supervisor_ends_a_dispute_without_a_unit() -> None:
    told = Narrative(policy=FULL.model_copy(update={"returns": ReturnRules(at_most=1)}))
    told.do(NOT_OURS)
    end = Close(outcome=Outcome.EXPLAINED, reason="The estate owns it.")
    assert refused(told, end, DESK).rule == "not_your_part"
    told.do(end, SUPERVISOR)
    assert told.case.closure is not None
    assert told.case.closure.outcome is Outcome.EXPLAINED


def test_art_35_bounced_orders_stay_visible_for_ever() -> None:
    told = Narrative(policy=FULL).after(hours=3)
    told.do(NOT_OURS)
    told.do(UPHELD, DESK)
    for act in (Acknowledge(), Contact(), Report(outcome=Outcome.SOLVED, note="Mended.")):
        told.do(act, UNIT_OF_WATER)
    told.do(CallBack(reached=True, solved=True), DESK)
    first = told.case.orders[0]
    assert (first.returned, first.returned_for, told.case.returns) == (True, NOT_OURS.reason, 1)
    assert standing(told)["acknowledgment/1"] is Standing.BREACHED


def test_art_35_a_report_that_the_complainant_reversed_stays_visible_for_ever() -> None:
    told = reported()
    told.do(UNHAPPY, DESK)
    for act in (Acknowledge(), SOLVED):
        told.do(act)
    told.do(CallBack(reached=True, solved=True), DESK)
    assert [answer.solved for answer in told.case.answers] == [False, True]
    assert [(order.report, order.called_back) for order in told.case.orders] == [(Outcome.SOLVED, True)] * 2
    assert told.case.orders[0].reported_at == NOON + timedelta(hours=1)
