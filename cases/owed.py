"""What events owe in writing: what units are told, and the notices to people."""

from collections.abc import Iterator, Sequence

from cases.case import Case
from cases.effects import Effect, effects
from cases.events import Delivered, DeliveryRetried, Event, Undelivered
from cases.evolve import evolve
from cases.notice import Notice, notice
from cases.order_form import OrderForm, order_form


def written(case: Case, event: Event, effect: Effect) -> OrderForm | Notice | None:
    """What is written of an effect, given the event that it comes of and the case as that left it.

    Nothing is written of what one case tells another, nor anew of an order that is only delivered again.
    """
    if effect.kind == "notice":
        return notice(case, event, effect)
    return order_form(case, event, effect) if effect.kind == "order" and effect.seq == event.seq else None


def owed(events: Sequence[Event]) -> tuple[list[OrderForm], list[Notice]]:
    """What a whole history owes, worked out anew."""
    found = list(_written(events))
    orders = [one for one in found if isinstance(one, OrderForm)]
    return orders, [one for one in found if isinstance(one, Notice)]


def seen_to(events: Sequence[Event]) -> frozenset[str]:
    """The keys of deliveries of which a history has the last word: they arrived, or were given up.

    What was given up is for a person to see to, who may have it tried again.
    """
    done: set[str] = set()
    for event in events:
        match event.fact:
            case Delivered(key=str(key)) | Undelivered(key=str(key), final=True):
                done.add(key)
            case DeliveryRetried(key=key):
                done.discard(key)
    return frozenset(done)


def _written(events: Sequence[Event]) -> Iterator[OrderForm | Notice | None]:
    case = None
    for event in events:
        case = evolve(case, event)
        for effect in effects(case, event):
            yield written(case, event, effect)
