"""How long each unit had a case, and how much of that was the complainant's."""

from datetime import UTC, datetime, timedelta

from cases.commands import Acknowledge, Contact, Hold, Join, Reassign, Report, Supplement, Wait
from cases.evolve import fold
from cases.number import derive
from cases.shares import time_by_unit
from cases.vocabulary import Channel, Outcome
from tests.unit.narrative import DESK, FULL, NOON, ROADS, SUPERVISOR, UNIT_OF_WATER, WATER, Narrative

HOUR = 3600.0
SOLVED = Report(outcome=Outcome.SOLVED, note="Filled.")


def hours(told: Narrative, until: datetime | None = None) -> dict[str, tuple[float, float]]:
    shares = time_by_unit(told.case, until or told.now).items()
    return {unit: (share.held / HOUR, share.waited / HOUR) for unit, share in shares}


def test_a_unit_holds_a_case_from_dispatch_to_report() -> None:
    told = Narrative(policy=FULL)
    assert hours(told.after(hours=1)) == {ROADS: (1, 0)}
    told.do(Acknowledge())
    told.after(hours=2).do(SOLVED)
    assert hours(told.after(hours=5)) == {ROADS: (3, 0)}
    assert hours(told, NOON + timedelta(hours=2)) == {ROADS: (2, 0)}
    assert hours(told, NOON - timedelta(hours=2)) == {ROADS: (0, 0)}


def test_each_unit_has_its_own_time() -> None:
    told = Narrative(policy=FULL)
    told.after(hours=1).do(Reassign(unit=WATER, reason="A pipe."), DESK)
    told.after(hours=2).do(Reassign(unit=ROADS, reason="A road after all."), DESK)
    assert hours(told.after(hours=4)) == {ROADS: (5, 0), WATER: (2, 0)}


def test_what_it_waited_for_the_complainant_is_told_apart() -> None:
    told = Narrative(policy=FULL)
    told.do(Acknowledge())
    told.after(hours=1).do(Wait(reason="The key."))
    assert hours(told.after(hours=1)) == {ROADS: (2, 1)}
    told.after(hours=1).do(Supplement(channel=Channel.PHONE, note="Here."), DESK)
    told.after(hours=1).do(Wait(reason="The other key."))
    told.after(hours=3).do(SOLVED)
    assert hours(told.after(hours=9)) == {ROADS: (7, 5)}
    assert hours(told, NOON + timedelta(hours=2)) == {ROADS: (2, 1)}


def test_a_wait_that_nobody_ended_ends_when_it_must() -> None:
    told = Narrative(policy=FULL)
    told.do(Acknowledge())
    told.do(Wait(reason="The key."))
    assert hours(told.after(days=9)) == {ROADS: (9 * 24, 5 * 24)}


def test_time_on_account_is_the_units_own() -> None:
    told = Narrative(policy=FULL)
    told.do(Acknowledge())
    dates = [NOON + timedelta(days=days) for days in (10, 20)]
    hold = Hold(plan="In spring.", owner="Li", exit="It holds.", reviews=(dates[0],), until=dates[1])
    told.do(hold, SUPERVISOR)
    assert hours(told.after(hours=30)) == {ROADS: (30, 0)}


def test_a_case_that_joined_an_incident_is_not_counted_twice() -> None:
    told = Narrative(policy=FULL)
    told.after(hours=2).do(Join(incident=derive("test", "other"), unit=WATER, reason="The same."), DESK)
    told.after(hours=3).do(Contact(), UNIT_OF_WATER)
    assert hours(told) == {ROADS: (2, 0), WATER: (3, 0)}
    assert fold(told.events).orders[1].dispatched_at == NOON.astimezone(UTC)
