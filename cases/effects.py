"""What an event owes to the world outside: orders to carry to units, and people to tell."""

from collections.abc import Iterator
from typing import Literal

from cases.case import Case
from cases.events import Breached, Closed, Dispatched, Escalated, Event, Received, Reported, Undelivered, Warned
from cases.vocabulary import Value


class Effect(Value):
    """One thing to do outside, under a key that stays the same over retries, restarts and resets.

    `to` is the unit's code for an order, the audience for a notice. The key tells a receiver that it has done this
    already.
    """

    key: str
    kind: Literal["order", "notice"]
    about: str
    to: str
    seq: int


def effects(case: Case, event: Event) -> list[Effect]:
    """What an event owes, given the case as the event left it."""
    return [
        Effect(key=f"{case.number}.{event.seq}.{kind}.{to}", kind=kind, about=about, to=to, seq=event.seq)
        for kind, about, to in _owed(case, event)
    ]


def _owed(  # noqa: C901 - one flat table, a line or two a fact
    case: Case, event: Event
) -> Iterator[tuple[Literal["order", "notice"], str, str]]:
    match event.fact:
        case Received():
            yield "notice", "received", "complainant"
        case Dispatched(unit=unit, copy_to=district):
            yield "order", "dispatched", unit
            if district:
                yield "notice", "copied", f"unit:{district}"
        case Closed(outcome=outcome):
            yield "notice", f"closed_{outcome}", "complainant"
            if case.orders and not case.orders[-1].returned and case.orders[-1].reported_at is None:
                yield "order", "withdrawn", case.orders[-1].unit
        case Reported():
            yield "notice", "reported", "complainant"
        case Undelivered():
            yield "notice", "undelivered", "desk"
        case Warned(tell=tell) | Breached(tell=tell) | Escalated(tell=tell):
            for audience in tell:
                if to := _addressee(case, audience):
                    yield "notice", event.fact.type, to
        case _:
            return


def _addressee(case: Case, audience: str) -> str | None:
    if audience == "unit":
        return f"unit:{case.unit}" if case.unit else "desk"
    if audience == "district":
        district = case.orders[-1].copy_to if case.orders else None
        return f"unit:{district}" if district else "supervisor"
    return audience
