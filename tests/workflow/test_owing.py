"""What a case owes begins in order; behind what is late nothing waits."""

import asyncio

from activities.messages import Recorded
from cases.commands import Supplement, Urge
from cases.effects import Effect
from cases.evolve import fold
from cases.order_form import OrderForm
from cases.vocabulary import Channel
from tests.unit.narrative import FULL, INTAKE, Narrative
from workflows.messages import LAYOUT
from workflows.owing import Owing


def owing(told: Narrative) -> Owing:
    """A case's debts, of which nothing was recorded yet."""
    made = Owing(LAYOUT, 0, ())
    for event in told.events:
        made.owe(fold(told.events[: event.seq]), event)
    return made


def lived() -> Narrative:
    told = Narrative(policy=FULL)
    told.do(Supplement(channel=Channel.PHONE, note="It has grown."), INTAKE)
    told.after(hours=1).do(Urge(), INTAKE)
    return told


def to_roads(made: Owing) -> list[str]:
    return [effect.about for effect in made.ready() if effect.to == "roads"]


async def begun(made: Owing) -> list[Effect]:
    began: list[Effect] = []

    def begin(effect: Effect) -> asyncio.Task[None]:
        began.append(effect)
        return asyncio.get_running_loop().create_future()  # type: ignore[return-value]

    made.begin(begin)
    return began


async def test_a_unit_is_told_after_it_is_in_its_mailbox_and_one_thing_after_the_other() -> None:
    made = owing(lived())
    assert to_roads(made) == []
    made.tried(upto=4)
    assert to_roads(made) == ["dispatched"]
    [dispatched] = [effect for effect in await begun(made) if effect.to == "roads"]
    assert to_roads(made) == []
    made.done(dispatched)
    assert to_roads(made) == ["supplemented"]


async def test_behind_what_is_late_nothing_waits() -> None:
    made = owing(lived())
    made.tried(upto=4)
    [dispatched] = [effect for effect in await begun(made) if effect.to == "roads"]
    made.is_late(dispatched.key)
    assert to_roads(made) == ["supplemented"]
    await begun(made)
    assert to_roads(made) == [], "that one is not late yet"


async def test_what_is_in_the_mailbox_of_a_unit_without_a_system_is_no_more_owed() -> None:
    made = owing(lived())
    forms = [one for owed in made.with_events.values() for one in owed if isinstance(one, OrderForm)]
    made.tried(4, Recorded(in_mailbox=tuple(form.key for form in forms)))
    assert made.ready() == []
    assert made.effects == ()
