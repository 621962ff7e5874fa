"""What the complainant says, wants and may still want after the end (Art. 8, 23)."""

from collections.abc import Iterator
from datetime import datetime, time, timedelta

from cases.case import Case
from cases.commands import Appeal, CallBack, Rate, Reopen, Supplement, Urge, Withdraw
from cases.deciding.steps import Asked, Decider, check_window, closed, dispatched, how_often, resumed, written
from cases.errors import RefusalError
from cases.events import (
    Answered,
    Appealed,
    Fact,
    NotReached,
    Rated,
    Referred,
    Reopened,
    Supplemented,
    Urged,
)
from cases.rules import CallBackRules
from cases.vocabulary import Outcome, Value


def _called_back(asked: Asked) -> Iterator[Fact]:
    act: CallBack = asked.act
    case, order = asked.case, asked.order
    due = case.callback(order)
    if due is None or (rules := due[1].callback) is None:
        return
    if not act.reached or act.solved is None:
        yield from _not_reached(asked, rules, act.note)
        return
    if case.pause is not None:
        yield from resumed(case, asked.now, "contact with the complainant")
    yield Answered(
        order=order.index,
        contacted=act.contacted,
        solved=act.solved,
        satisfaction=act.satisfaction,
        note=act.note,
    )
    now_answered = case.model_copy(update={"pauses": ()})
    if act.solved:
        yield from closed(now_answered, asked.now, Outcome.SOLVED)
    elif order.report is Outcome.EXPLAINED:
        yield from closed(now_answered, asked.now, Outcome.EXPLAINED, order.report_note)
    elif case.rounds + 1 < rules.rounds:
        reason = "the complainant says it is not solved (Art. 23)"
        yield from dispatched(case, order.unit, order.copy_to, reason)
    elif rules.exhausted == "supervisor":
        yield Referred(order=order.index, reason=f"not solved after {case.rounds + 1} rounds; a supervisor decides")
    else:
        yield from closed(now_answered, asked.now, Outcome.UNSOLVED, f"not solved after {case.rounds + 1} rounds")


def _not_reached(asked: Asked, rules: CallBackRules, note: str) -> Iterator[Fact]:
    case, order = asked.case, asked.order
    earliest = next_attempt(case, rules, asked.now)
    if asked.now < earliest:
        told = written(earliest)
        raise RefusalError(
            "callback_too_soon",
            f"an attempt that reaches nobody counts only in the hours of the policy and {rules.apart} after the one "
            f"before; try again from {told}",
            source="Art. 23",
        )
    yield NotReached(order=order.index, attempt=order.attempts + 1, note=note)
    if order.attempts + 1 < rules.attempts:
        return
    if order.reported_at is not None:
        yield from closed(case, asked.now, Outcome.UNREACHABLE, f"not reached in {rules.attempts} call-backs")


def next_attempt(case: Case, rules: CallBackRules, now: datetime) -> datetime:
    """From when on an attempt that reaches nobody counts: `now` if it counts already; in the city's zone."""
    order = case.order
    due = case.callback(order) if order else None
    terms = due[1] if due else case.terms
    earliest = now.astimezone(terms.city_zone)
    if order is not None and order.attempted_at is not None:
        earliest = max(earliest, rules.apart.after(order.attempted_at, terms.city_zone, terms.calendar))
    if rules.hours is None:
        return earliest
    opens, closes = rules.hours.opens, rules.hours.closes
    if earliest.time() < opens:
        return datetime.combine(earliest.date(), opens, earliest.tzinfo)
    if closes != time(0) and earliest.time() >= closes:
        return datetime.combine(earliest.date() + timedelta(days=1), opens, earliest.tzinfo)
    return earliest


def _withdraw(asked: Asked) -> Iterator[Fact]:
    act: Withdraw = asked.act
    yield from closed(asked.case, asked.now, Outcome.WITHDRAWN, act.reason)


def _supplement(asked: Asked) -> Iterator[Fact]:
    act: Supplement = asked.act
    if asked.case.pause is not None and asked.case.pause.kind == "complainant":
        yield from resumed(asked.case, asked.now, "contact with the complainant")
    yield Supplemented(channel=act.channel, note=act.note, attachment=act.attachment)


def _urge(asked: Asked) -> Iterator[Fact]:
    act: Urge = asked.act
    case, rules = asked.case, asked.case.terms.urging
    if rules is None:
        return
    if len(case.urges) >= rules.at_most:
        raise RefusalError(
            "urged_enough",
            f"the policy lets a case be urged {how_often(rules.at_most)}; whoever holds it was told each time",
        )
    if case.urges:
        again = rules.apart.after(case.urges[-1], case.terms.city_zone, case.terms.calendar)
        if asked.now < again:
            told = written(again)
            raise RefusalError("urged_recently", f"it was urged less than {rules.apart} ago; urge again from {told}")
    yield Urged(times=len(case.urges) + 1, note=act.note)


def _rate(asked: Asked) -> Iterator[Fact]:
    act: Rate = asked.act
    yield Rated(satisfaction=act.satisfaction, note=act.note)


def _reopen(asked: Asked) -> Iterator[Fact]:
    act: Reopen = asked.act
    case, rules = asked.case, asked.case.terms.reopening
    if rules is None:
        return
    if case.reopened >= rules.times:
        raise RefusalError("reopened_enough", f"the policy lets a case be reopened {how_often(rules.times)}")
    check_window(case, asked.now, rules.within, "reopen")
    yield Reopened(reason=act.reason)
    last = case.orders[-1] if case.orders else None
    # A unit that gave the case back, or had it before an appeal, does not get it again by itself.
    if last is not None and not last.returned and last.stage == case.stage:
        yield from dispatched(case, last.unit, last.copy_to, f"reopened: {act.reason}")


def _appeal(asked: Asked) -> Iterator[Fact]:
    act: Appeal = asked.act
    case, rules = asked.case, asked.case.terms.appeal
    if rules is None:
        return
    if case.stage > rules.times:
        raise RefusalError(
            "appealed_enough", f"the policy lets one appeal {how_often(rules.times)}; this was the last reviewer"
        )
    if rules.unlocked_by and case.satisfaction not in rules.unlocked_by:
        raise RefusalError(
            "appeal_locked", f"an appeal is open after a rating of: {', '.join(rules.unlocked_by)}; rate the case first"
        )
    check_window(case, asked.now, rules.within, "appeal")
    yield Appealed(stage=case.stage + 1, reason=act.reason)


DECIDERS: dict[type[Value], Decider] = {
    CallBack: _called_back,
    Withdraw: _withdraw,
    Supplement: _supplement,
    Urge: _urge,
    Rate: _rate,
    Reopen: _reopen,
    Appeal: _appeal,
}
