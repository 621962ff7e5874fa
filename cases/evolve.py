"""Folding events into a case. What happened is never judged here, only added up."""

from collections.abc import Iterable
from functools import reduce

from cases.case import Case, DeskWait
from cases.events import Event, Received
from cases.evolving import assisting, complainant, dispatching, handling, linking, oversight
from cases.evolving.parts import Evolver
from cases.vocabulary import Status, Value

_EVOLVERS: dict[type[Value], Evolver] = (
    dispatching.EVOLVERS
    | handling.EVOLVERS
    | assisting.EVOLVERS
    | complainant.EVOLVERS
    | oversight.EVOLVERS
    | linking.EVOLVERS
)


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
    if isinstance(event.fact, Received):
        raise ValueError("a case is received once")
    changes = _EVOLVERS[type(event.fact)](case, event, event.fact) | {"version": event.seq}
    if event.cause is not None:
        changes["commands"] = case.commands | {event.cause.id: event.cause.fingerprint}
    return case.model_copy(update=changes)


def _begun(event: Event) -> Case:
    fact = event.fact
    if not isinstance(fact, Received):
        raise ValueError(f"a history begins with the receipt, not with {fact.type!r}")
    since = fact.complaint.received_at
    return Case(
        number=fact.number,
        version=event.seq,
        status=Status.RECEIVED,
        complaint=fact.complaint,
        terms=fact.terms,
        desk=(DeskWait(since=since, unclear=since if fact.to_desk else None),),
        to_desk=fact.to_desk,
        commands={event.cause.id: event.cause.fingerprint} if event.cause else {},
    )
