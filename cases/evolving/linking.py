"""Cases that belong together."""

from cases.case import Case
from cases.events import Event, Followed, Joined, Relayed, Repeated
from cases.evolving.parts import Changes, Evolver, end_order, from_desk, lapsed, on_order, to_desk
from cases.order import Order
from cases.vocabulary import Status, Value


def _repeated(case: Case, _: Event, fact: Repeated) -> Changes:
    return {"repeats": (*case.repeats, fact.case)}


def _joined(case: Case, event: Event, fact: Joined) -> Changes:
    # What the complainant was promised counts on from the order that he had already.
    held = case.orders[-1] if case.orders and case.status is not Status.RECEIVED else None
    order = Order(
        index=fact.order,
        unit=fact.unit,
        copy_to=fact.copy_to,
        reason=fact.reason,
        dispatched_at=held.dispatched_at if held else event.at,
        # Signed for with the case that leads: limits that count from the signature must begin here too.
        acknowledged_at=(held and held.acknowledged_at) or event.at,
        breached_at=held.breached_at if held else None,
        stage=case.stage,
        incident=fact.incident,
    )
    joined: Changes = {"status": Status.IN_PROGRESS, "orders": (*case.orders, order), "incident": fact.incident}
    counted_on = _counted_on(case, held.index, fact.order) if held else {}
    # What is known of an incident says nothing of another one, whose versions are its own.
    return from_desk(case, event.at) | joined | {"relayed": 0} | counted_on


def _counted_on(case: Case, before: int, order: int) -> Changes:
    """One limit that goes on under another order has raised the alarms that it has raised."""
    names = ("resolution", "callback")
    raised = {f"{name}/{order}": marks for name in names if (marks := case.marks.get(f"{name}/{before}"))}
    return {"marks": case.marks | raised}


def _followed(case: Case, _: Event, fact: Followed) -> Changes:
    return {"followers": (*case.followers, fact.case)}


def _relayed(case: Case, event: Event, fact: Relayed) -> Changes:
    known: Changes = {"relayed": fact.version}
    held = case.orders[fact.order - 1]
    if fact.ended:
        told = f"the incident {fact.incident} ended without a report"
        ended = end_order(case, fact.order, event.at)
        return known | {"incident": None} | to_desk(case, event.at, "incident", told) | ended
    if fact.outcome is not None:
        report: Changes = {"reported_at": event.at, "report": fact.outcome, "report_note": fact.note, "attempts": 0}
        report |= lapsed(held, event.at)
        return known | {"status": Status.REPORTED} | on_order(case, fact.order, **report)
    if fact.unit is None or fact.unit == held.unit:
        return known
    new: Changes = {
        "index": fact.order + 1,
        "unit": fact.unit,
        "copy_to": fact.copy_to,
        "objections": (),
        "extensions": (),
    }
    ended = end_order(case, fact.order, event.at)
    orders = (*ended["orders"], held.model_copy(update=new))  # type: ignore[misc]
    return known | {"orders": orders} | _counted_on(case, fact.order, fact.order + 1)


EVOLVERS: dict[type[Value], Evolver] = {
    Repeated: _repeated,
    Joined: _joined,
    Followed: _followed,
    Relayed: _relayed,
}
