"""Orders on their way to a unit that has a system of its own."""

import asyncio

from cases.commands import Acknowledge, Contact, RetryDelivery, Supplement, Urge, Withdraw
from cases.events import Undelivered
from cases.rules import ReturnRules
from cases.vocabulary import Channel
from tests.replay.town import TO_ROADS, Living, Town
from tests.unit.narrative import DESK, FULL, HAPPY, INTAKE, ROADS, SOLVED, UNIT_OF_ROADS, limit

_GENERAL = FULL.levels["general"]
HASTY = FULL.model_copy(update={"levels": {"general": _GENERAL.model_copy(update={"acknowledge": limit("1 minute")})}})
STERN = FULL.model_copy(update={"returns": ReturnRules(at_most=0)})


async def routine_by_a_system(town: Town) -> None:
    """Delivered, signed for, contacted, reported, called back about."""
    case = await town.receive(TO_ROADS)
    await case.has("delivered")
    for act in (Acknowledge(), Contact(), SOLVED):
        await case.do(act, UNIT_OF_ROADS)
    await case.do(HAPPY, DESK)
    await case.ends()


async def delivered_at_once(town: Town) -> None:
    """A system that has answered promptly before has the order while the case waits for it."""
    await _prompt(town)
    case = await town.receive(TO_ROADS)
    await case.has("delivered")
    for act in (Acknowledge(), Contact(), SOLVED):
        await case.do(act, UNIT_OF_ROADS)
    # The next order may go out when the pace of its system allows it.
    await asyncio.sleep(0.5)
    await case.do(HAPPY, DESK)
    await case.ends()
    assert not await _queued(case), "the machine is busy; record it again"


async def not_taken_at_once(town: Town) -> None:
    """A system that has answered promptly before fails, and the order goes the way of any other."""
    await _prompt(town)
    asked = len(town.system.requests)
    town.system.answers = [503]
    case = await town.receive(TO_ROADS)
    await case.has("delivered")
    await case.rests()
    keys = [key for key, _ in town.system.requests[asked:]]
    assert await _queued(case)
    assert len(keys) == 2, "the machine is busy; record it again"
    assert len(set(keys)) == 1


async def signed_for_at_once(town: Town) -> None:
    """The system signs for the order with its answer."""
    town.system.answers = [{"answer": "accepted", "note": "On our list."}]
    case = await town.receive(TO_ROADS)
    await case.has("delivered", "acknowledged")
    await case.rests()


async def refused_at_once(town: Town) -> None:
    """The system refuses the order with its answer, which is an objection."""
    town.system.answers = [{"answer": "refused", "reason": "The main is not ours."}]
    case = await town.receive(TO_ROADS)
    await case.has("objected")
    await case.rests()


async def answer_that_the_rules_forbid(town: Town) -> None:
    """The system refuses an order that cannot be given back."""
    town.system.answers = [{"answer": "refused", "reason": "Not ours."}]
    case = await town.receive(TO_ROADS, policy=STERN)
    await case.has("noted")
    await case.rests()


async def retried(town: Town) -> None:
    """The system fails twice, and what is told afterwards waits its turn."""
    town.system.answers = [503, 503]
    case = await town.receive(TO_ROADS)
    await case.do(Supplement(channel=Channel.PHONE, note="It has grown."), INTAKE)
    await case.do(Urge(), INTAKE)
    await case.do(Withdraw(), INTAKE)
    await case.ends()


async def late_and_arrived(town: Town) -> None:
    """An order does not arrive in time, people are told, and it arrives after all."""
    town.system.answers = [503] * 1_000
    case = await town.receive(TO_ROADS, policy=HASTY)
    await _asked(town, 2)
    await case.after(minutes=2)
    await case.has("undelivered")
    town.system.answers = []
    await case.after(minutes=2)
    await case.has("delivered")
    await case.rests()


async def late_and_given_up(town: Town) -> None:
    """An order does not arrive in time, and then its system is gone for good."""
    town.system.answers = [503] * 1_000
    case = await town.receive(TO_ROADS, policy=HASTY)
    await _asked(town, 2)
    await case.after(minutes=2)
    await case.has("undelivered")
    town.system.answers = [404]
    await case.after(minutes=2)
    await town.wait(lambda: _undelivered(case), lambda found: any(one.final for one in found))
    await case.rests()


async def stopped_and_tried_again(town: Town) -> None:
    """What will not heal stops at once, and a person has it tried again."""
    # At once, and then in its turn.
    town.system.answers = [404, 404]
    case = await town.receive(TO_ROADS)
    await case.has("undelivered")
    town.system.answers = []
    [stopped] = await _undelivered(case)
    await case.do(_again(stopped.key or "", stopped.sequence or 0), DESK)
    await case.has("delivered")
    await case.rests()


async def tried_again_while_under_way(town: Town) -> None:
    """What waits for its next attempt is stopped for another one to take its place."""
    town.system.answers = [503] * 4
    case = await town.receive(TO_ROADS)
    await _asked(town, 1)
    town.system.answers = []
    await case.do(_again(town.system.requests[0][0], 2), DESK)
    await case.has("delivered")
    await case.rests()


def _again(key: str, sequence: int) -> RetryDelivery:
    return RetryDelivery(key=key, unit=ROADS, about="dispatched", sequence=sequence)


async def _undelivered(case: Living) -> list[Undelivered]:
    events = await case.town.engine.events(case.number)
    return [event.fact for event in events if isinstance(event.fact, Undelivered)]


async def _prompt(town: Town) -> None:
    """Have the worker learn that the system answers promptly; the first exchange of all is slower."""
    for _ in range(6):
        earlier = await town.receive(TO_ROADS)
        await earlier.has("delivered")
        await earlier.rests()
    await asyncio.sleep(0.5)
    town.begun.clear()


async def _known_as_prompt(town: Town) -> None:
    """Have orders delivered, of other cases that are not kept, until the system has one at once."""
    kept = len(town.begun)
    for _ in range(20):
        case = await town.receive(TO_ROADS)
        await case.has("delivered")
        if not await _queued(case):
            break
    del town.begun[kept:]


async def _queued(case: Living) -> bool:
    """Whether an order of a case was an activity of its own."""
    history = await case.handle.fetch_history()
    return any(event.HasField("activity_task_scheduled_event_attributes") for event in history.events)


async def _asked(town: Town, times: int) -> None:
    await town.wait(lambda: asyncio.sleep(0, len(town.system.requests)), lambda count: count >= times)


LIVES = (
    routine_by_a_system,
    delivered_at_once,
    not_taken_at_once,
    signed_for_at_once,
    refused_at_once,
    answer_that_the_rules_forbid,
    retried,
    late_and_arrived,
    late_and_given_up,
    stopped_and_tried_again,
    tried_again_while_under_way,
)
