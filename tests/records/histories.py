"""Histories of cases, as the domain decides them."""

from datetime import datetime, timedelta
from typing import Any

from cases.case import Case
from cases.commands import (
    Acknowledge,
    Act,
    CallBack,
    Command,
    Contact,
    FailDelivery,
    Receive,
    Report,
    Return,
    Tick,
    Withdraw,
)
from cases.decide import decide
from cases.events import Event
from cases.evolve import fold
from cases.order_form import OrderForm
from cases.owed import owed
from cases.routing import Route
from cases.vocabulary import SYSTEM, Actor, Outcome, Role, Satisfaction
from tests.unit.narrative import DESK, DISTRICT, NOON, POLICY, ROADS, UNIT_OF_ROADS, Narrative, received


def begun(
    reference: str, at: datetime = NOON, unit: str | None = ROADS, level: str = "general", **complaint: Any
) -> list[Event]:
    """The first events of a case of its own reference: received, and dispatched if a unit is given."""
    route = Route(unit=unit, copy_to=DISTRICT if unit else None, reason="catalogue line 1")
    command = received(route, source_ref=reference, at=at)
    assert isinstance(command.act, Receive)
    act = Receive(
        number=command.act.number,
        complaint=command.act.complaint.model_copy(update=complaint),
        terms=POLICY.terms("general").model_copy(update={"level": level}),
        route=route,
    )
    return decide(None, Command(id="receive", actor=command.actor, act=act), at)


def number_of(events: list[Event]) -> str:
    """The number of the case that a history begins."""
    return fold(events).number


def acknowledged(events: list[Event], after: timedelta = timedelta(hours=1)) -> list[Event]:
    """The events that the unit's signature adds."""
    case = fold(events)
    assert case.unit is not None
    actor = Actor(role=Role.UNIT_LEAD, id="key:unit", unit=case.unit)
    command = Command(id="acknowledge", actor=actor, act=Acknowledge(note="taken"))
    return decide(case, command, case.complaint.received_at + after)


def withdrawn(events: list[Event], after: timedelta = timedelta(hours=1)) -> list[Event]:
    """The events that the complainant's withdrawal adds."""
    case = fold(events)
    command = Command(id="withdraw", actor=DESK, act=Withdraw())
    return decide(case, command, case.complaint.received_at + after)


def ticked(events: list[Event], after: timedelta) -> list[Event]:
    """The alarms that time adds."""
    case = fold(events)
    return decide(case, Command(id="tick", actor=SYSTEM, act=Tick()), case.complaint.received_at + after)


def lived() -> tuple[Case, list[Event]]:
    """A whole life with a late signature, a round and a solution; at every step its own events and commands."""
    story = Narrative()
    story.after(hours=5).do(Acknowledge(note="late"))
    story.after(hours=1).do(Contact())
    story.after(days=1).do(Report(outcome=Outcome.SOLVED, note="filled"))
    story.after(days=1).do(CallBack(reached=True, contacted=True, solved=False), DESK)
    story.after(hours=1).do(Acknowledge())
    story.after(hours=1).do(Report(outcome=Outcome.SOLVED, note="filled again"))
    answers = CallBack(reached=True, contacted=True, solved=True, satisfaction=Satisfaction.SATISFIED)
    story.after(hours=1).do(answers, DESK)
    return story.case, story.events


def returned() -> list[Event]:
    """A case that its unit gave back."""
    story = Narrative()
    story.after(minutes=10).do(Return(reason="not ours"), UNIT_OF_ROADS)
    return story.events


def delivery_given_up(life: list[Event]) -> list[Event]:
    """A whole history with the end of the delivery of its first order: nobody tries on."""
    (form,) = [one for one in owed(life)[0] if one.about == "dispatched"]
    return delivery_told(life, FailDelivery(**delivery_of(form), reason="it says 410", final=True))


def delivery_of(form: OrderForm) -> dict[str, Any]:
    """What names the delivery of an order in whatever is told of it."""
    return form.model_dump(include={"order", "unit", "about", "sequence", "key"})


def delivery_told(life: list[Event], act: Act) -> list[Event]:
    """A whole history with what a delivery tells of itself, a minute later."""
    command = Command(id=f"told {act.type}", actor=SYSTEM, act=act)
    return [*life, *decide(fold(life), command, life[-1].at + timedelta(minutes=1))]
