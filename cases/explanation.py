"""Why a case is where it is: what moved it, and what every limit of it was computed from, in order of time.

Pure, so that every interface tells the same. Names no complainant: what was brought is in the case itself.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Literal
from zoneinfo import ZoneInfo

from pydantic import AwareDatetime

from cases.case import Case
from cases.deadlines import Deadline, Standing, deadlines, running
from cases.events import Event
from cases.telling import told
from cases.vocabulary import Status, Value

_STANDING = {
    Standing.RUNNING: "it runs",
    Standing.PAUSED: "it stands still",
    Standing.BREACHED: "breached",
    Standing.MET: "met",
    Standing.MET_LATE: "met late",
    Standing.LIFTED: "needed no more",
}


class Entry(Value):
    """One thing that explains where a case is: something that happened, or a limit that began then.

    `what` is the type of the fact, or `deadline`; `seq` is the event that tells all of it, `deadline` the limit with
    its arithmetic.
    """

    at: AwareDatetime
    about: Literal["event", "deadline"]
    what: str
    text: str
    unit: str | None = None
    seq: int | None = None
    deadline: Deadline | None = None


class Explanation(Value):
    """Where a case is, and everything that brought it there."""

    number: str
    status: Status
    unit: str | None
    because: str
    entries: tuple[Entry, ...]


def explain(case: Case, events: Iterable[Event]) -> Explanation:
    """The explanation of a case that its events add up to."""
    # What happened at a moment comes before the limits that it began.
    entries = sorted([*_happenings(case, events), *_limits(case)], key=lambda entry: entry.at)
    return Explanation(
        number=case.number, status=case.status, unit=case.unit, because=_because(case), entries=tuple(entries)
    )


def lines(explanation: Explanation, zone: ZoneInfo) -> list[str]:
    """All of an explanation for people to read, a line each, with moments in a zone."""
    return [explanation.because, *(f"{_written(one.at, zone)} {one.text}" for one in explanation.entries)]


def _happenings(case: Case, events: Iterable[Event]) -> Iterator[Entry]:
    for event in events:
        if (text := told(event.fact, case.terms.city_zone)) is not None:
            unit = getattr(event.fact, "unit", None)
            yield Entry(at=event.at, about="event", what=event.fact.type, text=text, unit=unit, seq=event.seq)


def _limits(case: Case) -> Iterator[Entry]:
    for one in deadlines(case):
        ended = f" at {_written(one.stopped_at, case.terms.city_zone)}" if one.stopped_at is not None else ""
        text = f"limit {one.id} of {one.unit or 'the hotline'}: {one.explanation}; {_STANDING[one.standing]}{ended}"
        yield Entry(at=one.starts_at, about="deadline", what="deadline", text=text, unit=one.unit, deadline=one)


def _because(case: Case) -> str:
    where = "; ".join([_where(case), *_still(case)])
    due = next(iter(running(case)), None)
    if due is None:
        return f"{where.rstrip('.')}."
    return f"{where.rstrip('.')}. Next due: {due.id} at {_written(due.due_at, case.terms.city_zone)}."


def _where(case: Case) -> str:
    if case.closure is not None:
        why = case.closure.reason or case.advised
        return f"closed, {case.closure.outcome}{f': {why}' if why else ''}"
    if case.status is Status.RECEIVED or not case.orders:
        waits = "a supervisor" if case.awaits_supervisor else "the desk"
        return f"with {waits}: {case.to_desk or 'it waits for dispatch'}"
    order = case.orders[-1]
    through = f", through the incident {order.incident}" if order.incident else ""
    return f"{case.status} with {order.unit}{through}, by order {order.index}: {order.reason}"


def _still(case: Case) -> Iterator[str]:
    order, pause = case.order, case.pause
    if pause is not None:
        why = "it waits for the complainant" if pause.kind == "complainant" else "it is on account"
        yield f"{why} until {_written(pause.until, case.terms.city_zone)} at the latest: {pause.reason}"
    if order is not None and order.objection is not None:
        yield f"{order.unit} objects, and the desk has not decided: {order.objection.reason}"
    if order is not None and order.extension is not None:
        yield f"{order.unit} asked for {order.extension.by} more, and no supervisor has decided"
    for assist in case.assists:
        if assist.outstanding:
            yield f"{assist.unit}, called in by {assist.called_by}, has still to report: {assist.task}"


def _written(moment: datetime, zone: ZoneInfo) -> str:
    return moment.astimezone(zone).isoformat(sep=" ", timespec="seconds")
