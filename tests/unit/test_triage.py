"""What is answered at once, what goes to no unit and why, and what has to be cleared up first (Art. 9 to 12)."""

from datetime import timedelta

import pytest
from pydantic import TypeAdapter, ValidationError

from cases import number
from cases.commands import Answer, Consult, Dispatch, NotDispatch, Repeat, Return, Supplement, Tick
from cases.deadlines import Standing, running
from cases.effects import command_for
from cases.errors import RefusalError
from cases.routing import Route
from cases.triage import (
    AnsweredAtOnce,
    EmergencyLine,
    Ground,
    OutsideDuty,
    SameMatter,
    Secret,
    StatutoryChannel,
    Triage,
    Unlawful,
)
from cases.vocabulary import SYSTEM, Channel, Kind, Outcome, Status
from tests.unit.narrative import (
    DESK,
    DISTRICT,
    GAS,
    INTAKE,
    POLICY,
    ROADS,
    UNIT_OF_ROADS,
    WATER,
    Narrative,
    brought,
    due,
    hear,
    news,
    notices,
    owed,
    raised,
    received,
    refused,
    standing,
)

NOWHERE = Route(unit=None, reason="no catalogue line for roads/pothole, and no district known: to the desk")
OTHER = number.derive("test", "other")

GROUNDS: list[tuple[Ground, str | None]] = [
    (EmergencyLine(line="119", told="Put through to the fire service."), "119"),
    (StatutoryChannel(channel="court", told="The judgment can be appealed against in court."), "court"),
    (SameMatter(case=OTHER, told="It is being dug up on Tuesday."), OTHER),
    (Secret(told="Whose the number is must stay private."), None),
    (OutsideDuty(unit=GAS, told="Two neighbours must settle it; the trade is supervised by the gas office."), GAS),
    (Unlawful(told="A bribe cannot be arranged here."), None),
]


def at_the_desk(kind: Kind = Kind.COMPLAINT) -> Narrative:
    return brought(kind=kind, route=NOWHERE)


def test_art_11_there_are_five_kinds_of_matters() -> None:
    assert [kind.value for kind in Kind] == ["consultation", "help", "complaint", "report", "suggestion"]
    for kind in Kind:
        assert brought(kind=kind).case.complaint.kind is kind


@pytest.mark.parametrize("where", ["at intake", "by the desk"])
def test_art_11_a_consultation_is_answered_at_once(where: str) -> None:
    told = "The office is open until five."
    if where == "at intake":
        case = brought(AnsweredAtOnce(told=told), Kind.CONSULTATION)
    else:
        case = at_the_desk(Kind.CONSULTATION)
        assert case.do(Answer(told=told), DESK) == ["advised", "closed"]
    assert (case.case.advised, case.case.orders) == (told, ())
    assert case.case.closure is not None
    assert case.case.closure.outcome is Outcome.ANSWERED
    assert ("closed_answered", "complainant") in notices(case)
    assert not running(case.case)


def test_art_11_a_consultation_that_nobody_can_answer_at_once_is_dispatched() -> None:
    assert brought(kind=Kind.CONSULTATION).case.unit == ROADS
    told = at_the_desk(Kind.CONSULTATION)
    told.do(Dispatch(unit=WATER, reason="They know."), DESK)
    assert told.case.unit == WATER


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind is not Kind.CONSULTATION])
def test_art_11_no_other_kind_is_answered_away(kind: Kind) -> None:
    refusal = refused(at_the_desk(kind), Answer(told="It will be all right."), DESK)
    assert (refusal.rule, refusal.source) == ("not_a_consultation", "Art. 11")
    with pytest.raises(RefusalError, match="only a consultation is answered at once"):
        brought(AnsweredAtOnce(told="It will be all right."), kind)


@pytest.mark.parametrize(("ground", "passed_to"), GROUNDS, ids=lambda one: getattr(one, "ground", ""))
@pytest.mark.parametrize("where", ["at intake", "by the desk"])
def test_art_11_six_grounds_end_a_matter_before_a_unit_is_burdened(
    ground: Triage, passed_to: str | None, where: str
) -> None:
    if where == "at intake":
        case = brought(ground)
    else:
        case = at_the_desk()
        assert case.do(NotDispatch(ground=ground), DESK) == ["not_dispatched", "closed"]
    assert case.case.declined == ground
    assert case.case.declined is not None
    assert case.case.declined.passed_to == passed_to
    assert case.case.closure is not None
    assert (case.case.closure.outcome, case.case.closure.reason) == (Outcome.NOT_DISPATCHED, ground.told)
    assert case.case.orders == ()
    assert not [effect for effect in owed(case) if effect.about == "dispatched"]
    assert ("closed_not_dispatched", "complainant") in notices(case)


def test_art_11_there_is_no_seventh_ground_and_none_without_words_to_the_complainant() -> None:
    grounds = TypeAdapter[Ground](Ground)
    assert {ground.ground for ground, _ in GROUNDS} == {
        "emergency_line",
        "statutory_channel",
        "same_matter",
        "secret",
        "outside_duty",
        "unlawful",
    }
    with pytest.raises(ValidationError, match="ground"):
        grounds.validate_python({"ground": "too_busy", "told": "Come back tomorrow."})
    for ground, _ in GROUNDS:
        with pytest.raises(ValidationError, match="told"):
            grounds.validate_python(ground.model_dump() | {"told": "  "})


@pytest.mark.parametrize("line", ["110", "119", "120", "122"])
def test_art_11_a_caller_in_danger_is_put_through_to_an_emergency_line(line: str) -> None:
    ground = TypeAdapter[Ground](Ground).validate_python({"ground": "emergency_line", "line": line, "told": "Now."})
    assert ground.passed_to == line
    with pytest.raises(ValidationError, match="line"):
        TypeAdapter[Ground](Ground).validate_python({"ground": "emergency_line", "line": "12345", "told": "Now."})


@pytest.mark.parametrize("channel", ["court", "arbitration", "discipline", "reconsideration", "disclosure", "petition"])
def test_art_11_what_the_law_has_a_way_for_is_pointed_there(channel: str) -> None:
    ground = TypeAdapter[Ground](Ground).validate_python(
        {"ground": "statutory_channel", "channel": channel, "told": "There."}
    )
    assert ground.passed_to == channel


def test_art_9_11_a_repeat_is_told_its_status_and_the_case_that_the_matter_has_is_told() -> None:
    first = brought(source_ref="other")
    repeat = brought(SameMatter(case=OTHER, told="It is with the roads office, due on the 16th."))
    assert repeat.case.closure is not None
    assert repeat.case.closure.reason == "It is with the roads office, due on the 16th."
    (command,) = news(repeat, first)
    assert hear(first, command) == ["repeated"]
    assert hear(first, command) == []
    assert first.case.repeats == (repeat.case.number,)
    assert first.case.unit == ROADS, "the first case goes on as it was"


def test_art_9_a_repeat_of_a_case_that_has_ended_is_kept_there_too() -> None:
    first = brought(Secret(told="It must stay private."), source_ref="other")
    (command,) = news(brought(SameMatter(case=OTHER, told="That was explained.")), first)
    assert hear(first, command) == ["repeated"]
    assert first.case.status is Status.CLOSED


def test_art_9_two_repeats_are_two_and_the_same_one_twice_is_one() -> None:
    told = Narrative()
    for repeat in ("a", "b", "a"):
        told.do(Repeat(case=number.derive("test", repeat)), SYSTEM)
    assert told.case.repeats == (number.derive("test", "a"), number.derive("test", "b"))


def test_art_11_a_case_is_no_repeat_of_itself() -> None:
    told = at_the_desk()
    itself = SameMatter(case=told.case.number, told="It is here already.")
    assert refused(told, NotDispatch(ground=itself), DESK).rule == "same_case"
    with pytest.raises(RefusalError, match="no repeat of itself"):
        brought(itself)


def test_art_11_a_repeat_effect_names_the_other_case_alone() -> None:
    repeat = brought(SameMatter(case=OTHER, told="As it was."))
    (effect,) = [one for one in owed(repeat) if one.kind == "case"]
    assert (effect.about, effect.to) == ("repeat", OTHER)
    assert command_for(repeat.case, effect).act == Repeat(case=repeat.case.number)


def test_art_11_a_matter_outside_all_duties_may_go_to_the_unit_that_supervises_the_trade() -> None:
    with_unit = brought(OutsideDuty(unit=GAS, told="The trade is supervised by the gas office."))
    without = brought(OutsideDuty(told="Nobody supervises that."))
    assert ("passed_on", f"unit:{GAS}") in notices(with_unit)
    assert "passed_on" not in dict(notices(without))


@pytest.mark.parametrize(
    "act", [Answer(told="No."), NotDispatch(ground=Unlawful(told="No."))], ids=lambda act: act.type
)
def test_art_11_a_unit_cannot_turn_a_complainant_away(act: Answer | NotDispatch) -> None:
    assert refused(at_the_desk(), act, UNIT_OF_ROADS).rule == "not_your_order"
    assert refused(Narrative(), act, DESK).rule == f"{act.type}_not_now", "a matter that a unit has is not turned away"


def test_art_11_12_what_is_unclear_goes_to_the_consultation_desk_under_a_limit_of_its_own() -> None:
    told = at_the_desk()
    assert told.case.to_desk == NOWHERE.reason
    assert due(told) == {"dispatch/1": timedelta(hours=24), "consultation/1": timedelta(hours=8)}
    told.after(hours=9).do(Tick())
    assert raised(told, "consultation/1") == ["warning 0.75", "breach"]
    told.do(Dispatch(unit=ROADS, copy_to=DISTRICT, reason="It is a road."), DESK)
    assert standing(told)["consultation/1"] is Standing.MET_LATE
    assert standing(told)["dispatch/1"] is Standing.MET


def test_art_12_a_hard_matter_is_asked_about_before_it_is_dispatched() -> None:
    told = at_the_desk()
    told.after(hours=1).do(Consult(units=(WATER, GAS), question="Whose pipe is it?"), DESK)
    assert told.case.to_desk == "asked water, gas: Whose pipe is it?"
    assert ("consulted", f"unit:{WATER}") in notices(told)
    assert ("consulted", f"unit:{GAS}") in notices(told)
    assert due(told)["consultation/1"] == timedelta(hours=8), "asking does not begin its limit anew"
    assert refused(Narrative(), Consult(units=(WATER,), question="Whose?"), DESK).rule == "consult_not_now"


def test_art_12_a_case_that_comes_back_may_be_consulted_about_under_a_limit_that_begins_then() -> None:
    policy = POLICY.model_copy(update={"consultation": at_the_desk().case.terms.consultation})
    told = Narrative(policy=policy)
    told.after(hours=1).do(Return(reason="Not ours."))
    assert "consultation/1" not in due(told)
    told.after(hours=2).do(Consult(units=(WATER,), question="Is it yours?"), DESK)
    assert due(told)["consultation/1"] == timedelta(hours=11)


def test_art_12_a_clear_matter_goes_straight_to_its_unit_and_is_copied_to_the_district() -> None:
    told = brought()
    assert [(one.kind, one.about, one.to) for one in owed(told) if one.seq == 2] == [
        ("order", "dispatched", ROADS),
        ("notice", "copied", f"unit:{DISTRICT}"),
        ("order", "copied", DISTRICT),
        ("notice", "dispatched", f"unit:{ROADS}"),
    ]


@pytest.mark.parametrize("channel", list(Channel))
def test_art_2_5_whatever_channel_the_complainant_chooses_it_is_one_case(channel: Channel) -> None:
    told = brought()
    number_of_it = told.case.number
    assert told.do(Supplement(channel=channel, note="It has grown."), INTAKE) == ["supplemented"]
    fact = told.events[-1].fact
    assert fact.type == "supplemented"
    assert (fact.channel, told.case.number) == (channel, number_of_it)
    assert notices(told)[-1] == ("supplemented", f"unit:{ROADS}")


def test_art_10_a_receipt_keeps_time_matter_and_contact_whatever_becomes_of_it() -> None:
    asked = received()
    for triage, _ in [(None, None), *GROUNDS]:
        case = brought(triage, source_ref="1").case
        assert case.complaint == asked.act.complaint  # type: ignore[union-attr]
        assert case.number == asked.act.number  # type: ignore[union-attr]
