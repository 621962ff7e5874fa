"""Triage, dispatch, and the dispute about whose a matter is (Art. 11, 12, 14)."""

from collections.abc import Iterator
from datetime import datetime

from cases.case import Case
from cases.commands import Adjudicate, Answer, Consult, Designate, Dispatch, NotDispatch, Reassign, Receive, Return
from cases.deciding.steps import Asked, Decider, check_reviewer, closed, dispatched, how_often, resumed
from cases.errors import RefusalError
from cases.events import (
    Adjudicated,
    Advised,
    Closed,
    Consulted,
    Dispatched,
    Fact,
    NotDispatched,
    Objected,
    Recalled,
    Received,
    Returned,
)
from cases.lifecycle import bar_to_return
from cases.order import Objection
from cases.permission import allowed
from cases.triage import AnsweredAtOnce, Triage
from cases.vocabulary import Actor, Kind, Outcome, Value


def receipt(act: Receive) -> Iterator[Fact]:
    """What a complaint's receipt comes to: an order to a unit, the desk, or an end without either (Art. 10 to 12)."""
    placed = act.route.unit or act.triage
    if act.triage is not None:
        _check_other_case(act.triage, act.number)
    yield Received(
        number=act.number,
        complaint=act.complaint,
        terms=act.terms,
        to_desk=None if placed else act.route.reason,
    )
    if act.triage is not None:
        yield from _triaged(act.triage, act.complaint.kind)
    elif act.route.unit:
        yield Dispatched(order=1, unit=act.route.unit, copy_to=act.route.copy_to, reason=act.route.reason)


def _triaged(triage: Triage, kind: Kind) -> Iterator[Fact]:
    if isinstance(triage, AnsweredAtOnce):
        _check_consultation(kind)
        yield Advised(told=triage.told)
        yield Closed(outcome=Outcome.ANSWERED)
    else:
        yield NotDispatched(ground=triage)
        yield Closed(outcome=Outcome.NOT_DISPATCHED, reason=triage.told)


def _check_consultation(kind: Kind) -> None:
    if kind is not Kind.CONSULTATION:
        raise RefusalError(
            "not_a_consultation",
            f"only a consultation is answered at once; dispatch a {kind}, or name one of the six grounds not to",
            source="Art. 11",
        )


def _check_other_case(triage: Triage, number: str) -> None:
    if triage.ground == "same_matter" and triage.case == number:
        raise RefusalError("same_case", "case: a case is no repeat of itself; name the other one", source="Art. 11")


def _answer(asked: Asked) -> Iterator[Fact]:
    act: Answer = asked.act
    _check_consultation(asked.case.complaint.kind)
    yield Advised(told=act.told)
    yield from closed(asked.case, asked.now, Outcome.ANSWERED)


def _not_dispatch(asked: Asked) -> Iterator[Fact]:
    act: NotDispatch = asked.act
    _check_other_case(act.ground, asked.case.number)
    yield NotDispatched(ground=act.ground)
    yield from closed(asked.case, asked.now, Outcome.NOT_DISPATCHED, act.ground.told)


def _consult(asked: Asked) -> Iterator[Fact]:
    act: Consult = asked.act
    yield Consulted(units=act.units, question=act.question)


def _dispatch(asked: Asked) -> Iterator[Fact]:
    act: Dispatch = asked.act
    check_reviewer(asked.case, act.unit)
    _check_disputed(asked.case, act.unit)
    yield from dispatched(asked.case, act.unit, act.copy_to, act.reason)


def _designate(asked: Asked) -> Iterator[Fact]:
    act: Designate = asked.act
    check_reviewer(asked.case, act.unit)
    yield from _recalled(asked, act.reason)
    yield from dispatched(asked.case, act.unit, act.copy_to, act.reason, designated=True)


def _reassign(asked: Asked) -> Iterator[Fact]:
    act: Reassign = asked.act
    if act.unit == asked.order.unit:
        raise RefusalError(
            "same_unit", f"unit: {act.unit} holds the order already; name another unit", source="Art. 14"
        )
    check_reviewer(asked.case, act.unit)
    _check_disputed(asked.case, act.unit)
    yield from _recalled(asked, act.reason)
    yield from dispatched(asked.case, act.unit, act.copy_to, act.reason)


def _check_disputed(case: Case, unit: str) -> None:
    """See that a decision for a unit stands: only a supervisor may give it the case all the same (Art. 12, 14)."""
    upheld = (each for order in case.orders if order.unit == unit for each in order.objections)
    if any(one.upheld for one in upheld):
        raise RefusalError(
            "objection_upheld",
            f"unit: the objection of {unit} was upheld; name another unit, or have a supervisor designate it",
            source="Art. 12",
        )


def _recalled(asked: Asked, reason: str) -> Iterator[Fact]:
    if asked.case.order is not None:
        yield from resumed(asked.case, asked.now, "the order was recalled")
        yield Recalled(order=asked.order.index, unit=asked.order.unit, reason=reason)


def _return(asked: Asked) -> Iterator[Fact]:
    act: Return = asked.act
    case, order, rules = asked.case, asked.order, asked.case.terms.returns
    _check_returnable(case, asked.actor)
    if rules.adjudicate is None:
        yield from _given_back(case, asked.now, act)
    else:
        yield Objected(
            order=order.index, unit=order.unit, reason=act.reason, evidence=act.evidence, proposed=act.proposed
        )


def _check_returnable(case: Case, actor: Actor) -> None:
    bar = bar_to_return(case)
    if bar is None:
        return
    if bar == "rejected":
        rule, source = "objection_final", "Art. 12"
        detail = "an objection of this unit was rejected; that is final, and the unit leads the case"
    else:
        rule, source = "returns_exhausted", "Art. 14"
        often = how_often(case.returns) if case.returns else "never"
        enough = f"it was returned {often}, and the policy allows no more"
        why = "a supervisor designated this unit" if bar == "designated" else enough
        detail = f"{why}; the unit that holds it now leads it"
    raise RefusalError(rule, detail, source=source, allowed=allowed(case, actor))


def _given_back(case: Case, now: datetime, told: Return | Objection) -> Iterator[Fact]:
    if case.order is None:
        return
    yield from resumed(case, now, "the order was returned")
    last = case.returns + 1 >= case.terms.returns.at_most
    yield Returned(
        order=case.order.index,
        unit=case.order.unit,
        reason=told.reason,
        evidence=told.evidence,
        proposed=told.proposed,
        awaits_supervisor=last,
    )


def _adjudicate(asked: Asked) -> Iterator[Fact]:
    act: Adjudicate = asked.act
    case, order = asked.case, asked.order
    last = case.returns + 1 >= case.terms.returns.at_most
    if act.unit is not None and (not act.upheld or act.unit == order.unit or last):
        why = (
            "its returns are used up: a supervisor designates its unit"
            if act.upheld and last
            else "it goes to another unit only if the objection is upheld, and not to the one that raised it"
        )
        raise RefusalError("unit_not_now", f"unit: {why}; leave it out", source="Art. 12")
    if act.unit is not None:
        check_reviewer(case, act.unit)
        _check_disputed(case, act.unit)
    yield Adjudicated(order=order.index, unit=order.unit, upheld=act.upheld, reason=act.reason)
    if not act.upheld:
        return
    yield from _given_back(case, asked.now, order.objections[-1])
    if act.unit is not None:
        yield from dispatched(case, act.unit, act.copy_to, act.reason)


DECIDERS: dict[type[Value], Decider] = {
    Answer: _answer,
    NotDispatch: _not_dispatch,
    Consult: _consult,
    Dispatch: _dispatch,
    Designate: _designate,
    Reassign: _reassign,
    Return: _return,
    Adjudicate: _adjudicate,
}
