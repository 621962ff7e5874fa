"""Incidents that many complain about: handled once, with a number, a limit, a reply and a call-back each (Art. 24)."""

from datetime import timedelta

import pytest

from cases.commands import (
    Acknowledge,
    Close,
    Command,
    Contact,
    Designate,
    Join,
    Reassign,
    Relay,
    Return,
    Withdraw,
)
from cases.deadlines import Standing
from cases.effects import relay
from cases.routing import Route
from cases.vocabulary import SYSTEM, Outcome, Status
from tests.unit.incident import RESOLUTION, Incident, joined, solved
from tests.unit.narrative import (
    DESK,
    DISTRICT,
    GAS,
    HAPPY,
    INTAKE,
    ROADS,
    SOLVED,
    SUPERVISOR,
    UNHAPPY,
    UNIT_OF_GAS,
    UNIT_OF_ROADS,
    UNIT_OF_WATER,
    WATER,
    brought,
    due,
    hear,
    notices,
    owed,
    refused,
    standing,
)


def test_art_24_to_join_recalls_the_followers_own_order_and_tells_both_sides() -> None:
    incident = joined()
    follower, lead = incident.follower, incident.lead
    assert [(one.kind, one.about, one.to) for one in owed(follower) if one.seq > 2] == [
        ("order", "withdrawn", ROADS),
        ("notice", "withdrawn", f"unit:{ROADS}"),
        ("case", "follow", lead.case.number),
        ("notice", "joined", "complainant"),
    ]
    assert lead.case.followers == (follower.case.number,)
    assert (follower.case.incident, follower.case.status) == (lead.case.number, Status.IN_PROGRESS)
    assert follower.case.complaint.source_ref == "follower", "it keeps its number and its complainant"


def test_art_24_a_case_at_the_desk_joins_without_having_been_dispatched() -> None:
    incident = Incident(brought(source_ref="follower", route=Route(unit=None, reason="unclear"))).at(hours=5)
    assert incident.join() == ["joined"]
    assert standing(incident.follower)["dispatch/1"] is Standing.MET
    assert due(incident.follower)["resolution/1"] == RESOLUTION + timedelta(hours=5)


def test_art_24_the_follower_goes_with_the_unit_that_leads() -> None:
    incident = joined()
    incident.lead.do(Reassign(unit=WATER, copy_to=DISTRICT, reason="It is the main."), DESK)
    assert incident.carry() == ["relayed"]
    case = incident.follower.case
    assert (case.unit, case.incident) == (WATER, incident.lead.case.number)
    assert due(incident.follower)["resolution/3"] == RESOLUTION
    assert refused(incident.follower, SOLVED, UNIT_OF_ROADS).rule == "not_your_order"


def test_art_24_a_lead_that_goes_back_to_the_desk_keeps_its_followers() -> None:
    incident = joined()
    incident.lead.do(Return(reason="Not ours."))
    assert incident.carry() == []
    assert incident.follower.case.incident == incident.lead.case.number


def test_art_24_each_complainant_gets_a_reply_and_a_call_back() -> None:
    incident = joined()
    before = len(incident.follower.events)
    solved(incident)
    case = incident.follower.case
    assert (case.status, case.orders[-1].report, case.orders[-1].report_note) == (
        Status.REPORTED,
        Outcome.SOLVED,
        SOLVED.note,
    )
    assert ("reported", "complainant") in notices(incident.follower, before)
    assert due(incident.follower)["callback/2"] == timedelta(days=3, hours=1)
    incident.lead.do(HAPPY, DESK)
    incident.carry()
    assert incident.follower.case.status is Status.REPORTED, "the lead's answer is not this complainant's"
    assert incident.follower.do(HAPPY, DESK) == ["answered", "closed"]


def test_art_24_a_follower_that_is_not_solved_goes_its_own_way() -> None:
    incident = solved(joined())
    assert incident.follower.do(UNHAPPY, DESK) == ["answered", "dispatched"]
    case = incident.follower.case
    assert (case.status, case.unit, case.incident) == (Status.DISPATCHED, ROADS, None)
    incident.lead.do(UNHAPPY, DESK)
    incident.lead.do(Reassign(unit=WATER, reason="The main."), DESK)
    assert incident.carry() == []
    assert incident.follower.case.unit == ROADS


def test_art_24_a_follower_that_the_desk_reassigns_goes_its_own_way() -> None:
    incident = joined()
    before = len(incident.follower.events)
    incident.follower.do(Reassign(unit=GAS, reason="Another hole after all."), DESK)
    orders = [(one.about, one.to) for one in owed(incident.follower, before) if one.kind == "order"]
    assert orders == [("dispatched", GAS)], "the unit that leads had no order for this one"
    solved(incident)
    assert incident.follower.case.unit == GAS
    assert incident.follower.do(Acknowledge(), UNIT_OF_GAS) == ["acknowledged"]


def test_art_24_a_lead_that_ends_without_a_report_sets_its_followers_free() -> None:
    incident = joined()
    incident.lead.do(Withdraw(reason="I have moved."), INTAKE)
    before = len(incident.follower.events)
    assert incident.carry() == ["relayed"]
    case = incident.follower.case
    assert (case.status, case.incident, case.unit) == (Status.RECEIVED, None, None)
    assert case.to_desk == f"the incident {incident.lead.case.number} ended without a report"
    assert ("returned", "desk") in notices(incident.follower, before)
    assert due(incident.follower)["dispatch/2"] == timedelta(hours=25)


def test_art_24_who_joins_a_case_that_was_reported_and_ended_gets_its_report() -> None:
    incident = Incident()
    for act in (Acknowledge(), Contact(), SOLVED):
        incident.lead.do(act)
    incident.lead.do(HAPPY, DESK)
    incident.join()
    assert incident.follower.case.status is Status.REPORTED


@pytest.mark.parametrize("closed", [False, True])
def test_art_35_a_report_that_its_own_complainant_reversed_is_not_passed_on(closed: bool) -> None:
    incident = Incident()
    for _ in range(2):
        for act in (Acknowledge(), Contact(), SOLVED):
            incident.lead.do(act)
        incident.lead.do(UNHAPPY, DESK)
    assert incident.lead.case.awaits_supervisor
    if closed:
        incident.lead.do(Close(outcome=Outcome.UNSOLVED, reason="No money."), SUPERVISOR)
    incident.join()
    case = incident.follower.case
    assert case.orders[-1].report is None
    assert case.status is (Status.RECEIVED if closed else Status.IN_PROGRESS)


def test_art_24_who_follows_a_lead_at_the_supervisors_hears_how_it_goes_on() -> None:
    incident = joined()
    incident.lead.do(Designate(unit=WATER, reason="Try it from below."), SUPERVISOR)
    incident.carry()
    for act in (Acknowledge(), Contact(), SOLVED):
        incident.lead.do(act, UNIT_OF_WATER)
    incident.carry()
    assert (incident.follower.case.unit, incident.follower.case.status) == (WATER, Status.REPORTED)


def test_art_24_news_that_come_twice_change_nothing() -> None:
    incident = joined()
    incident.lead.do(Reassign(unit=WATER, reason="The main."), DESK)
    (command,) = incident.pending()
    assert hear(incident.follower, command) == ["relayed"]
    assert hear(incident.follower, command) == []
    again = Command(id="another-id", actor=SYSTEM, act=command.act)
    assert hear(incident.follower, again) == []


def test_art_24_news_that_come_in_the_wrong_order_leave_the_latest() -> None:
    incident = joined()
    incident.lead.do(Reassign(unit=WATER, reason="The main."), DESK)
    incident.lead.do(Reassign(unit=ROADS, reason="The road after all."), DESK)
    older, newer = incident.pending()
    assert hear(incident.follower, newer) == ["relayed"]
    assert hear(incident.follower, older) == []
    assert incident.follower.case.unit == ROADS


def test_art_24_a_report_that_overtakes_a_change_of_lead_stands() -> None:
    incident = joined()
    incident.lead.do(Reassign(unit=WATER, reason="The main."), DESK)
    for act in (Acknowledge(), Contact(), SOLVED):
        incident.lead.do(act, UNIT_OF_WATER)
    older, newer = incident.pending()
    hear(incident.follower, newer)
    assert hear(incident.follower, older) == []
    assert incident.follower.case.status is Status.REPORTED


def test_art_24_old_news_of_an_incident_that_was_left_say_nothing_of_the_next() -> None:
    first = joined()
    for unit in (WATER, GAS, ROADS):
        first.lead.do(Reassign(unit=unit, reason="Theirs."), DESK)
    first.carry()
    first.follower.do(Reassign(unit=GAS, reason="Another hole."), DESK)
    second = Incident(first.follower, brought(source_ref="second")).at(hours=1)
    second.join()
    assert second.lead.case.version < first.lead.case.version
    second.lead.do(Reassign(unit=WATER, reason="The main."), DESK)
    assert second.carry() == ["relayed"]
    assert second.follower.case.unit == WATER
    first.lead.do(Withdraw(), INTAKE)
    assert first.carry() == []
    assert second.follower.case.incident == second.lead.case.number


def test_art_24_news_that_say_nothing_new_leave_no_trace() -> None:
    incident = joined()
    assert "relayed" not in [event.fact.type for event in incident.follower.events]
    act = Relay(incident=incident.lead.case.number, version=99, unit=ROADS)
    assert hear(incident.follower, Command(id="n", actor=SYSTEM, act=act)) == []


def test_art_24_who_leads_does_not_follow_and_who_follows_does_not_join_again() -> None:
    incident = joined()
    other = Join(incident=brought(source_ref="other").case.number, unit=GAS, reason="The same.")
    assert refused(incident.lead, other, DESK).rule == "join_not_now"
    assert refused(incident.follower, other, DESK).rule == "join_not_now"
    alone = brought(source_ref="alone")
    itself = Join(incident=alone.case.number, unit=ROADS, reason="The same.")
    assert refused(alone, itself, DESK).rule == "same_case"
    assert refused(alone, other, UNIT_OF_ROADS).rule == "not_your_order"


def test_art_24_a_follower_that_is_withdrawn_ends_alone() -> None:
    incident = joined()
    before = len(incident.follower.events)
    incident.follower.do(Withdraw(), INTAKE)
    assert [one for one in owed(incident.follower, before) if one.kind == "order"] == []
    assert incident.lead.case.open
    solved(incident)
    assert incident.follower.case.closure is not None
    assert incident.follower.case.closure.outcome is Outcome.WITHDRAWN


def test_art_24_many_follow_one_and_each_is_told() -> None:
    lead = brought(source_ref="lead")
    incidents = [Incident(brought(source_ref=f"follower {place}"), lead) for place in range(30)]
    for incident in incidents:
        incident.join()
    for act in (Acknowledge(), Contact(), SOLVED):
        lead.do(act)
    for incident in incidents:
        incident.carry()
        assert incident.follower.case.status is Status.REPORTED
    assert len(lead.case.followers) == 30
    assert relay(lead.case).outcome is Outcome.SOLVED
