"""Why a case is where it is, told from its events."""

from datetime import timedelta

import pytest

from cases.acts.assisting import Called
from cases.commands import (
    Acknowledge,
    Act,
    Adjudicate,
    CallBack,
    DecideExtension,
    Designate,
    Dispatch,
    Join,
    Remark,
    Report,
    RequestExtension,
    Return,
    Wait,
    Whistle,
    Withdraw,
)
from cases.events import Fact
from cases.explanation import Explanation, explain, lines
from cases.limits import Budget
from cases.number import derive
from cases.routing import Route
from cases.telling import told as tell
from cases.vocabulary import Actor, Outcome
from tests.unit.narrative import DESK, DISTRICT, FULL, INTAKE, NOON, ROADS, SUPERVISOR, UNIT_OF_ROADS, WATER, Narrative

TO_DESK = Route(unit=None, reason="no catalogue line")
UNHAPPY = CallBack(reached=True, solved=False)


def explained(story: Narrative) -> Explanation:
    return explain(story.case, story.events)


def test_dispatches_objections_and_returns_are_told_in_order() -> None:
    story = Narrative(policy=FULL)
    story.do(Acknowledge())
    story.after(hours=1).do(Return(reason="A pipe.", evidence="Plan 3.", proposed=WATER))
    story.after(hours=1).do(Adjudicate(upheld=True, reason="The plan is right.", unit=WATER), DESK)
    why = explained(story)
    texts = [entry.text for entry in why.entries if entry.about == "event"]
    assert texts[1:] == [
        f"dispatched to {ROADS}, copied to {DISTRICT} (order 1): catalogue line 1",
        f"{ROADS} signs for order 1",
        f"{ROADS} objects to order 1: A pipe.; it proposes {WATER}; evidence: Plan 3.",
        f"the objection of {ROADS} is upheld: The plan is right.",
        f"returned by {ROADS}: A pipe.",
        f"dispatched to {WATER} (order 2): The plan is right.",
    ]
    where = f"dispatched with {WATER}, by order 2: The plan is right"
    assert why.because == f"{where}. Next due: acknowledgment/2 at 2026-09-01 16:00:00+08:00."


def test_every_limit_stands_with_its_arithmetic_after_what_began_it() -> None:
    story = Narrative(policy=FULL)
    story.do(Acknowledge())
    story.after(hours=1).do(RequestExtension(by=Budget.parse("2 days"), reason="A part."))
    story.do(DecideExtension(granted=True), SUPERVISOR)
    why = explained(story)
    order = [entry.deadline.id if entry.deadline else entry.what for entry in why.entries]
    assert order.index("dispatched") < order.index("resolution/1") < order.index("extension_requested")
    assert order.index("extension_requested") < order.index("extension/1")
    (resolution,) = (entry for entry in why.entries if entry.deadline and entry.deadline.id == "resolution/1")
    assert "15 days from dispatch" in resolution.text
    assert "extended by 2 days" in resolution.text
    assert resolution.text.endswith("it runs")
    assert [entry.at for entry in why.entries] == sorted(entry.at for entry in why.entries)


def test_a_breach_is_told_with_when_it_was_due() -> None:
    story = Narrative(policy=FULL)
    story.after(hours=3).do(Acknowledge())
    (breach,) = (entry for entry in explained(story).entries if entry.what == "breached")
    assert breach.text == (
        f"limit acknowledgment/1 of {ROADS}, due 2026-09-01 14:00:00+08:00, was breached; told: unit, district"
    )


@pytest.mark.parametrize(
    ("act", "actor", "says"),
    [
        (Wait(reason="The key."), UNIT_OF_ROADS, "waits for the complainant until 2026-09-06 12:00:00+08:00"),
        (RequestExtension(by=Budget.parse("2 days"), reason="A part."), UNIT_OF_ROADS, "asked for 2 days more"),
        (Return(reason="A pipe."), UNIT_OF_ROADS, "roads objects, and the desk has not decided: A pipe."),
        (Whistle(calls=(Called(unit=WATER, task="Dig."),)), UNIT_OF_ROADS, "water, called in by roads, has still to"),
        (Withdraw(reason="It is well."), INTAKE, "closed, withdrawn: It is well."),
        (Designate(unit=WATER, reason="So."), SUPERVISOR, "dispatched with water, by order 2: So."),
        (Join(incident=derive("a", "b"), unit=WATER, reason="Same."), DESK, "through the incident"),
    ],
)
def test_where_it_stands_is_said_first(act: Act, actor: Actor, says: str) -> None:
    story = Narrative(policy=FULL)
    story.do(Acknowledge())
    story.do(act, actor)
    assert says in explained(story).because


def test_the_desk_and_the_supervisor_are_told_apart() -> None:
    story = Narrative(TO_DESK, FULL)
    assert explained(story).because.startswith("with the desk: no catalogue line")
    story.do(Dispatch(unit=ROADS, reason="Theirs."), DESK)
    for _ in range(2):
        story.do(Acknowledge())
        story.do(Report(outcome=Outcome.SOLVED, note="Filled."))
        story.do(UNHAPPY, DESK)
    assert explained(story).because.startswith("with a supervisor: not solved after 2 rounds")


def test_lines_are_read_in_the_zone_of_the_city() -> None:
    story = Narrative(policy=FULL)
    why = explained(story)
    read = lines(why, story.case.terms.city_zone)
    assert read[0] == why.because
    assert len(read) == len(why.entries) + 1
    assert all(line.startswith("2026-09-01 12:00:00+08:00 ") for line in read[1:])


def test_what_moves_nothing_is_left_out_and_nobody_is_named() -> None:
    story = Narrative(policy=FULL)
    before = explained(story)
    story.do(Remark(text="Prefers calls after six."), DESK)
    assert explained(story).entries == before.entries
    text = "\n".join(lines(before, story.case.terms.city_zone))
    assert story.case.complaint.description not in text


def test_pauses_are_told_in_the_zone_of_the_city() -> None:
    story = Narrative(policy=FULL)
    story.do(Acknowledge())
    story.do(Wait(reason="The key."))
    story.after(days=6).do(Remark(text="Looked."), DESK)
    told: dict[str, str | None] = {}
    fact: Fact
    for fact in (event.fact for event in story.events):
        told[fact.type] = tell(fact, story.case.terms.city_zone)
    assert told["paused"] == "roads waits for the complainant, until 2026-09-06 12:00:00+08:00 at the latest: The key."
    ends = (NOON + timedelta(days=5)).astimezone(story.case.terms.city_zone).isoformat(sep=" ")
    assert told["resumed"] == f"goes on since {ends}: it lasted as long as the policy allows"
