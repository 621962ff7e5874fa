"""What a case owes begins in order; behind what is late nothing waits."""

import asyncio

from activities.messages import Delivery, Recorded
from cases.commands import RetryDelivery, Supplement, Urge
from cases.effects import Effect
from cases.evolve import fold
from cases.order_form import OrderForm
from cases.vocabulary import Channel
from tests.unit.narrative import DESK, FULL, INTAKE, ROADS, Narrative
from workflows.messages import LAYOUT
from workflows.owing import Owing


def owing(told: Narrative, layout: int = LAYOUT) -> Owing:
    """A case's debts, of which nothing was recorded yet."""
    made = Owing(layout, 0, ())
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


def forms(made: Owing) -> list[OrderForm]:
    return [one for owed in made.with_events.values() for one in owed if isinstance(one, OrderForm)]


def at_once(made: Owing) -> list[tuple[str, str]]:
    """The orders that may go out with their recording."""
    return [(form.unit, form.about) for form in forms(made) if made.may_go_at_once(form)]


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
    made.tried(4, Recorded(in_mailbox=tuple(form.key for form in forms(made))))
    assert made.ready() == []
    assert made.effects == ()


async def test_the_first_order_to_each_unit_may_go_at_once() -> None:
    made = owing(lived())
    assert sorted({form.unit for form in forms(made)}) == sorted({unit for unit, _ in at_once(made)})
    assert [about for unit, about in at_once(made) if unit == ROADS] == ["dispatched"]
    made.tried(upto=4)
    [dispatched] = [effect for effect in await begun(made) if effect.to == ROADS]
    assert (ROADS, "supplemented") not in at_once(made), "what is before it is under way"
    made.done(dispatched)
    assert (ROADS, "supplemented") in at_once(made)


async def test_in_the_layouts_before_nothing_goes_at_once() -> None:
    assert at_once(owing(lived(), layout=2)) == []


async def test_what_an_earlier_run_may_have_tried_does_not_go_at_once() -> None:
    told = lived()
    carried_over = Owing(LAYOUT, 0, owing(told).effects)
    carried_over.put_back(told.events)
    assert forms(carried_over) != []
    assert at_once(carried_over) == []
    taken_up = owing(told)
    taken_up.taken_up()
    assert at_once(taken_up) == []


async def test_what_a_person_has_tried_again_does_not_go_at_once() -> None:
    told = lived()
    [key] = [form.key for form in forms(owing(told)) if (form.unit, form.about) == (ROADS, "dispatched")]
    told.do(RetryDelivery(key=key, unit=ROADS, about="dispatched", sequence=2), DESK)
    assert (ROADS, "dispatched") not in at_once(owing(told))


async def test_what_a_system_took_at_once_is_not_delivered_again() -> None:
    made = owing(lived())
    [key] = [form.key for form in forms(made) if (form.unit, form.about) == (ROADS, "dispatched")]
    made.tried(4, Recorded(delivered={key: Delivery(taken=True, answer="accepted")}))
    assert made.taken(key) == Delivery(taken=True, answer="accepted")
    assert made.taken(key) is None


async def test_what_was_delivered_does_not_go_out_again_when_the_register_has_lost_it() -> None:
    told = lived()
    made = owing(told)
    made.tried(upto=4)
    for _ in range(3):
        for effect in await begun(made):
            made.done(effect)
    made.recorded(4)
    assert made.effects == ()
    made.put_back(told.events)
    assert len(forms(made)) >= 3
    assert at_once(made) == []
