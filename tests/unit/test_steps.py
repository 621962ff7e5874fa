"""Who may take which step, and what is offered to whom: no more than would be taken."""

from datetime import timedelta

import pytest

from cases.commands import (
    Acknowledge,
    Act,
    Adjudicate,
    Answer,
    AssistRefuse,
    AssistReport,
    Called,
    Consult,
    DecideExtension,
    Designate,
    Dispatch,
    Escalate,
    Hold,
    Join,
    NotDispatch,
    Reassign,
    Remark,
    Reopen,
    RequestExtension,
    Return,
    Tick,
    Wait,
    Whistle,
    Withdraw,
)
from cases.limits import Anchor, Budget
from cases.permission import allowed
from cases.routing import Route
from cases.triage import Secret
from cases.vocabulary import Actor, Kind, Role
from tests.unit.narrative import (
    DESK,
    DISTRICT,
    FULL,
    GAS,
    HAPPY,
    INTAKE,
    ROADS,
    SOLVED,
    SUPERVISOR,
    UNHAPPY,
    UNIT_OF_GAS,
    UNIT_OF_ROADS,
    UNIT_OF_THE_DISTRICT,
    UNIT_OF_WATER,
    WATER,
    brought,
    due,
    ended,
    limit,
    notices,
    refused,
    working,
)

ADMIN = Actor(role=Role.ADMIN, id="key:admin")


@pytest.mark.parametrize("actor", [INTAKE, DESK, SUPERVISOR], ids=lambda actor: actor.role)
def test_a_units_step_is_for_units_alone(actor: Actor) -> None:
    assert refused(brought(), Acknowledge(), actor).rule == "not_your_part"
    assert brought().do(Acknowledge(), ADMIN) == ["acknowledged"]


def test_a_step_of_the_complainant_is_not_for_units() -> None:
    assert refused(brought(), Withdraw(), UNIT_OF_ROADS).rule == "not_your_order"
    assert brought().do(Withdraw(), INTAKE) == ["closed"]


def test_intake_does_not_dispatch() -> None:
    told = brought(route=Route(unit=None, reason="no line"))
    assert refused(told, Dispatch(unit=ROADS, reason="A road."), INTAKE).rule == "not_your_part"


def test_art_14_a_case_that_waits_for_a_supervisor_is_not_ended_by_the_desk_in_another_way() -> None:
    told = working()
    told.do(SOLVED)
    told.do(UNHAPPY, DESK)
    told.do(Acknowledge())
    told.do(SOLVED)
    told.do(UNHAPPY, DESK)
    assert told.case.awaits_supervisor
    other = brought(source_ref="2")
    ways: list[Act] = [
        NotDispatch(ground=Secret(told="No.")),
        Answer(told="So it is."),
        Join(incident=other.case.number, unit=ROADS, reason="The same."),
    ]
    for act in ways:
        assert refused(told, act, DESK).rule == f"{act.type}_not_now"
    assert {"answer", "not_dispatch", "dispatch", "join"}.isdisjoint(allowed(told.case, DESK))


def test_only_what_would_be_taken_is_offered() -> None:
    told = brought()
    assert "return" in allowed(told.case, UNIT_OF_ROADS)
    told.do(Designate(unit=WATER, reason="It is a main."), SUPERVISOR)
    assert "return" not in allowed(told.case, UNIT_OF_WATER)
    assert refused(told, Return(reason="Not ours."), UNIT_OF_WATER).rule == "returns_exhausted"
    done = ended()
    assert "reopen" in allowed(done.case)
    done.do(Reopen(reason="It sank."), INTAKE)
    done.do(Acknowledge())
    done.do(SOLVED)
    done.do(HAPPY, DESK)
    assert "reopen" not in allowed(done.case)
    desk = Route(unit=None, reason="no line")
    assert "answer" not in allowed(brought(route=desk).case)
    assert "answer" in allowed(brought(route=desk, kind=Kind.CONSULTATION).case)


def test_art_12_a_unit_that_was_consulted_answers_with_a_note() -> None:
    told = brought(route=Route(unit=None, reason="no line"))
    assert refused(told, Remark(text="Ours."), UNIT_OF_GAS).rule == "not_your_order"
    told.do(Consult(units=(GAS,), question="Is it your pipe?"), DESK)
    assert told.do(Remark(text="It is ours."), UNIT_OF_GAS) == ["noted"]


def test_art_20_whoever_was_asked_for_help_from_above_sees_the_case() -> None:
    told = working()
    told.do(Escalate(reason="It needs the ministry.", to=GAS))
    assert told.do(Remark(text="We take it up."), UNIT_OF_GAS) == ["noted"]
    assert told.case.asked == (GAS,)


def test_art_14_a_report_of_a_unit_called_in_is_kept_after_the_end() -> None:
    told = working()
    told.do(Whistle(calls=(Called(unit=WATER, task="Bring the plans."),)))
    told.do(Withdraw(), INTAKE)
    late = AssistReport(assist=1, note="Here they are.")
    assert refused(told, late, UNIT_OF_GAS).rule == "assist_report_not_now"
    assert refused(told, AssistReport(assist=2, note="Here."), UNIT_OF_WATER).detail.startswith("assist: call 2")
    assert told.do(late, UNIT_OF_WATER) == ["late_report"]
    assert (told.events[-1].fact.unit, told.case.open) == (WATER, False)  # type: ignore[union-attr]


def test_the_unit_on_whose_account_a_case_is_hears_of_a_review() -> None:
    told = working()
    review, until = told.now + timedelta(days=30), told.now + timedelta(days=60)
    told.do(
        Hold(plan="With the street.", owner="Li", exit="The sewer runs.", reviews=(review,), until=until), SUPERVISOR
    )
    before = len(told.events)
    told.after(days=31).do(Tick())
    assert ("breached", f"unit:{ROADS}") in notices(told, before)


def test_art_23_a_round_counted_from_receipt_begins_with_the_answer() -> None:
    general = FULL.levels["general"]
    level = general.model_copy(update={"resolve": limit("15 days", Anchor.RECEIPT)})
    told = working(FULL.model_copy(update={"levels": {"general": level}}))
    told.after(days=10).do(SOLVED)
    told.after(days=2).do(UNHAPPY, DESK)
    assert due(told)["resolution/2"] == timedelta(days=12 + 15, hours=1)


def test_a_wait_is_not_for_a_unit_that_only_supervises() -> None:
    told = working()
    assert refused(told, Wait(reason="The key."), UNIT_OF_THE_DISTRICT).rule == "not_your_order"
    assert DISTRICT in told.case.units_concerned()


def test_art_12_an_upheld_objection_is_not_undone_by_the_desk() -> None:
    told = brought()
    told.do(Return(reason="A main."))
    reassign = Reassign(unit=GAS, reason="Theirs.")
    assert "decide on the objection first" in refused(told, reassign, DESK).detail
    told.do(Adjudicate(upheld=True, reason="So it is."), DESK)
    assert refused(told, Dispatch(unit=ROADS, reason="All the same."), DESK).rule == "objection_upheld"
    told.do(Dispatch(unit=GAS, reason="Theirs."), DESK)
    assert refused(told, Reassign(unit=ROADS, reason="All the same."), DESK).rule == "objection_upheld"
    assert told.do(Designate(unit=ROADS, reason="It ends here."), SUPERVISOR) == ["recalled", "dispatched"]


def test_what_is_offered_to_a_unit_called_in_is_what_it_still_owes() -> None:
    told = working()
    told.do(Whistle(calls=(Called(unit=WATER, task="Plans."), Called(unit=GAS, task="A valve."))))
    parts = {"assist_acknowledge", "assist_refuse", "assist_progress", "assist_report"}
    assert parts <= set(allowed(told.case, UNIT_OF_WATER))
    assert parts.isdisjoint(allowed(told.case, UNIT_OF_ROADS))
    told.do(AssistRefuse(assist=1, reason="None of ours."), UNIT_OF_WATER)
    assert "assist_refuse" not in allowed(told.case, UNIT_OF_WATER)
    told.do(AssistReport(assist=1, note="Here."), UNIT_OF_WATER)
    assert parts.isdisjoint(allowed(told.case, UNIT_OF_WATER))
    assert parts <= set(allowed(told.case, UNIT_OF_GAS))


def test_art_16_a_district_hears_that_a_refusal_waits_for_it() -> None:
    told = working()
    told.do(Whistle(calls=(Called(unit=WATER, task="Plans.", copy_to=GAS),)))
    told.do(AssistRefuse(assist=1, reason="None of ours."), UNIT_OF_WATER)
    before = len(told.events)
    told.after(hours=5).do(Tick())
    assert ("breached", f"unit:{GAS}") in notices(told, before)


def test_a_late_report_is_offered_after_the_end_to_the_unit_that_had_the_case() -> None:
    told = ended()
    assert {"contact", "report"} <= set(allowed(told.case, UNIT_OF_ROADS))
    assert {"contact", "report"}.isdisjoint(allowed(told.case, DESK))


def test_art_20_nobody_asks_itself_for_help_from_above() -> None:
    assert refused(working(), Escalate(reason="Too big.", to=ROADS)).rule == "same_unit"


def test_art_15_what_is_refused_grants_nothing() -> None:
    told = working()
    told.do(RequestExtension(by=Budget.parse("3 days"), reason="Rain."))
    half = DecideExtension(granted=False, by=Budget.parse("1 day"))
    assert refused(told, half, SUPERVISOR).rule == "nothing_granted"
