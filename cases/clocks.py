"""Which clocks a case has had, and from and to when each ran."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import count
from typing import NamedTuple

from cases.case import Case, Pause
from cases.counting import Break
from cases.limits import Alarms, Anchor, Budget, Limit, Span
from cases.order import Assist, Extension, Objection, Order
from cases.policy import Terms
from cases.rules import LimitName


class Clock(NamedTuple):
    """What a deadline is computed from. It stops when its duty is met, or ends without that.

    `unit` has the duty, or nobody but the desk. A clock without an amount `within` is due at a date.
    """

    name: str
    times: int
    unit: str | None
    alarms: Alarms
    within: Budget | None
    due: datetime | None
    since: str
    start: datetime
    met_at: datetime | None
    ended_at: datetime | None
    terms: Terms
    breaks: tuple[Break, ...] = ()
    stands_still: bool = False
    extensions: tuple[Budget, ...] = ()
    extended_at: datetime | None = None


def clocks(case: Case) -> Iterator[Clock]:
    """Every clock there has been."""
    yield from _of_the_desk(case)
    objections, extensions = count(1), count(1)
    for order in case.orders:
        yield from _of_the_order(case, order)
        yield from _adjudications(case, "adjudication", order.objections, objections, order.ended_at)
        yield from _decisions(case, order, extensions)
    for assist in case.assists:
        yield from _of_the_assist(case, assist)
        # Numbered by the call: a number that shifts when another unit disputes would lose what it has raised.
        numbers = count(assist.index)
        yield from _adjudications(case, "assist_adjudication", assist.refusals, numbers, assist.ended_at)
    for pause in case.pauses:
        yield from _reviews(case, pause)


def _span(case: Case, name: str, times: int, unit: str | None, span: Span, since: str, start: datetime,
          met: datetime | None, ended: datetime | None) -> Clock:  # fmt: skip
    terms = case.terms_at(start)
    return Clock(name, times, unit, span, span.within, None, since, start, met, ended, terms)


def _of_the_desk(case: Case) -> Iterator[Clock]:
    unclear = count(1)
    for index, wait in enumerate(case.desk, start=1):
        ended = wait.ended_at
        dispatch = case.terms_at(wait.since).dispatch
        yield _span(case, "dispatch", index, None, dispatch, wait.why, wait.since, wait.until, ended)
        if wait.unclear is not None and (limit := case.terms_at(wait.unclear).consultation):
            began = wait.unclear
            yield _span(case, "consultation", next(unclear), None, limit, "consultation", began, wait.until, ended)


def _of_the_order(case: Case, order: Order) -> Iterator[Clock]:
    anchors = {
        Anchor.RECEIPT: _received(case, order),
        Anchor.DISPATCH: order.dispatched_at,
        Anchor.ACKNOWLEDGMENT: order.acknowledged_at,
    }
    for name, key, met in _duties(order):
        limit = _limit(case.terms_at(order.dispatched_at), order, key)
        start = None if limit is None else anchors[limit.counts_from]
        if start is None:
            continue
        terms = case.terms_at(max(start, order.dispatched_at))
        if (limit := _limit(terms, order, key)) is None:
            continue
        extended = _granted(case, order) if key == "resolve" else ()
        yield Clock(
            name,
            order.index,
            order.unit,
            limit,
            limit.within,
            None,
            limit.counts_from,
            start,
            met,
            order.ended_at,
            terms,
            breaks=tuple(_breaks(case, order, key)),
            stands_still=_stands_still(case, order, key),
            extensions=tuple(one.by for one in extended),
            extended_at=extended[-1].decided_at if extended else None,
        )
    yield from _callback(case, order)


def _received(case: Case, order: Order) -> datetime:
    """When the matter of an order came in: the complaint, its reopening, an appeal, or word that it is unsolved.

    The time of a round that a report has ended is over: a later round begins with the complainant's answer (Art. 23).
    """
    waits = (wait for wait in case.desk if wait.why in ("reopening", "appeal") and wait.orders < order.index)
    rounds = (one.ended_at for one in case.orders[: order.index - 1] if one.called_back and one.ended_at is not None)
    return max((*(wait.since for wait in waits), *rounds), default=case.complaint.received_at)


def _duties(order: Order) -> Iterator[tuple[str, LimitName, datetime | None]]:
    """What a unit owes under an order, and when it did it. In an incident it signs for the case that leads alone."""
    if order.incident is None:
        yield "acknowledgment", "acknowledge", order.acknowledged_at
        yield "handling", "handle", order.contacted_at or order.reported_at
        yield "progress", "progress", order.progressed_at or order.reported_at
    yield "resolution", "resolve", order.reported_at


def _granted(case: Case, order: Order) -> tuple[Extension, ...]:
    """What extends an order; in an incident also what was granted before, for the limit counts on from there."""
    before = case.orders[order.index - 2] if order.index > 1 else None
    if order.incident is not None and before is not None and before.dispatched_at == order.dispatched_at:
        return (*_granted(case, before), *order.granted)
    return order.granted


def _limit(terms: Terms, order: Order, key: LimitName) -> Limit | None:
    if order.stage > 1 and terms.appeal is not None:
        return {"acknowledge": terms.appeal.acknowledge, "resolve": terms.appeal.resolve}.get(key)
    limit: Limit | None = getattr(terms, key)
    return limit


def _callback(case: Case, order: Order) -> Iterator[Clock]:
    due = case.callback(order)
    if due is None or (rules := due[1].callback) is None:
        return
    start, terms = due
    since = "report" if start == order.reported_at else "the end of the resolution limit"
    met = order.ended_at if order.called_back else None
    ended = order.ended_at
    yield Clock("callback", order.index, None, rules, rules.within, None, since, start, met, ended, terms)


def _breaks(case: Case, order: Order, key: LimitName) -> Iterator[Break]:
    # A limit may count from a time before its order: from the receipt, or on through an incident.
    for pause in case.pauses:
        rules = _pause_rules(case, pause)
        if pause.order <= order.index and key in rules:
            why = "waiting for the complainant" if pause.kind == "complainant" else "on account"
            yield Break(why=why, begins=pause.begun_at, ends=pause.ends, over=pause.ended_at is not None)
    for disputed in case.orders[: order.index]:
        yield from _disputes(case, disputed, key)


def _disputes(case: Case, order: Order, key: LimitName) -> Iterator[Break]:
    terms = case.terms_at(order.dispatched_at)
    returns = terms.returns
    if key not in returns.pauses or returns.adjudicate is None:
        return
    for objection in order.objections:
        over = objection.decided_at or objection.lapsed_at
        latest = returns.adjudicate.within.after(objection.at, terms.city_zone, case.terms.calendar or terms.calendar)
        yield Break(why="objection", begins=objection.at, ends=over or latest, over=over is not None)


def _stands_still(case: Case, order: Order, key: LimitName) -> bool:
    if order.ended_at is not None:
        return False
    pause = case.pause
    waiting = pause is not None and pause.order == order.index and key in _pause_rules(case, pause)
    disputed = order.objection is not None and key in case.terms_at(order.dispatched_at).returns.pauses
    return waiting or disputed


def _pause_rules(case: Case, pause: Pause) -> tuple[LimitName, ...]:
    terms = case.terms_at(pause.begun_at)
    rules = terms.waiting if pause.kind == "complainant" else terms.account
    return rules.pauses if rules else ()


def _adjudications(
    case: Case, name: str, objections: Iterable[Objection], numbers: Iterator[int], ended: datetime | None
) -> Iterator[Clock]:
    for objection in objections:
        number = next(numbers)
        if limit := case.terms_at(objection.at).returns.adjudicate:
            over = objection.lapsed_at or ended
            since = "refusal" if name == "assist_adjudication" else "objection"
            yield _span(case, name, number, None, limit, since, objection.at, objection.decided_at, over)


def _decisions(case: Case, order: Order, numbers: Iterator[int]) -> Iterator[Clock]:
    for asked in order.extensions:
        number = next(numbers)
        if limit := case.terms_at(asked.at).extension:
            over = asked.lapsed_at or order.ended_at
            yield _span(case, "extension", number, None, limit, "request", asked.at, asked.decided_at, over)


def _of_the_assist(case: Case, assist: Assist) -> Iterator[Clock]:
    rules = case.terms_at(assist.called_at).assist
    if rules is None:
        return
    index, unit, start, ended, done = assist.index, assist.unit, assist.called_at, assist.ended_at, assist.reported_at
    signed = assist.acknowledged_at or done
    yield _span(case, "assist_acknowledgment", index, unit, rules.acknowledge, "whistle", start, signed, ended)
    yield _span(case, "assist_report", index, unit, rules.report, "whistle", start, done, ended)


def _reviews(case: Case, pause: Pause) -> Iterator[Clock]:
    rules = case.terms_at(pause.begun_at).account
    if pause.kind != "account" or rules is None:
        return
    starts = (pause.begun_at, *pause.reviews)
    for place, due in enumerate(pause.reviews):
        met = pause.reviewed[place] if place < len(pause.reviewed) else None
        start = min(starts[place], due)
        terms = case.terms_at(pause.begun_at)
        number = _reviews_before(case, pause) + place + 1
        since = "hold" if place == 0 else "the review before"
        yield Clock("review", number, pause.unit, rules, None, due, since, start, met, pause.ended_at, terms)


def _reviews_before(case: Case, pause: Pause) -> int:
    return sum(len(earlier.reviews) for earlier in case.pauses[: pause.index - 1])
