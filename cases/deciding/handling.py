"""What the unit that leads does, and what it may be granted (Art. 13 to 15, 20)."""

from collections.abc import Iterator
from datetime import datetime

from cases.case import Case
from cases.commands import (
    Acknowledge,
    AssistReport,
    Contact,
    DecideExtension,
    Escalate,
    Hold,
    Progress,
    Report,
    RequestExtension,
    Resume,
    Review,
    Wait,
)
from cases.deadlines import deadlines
from cases.deciding.steps import Asked, Decider, ended_without_callback, how_often, resumed
from cases.errors import RefusalError
from cases.events import (
    Acknowledged,
    Contacted,
    ExtensionDecided,
    ExtensionRequested,
    Fact,
    LateReport,
    Paused,
    Progressed,
    RaisedUp,
    Reported,
    Reviewed,
)
from cases.limits import Budget
from cases.vocabulary import Outcome, Value


def late(case: Case, act: Contact | Progress | Report | AssistReport, unit: str) -> Iterator[Fact]:
    """What a unit tells of a case that has ended: kept, and nothing else."""
    outcome = Outcome(act.outcome) if isinstance(act, Report) else None
    yield LateReport(order=case.orders[-1].index, unit=unit, act=act.type, outcome=outcome, note=act.note)


def _acknowledge(asked: Asked) -> Iterator[Fact]:
    act: Acknowledge = asked.act
    yield Acknowledged(order=asked.order.index, unit=asked.order.unit, note=act.note)


def _contact(asked: Asked) -> Iterator[Fact]:
    act: Contact = asked.act
    if asked.case.pause is not None and asked.case.pause.kind == "complainant":
        yield from resumed(asked.case, asked.now, "contact with the complainant")
    yield Contacted(order=asked.order.index, unit=asked.order.unit, note=act.note)


def _progress(asked: Asked) -> Iterator[Fact]:
    act: Progress = asked.act
    yield Progressed(order=asked.order.index, unit=asked.order.unit, note=act.note)


def _report(asked: Asked) -> Iterator[Fact]:
    act: Report = asked.act
    case, order = asked.case, asked.order
    missing = tuple(assist.index for assist in case.assists if assist.outstanding)
    if missing and not act.missing_reason:
        units = ", ".join(assist.unit for assist in case.assists if assist.outstanding)
        raise RefusalError(
            "assist_reports_missing",
            f"missing_reason: {units} called in have not reported; wait for them, or say why you report without",
            source="Art. 16",
        )
    yield from resumed(case, asked.now, "the unit reported")
    yield Reported(
        order=order.index,
        unit=order.unit,
        outcome=act.outcome,
        note=act.note,
        missing=missing,
        missing_reason=act.missing_reason if missing else "",
    )
    yield from ended_without_callback(case, order, asked.now, Outcome(act.outcome), act.note)


def _request_extension(asked: Asked) -> Iterator[Fact]:
    act: RequestExtension = asked.act
    rules, order = asked.case.terms.extension, asked.order
    if rules is None:
        return
    if len(order.granted) >= rules.times:
        raise RefusalError(
            "extensions_exhausted",
            f"the policy lets an order be extended {how_often(rules.times)}, which it was; report, or escalate it",
            source="Art. 15",
        )
    _check_length(asked.case, asked.now, act.by, rules.at_most, f"the policy allows {rules.at_most} each time")
    yield ExtensionRequested(order=order.index, unit=order.unit, by=act.by, reason=act.reason)


def _decide_extension(asked: Asked) -> Iterator[Fact]:
    act: DecideExtension = asked.act
    order = asked.order
    request = order.extension
    if request is None:
        return
    by = act.by or request.by
    if act.by is not None and not act.granted:
        raise RefusalError("nothing_granted", "by: nothing is granted; leave it out, or grant it", source="Art. 15")
    if act.granted:
        _check_length(asked.case, asked.now, by, request.by, f"the unit asked for {request.by}")
    yield ExtensionDecided(
        order=order.index, unit=order.unit, granted=act.granted, by=by if act.granted else request.by, reason=act.reason
    )


def _check_length(case: Case, now: datetime, by: Budget, bound: Budget, told: str) -> None:
    terms = case.terms
    due = next((one.due_at for one in reversed(deadlines(case)) if one.name == "resolution"), now)
    if (by.counts_work or bound.counts_work) and terms.calendar is None:
        counted = by if by.counts_work else bound
        told = f"by: {counted} cannot be counted: the policy has no working calendar; ask for hours or days"
        raise RefusalError("no_calendar", told)
    latest = bound.after(due, terms.city_zone, terms.calendar)
    if not by.amount or by.after(due, terms.city_zone, terms.calendar) > latest:
        raise RefusalError(
            "extension_too_long", f"by: {told}; name that much or less, but more than nothing", source="Art. 15"
        )


def _wait(asked: Asked) -> Iterator[Fact]:
    act: Wait = asked.act
    case, order, rules = asked.case, asked.order, asked.case.terms.waiting
    if rules is None:
        return
    waited = sum(pause.kind == "complainant" and pause.order == order.index for pause in case.pauses)
    if waited >= rules.times:
        raise RefusalError(
            "waits_exhausted",
            f"the policy lets an order wait for the complainant {how_often(rules.times)}; go on, or ask for more time",
        )
    until = rules.at_most.after(asked.now, case.terms.city_zone, case.terms.calendar)
    yield Paused(
        pause=len(case.pauses) + 1,
        kind="complainant",
        order=order.index,
        unit=order.unit,
        reason=act.reason,
        until=until,
    )


def _hold(asked: Asked) -> Iterator[Fact]:
    act: Hold = asked.act
    case, order, rules = asked.case, asked.order, asked.case.terms.account
    if rules is None:
        return
    latest = rules.at_most.after(asked.now, case.terms.city_zone, case.terms.calendar)
    if act.until > latest:
        told = latest.isoformat(sep=" ", timespec="minutes")
        raise RefusalError(
            "hold_too_long", f"until: the policy allows {rules.at_most}, until {told}; name that or an earlier date"
        )
    if act.reviews[0] <= asked.now:
        raise RefusalError("review_past", "reviews: the first date lies in the past; review it from now on")
    yield Paused(
        pause=len(case.pauses) + 1,
        kind="account",
        order=order.index,
        unit=order.unit,
        reason=act.plan,
        until=act.until,
        plan=act.plan,
        owner=act.owner,
        exit=act.exit,
        reviews=act.reviews,
    )


def _review(asked: Asked) -> Iterator[Fact]:
    act: Review = asked.act
    pause = asked.case.pause
    if pause is None:
        return
    if len(pause.reviewed) >= len(pause.reviews):
        raise RefusalError("reviews_done", "all its reviews are done; resume it, or let it end at its date")
    done = len(pause.reviewed)
    if done and asked.now < pause.reviews[done - 1]:
        # Else all the reviews of a year could be ticked off on the first day.
        told = pause.reviews[done - 1].astimezone(asked.case.terms.city_zone).isoformat(sep=" ", timespec="minutes")
        raise RefusalError("review_early", f"the review of {told} is done already; review again after that date")
    yield Reviewed(pause=pause.index, note=act.note)


def _resume(asked: Asked) -> Iterator[Fact]:
    act: Resume = asked.act
    yield from resumed(asked.case, asked.now, act.reason)


def _escalate(asked: Asked) -> Iterator[Fact]:
    act: Escalate = asked.act
    order = asked.order
    to = act.to or order.copy_to or "supervisor"
    if to == order.unit:
        raise RefusalError(
            "same_unit", f"to: {to} holds the order; name who is above it, or leave it out", source="Art. 20"
        )
    yield RaisedUp(order=order.index, unit=order.unit, to=to, reason=act.reason)


DECIDERS: dict[type[Value], Decider] = {
    Acknowledge: _acknowledge,
    Contact: _contact,
    Progress: _progress,
    Report: _report,
    RequestExtension: _request_extension,
    DecideExtension: _decide_extension,
    Wait: _wait,
    Hold: _hold,
    Review: _review,
    Resume: _resume,
    Escalate: _escalate,
}
