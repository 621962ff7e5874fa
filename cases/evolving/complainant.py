"""What the complainant said and wanted, and how the case ended."""

from cases.case import Answer, Case, Closure
from cases.events import (
    Answered,
    Appealed,
    Closed,
    Event,
    NotReached,
    Rated,
    Reopened,
    Supplemented,
    Urged,
)
from cases.evolving.parts import Changes, Evolver, end_order, on_order, to_desk, with_attachment
from cases.vocabulary import Outcome, Status, Value


def _not_reached(case: Case, event: Event, fact: NotReached) -> Changes:
    return on_order(case, fact.order, attempts=fact.attempt, attempted_at=event.at)


def _answered(case: Case, event: Event, fact: Answered) -> Changes:
    answer = Answer(at=event.at, contacted=fact.contacted, solved=fact.solved, satisfaction=fact.satisfaction)
    return {"answers": (*case.answers, answer)} | end_order(case, fact.order, event.at, called_back=True)


def _supplemented(case: Case, _: Event, fact: Supplemented) -> Changes:
    return with_attachment(case, fact.attachment)


def _urged(case: Case, event: Event, _: Urged) -> Changes:
    return {"urges": (*case.urges, event.at)}


def _closed(case: Case, event: Event, fact: Closed) -> Changes:
    closure = Closure(at=event.at, outcome=fact.outcome, reason=fact.reason)
    tried = fact.outcome is Outcome.UNREACHABLE
    ended = end_order(case, case.order.index, event.at, called_back=tried) if case.order else {}
    closed: Changes = {"status": Status.CLOSED, "closure": closure, "to_desk": None, "awaits_supervisor": False}
    if case.status is Status.RECEIVED:
        closed["desk"] = (*case.desk[:-1], case.desk[-1].model_copy(update={"ended_at": event.at}))
    return closed | ended


def _rated(_: Case, __: Event, fact: Rated) -> Changes:
    return {"rating": fact.satisfaction}


def _reopened(case: Case, event: Event, fact: Reopened) -> Changes:
    disputed = bool(case.orders) and case.orders[-1].returned and case.returns >= case.terms.returns.at_most
    at_desk = to_desk(case, event.at, "reopening", fact.reason, awaits_supervisor=disputed)
    return _opened(case) | {"reopened": case.reopened + 1} | at_desk


def _appealed(case: Case, event: Event, fact: Appealed) -> Changes:
    return _opened(case) | {"stage": fact.stage} | to_desk(case, event.at, "appeal", fact.reason)


def _opened(case: Case) -> Changes:
    closures = (*case.closures, case.closure) if case.closure else case.closures
    # A rating, an advice and a ground not to dispatch belong to the end that they came with.
    ended: Changes = {"rating": None, "advised": "", "declined": None}
    return ended | {"closure": None, "closures": closures, "rounds_from": len(case.orders)}


EVOLVERS: dict[type[Value], Evolver] = {
    NotReached: _not_reached,
    Answered: _answered,
    Supplemented: _supplemented,
    Urged: _urged,
    Closed: _closed,
    Rated: _rated,
    Reopened: _reopened,
    Appealed: _appealed,
}
