"""Every limit of a case, recomputed from what happened, with its arithmetic."""

from collections import OrderedDict
from collections.abc import Iterator
from datetime import UTC, datetime
from enum import StrEnum
from threading import Lock
from zoneinfo import ZoneInfo

from pydantic import AwareDatetime

from cases.calendar import Calendar
from cases.case import Case
from cases.clocks import Clock, clocks
from cases.counting import Break, Counter, run_out
from cases.limits import Budget
from cases.vocabulary import Value


class Standing(StrEnum):
    """How a deadline stands. A late one stays late for ever."""

    RUNNING = "running"
    PAUSED = "paused"
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
    """One limit of one duty. `id` is its name and which time it runs, counting from 1; `unit` has the duty.

    While its clock stands still, `due_at` is when it would be due if the break lasted as long as it may.
    """

    id: str
    name: str
    unit: str | None
    starts_at: AwareDatetime
    budget: str
    breaks: tuple[Break, ...] = ()
    extensions: tuple[str, ...] = ()
    due_at: AwareDatetime
    stopped_at: AwareDatetime | None
    standing: Standing
    stands_still: bool = False
    explanation: str
    rungs: tuple[Rung, ...]

    @property
    def runs(self) -> bool:
        """Whether its clock still runs, or will run on."""
        return self.stopped_at is None


class _Lately:
    """The deadlines of the cases that were told last, in the order of their clocks.

    Each step of a case is told in several ways, right after each other, and reckoning is most of telling. The step
    after it begins with the same case, when some other cases were told in between.
    """

    def __init__(self) -> None:
        self._found: OrderedDict[int, tuple[Case, tuple[Deadline, ...]]] = OrderedDict()
        self._lock = Lock()

    def get(self, case: Case) -> tuple[Deadline, ...] | None:
        with self._lock:
            found = self._found.get(id(case))
        return found[1] if found is not None and found[0] is case else None

    def put(self, case: Case, reckoned: tuple[Deadline, ...]) -> None:
        with self._lock:
            self._found[id(case)] = case, reckoned
            self._found.move_to_end(id(case))
            if len(self._found) > _KNOWN:
                self._found.popitem(last=False)


_KNOWN = 64
_lately = _Lately()


def deadlines(case: Case) -> list[Deadline]:
    """All deadlines the case has had, in the order in which they began."""
    known = _lately.get(case)
    if known is None:
        known = tuple(_deadline(case, clock) for clock in clocks(case))
        _lately.put(case, known)
    return sorted(known, key=lambda deadline: deadline.starts_at)


def running(case: Case) -> list[Deadline]:
    """The deadlines whose clocks run or stand still, the next one due first."""
    known = _lately.get(case)
    # Either way in the order of the clocks, which decides between two that are due at once: a case must go the same way
    # wherever it is played again.
    live = [one for one in known if one.runs] if known is not None else [_deadline(case, one) for one in _live(case)]
    return sorted(live, key=lambda deadline: deadline.due_at.astimezone(UTC))


def next_due(case: Case) -> tuple[str, datetime] | None:
    """The name of the first of the running deadlines, and when it is due: far less work than all of them."""
    dues = ((clock.name, _due(_counted(clock), clock.terms.city_zone, _calendar(case, clock))) for clock in _live(case))
    return min(dues, key=lambda due: due[1].astimezone(UTC), default=None)


def pending_rungs(case: Case, deadline: Deadline) -> list[Rung]:
    """The alarms that a deadline has not raised yet, in order of time; none while it stands still."""
    if not deadline.runs or deadline.stands_still:
        return []
    raised = case.marks.get(deadline.id, ())
    return [rung for rung in deadline.rungs if rung.mark not in raised]


def next_alarm(case: Case) -> datetime | None:
    """When the case must be looked at again: its earliest warning, breach or ladder step, or the end of a pause."""
    alarms = [rung.at for one in running(case) for rung in pending_rungs(case, one)]
    if case.pause is not None:
        alarms.append(case.pause.until)
    # In UTC: as the clocks read, an alarm of the hour that is doubled in autumn could come before an earlier one.
    return min(alarms, key=lambda at: at.astimezone(UTC), default=None)


def _deadline(case: Case, clock: Clock) -> Deadline:
    zone, calendar = clock.terms.city_zone, _calendar(case, clock)
    identity = f"{clock.name}/{clock.times}"
    stopped = clock.met_at or clock.ended_at
    clock = _counted(clock)
    due = _due(clock, zone, calendar)
    return Deadline(
        id=identity,
        name=clock.name,
        unit=clock.unit,
        starts_at=clock.start,
        budget=str(clock.within or "until then"),
        breaks=clock.breaks,
        extensions=tuple(map(str, clock.extensions)),
        due_at=due,
        stopped_at=stopped,
        standing=_standing(case, clock, identity),
        stands_still=clock.stands_still and stopped is None,
        explanation=_explanation(clock, due, zone),
        rungs=tuple(_rungs(clock, due, zone, calendar)),
    )


def _live(case: Case) -> Iterator[Clock]:
    return (clock for clock in clocks(case) if clock.met_at is None and clock.ended_at is None)


def _counted(clock: Clock) -> Clock:
    """A clock with the breaks that it stood still for, as far as it did."""
    stopped = clock.met_at or clock.ended_at
    breaks = (_until(stopped, one) for one in clock.breaks if _before(stopped, one))
    return clock._replace(breaks=tuple(one for one in breaks if one.ends > clock.start))


def _before(stopped: datetime | None, one: Break) -> bool:
    return stopped is None or one.begins < stopped


def _until(stopped: datetime | None, one: Break) -> Break:
    """As much of a break as a clock that has stopped stood still for: how long it lasts on changes nothing more."""
    if stopped is None or (one.over and one.ends <= stopped):
        return one
    return one.model_copy(update={"ends": stopped, "over": True})


def _calendar(case: Case, clock: Clock) -> Calendar | None:
    """The calendar in force, so that holidays announced later count; once the clock has stopped, that of the time."""
    stopped = clock.met_at or clock.ended_at
    in_force = case.terms_at(stopped) if stopped is not None else case.terms
    # More time may have been granted by a calendar that came and went with terms in between.
    earlier = (one.terms.calendar for one in reversed(case.superseded) if one.terms.calendar is not None)
    return in_force.calendar or clock.terms.calendar or next(earlier, None)


def _due(clock: Clock, zone: ZoneInfo, calendar: Calendar | None) -> datetime:
    if clock.within is None:
        return (clock.due or clock.start).astimezone(zone)
    due = run_out(clock.within, clock.start, zone, calendar, clock.breaks)
    for more in clock.extensions:
        due = run_out(more, due, zone, calendar, clock.breaks)
    return due


def _standing(case: Case, clock: Clock, identity: str) -> Standing:
    late = "breach" in case.marks.get(identity, ())
    if clock.met_at is not None:
        return Standing.MET_LATE if late else Standing.MET
    if late:
        return Standing.BREACHED
    if clock.ended_at is not None:
        return Standing.LIFTED
    return Standing.PAUSED if clock.stands_still else Standing.RUNNING


def _rungs(clock: Clock, due: datetime, zone: ZoneInfo, calendar: Calendar | None) -> Iterator[Rung]:
    unit = clock.within.unit if clock.within else "second"
    counter = Counter(unit, zone, calendar)
    whole = counter.counted(clock.start, due, clock.breaks) if clock.alarms.warn else None
    for share in sorted(clock.alarms.warn):
        if whole is None:
            break
        at = counter.run_out(whole * share, clock.start, clock.breaks)
        again = f" extended {len(clock.extensions)}" if clock.extensions else ""
        # Warnings of the longer time that lie before it was granted would tell what is past.
        if clock.extended_at is None or at > clock.extended_at:
            yield Rung(mark=f"warning {share:g}{again}", at=at, tell=("unit",))
    at_once = [who for step in clock.alarms.ladder if step.after.amount == 0 for who in step.tell]
    yield Rung(mark="breach", at=due, tell=tuple(dict.fromkeys(("unit", *at_once))))
    for step in clock.alarms.ladder:
        if step.after.amount:
            after = run_out(step.after, due, zone, calendar, clock.breaks)
            yield Rung(mark=f"ladder {step.after}", at=after, tell=step.tell)


def _explanation(clock: Clock, due: datetime, zone: ZoneInfo) -> str:
    terms = clock.terms
    parts = [f"{clock.within or 'set'} from {clock.since} at {_told(clock.start, zone)}"]
    parts += [f"extended by {more}" for more in clock.extensions]
    parts.append(f"counted {_how(clock.within)}")
    parts += [
        f"standing still from {_told(one.begins, zone)} to {_told(one.ends, zone)}"
        f"{'' if one.over else ' at the latest'} ({one.why})"
        for one in clock.breaks
    ]
    parts.append(f"end at {_told(due, zone)} ({terms.zone})")
    return f"{', '.join(parts)}; policy {terms.policy} {terms.version}, level {terms.level}"


def _how(budget: Budget | None) -> str:
    return "by the working calendar" if budget is not None and budget.counts_work else "around the clock"


def _told(moment: datetime, zone: ZoneInfo) -> str:
    return moment.astimezone(zone).isoformat(sep=" ", timespec="seconds")
