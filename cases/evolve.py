"""Folding events into a case. What happened is never judged here, only added up."""

from collections.abc import Iterable
from functools import reduce

from cases.case import Answer, Case, Closure, DeskWait, Order
from cases.events import (
    Acknowledged,
    Answered,
    Breached,
    Closed,
    Contacted,
    Delivered,
    Dispatched,
    Escalated,
    Event,
    NotReached,
    Received,
    Refused,
    Reported,
    Returned,
    Undelivered,
    Warned,
)
from cases.vocabulary import Outcome, Status


def fold(events: Iterable[Event]) -> Case:
    """The case that a whole history adds up to.

    Raises:
        ValueError: the history is empty or does not begin with the receipt.
    """
    case = reduce(evolve, events, None)
    if case is None:
        raise ValueError("a history without events is no case")
    return case


def evolve(case: Case | None, event: Event) -> Case:
    """The case after one more event.

    Raises:
        ValueError: the event is not the next one of this case.
    """
    if case is None:
        return _begun(event)
    if event.seq != case.version + 1:
        raise ValueError(f"event {event.seq} cannot follow event {case.version}")
    changes = _changes(case, event) | {"version": event.seq}
    if event.cause is not None:
        changes["commands"] = case.commands | {event.cause.id: event.cause.fingerprint}
    return case.model_copy(update=changes)


def _begun(event: Event) -> Case:
    if not isinstance(event.fact, Received):
        raise ValueError(f"a history begins with the receipt, not with {event.fact.type!r}")
    return Case(
        number=event.fact.number,
        version=event.seq,
        status=Status.RECEIVED,
        complaint=event.fact.complaint,
        terms=event.fact.terms,
        desk=(DeskWait(since=event.fact.complaint.received_at),),
        to_desk=event.fact.to_desk,
        commands={event.cause.id: event.cause.fingerprint} if event.cause else {},
    )


def _changes(case: Case, event: Event) -> dict[str, object]:  # noqa: C901 - one flat table, a line or two a fact
    match event.fact:
        case Dispatched() as fact:
            order = Order(
                index=fact.order, unit=fact.unit, copy_to=fact.copy_to, reason=fact.reason, dispatched_at=event.at
            )
            dispatched: dict[str, object] = {
                "status": Status.DISPATCHED,
                "orders": (*case.orders, order),
                "to_desk": None,
            }
            if case.status is Status.RECEIVED:
                dispatched["desk"] = (*case.desk[:-1], case.desk[-1].model_copy(update={"until": event.at}))
            return dispatched
        case Delivered(order=index):
            return _on_order(case, index, delivered_at=event.at)
        case Acknowledged(order=index):
            return {"status": Status.ACKNOWLEDGED} | _on_order(case, index, acknowledged_at=event.at)
        case Returned(order=index, reason=reason):
            returned = _on_order(case, index, ended_at=event.at, returned=True)
            return {
                "status": Status.RECEIVED,
                "desk": (*case.desk, DeskWait(since=event.at)),
                "to_desk": f"returned: {reason}",
            } | returned
        case Contacted(order=index):
            first = case.orders[index - 1].contacted_at or event.at
            return {"status": Status.IN_PROGRESS} | _on_order(case, index, contacted_at=first)
        case Reported(order=index, outcome=outcome, note=note):
            reported = _on_order(case, index, reported_at=event.at, report=outcome, report_note=note)
            return {"status": Status.REPORTED} | reported
        case NotReached(order=index, attempt=attempt):
            return _on_order(case, index, attempts=attempt)
        case Answered() as fact:
            answer = Answer(at=event.at, contacted=fact.contacted, solved=fact.solved, satisfaction=fact.satisfaction)
            return {"answers": (*case.answers, answer)} | _on_order(
                case, fact.order, ended_at=event.at, called_back=True
            )
        case Closed(outcome=outcome, reason=reason):
            closure = Closure(at=event.at, outcome=outcome, reason=reason)
            tried = outcome is Outcome.UNREACHABLE
            ended = _on_order(case, case.order.index, ended_at=event.at, called_back=tried) if case.order else {}
            return {"status": Status.CLOSED, "closure": closure} | ended
        case Warned() | Breached() | Escalated() as fact:
            return {"marks": case.marks | {fact.deadline: (*case.marks.get(fact.deadline, ()), fact.mark)}}
        case Refused() | Undelivered():
            return {}
        case Received():
            raise ValueError("a case is received once")


def _on_order(case: Case, index: int, **changes: object) -> dict[str, object]:
    orders = list(case.orders)
    orders[index - 1] = orders[index - 1].model_copy(update=changes)
    return {"orders": tuple(orders)}
