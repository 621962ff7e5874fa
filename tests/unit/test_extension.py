"""Limits that a case carries (Art. 13, 19), and more time (延期): with a reason, within bounds, told (Art. 15)."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

from cases.commands import (
    Acknowledge,
    Adjudicate,
    Called,
    DecideExtension,
    Reassign,
    Receive,
    RequestExtension,
    Return,
    Tick,
    Whistle,
    Withdraw,
)
from cases.deadlines import Standing, deadlines
from cases.decide import decide
from cases.evolve import fold
from cases.limits import Budget
from cases.vocabulary import Actor
from hotline.policies import load
from tests.unit.narrative import (
    DESK,
    FULL,
    INTAKE,
    NOON,
    ROADS,
    SOLVED,
    SUPERVISOR,
    UNIT_OF_ROADS,
    UNIT_OF_WATER,
    WATER,
    Narrative,
    due,
    notices,
    raised,
    received,
    refused,
    standing,
    working,
)

RESOLUTION = timedelta(days=15)


def asking(days: int = 7) -> RequestExtension:
    return RequestExtension(by=Budget(days, "day"), reason="The pipe below it has to be moved first.")


def asked(days: int = 7) -> Narrative:
    told = working()
    assert told.do(asking(days)) == ["extension_requested"]
    return told


def test_art_15_an_extension_needs_a_reason() -> None:
    with pytest.raises(ValidationError, match="reason"):
        RequestExtension(by=Budget(1, "day"), reason="")


def test_art_15_granted_it_moves_the_due_time_and_complainant_and_hotline_are_told() -> None:
    told = asked()
    before = len(told.events)
    assert told.do(DecideExtension(granted=True, reason="Agreed."), SUPERVISOR) == ["extension_decided"]
    assert due(told)["resolution/1"] == RESOLUTION + timedelta(days=7)
    assert due(told)["handling/1"] == timedelta(days=1), "to be in contact takes no longer"
    assert set(notices(told, before)) == {
        ("extension_granted", f"unit:{ROADS}"),
        ("extended", "complainant"),
        ("extended", "desk"),
    }
    (resolution,) = [one for one in deadlines(told.case) if one.id == "resolution/1"]
    assert resolution.extensions == ("7 days",)
    assert "extended by 7 days" in resolution.explanation


def test_art_15_a_supervisor_may_grant_less_but_not_more() -> None:
    told = asked(7)
    refusal = refused(told, DecideExtension(granted=True, by=Budget(8, "day")), SUPERVISOR)
    assert (refusal.rule, refusal.source) == ("extension_too_long", "Art. 15")
    assert refused(told, DecideExtension(granted=True, by=Budget(0, "day")), SUPERVISOR).rule == "extension_too_long"
    told.do(DecideExtension(granted=True, by=Budget(36, "hour")), SUPERVISOR)
    assert due(told)["resolution/1"] == RESOLUTION + timedelta(hours=36)


@pytest.mark.parametrize("actor", [DESK, INTAKE, UNIT_OF_ROADS, UNIT_OF_WATER])
def test_art_15_nobody_but_a_supervisor_grants_it(actor: Actor) -> None:
    rule = refused(asked(), DecideExtension(granted=True), actor).rule
    assert rule in ("not_your_part", "not_your_order")


@pytest.mark.parametrize(
    ("amount", "allowed"), [("10 days", True), ("240 hours", True), ("11 days", False), ("0 days", False)]
)
def test_art_15_it_is_bounded_by_the_policy_whatever_it_is_counted_in(amount: str, allowed: bool) -> None:
    act = RequestExtension(by=Budget.parse(amount), reason="Rain.")
    if allowed:
        assert working().do(act) == ["extension_requested"]
    else:
        assert refused(working(), act).rule == "extension_too_long"


def test_art_15_without_a_calendar_nobody_asks_for_working_days() -> None:
    assert refused(working(), RequestExtension(by=Budget(2, "working day"), reason="Rain.")).rule == "no_calendar"


def test_art_15_as_often_as_the_policy_says() -> None:
    told = asked()
    assert refused(told, asking()).rule == "request_extension_not_now"
    told.do(DecideExtension(granted=True), SUPERVISOR)
    assert refused(told, asking()).rule == "extensions_exhausted"


def test_art_15_asked_after_the_breach_it_never_erases_it() -> None:
    told = working()
    told.now = NOON + RESOLUTION + timedelta(hours=1)
    assert told.do(asking()) == ["warned", "breached", "extension_requested"]
    told.do(DecideExtension(granted=True), SUPERVISOR)
    assert standing(told)["resolution/1"] is Standing.BREACHED
    told.after(days=1).do(SOLVED)
    assert standing(told)["resolution/1"] is Standing.MET_LATE, "in the longer time, and late all the same"
    assert [mark for mark in raised(told, "resolution/1") if mark == "breach"] == ["breach"]


def test_art_15_asked_before_the_breach_and_granted_after_it_erases_nothing_either() -> None:
    told = working()
    told.now = NOON + RESOLUTION - timedelta(hours=1)
    told.do(asking())
    told.after(hours=2).do(DecideExtension(granted=True), SUPERVISOR)
    assert standing(told)["resolution/1"] is Standing.BREACHED


def test_art_15_refused_it_leaves_the_due_time() -> None:
    told = asked()
    before = len(told.events)
    told.do(DecideExtension(granted=False, reason="The pipe is moved already."), SUPERVISOR)
    assert due(told)["resolution/1"] == RESOLUTION
    assert notices(told, before) == [("extension_refused", f"unit:{ROADS}")]
    assert told.do(asking(3)) == ["extension_requested"], "a refused one is not counted"


def test_art_15_it_is_decided_in_a_limit_of_its_own_and_a_supervisor_is_told() -> None:
    told = asked()
    assert ("extension_requested", "supervisor") in notices(told)
    assert due(told)["extension/1"] == timedelta(days=1, hours=1)
    before = len(told.events)
    told.after(days=1).do(Tick())
    assert ("breached", "supervisor") in notices(told, before)
    told.do(DecideExtension(granted=True), SUPERVISOR)
    assert standing(told)["extension/1"] is Standing.MET_LATE


@pytest.mark.parametrize("end", ["reported", "reassigned", "withdrawn"])
def test_art_15_it_lapses_with_the_order(end: str) -> None:
    told = asked()
    if end == "reported":
        told.do(SOLVED)
    elif end == "reassigned":
        told.do(Reassign(unit=WATER, reason="Yours."), DESK)
    else:
        told.do(Withdraw(), INTAKE)
    assert refused(told, DecideExtension(granted=True), SUPERVISOR).rule == "decide_extension_not_now"
    told.after(days=2).do(Tick())
    assert raised(told, "extension/1") == []
    assert standing(told)["extension/1"] is Standing.LIFTED
    assert told.case.orders[0].extensions[0].granted is None


def test_art_15_the_longer_time_is_warned_of_anew_and_no_warning_comes_twice() -> None:
    told = working()
    told.now = NOON + timedelta(days=12)
    told.do(asking(5))
    told.do(DecideExtension(granted=True), SUPERVISOR)
    told.now = NOON + timedelta(days=15, hours=1)
    told.do(Tick())
    assert raised(told, "resolution/1") == ["warning 0.75", "warning 0.75 extended 1"]
    told.now = NOON + timedelta(days=20)
    told.do(Tick())
    assert raised(told, "resolution/1")[2:] == ["breach"]


def test_art_15_a_warning_that_lies_before_the_grant_is_not_given_afterwards() -> None:
    told = working()
    told.now = NOON + timedelta(days=14)
    told.do(asking(1))
    told.do(DecideExtension(granted=True), SUPERVISOR)
    told.after(hours=1).do(Tick())
    assert raised(told, "resolution/1") == ["warning 0.75"]


def test_art_15_another_unit_starts_without_what_the_first_was_granted() -> None:
    told = asked()
    told.do(DecideExtension(granted=True), SUPERVISOR)
    told.do(Reassign(unit=WATER, reason="Yours."), DESK)
    assert due(told)["resolution/2"] == timedelta(days=15, hours=1)
    assert told.do(asking(), UNIT_OF_WATER) == ["extension_requested"]


def test_art_15_only_the_unit_that_holds_the_order_asks() -> None:
    assert refused(working(), asking(), UNIT_OF_WATER).rule == "not_your_order"
    told = working()
    told.do(SOLVED)
    assert refused(told, asking()).rule == "request_extension_not_now"


def test_art_15_a_policy_without_it_has_no_extension() -> None:
    assert refused(working(FULL.model_copy(update={"extension": None})), asking()).rule == (
        "request_extension_not_provided"
    )


def test_art_13_a_case_carries_its_limits_and_explains_every_one_of_them() -> None:
    told = Narrative(policy=FULL)
    told.after(hours=1).do(Return(reason="A main."))
    told.after(hours=6).do(Adjudicate(upheld=False, reason="A road."), DESK)
    told.do(Acknowledge())
    told.do(Whistle(calls=(Called(unit=WATER, task="Shut it."),)))
    told.do(asking())
    received = told.events[0].fact
    assert received.type == "received"
    assert received.terms == FULL.terms("general") == told.case.terms
    found = deadlines(told.case)
    assert len(found) == 8
    for one in found:
        assert one.explanation.endswith("(Asia/Shanghai); policy full-city 1, level general")
        assert one.due_at.isoformat(sep=" ", timespec="seconds") in one.explanation


@pytest.mark.parametrize("level", ["emergency", "utility"])
def test_art_19_danger_and_water_power_gas_and_heating_are_served_round_the_clock(level: str) -> None:
    policy = load("beijing").policy
    # The last Saturday of the year, towards midnight; the day after is a Sunday.
    at = datetime(2026, 12, 26, 23, 30, tzinfo=ZoneInfo("Asia/Shanghai"))
    command = received(at=at)
    assert isinstance(command.act, Receive)
    taken = command.model_copy(update={"act": command.act.model_copy(update={"terms": policy.terms(level)})})
    case = fold(decide(None, taken, at))
    limits = policy.levels[level]
    assert limits.acknowledge is not None
    assert limits.handle is not None
    hours = {
        "acknowledgment/1": limits.acknowledge.within,
        "handling/1": limits.handle.within,
        "resolution/1": limits.resolve.within,
    }
    assert {budget.unit for budget in hours.values()} <= {"minute", "hour"}
    elapsed = {name: timedelta(**{f"{budget.unit}s": budget.amount}) for name, budget in hours.items()}
    found = {one.id: one for one in deadlines(case)}
    for name, within in elapsed.items():
        assert found[name].due_at - at == within
        assert all(at < rung.at <= at + 3 * within for rung in found[name].rungs)
