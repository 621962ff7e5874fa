"""Orders on their way: in order, until they arrive; late ones are told of and go on; broken ones wait for people."""

import asyncio
from collections.abc import Callable

import pytest

from activities import departments, pace
from activities.messages import DELIVER_ORDER
from cases.commands import Acknowledge, Remark, RetryDelivery, Supplement, Urge, Withdraw
from cases.disclosure import shown_form
from cases.events import Event, Undelivered
from cases.order_form import OrderForm
from cases.routing import Route
from cases.rules import ReturnRules
from cases.vocabulary import Channel, Status
from tests.unit.narrative import DESK, FULL, INTAKE, ROADS, UNIT_OF_ROADS, WATER, limit
from tests.unit_system import UnitSystem
from tests.workflow.conftest import LiveCase, Service
from tests.workflow.office import until

STERN = FULL.model_copy(update={"returns": ReturnRules(at_most=0)})
"""A policy under which no order is given back."""

_GENERAL = FULL.levels["general"]
HASTY = FULL.model_copy(update={"levels": {"general": _GENERAL.model_copy(update={"acknowledge": limit("1 minute")})}})
"""A policy under which an order is signed for at once."""

TO_WATER = Route(unit=WATER, reason="catalogue line 1")


@pytest.fixture
def prompt(monkeypatch: pytest.MonkeyPatch) -> None:
    """What answers at all is prompt, however busy the machine is with other tests."""
    monkeypatch.setattr(pace, "_PROMPT", 60.0)
    monkeypatch.setattr(departments, "_AT_ONCE", 3.0)


def has(*wanted: str) -> Callable[[list[str]], bool]:
    return lambda facts: all(fact in facts for fact in wanted)


def told(system: UnitSystem) -> list[str]:
    return [order["about"] for _, order in system.requests]


async def undelivered(case: LiveCase) -> list[Undelivered]:
    events: list[Event] = await case.service.engine.events(case.number)
    return [event.fact for event in events if isinstance(event.fact, Undelivered)]


async def asked(system: UnitSystem, times: int) -> None:
    """Wait until a system was asked so often."""
    await until(lambda: asyncio.sleep(0, len(system.requests)), lambda count: count >= times)


async def activities(case: LiveCase) -> list[str]:
    history = await case.handle.fetch_history()
    scheduled = (event.activity_task_scheduled_event_attributes for event in history.events)
    return [one.activity_type.name for one in scheduled if one.activity_type.name]


async def attempts(case: LiveCase) -> int:
    """How often an order was tried in its turn, of the one that was."""
    history = await case.handle.fetch_history()
    started = (event.activity_task_started_event_attributes for event in history.events)
    return max(one.attempt for one in started)


async def known_as_prompt(service: Service, unit_system: UnitSystem) -> None:
    """Have an order of another case delivered, by a system that the next may follow to without a pause."""
    await service.register.systems.set(ROADS, unit_system.address, 60_000, None)
    case = await service.receive(policy=FULL)
    await case.until(has("delivered"))
    unit_system.requests.clear()


@pytest.mark.usefixtures("prompt")
async def test_a_system_that_is_known_to_be_prompt_has_the_order_while_the_case_waits(
    service: Service, unit_system: UnitSystem
) -> None:
    await known_as_prompt(service, unit_system)
    unit_system.answers = [{"answer": "accepted", "note": "On our list."}]
    case = await service.receive(policy=FULL)
    facts = await case.until(has("delivered", "acknowledged"))
    assert facts.index("delivered") < facts.index("acknowledged")
    await case.do(Urge(), INTAKE)
    await case.do(Withdraw(), INTAKE)
    await case.handle.result()
    assert told(unit_system) == ["dispatched", "urged", "withdrawn"]
    assert await activities(case) == []
    letters = await service.register.mailboxes.read(ROADS, after=0, limit=10)
    assert [one.form.key for one in letters][1:] == [key for key, _ in unit_system.requests]


@pytest.mark.usefixtures("prompt")
async def test_what_it_does_not_take_at_once_goes_as_any_other(service: Service, unit_system: UnitSystem) -> None:
    await known_as_prompt(service, unit_system)
    unit_system.answers = [503, 503]
    case = await service.receive(policy=FULL)
    facts = await case.until(has("delivered"))
    assert "undelivered" not in facts
    assert await activities(case) == [DELIVER_ORDER]
    assert len(unit_system.requests) == 1 + await attempts(case)
    assert len({key for key, _ in unit_system.requests}) == 1


@pytest.mark.usefixtures("prompt")
async def test_what_a_person_has_tried_again_goes_as_any_other(service: Service, unit_system: UnitSystem) -> None:
    await known_as_prompt(service, unit_system)
    unit_system.answers = [404, 404]
    case = await service.receive(policy=FULL)
    await case.until(has("undelivered"))
    [stopped] = await undelivered(case)
    retry = RetryDelivery(key=stopped.key or "", unit=ROADS, about="dispatched", sequence=stopped.sequence or 0)
    await case.do(retry, DESK)
    await case.until(has("delivered"))
    assert await activities(case) == [DELIVER_ORDER, DELIVER_ORDER]


@pytest.mark.usefixtures("prompt")
async def test_what_was_not_taken_before_a_new_run_goes_as_any_other_in_it(
    service: Service, unit_system: UnitSystem
) -> None:
    await known_as_prompt(service, unit_system)
    unit_system.answers = [503] * 1_000
    case = await service.receive(policy=FULL, renew_after=60)
    await asked(unit_system, 2)
    first = (await case.handle.describe()).run_id
    while (await case.handle.describe()).run_id == first:
        await case.do(Remark(text="It waits."), DESK)
    unit_system.answers = []
    await case.until(has("delivered"))
    assert await activities(case) == [DELIVER_ORDER]
    assert len({key for key, _ in unit_system.requests}) == 1


async def test_an_order_that_does_not_arrive_in_time_is_told_of_and_goes_on(
    service: Service, unit_system: UnitSystem
) -> None:
    unit_system.answers = [503] * 1_000
    case = await service.receive(policy=HASTY)
    await asked(unit_system, 2)
    await case.after(minutes=2)
    await case.until(has("undelivered"))
    [late] = await undelivered(case)
    assert not late.final
    assert "503" in late.reason
    assert (await service.engine.case(case.number)).orders[0].undelivered == late.reason
    unit_system.answers = []
    await case.after(minutes=2)
    await case.until(has("delivered"))
    assert (await service.engine.case(case.number)).orders[0].undelivered == ""
    assert len(set(unit_system.bodies)) == 1, "every attempt said the same"


async def test_what_will_not_heal_stops_at_once_and_a_person_has_it_tried_again(
    service: Service, unit_system: UnitSystem
) -> None:
    unit_system.answers = [404]
    case = await service.receive(policy=FULL)
    await case.until(has("undelivered"))
    [stopped] = await undelivered(case)
    assert stopped.final
    assert "404" in stopped.reason
    retry = RetryDelivery(key=stopped.key or "", unit=ROADS, about="dispatched", sequence=stopped.sequence or 0)
    await case.do(retry, DESK)
    await case.until(has("delivered"))
    assert len({key for key, _ in unit_system.requests}) == len(set(unit_system.bodies)) == 1


async def test_what_waits_for_its_next_attempt_is_tried_at_once_if_somebody_asks(
    service: Service, unit_system: UnitSystem
) -> None:
    unit_system.answers = [503] * 4
    case = await service.receive(policy=FULL)
    await asked(unit_system, 1)
    unit_system.answers = []
    await case.do(RetryDelivery(key=unit_system.requests[0][0], unit=ROADS, about="dispatched", sequence=2), DESK)
    facts = await case.until(has("delivered"))
    assert "undelivered" not in facts
    assert facts.count("delivered") == 1


async def test_a_late_order_is_told_of_once_however_often_its_case_goes_on_in_a_new_run(
    service: Service, unit_system: UnitSystem
) -> None:
    unit_system.answers = [503] * 1_000
    case = await service.receive(policy=HASTY, renew_after=60)
    await asked(unit_system, 2)
    await case.after(minutes=2)
    await case.until(has("undelivered"))
    first = (await case.handle.describe()).run_id
    for _ in range(30):
        await case.do(Remark(text="It waits."), DESK)
    await until(case.handle.describe, lambda found: found.run_id != first)
    await case.after(minutes=5)
    assert len(await undelivered(case)) == 1
    unit_system.answers = []
    await case.after(minutes=20)
    await case.until(has("delivered"))


async def test_a_change_that_is_had_delivered_again_is_known_to_have_arrived(
    service: Service, unit_system: UnitSystem
) -> None:
    case = await service.receive(policy=FULL)
    await case.until(has("delivered"))
    # At once, if it was prompt, and then in its turn.
    unit_system.answers = [404, 404]
    await case.do(Urge(), INTAKE)
    await case.until(has("undelivered"))
    unit_system.answers = []
    [late] = await undelivered(case)
    await case.do(RetryDelivery(key=late.key or "", unit=ROADS, about="urged", sequence=late.sequence or 0), DESK)
    await case.until(lambda facts: facts.count("delivered") == 2)


async def test_nothing_goes_out_that_nobody_ordered(service: Service, unit_system: UnitSystem) -> None:
    case = await service.receive(policy=FULL)
    await case.until(has("delivered"))
    real = unit_system.requests[0][0]
    for key, about, sequence in (("a key", "dispatched", 2), (real, "urged", 2), (real, "dispatched", 1)):
        await case.do(RetryDelivery(key=key, unit=ROADS, about=about, sequence=sequence), DESK)
    await case.do(Withdraw(), INTAKE)
    await case.handle.result()
    assert told(unit_system) == ["dispatched", "withdrawn"]


async def test_a_unit_is_told_one_thing_after_the_other(service: Service, unit_system: UnitSystem) -> None:
    unit_system.answers = [503, 503]
    case = await service.receive(policy=FULL)
    await case.do(Supplement(channel=Channel.PHONE, note="It has grown."), INTAKE)
    await case.do(Urge(), INTAKE)
    await case.do(Withdraw(), INTAKE)
    await case.handle.result()
    assert told(unit_system) == ["dispatched"] * 3 + ["supplemented", "urged", "withdrawn"]
    sequences = [order["sequence"] for _, order in unit_system.requests]
    assert sequences == sorted(sequences)


async def test_a_unit_without_a_system_has_it_in_its_mailbox_and_costs_the_engine_nothing(service: Service) -> None:
    case = await service.receive(TO_WATER, policy=FULL)
    await case.do(Urge(), INTAKE)
    await case.do(Withdraw(), INTAKE)
    await case.handle.result()
    letters = await service.register.mailboxes.read(WATER, after=0, limit=10)
    assert [one.form.about for one in letters] == ["dispatched", "urged", "withdrawn"]
    assert await activities(case) == []


async def test_a_unit_with_a_system_finds_the_same_in_its_mailbox(service: Service, unit_system: UnitSystem) -> None:
    case = await service.receive(policy=FULL)
    await case.until(has("delivered"))
    [letter] = await service.register.mailboxes.read(ROADS, after=0, limit=10)
    [(key, form)] = unit_system.requests
    assert letter.form.key == key
    assert OrderForm.model_validate(form) == shown_form(await service.register.seals.open(letter.form, OrderForm))


async def test_an_answer_at_once_signs_for_the_order(service: Service, unit_system: UnitSystem) -> None:
    unit_system.answers = [{"answer": "accepted", "note": "On our list."}]
    case = await service.receive(policy=FULL)
    await case.until(has("delivered", "acknowledged"))
    held = await service.engine.case(case.number)
    assert held.status is Status.ACKNOWLEDGED
    events = await service.engine.events(case.number)
    signed = next(event for event in events if event.fact.type == "acknowledged")
    assert (signed.actor.role, signed.actor.unit) == ("unit_lead", ROADS)


async def test_a_refusal_at_once_is_an_objection(service: Service, unit_system: UnitSystem) -> None:
    unit_system.answers = [{"answer": "refused", "reason": "The main is not ours.", "proposed": WATER}]
    case = await service.receive(policy=FULL)
    await case.until(has("objected"))
    [objection] = (await service.engine.case(case.number)).orders[0].objections
    said = await service.register.seals.open_text(objection.reason)
    assert (said, objection.proposed) == ("The main is not ours.", WATER)


async def test_an_answer_that_the_rules_forbid_is_kept_for_people_to_see(
    service: Service, unit_system: UnitSystem
) -> None:
    unit_system.answers = [{"answer": "refused", "reason": "Not ours."}]
    for_good = Route(unit=ROADS, reason="designated")
    case = await service.receive(for_good, policy=STERN)
    await case.until(has("noted"))
    events = await service.engine.events(case.number)
    [noted] = [event.fact for event in events if event.fact.type == "noted"]
    assert f"the system of {ROADS} answered 'return', which the case does not take" in noted.text
    assert (await service.engine.case(case.number)).status is Status.DISPATCHED


async def test_an_answer_that_comes_after_the_unit_has_signed_itself_changes_nothing(
    service: Service, unit_system: UnitSystem
) -> None:
    unit_system.answers = [503, {"answer": "accepted"}]
    case = await service.receive(policy=FULL)
    await asked(unit_system, 1)
    await case.do(Acknowledge(), UNIT_OF_ROADS)
    facts = await case.until(has("delivered"))
    assert facts.count("acknowledged") == 1
    assert "noted" not in facts
