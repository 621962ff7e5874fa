"""What a complainant was promised counts on when the case joins an incident (Art. 15, 24, 35)."""

from datetime import timedelta

import pytest

from cases.commands import (
    Acknowledge,
    Contact,
    DecideExtension,
    Hold,
    Reassign,
    RequestExtension,
    Resume,
    Supplement,
    Tick,
    Wait,
)
from cases.deadlines import Standing
from cases.limits import Anchor, Budget
from cases.policy import Policy
from cases.vocabulary import Channel
from tests.unit.incident import RESOLUTION, Incident, joined, solved
from tests.unit.narrative import (
    DESK,
    FULL,
    GAS,
    INTAKE,
    SOLVED,
    SUPERVISOR,
    WATER,
    brought,
    due,
    limit,
    raised,
    refused,
    standing,
    working,
)


def test_art_24_the_complainants_own_resolution_limit_counts_on() -> None:
    incident = joined()
    assert due(incident.follower)["resolution/2"] == RESOLUTION
    assert {one for one in due(incident.follower) if one.endswith("/2")} == {"resolution/2"}
    incident.at(days=15).follower.do(Tick())
    assert standing(incident.follower)["resolution/2"] is Standing.BREACHED
    assert due(incident.follower)["callback/2"] == timedelta(days=18), "the call-back comes then, as for anybody"


def test_art_24_what_stood_still_or_was_extended_before_counts_after_it_too() -> None:
    follower = working(source_ref="follower")
    follower.do(Wait(reason="The key."))
    follower.after(days=4).do(Supplement(channel=Channel.SMS, note="Here."), INTAKE)
    follower.do(RequestExtension(by=Budget(10, "day"), reason="Rain."))
    follower.do(DecideExtension(granted=True), SUPERVISOR)
    longer = RESOLUTION + timedelta(days=14)
    assert due(follower)["resolution/1"] == longer
    incident = Incident(follower).at(days=6)
    incident.join()
    assert due(follower)["resolution/2"] == longer
    incident.lead.do(Reassign(unit=WATER, reason="The main."), DESK)
    incident.carry()
    assert follower.case.unit == WATER
    assert due(follower)["resolution/3"] == longer
    assert [name for name in due(follower) if name.startswith("extension")] == ["extension/1"]


def test_art_24_a_case_from_the_account_is_not_late_by_joining() -> None:
    follower = working(source_ref="follower")
    until = follower.now + timedelta(days=90)
    plan = Hold(plan="Spring.", owner="Ms Zhao", exit="Open again.", reviews=(until,), until=until)
    follower.do(plan, SUPERVISOR)
    incident = Incident(follower).at(days=60)
    incident.join()
    follower.do(Tick())
    assert raised(follower, "resolution/2") == []
    assert due(follower)["resolution/2"] == RESOLUTION + timedelta(days=60) - timedelta(hours=1)


def test_art_24_35_one_limit_is_breached_once_however_often_the_lead_changes() -> None:
    incident = Incident().at(days=16)
    incident.join()
    for unit in (WATER, GAS):
        incident.lead.do(Reassign(unit=unit, reason="Theirs."), DESK)
        incident.carry()
    incident.at(days=17).follower.do(Tick())
    alarms = [event.fact for event in incident.follower.events if event.fact.type in ("breached", "escalated")]
    assert [(fact.type, fact.deadline) for fact in alarms if fact.deadline.startswith("resolution")] == [
        ("breached", "resolution/1"),
        ("escalated", "resolution/1"),
    ]
    assert standing(incident.follower)["resolution/1"] is Standing.BREACHED
    assert standing(incident.follower)["resolution/4"] is Standing.BREACHED


def by_acknowledgment() -> Policy:
    level = FULL.levels["general"].model_copy(update={"resolve": limit("10 days", Anchor.ACKNOWLEDGMENT)})
    return FULL.model_copy(update={"levels": {"general": level}})


@pytest.mark.parametrize("signed", [True, False])
def test_art_24_a_limit_that_counts_from_the_acknowledgment_is_not_lost(signed: bool) -> None:
    incident = Incident(brought(source_ref="follower", policy=by_acknowledgment()))
    if signed:
        incident.at(hours=1).follower.do(Acknowledge())
    incident.at(days=2).join()
    began = timedelta(hours=1) if signed else timedelta(days=2)
    assert due(incident.follower)["resolution/2"] == began + timedelta(days=10)


def test_art_15_what_the_follower_had_asked_for_lapses_with_the_reply() -> None:
    incident = joined()
    incident.follower.do(RequestExtension(by=Budget(1, "day"), reason="Rain."))
    solved(incident)
    incident.at(days=6).follower.do(Tick())
    assert raised(incident.follower, "extension/1") == []
    assert standing(incident.follower)["extension/1"] is Standing.LIFTED


def test_art_24_a_wait_of_the_follower_ends_with_the_reply() -> None:
    incident = joined()
    incident.follower.do(Wait(reason="The key."))
    for act in (Acknowledge(), Contact(), SOLVED):
        incident.lead.do(act)
    assert incident.carry() == ["resumed", "relayed"]
    assert refused(incident.follower, Resume(reason="Here."), DESK).rule == "resume_not_now"
