"""What holds of the whole history of every case, whatever was done to it."""

from datetime import UTC, timedelta

from cases.case import Case
from cases.deadlines import next_alarm
from cases.decide import decide
from cases.effects import effects
from cases.events import Adopted, Event
from cases.evolve import evolve, fold
from cases.story import story
from cases.view import view
from tests.model.life import TICK, Life


def the_events_give_the_case(life: Life) -> None:
    """One history, many readers: folding it gives the case, also after it was written down and read again."""
    assert fold(life.events) == life.case
    reread = [Event.model_validate_json(event.model_dump_json()) for event in life.events]
    assert reread == life.events
    assert fold(reread) == life.case
    assert Case.model_validate_json(life.case.model_dump_json()) == life.case


def time_comes_to_the_same_however_often_one_looks(life: Life) -> None:
    """Art. 13: looking at each alarm gives the events that one look long afterwards gives, and comes to an end."""
    until, stepwise, facts, looks = life.now + timedelta(days=100), life.case, [], 0
    while (alarm := next_alarm(stepwise)) is not None and alarm <= until:
        events = decide(stepwise, TICK, alarm)
        assert events, f"the alarm at {alarm} came to nothing, and would ring for ever"
        facts += [event.fact for event in events]
        stepwise = _after(stepwise, events)
        looks += 1
        assert looks < 1_000
    assert [event.fact for event in decide(life.case, TICK, until)] == facts


def no_two_things_are_owed_under_one_key(life: Life) -> None:
    """A receiver can trust an effect's key: it never stands for two things, also where one is tried again by hand.

    Another case is told how this one stands after all that a command brought about, so several events may owe it that.
    """
    case: Case | None = None
    keys: dict[str, str | None] = {}
    for event in life.events:
        case = evolve(case, event)
        command = event.cause.id if event.cause is not None else None
        for effect in effects(case, event):
            if effect.seq != event.seq:
                continue
            again = effect.kind == "case" and command is not None and keys.get(effect.key) == command
            assert effect.key not in keys or again, f"{effect.key} is owed twice"
            keys[effect.key] = command


def every_command_has_its_events_together(life: Life) -> None:
    """No command is accepted twice: what came of one stands in one place in the history, under one fingerprint."""
    seen: dict[str, int] = {}
    for event in life.events:
        if event.cause is not None:
            assert seen.get(event.cause.id, event.seq - 1) == event.seq - 1, f"{event.cause.id} was taken twice"
            assert life.case.commands[event.cause.id] == event.cause.fingerprint
            seen[event.cause.id] = event.seq


def time_runs_forward(life: Life) -> None:
    """Events are in the order of time, and none lies in the future."""
    moments = [event.at for event in life.events]
    assert moments == sorted(moments)
    assert moments[-1] <= life.now
    assert all(event.at.astimezone(UTC) == event.at for event in life.events)


def a_case_can_be_told_and_its_terms_found(life: Life) -> None:
    """Art. 8, 13: the case, its story and the arithmetic of each deadline can be told, under the terms of the time."""
    assert view(life.case).version == len(life.events)
    assert story(life.case, life.events)
    assert all(one.explanation for one in life.look.deadlines.values())
    terms = life.receipt.act.terms  # type: ignore[union-attr]
    for event in life.events:
        if isinstance(event.fact, Adopted):
            assert life.case.terms_at(event.at - timedelta(microseconds=1)) is not None
            terms = event.fact.terms
    assert life.case.terms == terms == life.case.terms_at(life.now + timedelta(microseconds=1))


WHOLE = (
    the_events_give_the_case,
    time_comes_to_the_same_however_often_one_looks,
    no_two_things_are_owed_under_one_key,
    every_command_has_its_events_together,
    time_runs_forward,
    a_case_can_be_told_and_its_terms_found,
)


def _after(case: Case, events: list[Event]) -> Case:
    for event in events:
        case = evolve(case, event)
    return case
