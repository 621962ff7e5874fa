"""Art. 12 to 14: an order reaches its unit, or a person hears of it; and what a unit is told, in one form."""

from datetime import timedelta

import pytest

from cases.commands import (
    AssistReport,
    CallBack,
    Called,
    Command,
    ConfirmDelivery,
    DecideExtension,
    FailDelivery,
    Reassign,
    RequestExtension,
    RetryDelivery,
    Supervise,
    Supplement,
    Urge,
    Wait,
    Whistle,
    Withdraw,
)
from cases.decide import allowed, decide
from cases.effects import Effect, effects
from cases.evolve import fold
from cases.limits import Budget
from cases.notice import notice
from cases.order_form import OrderForm, order_form
from cases.routing import Route
from cases.vocabulary import SYSTEM, Channel, Satisfaction
from tests.unit.narrative import (
    DESK,
    DISTRICT,
    FULL,
    INTAKE,
    ROADS,
    SUPERVISOR,
    UNIT_OF_ROADS,
    UNIT_OF_WATER,
    WATER,
    Narrative,
    brought,
    notices,
    owed,
    refused,
    reported,
    working,
)

SAID = "roads answered 503"


def forms(told: Narrative, after: int = 0) -> list[OrderForm]:
    """Everything that units are told of the events after one."""
    made = []
    for event in told.events[after:]:
        case = fold(told.events[: event.seq])
        made += [order_form(case, event, one) for one in effects(case, event) if one.kind == "order"]
    return made


def failed(*, final: bool = False, **more: object) -> FailDelivery:
    return FailDelivery.model_validate({"order": 1, "unit": ROADS, "reason": SAID, "final": final, **more})


def test_art_13_an_order_that_does_not_arrive_in_time_is_marked_and_a_person_told() -> None:
    told = Narrative()
    before = len(told.events)
    assert told.do(failed(), SYSTEM) == ["undelivered"]
    assert told.case.orders[0].undelivered == SAID
    assert notices(told, before) == [("undelivered", "desk")]
    assert "retry_delivery" in allowed(told.case, DESK)
    assert told.do(ConfirmDelivery(order=1, unit=ROADS), SYSTEM) == ["delivered"]
    assert told.case.orders[0].undelivered == ""
    assert told.case.orders[0].delivered_at == told.now
    assert "retry_delivery" not in allowed(told.case, DESK)


def test_art_13_a_later_change_that_does_not_arrive_says_nothing_of_the_order_itself() -> None:
    told = Narrative()
    told.do(ConfirmDelivery(order=1, unit=ROADS), SYSTEM)
    before = len(told.events)
    told.do(failed(about="urged", sequence=5), SYSTEM)
    assert told.case.orders[0].undelivered == ""
    assert notices(told, before) == [("undelivered", "desk")]


def test_art_16_a_call_that_does_not_arrive_is_marked_as_well() -> None:
    told = working(FULL)
    told.do(Whistle(calls=(Called(unit=WATER, task="Shut the main."),)))
    told.do(failed(unit=WATER, assist=1, about="assist"), SYSTEM)
    assert told.case.assists[0].undelivered == SAID
    assert told.case.orders[0].undelivered == ""


def test_art_14_a_delivery_tried_again_by_hand_keeps_its_key_and_what_it_says() -> None:
    told = Narrative()
    [order] = [one for one in owed(told) if (one.kind, one.about) == ("order", "dispatched")]
    first = forms(told)[0]
    told.do(failed(), SYSTEM)
    before = len(told.events)
    retry = RetryDelivery(key=order.key, unit=ROADS, about="dispatched", sequence=order.seq)
    assert told.do(retry, DESK) == ["delivery_retried"]
    assert owed(told, before) == [order]
    again = order_form(fold(told.events[: order.seq]), told.events[order.seq - 1], owed(told, before)[0])
    assert again.model_dump_json() == first.model_dump_json()


def test_art_14_a_delivery_is_tried_again_by_the_hotline_alone_and_of_what_was_there() -> None:
    told = Narrative()
    retry = RetryDelivery(key="a key", unit=ROADS, about="dispatched", sequence=2)
    assert refused(told, retry, UNIT_OF_ROADS).rule == "not_your_order"
    assert refused(told, retry, INTAKE).rule == "not_your_part"
    late = retry.model_copy(update={"sequence": 99})
    assert refused(told, late, DESK).detail == "sequence: the case has had 2 events"
    assert refused(told, retry.model_copy(update={"assist": 1}), DESK).rule == "unknown_order"


def test_art_8_a_case_that_has_ended_still_has_its_deliveries_tried_again() -> None:
    told = Narrative()
    told.do(Withdraw(), INTAKE)
    assert told.do(RetryDelivery(key="a key", unit=ROADS, about="withdrawn", sequence=3), SUPERVISOR) == [
        "delivery_retried"
    ]


def lived() -> Narrative:
    """A case in which much happens that a unit has to know."""
    told = working(FULL)
    told.do(Whistle(calls=(Called(unit=WATER, task="Shut the main.", copy_to="haidian"),)))
    told.do(Supplement(channel=Channel.PHONE, note="It has grown."), INTAKE)
    told.after(hours=5).do(Urge(), INTAKE)
    told.do(Supervise(reason="Twice urged."), DESK)
    told.do(RequestExtension(by=Budget.parse("3 days"), reason="Parts."))
    told.do(DecideExtension(granted=True), SUPERVISOR)
    told.do(Wait(reason="A date to come in."))
    told.do(AssistReport(assist=1, note="Shut."), UNIT_OF_WATER)
    return told


def test_art_28_a_unit_is_told_of_every_change_of_its_order() -> None:
    told = lived()
    to_roads = [form.about for form in forms(told) if form.unit == ROADS]
    assert to_roads == [
        *("dispatched", "supplemented", "urged", "supervised"),
        *("extension_granted", "waiting", "assist_reported"),
    ]
    assert [form.about for form in forms(told) if form.unit == WATER] == ["assist"]
    assert [form.sequence for form in forms(told)] == sorted(form.sequence for form in forms(told))


def test_art_28_a_change_says_what_happened_and_the_limits_as_they_are_since() -> None:
    told = lived()
    by_about = {form.about: form for form in forms(told) if form.unit == ROADS}
    urged, granted = by_about["supplemented"], by_about["extension_granted"]
    assert urged.change is not None
    assert urged.change.type == "supplemented"
    before = {one.id: one.due_at for one in urged.deadlines}
    after = {one.id: one.due_at for one in granted.deadlines}
    assert after["resolution/1"] - before["resolution/1"] == timedelta(days=3)


def test_art_15_who_has_to_speak_with_the_complainant_gets_the_contact_and_nobody_else() -> None:
    told = lived()
    has = {(form.about, form.unit) for form in forms(told) if form.complainant is not None}
    assert {("dispatched", ROADS), ("assist", WATER)} <= has
    assert not has & {("copied", DISTRICT), ("copied", "haidian")}
    told.do(Withdraw(), INTAKE)
    assert forms(told)[-1].complainant is None, "a unit that no longer has the order"


def test_art_15_a_unit_that_had_the_order_once_gets_no_contact_with_what_it_is_told_of_anothers() -> None:
    told = brought(route=Route(unit=DISTRICT, reason="catalogue line 1"))
    told.do(Reassign(unit=ROADS, copy_to=DISTRICT, reason="The road is theirs."), DESK)
    assert [(form.about, form.order, form.complainant is None) for form in forms(told) if form.unit == DISTRICT] == [
        ("dispatched", 1, False),
        ("withdrawn", 1, True),
        ("copied", None, True),
    ]


def test_art_23_a_unit_hears_how_its_case_ended() -> None:
    told = reported()
    before = len(told.events)
    told.do(CallBack(reached=True, contacted=True, solved=True, satisfaction=Satisfaction.SATISFIED), DESK)
    [closed] = forms(told, before)
    assert (closed.about, closed.unit, closed.order) == ("closed", ROADS, 1)


@pytest.mark.parametrize("about", ["dispatched", "urged"])
def test_art_13_an_order_should_arrive_before_it_is_to_be_signed_and_anything_else_in_ten_minutes(about: str) -> None:
    told = Narrative()
    form = forms(told)[0].model_copy(update={"about": about})
    expected = form.expected_by(told.now) - told.now
    assert expected == (timedelta(hours=2) if about == "dispatched" else timedelta(minutes=10))


def test_every_notice_that_is_owed_can_be_made_and_only_the_complainants_own_names_them() -> None:
    told = lived()
    for event in told.events:
        case = fold(told.events[: event.seq])
        for effect in effects(case, event):
            if effect.kind == "notice":
                made = notice(case, event, effect)
                assert made.change == event.fact
                assert (made.complainant is not None) == (effect.to == "complainant")
                assert made.audience in ("complainant", "unit", "desk", "supervisor")


def test_a_delivery_that_nobody_owed_has_a_key_of_its_own() -> None:
    told = Narrative()
    [event] = decide(
        told.case, command(RetryDelivery(key="a key", unit=WATER, about="dispatched", sequence=2)), told.now
    )
    [effect] = effects(told.case, event)
    real: list[Effect] = owed(told)
    assert effect not in real


def command(act: RetryDelivery) -> Command:
    return Command(id="retry", actor=DESK, act=act)
