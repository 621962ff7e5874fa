"""Urging (催办), supervision (督办), help from above on request (Art. 20), and reassignment by the hotline."""

from datetime import timedelta

import pytest

from cases.commands import Acknowledge, Contact, Escalate, Reassign, Return, Supervise, Tick, Urge, Withdraw
from cases.deadlines import Standing
from cases.effects import effects
from cases.routing import Route
from cases.vocabulary import Actor
from tests.unit.narrative import (
    DESK,
    DISTRICT,
    FULL,
    GAS,
    INTAKE,
    ROADS,
    SOLVED,
    SUPERVISOR,
    UNIT_OF_ROADS,
    UNIT_OF_WATER,
    WATER,
    Narrative,
    due,
    notices,
    owed,
    refused,
    reported,
    standing,
    working,
)

NOWHERE = Route(unit=None, reason="no catalogue line")


def test_art_8_a_complainant_may_urge_and_it_is_counted_and_told() -> None:
    told = working()
    for times in (1, 2):
        before = len(told.events)
        assert told.after(hours=4).do(Urge(note="Still there."), INTAKE) == ["urged"]
        assert notices(told, before) == [("urged", f"unit:{ROADS}")]
        assert len(told.case.urges) == times
    fact = told.events[-1].fact
    assert fact.type == "urged"
    assert fact.times == 2


def test_art_9_urging_again_and_again_is_limited_and_says_when() -> None:
    told = working()
    told.do(Urge(), INTAKE)
    refusal = refused(told.after(hours=3), Urge(), INTAKE)
    assert refusal.rule == "urged_recently"
    assert refusal.detail.endswith("urge again from 2026-09-01 17:00+08:00")
    for _ in range(2):
        told.after(hours=4).do(Urge(), INTAKE)
    assert refused(told.after(days=1), Urge(), INTAKE).rule == "urged_enough"


def test_art_8_urging_a_case_that_no_unit_has_urges_the_desk() -> None:
    told = Narrative(NOWHERE, FULL)
    told.do(Urge(), INTAKE)
    assert notices(told)[-1] == ("urged", "desk")


@pytest.mark.parametrize("actor", [UNIT_OF_ROADS, UNIT_OF_WATER])
def test_art_8_no_unit_urges_in_the_complainants_name(actor: Actor) -> None:
    assert refused(working(), Urge(), actor).rule == "not_your_order"


def test_art_8_a_case_that_has_ended_or_a_policy_without_it_takes_no_urging() -> None:
    told = working()
    told.do(Withdraw(), INTAKE)
    assert refused(told, Urge(), INTAKE).rule == "urge_not_now"
    assert refused(Narrative(), Urge(), INTAKE).rule == "urge_not_provided"


def test_art_8_urging_moves_no_limit() -> None:
    told = working()
    before = due(told)
    told.do(Urge(), INTAKE)
    assert due(told) == before


def test_art_20_supervision_is_told_formally_to_unit_and_district() -> None:
    told = working()
    before = len(told.events)
    assert told.do(Supervise(reason="The paper has written about it."), DESK) == ["supervised"]
    assert notices(told, before) == [("supervised", f"unit:{ROADS}"), ("supervised", f"unit:{DISTRICT}")]
    assert told.case.supervised_at == told.now
    assert refused(told, Supervise(reason="No."), UNIT_OF_ROADS).rule == "not_your_order"
    assert refused(told, Supervise(reason="No."), INTAKE).rule == "not_your_part"


def test_art_20_supervision_of_a_unit_without_a_district_goes_to_a_supervisor() -> None:
    told = Narrative(Route(unit=WATER, reason="line 2"), FULL)
    told.do(Supervise(reason="Slow."), DESK)
    assert notices(told)[-1] == ("supervised", "supervisor")


@pytest.mark.parametrize(
    ("to", "copy_to", "asked", "told_to"),
    [
        pytest.param(None, DISTRICT, DISTRICT, f"unit:{DISTRICT}", id="its district"),
        pytest.param("housing-regulator", DISTRICT, "housing-regulator", "unit:housing-regulator", id="a regulator"),
        pytest.param(None, None, "supervisor", "supervisor", id="a supervisor where there is no district"),
    ],
)
def test_art_20_what_a_unit_cannot_solve_goes_up_on_its_request(
    to: str | None, copy_to: str | None, asked: str, told_to: str
) -> None:
    told = Narrative(Route(unit=ROADS, copy_to=copy_to, reason="line 1"), FULL)
    assert told.do(Escalate(reason="It needs money of the city.", to=to)) == ["raised_up"]
    fact = told.events[-1].fact
    assert fact.type == "raised_up"
    assert (fact.to, fact.unit) == (asked, ROADS)
    assert notices(told)[-1] == ("raised_up", told_to)


def test_art_20_asking_for_help_is_no_way_out() -> None:
    told = working()
    before = due(told)
    told.do(Escalate(reason="It needs money."))
    assert (told.case.unit, due(told)) == (ROADS, before)
    assert refused(told, Escalate(reason="It needs money."), UNIT_OF_WATER).rule == "not_your_order"
    told.do(SOLVED)
    assert refused(told, Escalate(reason="It needs money.")).rule == "escalate_not_now"


def test_art_20_what_stays_undone_goes_up_by_its_ladder() -> None:
    told = Narrative(policy=FULL)
    before = len(told.events)
    told.after(hours=2).do(Tick())
    assert ("breached", f"unit:{DISTRICT}") in notices(told, before)
    told.after(days=1).do(Tick())
    assert ("escalated", "supervisor") in notices(told, before)


def test_art_20_35_a_breach_is_told_to_the_district_of_the_unit_that_was_late() -> None:
    told = Narrative(policy=FULL).after(hours=3)
    assert told.do(Reassign(unit=WATER, copy_to="haidian", reason="Yours."), DESK) == [
        "warned",
        "breached",
        "recalled",
        "dispatched",
    ]
    breach = next(event for event in told.events if event.fact.type == "breached")
    # The workflow tells of a whole command at once, when the case has gone on already.
    told_to = [one.to for one in effects(told.case, breach)]
    assert told_to == [f"unit:{ROADS}", f"unit:{DISTRICT}"]


def test_art_14_the_hotline_may_take_an_order_from_one_unit_and_give_it_to_another() -> None:
    told = working()
    before = len(told.events)
    facts = told.after(hours=1).do(Reassign(unit=WATER, copy_to=DISTRICT, reason="It is the main."), DESK)
    assert facts == ["recalled", "dispatched"]
    orders = [(one.about, one.to) for one in owed(told, before) if one.kind == "order"]
    assert orders == [("withdrawn", ROADS), ("dispatched", WATER), ("copied", DISTRICT)]
    assert told.case.returns == 0, "that was no return of the unit"
    assert standing(told)["resolution/1"] is Standing.LIFTED
    assert due(told)["acknowledgment/2"] == timedelta(hours=4)
    assert refused(told, Contact()).rule == "contact_not_now"
    told.do(Acknowledge(), UNIT_OF_WATER)
    assert refused(told, Contact()).rule == "not_your_order"


def test_art_14_reassignment_needs_another_unit_and_the_hotline() -> None:
    told = working()
    assert refused(told, Reassign(unit=ROADS, reason="Again."), DESK).rule == "same_unit"
    assert refused(told, Reassign(unit=GAS, reason="Theirs.")).rule == "not_your_order"
    assert refused(told, Reassign(unit=GAS, reason="Theirs."), INTAKE).rule == "not_your_part"
    assert refused(reported(), Reassign(unit=GAS, reason="Theirs."), DESK).rule == "reassign_not_now"
    assert told.do(Reassign(unit=GAS, reason="Theirs."), SUPERVISOR) == ["recalled", "dispatched"]


def test_art_14_a_unit_whose_order_was_taken_from_it_cannot_dispute_it_any_more() -> None:
    told = Narrative(policy=FULL)
    told.do(Reassign(unit=WATER, reason="Yours."), DESK)
    assert refused(told, Return(reason="Not ours.")).rule == "not_your_order"
