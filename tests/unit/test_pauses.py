"""Limits that stand still: waiting for the complainant, and long matters on account (挂账) (Art. 15, 23)."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from cases.commands import (
    CallBack,
    Contact,
    Hold,
    Progress,
    Reassign,
    Resume,
    Review,
    Supplement,
    Tick,
    Wait,
    Withdraw,
)
from cases.deadlines import Standing, deadlines, next_alarm
from cases.limits import Anchor
from cases.policy import Policy
from cases.shares import time_by_unit
from cases.vocabulary import Channel, Status
from tests.unit.narrative import (
    DESK,
    FULL,
    INTAKE,
    NOON,
    POLICY,
    ROADS,
    SOLVED,
    SUPERVISOR,
    UNIT_OF_THE_DISTRICT,
    UNIT_OF_WATER,
    WATER,
    Narrative,
    due,
    limit,
    notices,
    raised,
    refused,
    standing,
    working,
)

WAIT = Wait(reason="The key to the yard.")
SUPPLEMENT = Supplement(channel=Channel.WECHAT, note="The key is under the mat.")
RESOLUTION = timedelta(days=15)


def months(*ahead: int, told: Narrative) -> tuple[datetime, ...]:
    return tuple(told.now + timedelta(days=30 * month) for month in ahead)


def hold(told: Narrative, *reviews: int, until: int) -> Hold:
    """On account, with a review after each of so many months, and an end after so many."""
    return Hold(
        plan="The street is rebuilt in spring.",
        owner="Ms Zhao, works",
        exit="The street is open again.",
        reviews=months(*reviews, told=told),
        until=months(until, told=told)[0],
    )


def on_account() -> Narrative:
    told = working()
    told.do(hold(told, 1, 2, 6, until=8), SUPERVISOR)
    return told


def waiting() -> Narrative:
    told = working()
    assert told.do(WAIT) == ["paused"]
    return told


def test_art_15_waiting_for_the_complainant_needs_a_reason_and_is_told() -> None:
    with pytest.raises(ValidationError, match="reason"):
        Wait(reason=" ")
    told = waiting()
    assert ("waiting", "complainant") in notices(told)
    pause = told.case.pause
    assert pause is not None
    assert (pause.reason, pause.unit, pause.until) == (WAIT.reason, ROADS, told.now + timedelta(days=5))


def test_art_15_a_complainant_who_is_slow_does_not_breach_the_unit() -> None:
    told = waiting()
    told.after(days=3).do(SUPPLEMENT, INTAKE)
    assert due(told)["resolution/1"] == RESOLUTION + timedelta(days=3)
    told.now = NOON + RESOLUTION + timedelta(days=2)
    told.do(Tick())
    assert raised(told, "resolution/1") == ["warning 0.75"]


@pytest.mark.parametrize(
    ("contact", "facts"),
    [
        (lambda told: told.do(SUPPLEMENT, INTAKE), ["resumed", "supplemented"]),
        (lambda told: told.do(SUPPLEMENT, DESK), ["resumed", "supplemented"]),
        (lambda told: told.do(Contact()), ["resumed", "contacted"]),
        (lambda told: told.do(Resume(reason="They wrote to us."), DESK), ["resumed"]),
        (lambda told: told.do(Resume(reason="They came by.")), ["resumed"]),
    ],
)
def test_art_15_any_contact_ends_the_waiting(contact: Callable[[Narrative], list[str]], facts: list[str]) -> None:
    told = waiting().after(hours=20)
    assert contact(told) == facts
    assert told.case.pause is None
    assert due(told)["resolution/1"] == RESOLUTION + timedelta(hours=20)


def test_art_23_a_call_back_that_reaches_the_complainant_ends_the_waiting_too() -> None:
    told = working()
    told.after(days=16).do(WAIT)
    facts = told.after(days=1).do(CallBack(reached=True, contacted=True, solved=False), DESK)
    assert facts == ["resumed", "answered", "dispatched"]
    assert told.case.pauses[0].ended_by == "contact with the complainant"


def test_art_23_a_call_back_that_reaches_nobody_does_not() -> None:
    told = working()
    told.after(days=16).do(WAIT)
    assert told.do(CallBack(reached=False), DESK) == ["not_reached"]
    assert told.case.pause is not None


def test_art_15_what_the_unit_tells_is_no_contact() -> None:
    told = waiting()
    told.do(Progress(note="We wait for you."))
    assert told.case.pause is not None


def test_art_15_the_waiting_ends_by_itself_at_its_cap_also_if_nobody_looks() -> None:
    told = waiting()
    assert next_alarm(told.case) == told.now + timedelta(days=5)
    ends = told.now + timedelta(days=5)
    assert told.after(days=9).do(Tick()) == ["resumed"]
    assert told.case.pauses[0].ended_at == ends
    assert due(told)["resolution/1"] == RESOLUTION + timedelta(days=5), "it counts from the cap, not from the look"


def test_art_15_nobody_waits_twice_at_once_or_for_ever() -> None:
    told = waiting()
    assert refused(told, WAIT).rule == "wait_not_now"
    told.after(hours=1).do(SUPPLEMENT, INTAKE)
    told.do(WAIT)
    told.after(hours=1).do(SUPPLEMENT, INTAKE)
    assert refused(told, WAIT).rule == "waits_exhausted"


def test_art_15_another_unit_cannot_stop_the_clock() -> None:
    for unit in (UNIT_OF_WATER, UNIT_OF_THE_DISTRICT):
        assert refused(working(), WAIT, unit).rule == "not_your_order"
        assert refused(waiting(), Resume(reason="No."), unit).rule == "not_your_order"
        assert refused(on_account(), Review(note="Seen."), unit).rule == "not_your_order"
    assert refused(Narrative(policy=FULL), WAIT).rule == "wait_not_now", "sign for it first"


def test_art_15_a_policy_without_it_has_no_waiting_and_no_account() -> None:
    told = working(POLICY)
    assert refused(told, WAIT).rule == "wait_not_provided"
    assert refused(told, hold(told, 1, until=2), SUPERVISOR).rule == "hold_not_provided"


WARNING = timedelta(days=15) * 0.75


@pytest.mark.parametrize(
    ("begins", "lasts"),
    [
        pytest.param(WARNING - timedelta(hours=2), timedelta(days=2), id="over a warning"),
        pytest.param(RESOLUTION - timedelta(hours=2), timedelta(days=2), id="over the due time"),
        pytest.param(RESOLUTION - timedelta(days=4), timedelta(days=5), id="over the due time and to the cap"),
        pytest.param(WARNING - timedelta(minutes=1), timedelta(days=5), id="from just before a warning"),
    ],
)
def test_art_15_a_pause_over_a_warning_or_a_due_time_neither_skips_nor_doubles_it(
    begins: timedelta, lasts: timedelta
) -> None:
    told = working()
    told.now = NOON + begins
    told.do(WAIT)
    before = raised(told, "resolution/1")
    told.now += lasts
    told.do(Tick())
    assert raised(told, "resolution/1") == before, "nothing is raised while it stands still"
    if told.case.pause is not None:
        told.do(SUPPLEMENT, INTAKE)
    at = due(told)["resolution/1"]
    assert at == RESOLUTION + lasts
    moments = {"warning 0.75": WARNING + (lasts if begins < WARNING else timedelta()), "breach": at}
    for mark, moment in moments.items():
        if mark not in before:
            told.now = NOON + moment - timedelta(seconds=1)
            told.do(Tick())
            assert mark not in raised(told, "resolution/1")
            told.now += timedelta(seconds=1)
            told.do(Tick())
    told.after(days=1).do(Tick())
    assert raised(told, "resolution/1") == ["warning 0.75", "breach", "ladder 1 day"]


@given(begins=st.integers(2, 20 * 24), lasts=st.integers(1, 5 * 24 - 1))
def test_art_15_every_alarm_comes_once_and_in_its_time_wherever_the_pause_lies(begins: int, lasts: int) -> None:
    told = working()
    told.now = NOON + timedelta(hours=begins)
    told.do(WAIT)
    told.after(hours=lasts).do(Resume(reason="It is there."), DESK)
    told.after(days=40).do(Tick())
    alarms = [event.fact for event in told.events if getattr(event.fact, "deadline", "") == "resolution/1"]
    assert [fact.mark for fact in alarms] == ["warning 0.75", "breach", "ladder 1 day"]  # type: ignore[union-attr]
    paused = begins < 15 * 24
    (breach,) = [fact for fact in alarms if fact.type == "breached"]
    assert breach.due_at - NOON == RESOLUTION + timedelta(hours=lasts if paused else 0)


def test_art_35_a_pause_that_begins_after_a_breach_unmakes_nothing() -> None:
    told = working()
    told.now = NOON + RESOLUTION + timedelta(hours=1)
    told.do(WAIT)
    told.after(days=1).do(SUPPLEMENT, INTAKE)
    assert standing(told)["resolution/1"] is Standing.BREACHED
    assert raised(told, "resolution/1") == ["warning 0.75", "breach"]
    told.after(hours=23).do(Tick())
    assert raised(told, "resolution/1") == ["warning 0.75", "breach", "ladder 1 day"]


def test_art_15_the_arithmetic_tells_of_the_pause() -> None:
    told = waiting()
    (paused,) = [one for one in deadlines(told.case) if one.id == "resolution/1"]
    assert paused.standing is Standing.PAUSED
    assert "standing still from 2026-09-01 13:00:00+08:00 to 2026-09-06 13:00:00+08:00 at the latest" in (
        paused.explanation
    )


def receipts_count() -> Policy:
    level = FULL.levels["general"].model_copy(update={"resolve": limit("15 days", Anchor.RECEIPT)})
    return FULL.model_copy(update={"levels": {"general": level}})


def test_art_15_the_complainants_delay_is_not_charged_to_the_next_unit() -> None:
    told = working(receipts_count())
    told.do(WAIT)
    told.after(days=4).do(Reassign(unit=WATER, reason="Yours."), DESK)
    assert due(told)["resolution/2"] == RESOLUTION + timedelta(days=4)


def test_art_15_a_pause_of_one_order_does_not_move_the_limit_of_another_that_counts_from_its_dispatch() -> None:
    told = waiting()
    told.after(days=4).do(Reassign(unit=WATER, reason="Yours."), DESK)
    assert due(told)["resolution/2"] == RESOLUTION + timedelta(days=4, hours=1)
    assert told.case.pause is None


def test_art_15_on_account_a_matter_has_plan_owner_reviews_and_exit_and_may_take_months() -> None:
    told = on_account()
    pause = told.case.pause
    assert pause is not None
    assert (pause.plan, pause.owner, pause.exit, len(pause.reviews)) == (
        "The street is rebuilt in spring.",
        "Ms Zhao, works",
        "The street is open again.",
        3,
    )
    assert ("on_account", "complainant") in notices(told)
    for month in (1, 2, 6):
        told.now = NOON + timedelta(days=30 * month)
        told.do(Review(note="As planned."))
    told.now = NOON + timedelta(days=200)
    told.do(Resume(reason="The street is open again."))
    assert due(told)["resolution/1"] == RESOLUTION + timedelta(days=200) - timedelta(hours=1)
    assert [standing(told)[f"review/{place}"] for place in (1, 2, 3)] == [Standing.MET] * 3


def test_art_15_on_account_comes_only_by_a_supervisor_within_the_bound_of_the_policy() -> None:
    told = working()
    for actor in (DESK, INTAKE):
        assert refused(told, hold(told, 1, until=2), actor).rule == "not_your_part"
    assert refused(told, hold(told, 1, until=2)).rule == "not_your_order"
    assert refused(told, hold(told, 1, until=13), SUPERVISOR).rule == "hold_too_long"
    assert refused(told, hold(told, -1, until=2), SUPERVISOR).rule == "review_past"
    with pytest.raises(ValidationError, match="reviews"):
        hold(told, 3, until=2)
    with pytest.raises(ValidationError, match="reviews"):
        hold(told, 2, 1, until=4)
    with pytest.raises(ValidationError, match="reviews"):
        hold(told, until=4)


def test_art_15_on_account_a_missed_review_is_breached_and_climbs_its_ladder() -> None:
    told = on_account()
    before = len(told.events)
    told.after(days=30).do(Tick())
    assert raised(told, "review/1") == ["breach"]
    assert ("breached", "unit:chaoyang") in notices(told, before)
    told.after(days=1).do(Tick())
    assert raised(told, "review/1") == ["breach", "ladder 1 day"]
    assert ("escalated", "supervisor") in notices(told, before)
    told.do(Review(note="Late, but here."))
    assert standing(told)["review/1"] is Standing.MET_LATE
    assert standing(told)["review/2"] is Standing.RUNNING


def test_art_15_on_account_the_reviews_of_a_year_are_not_ticked_off_on_one_day() -> None:
    told = on_account()
    told.do(Review(note="As planned."))
    assert refused(told, Review(note="As planned.")).rule == "review_early"
    told.after(days=30).do(Review(note="As planned."))
    told.after(days=30).do(Review(note="As planned."))
    told.after(days=300)
    assert refused(told, Review(note="Once more.")).rule == "review_not_now", "it has ended meanwhile"


def test_art_15_on_account_it_ends_at_its_date_and_reviews_end_with_it() -> None:
    told = on_account()
    told.after(days=30 * 8).do(Tick())
    assert told.case.pause is None
    assert raised(told, "review/3") == ["breach", "ladder 1 day"]
    told.do(hold(told, 1, until=2), SUPERVISOR)
    told.after(days=3).do(Resume(reason="Done."))
    assert standing(told)["review/4"] is Standing.LIFTED


def test_art_15_on_account_the_complainants_word_is_kept_and_the_account_goes_on() -> None:
    told = on_account()
    assert told.do(SUPPLEMENT, INTAKE) == ["supplemented"]
    assert told.do(Contact()) == ["contacted"]
    assert told.case.pause is not None


@pytest.mark.parametrize("kind", ["waiting", "on account"])
def test_art_15_a_pause_ends_with_the_report_or_the_case(kind: str) -> None:
    for act, actor, facts in (
        (SOLVED, None, ["resumed", "reported"]),
        (Withdraw(), INTAKE, ["resumed", "closed"]),
    ):
        told = waiting() if kind == "waiting" else on_account()
        assert (told.do(act, actor) if actor else told.do(act)) == facts
        assert told.case.pause is None
    assert told.case.status is Status.CLOSED


def test_art_35_the_share_of_time_of_each_unit_shows_who_let_the_complainant_wait() -> None:
    told = waiting()
    told.after(days=2).do(Reassign(unit=WATER, reason="Yours."), DESK)
    shares = time_by_unit(told.case, told.now + timedelta(hours=5))
    hour = 3600.0
    assert shares[ROADS] == (49 * hour, 48 * hour)
    assert shares[WATER] == (5 * hour, 0)


def test_art_35_time_on_account_is_the_units_own() -> None:
    told = on_account()
    told.after(days=10).do(Resume(reason="Done."))
    share = time_by_unit(told.case, told.now)[ROADS]
    assert share.held == (told.now - NOON).total_seconds()
    assert share.waited == 0
