"""Every limit of a case, recomputed from what happened, with its arithmetic."""

from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple
from zoneinfo import ZoneInfo

from pydantic import AwareDatetime

from cases.case import Case, Order
from cases.limits import Anchor, Limit
from cases.policy import Terms
from cases.vocabulary import Value


class Standing(StrEnum):
    """How a deadline stands. A late one stays late for ever."""

    RUNNING = "running"
    BREACHED = "breached"
    MET = "met"
    MET_LATE = "met_late"
    LIFTED = "lifted"


class Rung(Value):
    """One alarm that a deadline raises while it runs: a warning, the breach, or a step of the ladder."""

    mark: str
    at: AwareDatetime
    tell: tuple[str, ...]


class Deadline(Value):
    """One limit of one order. `id` is its name and which time it runs, counting from 1."""

    id: str
    name: str
    unit: str | None
    starts_at: AwareDatetime
    due_at: AwareDatetime
    stopped_at: AwareDatetime | None
    standing: Standing
    explanation: str
    rungs: tuple[Rung, ...]

    @property
    def runs(self) -> bool:
        """Whether its clock still runs."""
        return self.stopped_at is None


def deadlines(case: Case) -> list[Deadline]:
    """All deadlines the case has had, in the order in which they began."""
    return sorted(_all(case), key=lambda deadline: deadline.starts_at)


def running(case: Case) -> list[Deadline]:
    """The deadlines whose clocks run, the next one due first."""
    return sorted((one for one in _all(case) if one.runs), key=lambda deadline: deadline.due_at)


def pending_rungs(case: Case, deadline: Deadline) -> list[Rung]:
    """The alarms that a deadline has not raised yet, in order of time."""
    raised = case.marks.get(deadline.id, ())
    return [rung for rung in deadline.rungs if deadline.runs and rung.mark not in raised]


def next_alarm(case: Case) -> datetime | None:
    """When the case must be looked at again: its earliest pending warning, breach or ladder step."""
    return min((rung.at for one in running(case) for rung in pending_rungs(case, one)), default=None)


class _Clock(NamedTuple):
    """What a deadline is computed from. It stops when its duty is met, or ends without that."""

    name: str
    times: int
    unit: str | None
    limit: Limit
    since: str
    start: datetime
    met_at: datetime | None
    ended_at: datetime | None


def _all(case: Case) -> Iterator[Deadline]:
    for clock in _clocks(case):
        yield _deadline(case, clock)


def _clocks(case: Case) -> Iterator[_Clock]:
    closed_at = case.closure.at if case.closure else None
    for index, wait in enumerate(case.desk, start=1):
        since = "receipt" if index == 1 else "return"
        yield _Clock("dispatch", index, None, case.terms.dispatch, since, wait.since, wait.until, closed_at)
    for order in case.orders:
        yield from _order_clocks(case, order)
        if order.reported_at is not None:
            met = order.ended_at if order.called_back else None
            limit = case.terms.callback
            yield _Clock("callback", order.index, None, limit, "report", order.reported_at, met, order.ended_at)


def _order_clocks(case: Case, order: Order) -> Iterator[_Clock]:
    anchors = {
        Anchor.RECEIPT: case.complaint.received_at,
        Anchor.DISPATCH: order.dispatched_at,
        Anchor.ACKNOWLEDGMENT: order.acknowledged_at,
    }
    terms = case.terms
    for name, limit, met in (
        ("acknowledgment", terms.acknowledge, order.acknowledged_at),
        ("handling", terms.handle, order.contacted_at or order.reported_at),
        ("resolution", terms.resolve, order.reported_at),
    ):
        start = anchors[limit.counts_from]
        if start is not None:
            yield _Clock(name, order.index, order.unit, limit, limit.counts_from, start, met, order.ended_at)


def _deadline(case: Case, clock: _Clock) -> Deadline:
    terms, zone = case.terms, case.terms.city_zone
    identity = f"{clock.name}/{clock.times}"
    due = clock.limit.within.after(clock.start, zone, terms.calendar)
    late = "breach" in case.marks.get(identity, ())
    if clock.met_at is not None:
        standing = Standing.MET_LATE if late else Standing.MET
    elif late:
        standing = Standing.BREACHED
    else:
        standing = Standing.RUNNING if clock.ended_at is None else Standing.LIFTED
    return Deadline(
        id=identity,
        name=clock.name,
        unit=clock.unit,
        starts_at=clock.start,
        due_at=due,
        stopped_at=clock.met_at or clock.ended_at,
        standing=standing,
        explanation=(
            f"{clock.limit.within} from {clock.since} at {_told(clock.start, zone)}, "
            f"counted {_how(clock.limit)}, end at {_told(due, zone)} ({terms.zone}); "
            f"policy {terms.policy} {terms.version}, level {terms.level}"
        ),
        rungs=tuple(_rungs(clock.limit, clock.start, due, terms)),
    )


def _how(limit: Limit) -> str:
    return "by the working calendar" if limit.within.counts_work else "around the clock"


def _rungs(limit: Limit, start: datetime, due: datetime, terms: Terms) -> Iterator[Rung]:
    zone, calendar = terms.city_zone, terms.calendar
    for share in sorted(limit.warn):
        yield Rung(mark=f"warning {share:g}", at=_part_of(limit, start, due, share, terms), tell=("unit",))
    at_once = [who for step in limit.ladder if step.after.amount == 0 for who in step.tell]
    yield Rung(mark="breach", at=due, tell=tuple(dict.fromkeys(("unit", *at_once))))
    for step in limit.ladder:
        if step.after.amount:
            yield Rung(mark=f"ladder {step.after}", at=step.after.after(due, zone, calendar), tell=step.tell)


def _part_of(limit: Limit, start: datetime, due: datetime, share: float, terms: Terms) -> datetime:
    """The moment at which a share of a limit's time has passed: of its working time, where it counts that."""
    if limit.within.counts_work and terms.calendar is not None:
        whole = terms.calendar.between(start, due, terms.city_zone)
        return terms.calendar.after_hours(start, whole * share, terms.city_zone)
    return start + (due - start) * share


def _told(moment: datetime, zone: ZoneInfo) -> str:
    return moment.astimezone(zone).isoformat(sep=" ", timespec="seconds")
