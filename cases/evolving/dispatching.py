"""From the receipt to the unit that has it, and back."""

from cases.case import Case
from cases.events import (
    Adjudicated,
    Advised,
    Consulted,
    Delivered,
    DeliveryRetried,
    Dispatched,
    Event,
    NotDispatched,
    Objected,
    Recalled,
    Referred,
    Returned,
    Undelivered,
)
from cases.evolving.parts import Changes, Evolver, end_order, from_desk, on_assist, on_order, to_desk
from cases.order import ORDERED, Objection, Order
from cases.vocabulary import Status, Value


def _advised(_: Case, __: Event, fact: Advised) -> Changes:
    return {"advised": fact.told}


def _not_dispatched(_: Case, __: Event, fact: NotDispatched) -> Changes:
    return {"declined": fact.ground}


def _consulted(case: Case, event: Event, fact: Consulted) -> Changes:
    wait = case.desk[-1]
    asked = wait.model_copy(update={"unclear": wait.unclear or event.at})
    told = f"asked {', '.join(fact.units)}: {fact.question}"
    # Whoever has to decide about a dispute reads the whole story.
    kept = f"{case.to_desk}; {told}" if case.awaits_supervisor else told
    units = tuple(dict.fromkeys((*case.asked, *fact.units)))
    return {"desk": (*case.desk[:-1], asked), "to_desk": kept, "asked": units}


def _dispatched(case: Case, event: Event, fact: Dispatched) -> Changes:
    order = Order(
        index=fact.order,
        unit=fact.unit,
        copy_to=fact.copy_to,
        reason=fact.reason,
        dispatched_at=event.at,
        designated=fact.designated,
        stage=fact.stage,
    )
    return {"status": Status.DISPATCHED, "orders": (*case.orders, order), "incident": None} | from_desk(case, event.at)


def _delivered(case: Case, event: Event, fact: Delivered) -> Changes:
    return _of_the_way(case, fact, delivered_at=event.at, undelivered="")


def _undelivered(case: Case, _: Event, fact: Undelivered) -> Changes:
    return _of_the_way(case, fact, undelivered=fact.reason)


def _of_the_way(case: Case, fact: Delivered | Undelivered, **changes: object) -> Changes:
    """What became of an order on its way to the unit; of its later changes the order itself does not tell."""
    if fact.about not in ORDERED or fact.order is None:
        return {}
    if fact.assist is not None:
        return on_assist(case, fact.assist, **changes)
    return on_order(case, fact.order, **changes)


def _retried(_: Case, __: Event, ___: DeliveryRetried) -> Changes:
    return {}


def _objected(case: Case, event: Event, fact: Objected) -> Changes:
    objection = Objection(at=event.at, reason=fact.reason, evidence=fact.evidence, proposed=fact.proposed)
    return on_order(case, fact.order, objections=(*case.orders[fact.order - 1].objections, objection))


def _adjudicated(case: Case, event: Event, fact: Adjudicated) -> Changes:
    *earlier, last = case.orders[fact.order - 1].objections
    decided = {"decided_at": event.at, "upheld": fact.upheld, "decision": fact.reason}
    return on_order(case, fact.order, objections=(*earlier, last.model_copy(update=decided)))


def _returned(case: Case, event: Event, fact: Returned) -> Changes:
    told = f"returned: {fact.reason}"
    if fact.awaits_supervisor:
        earlier = [f"{order.unit}: {order.returned_for}" for order in case.orders if order.returned]
        told = f"returned by {'; '.join([*earlier, f'{fact.unit}: {fact.reason}'])}; a supervisor designates its unit"
    at_desk = to_desk(case, event.at, "return", told, awaits_supervisor=fact.awaits_supervisor)
    return at_desk | end_order(case, fact.order, event.at, returned=True, returned_for=fact.reason)


def _recalled(case: Case, event: Event, fact: Recalled) -> Changes:
    return end_order(case, fact.order, event.at)


def _referred(case: Case, event: Event, fact: Referred) -> Changes:
    at_desk = to_desk(case, event.at, "call-back", fact.reason, awaits_supervisor=True)
    return at_desk | end_order(case, fact.order, event.at)


EVOLVERS: dict[type[Value], Evolver] = {
    Advised: _advised,
    NotDispatched: _not_dispatched,
    Consulted: _consulted,
    Dispatched: _dispatched,
    Delivered: _delivered,
    Undelivered: _undelivered,
    DeliveryRetried: _retried,
    Objected: _objected,
    Adjudicated: _adjudicated,
    Returned: _returned,
    Recalled: _recalled,
    Referred: _referred,
}
