"""Cases that belong together."""

from cases.case import Case
from cases.events import Event, Followed, Joined, Relayed, Repeated
from cases.evolving.parts import Changes, Evolver, end_order, from_desk, on_order, to_desk
from cases.order import Order
from cases.vocabulary import Status, Value


def _repeated(case: Case, _: Event, fact: Repeated) -> Changes:
    return {"repeats": (*case.repeats, fact.case)}


def _joined(case: Case, event: Event, fact: Joined) -> Changes:
    # What the complainant was promised counts on from the order that he had already.
    began = case.orders[-1].dispatched_at if case.orders and case.status is not Status.RECEIVED else event.at
    order = Order(
        index=fact.order,
        unit=fact.unit,
        reason=fact.reason,
        dispatched_at=began,
        stage=case.stage,
        incident=fact.incident,
    )
    joined = {"status": Status.IN_PROGRESS, "orders": (*case.orders, order), "incident": fact.incident}
    return from_desk(case, event.at) | joined


def _followed(case: Case, _: Event, fact: Followed) -> Changes:
    return {"followers": (*case.followers, fact.case)}


def _relayed(case: Case, event: Event, fact: Relayed) -> Changes:
    known: Changes = {"relayed": fact.version}
    if fact.ended:
        told = f"the incident {fact.incident} ended without a report"
        ended = end_order(case, fact.order, event.at)
        return known | {"incident": None} | to_desk(case, event.at, "incident", told) | ended
    if fact.outcome is not None:
        report = {"reported_at": event.at, "report": fact.outcome, "report_note": fact.note, "attempts": 0}
        return known | {"status": Status.REPORTED} | on_order(case, fact.order, **report)
    held = case.orders[fact.order - 1]
    if fact.unit is None or fact.unit == held.unit:
        return known
    moved = held.model_copy(update={"index": fact.order + 1, "unit": fact.unit, "breached_at": None})
    ended = end_order(case, fact.order, event.at)
    return known | {"orders": (*ended["orders"], moved)}  # type: ignore[misc]


EVOLVERS: dict[type[Value], Evolver] = {
    Repeated: _repeated,
    Joined: _joined,
    Followed: _followed,
    Relayed: _relayed,
}
