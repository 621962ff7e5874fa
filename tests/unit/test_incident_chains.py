"""Incidents that meet each other: news pass through, and two that join at once end with one that leads."""

from cases.commands import Join
from cases.vocabulary import Status
from tests.unit.narrative import DESK, ROADS, SOLVED, Narrative, brought, hear, news, working


def joined(follower: Narrative, lead: Narrative) -> None:
    """The follower joins, both have heard of it."""
    follower.do(Join(incident=lead.case.number, unit=ROADS, copy_to="chaoyang", reason="The same."), DESK)
    for command in news(follower, lead, len(follower.events) - 1):
        hear(lead, command)
    for command in news(lead, follower, len(lead.events) - 1):
        hear(follower, command)


def test_art_24_news_pass_through_a_case_that_follows_and_is_followed() -> None:
    top, middle, bottom = working(source_ref="top"), brought(source_ref="middle"), brought(source_ref="bottom")
    joined(bottom, middle)
    # The middle one has a follower: only a race lets it join another all the same.
    act = Join(incident=top.case.number, unit=ROADS, reason="The same.")
    bare = brought(source_ref="middle")
    bare.do(act, DESK)
    for command in news(bottom, bare, 2):
        hear(bare, command)
    for command in news(bare, top):
        hear(top, command)
    before = len(bare.events)
    top.do(SOLVED)
    for command in news(top, bare):
        hear(bare, command)
    assert bare.case.status is Status.REPORTED
    for command in news(bare, bottom, before):
        hear(bottom, command)
    assert bottom.case.status is Status.REPORTED
    assert bottom.case.orders[-1].report_note == "Filled and rolled."


def test_art_24_of_two_that_join_each_other_at_once_one_leads() -> None:
    pair = [brought(source_ref=ref) for ref in ("one", "two")]
    for own, other in (pair, reversed(pair)):
        own.do(Join(incident=other.case.number, unit=ROADS, reason="The same."), DESK)
    words = [(pair[1], news(pair[0], pair[1])), (pair[0], news(pair[1], pair[0]))]
    for hearer, commands in words:
        for command in commands:
            hear(hearer, command)
    lead, follower = sorted(pair, key=lambda told: told.case.number)
    assert (lead.case.status, lead.case.incident) == (Status.RECEIVED, None)
    assert follower.case.incident == lead.case.number
    assert lead.case.followers == (follower.case.number,)


def test_art_12_the_district_of_the_lead_supervises_its_followers_too() -> None:
    lead, follower = working(source_ref="lead"), brought(source_ref="follower")
    joined(follower, lead)
    assert follower.case.orders[-1].copy_to == "chaoyang"
