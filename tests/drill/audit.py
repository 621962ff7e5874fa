"""Holding what callers were promised against what became of it. Pure: nothing is asked of anybody here."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise

from cases.deadlines import deadlines, pending_rungs
from cases.events import Alarm, Breached, Closed, Escalated, Event, Received, Warned
from cases.evolve import evolve, fold
from cases.order_form import OrderForm
from cases.owed import owed, seen_to
from tests.drill.breaking import Outage
from tests.drill.ledger import Arrival, Entry, address
from tests.drill.seen import History, Seen

PROMPT = 10.0
"""Seconds within which a deadline fires, after it falls due or after the service has recovered."""

FACTS = {
    "acknowledge": "acknowledged",
    "contact": "contacted",
    "report": "reported",
    "callback": "answered",
    "urge": "urged",
    "supplement": "supplemented",
    "withdraw": "closed",
}
"""What each step leaves in a case's history, once."""


@dataclass
class Account:
    """One kind of promise: what it says, how many were made, and every one that was broken, in words."""

    name: str
    promise: str
    made: int = 0
    broken: list[str] = field(default_factory=list)

    @property
    def kept(self) -> int:
        """How many were not broken."""
        return max(0, self.made - len(self.broken))


@dataclass(frozen=True)
class Firing:
    """One alarm that fired: how many seconds after it was due, or after the outage that it fell into was over."""

    case: str
    what: str
    late: float
    after_recovery: float
    in_outage: bool


def audit(seen: Seen) -> list[Account]:
    """Every kind of promise, with what became of it."""
    return [
        _answered(seen),
        _one_number(seen),
        _cases(seen),
        _acts(seen),
        _once(seen),
        _orders(seen),
        _mail(seen),
        _early(seen),
        _fired(seen),
        _prompt(seen),
        _records(seen),
        _drift(seen),
    ]


def firings(seen: Seen) -> list[Firing]:
    """Every alarm that fired, and how late it was."""
    return [
        firing(number, event, due, seen.outages)
        for number, history in seen.histories.items()
        for event, due in _alarms(history)
    ]


def firing(number: str, event: Event, due: datetime | None, outages: Sequence[Outage]) -> Firing:
    """How late one alarm was, given when it was due."""
    assert isinstance(event.fact, Alarm)
    fired = event.at.timestamp()
    since = base = due.timestamp() if due is not None else fired
    # An outage that begins before there was time to fire counts too, and so does the next one after that.
    for outage in sorted(outages, key=lambda one: one.began):
        ends = outage.answered or float("inf")
        if outage.fault.stops_deadlines and outage.began <= base + PROMPT and ends > base and outage.began <= fired:
            base = ends
    what = f"{event.fact.deadline} {event.fact.mark}"
    return Firing(number, what, fired - since, max(0.0, fired - base), in_outage=base != since)


def _answered(seen: Seen) -> Account:
    account = Account("answers", "whoever keeps asking is answered in the end")
    asked = dict.fromkeys((entry.reference, entry.step) for entry in seen.entries)
    done = {(entry.reference, entry.step) for entry in seen.entries if entry.accepted or entry.refused}
    account.made = len(asked)
    account.broken = [
        f"{reference}: {step} was never answered" for reference, step in asked if (reference, step) not in done
    ]
    return account


def _one_number(seen: Seen) -> Account:
    account = Account("numbers", "a complaint has one number, however often it is sent")
    numbers: dict[str, set[str]] = defaultdict(set)
    for entry in _accepted(seen, "receive"):
        numbers[entry.reference].add(entry.number)
    cases: dict[str, set[str]] = defaultdict(set)
    for number, history in seen.histories.items():
        if history and isinstance(history[0].fact, Received):
            cases[history[0].fact.complaint.source_ref or ""].add(number)
    account.made = len(numbers)
    for reference, some in numbers.items():
        both = some | cases[reference]
        if len(both) > 1:
            account.broken.append(f"{reference}: has the numbers {', '.join(sorted(both))}")
    return account


def _cases(seen: Seen) -> Account:
    account = Account("cases", "no accepted complaint is lost")
    promised = {entry.number for entry in _accepted(seen, "receive")}
    account.made = len(promised)
    for number in sorted(promised):
        if number in seen.unheard:
            account.broken.append(f"{number}: its workflow does not answer")
        elif not seen.histories.get(number):
            account.broken.append(f"{number}: promised, and unknown to the engine")
    return account


def _acts(seen: Seen) -> Account:
    account = Account("acts", "nothing that was accepted is lost")
    numbers = _numbers(seen)
    for step in FACTS:
        best: dict[str, Entry] = {}
        for entry in _accepted(seen, step):
            if entry.version >= best.get(entry.reference, entry).version:
                best[entry.reference] = entry
        account.made += len(best)
        for reference, entry in best.items():
            number = numbers.get(reference, "")
            history = seen.histories.get(number, ())
            if not _count(history, step):
                account.broken.append(f"{number}: {step} was accepted and is not in its history")
            elif len(history) < entry.version:
                account.broken.append(f"{number}: {step} promised version {entry.version}; it has {len(history)}")
    return account


def _once(seen: Seen) -> Account:
    account = Account("once", "nothing is done twice, and nothing that was refused is done")
    numbers = _numbers(seen)
    accepted = {(entry.reference, entry.step) for entry in seen.entries if entry.accepted}
    refused = {(entry.reference, entry.step) for entry in seen.entries if entry.refused}
    for reference, step in sorted(accepted | refused):
        if step == "receive":
            continue
        account.made += 1
        number = numbers.get(reference, "")
        times = _count(seen.histories.get(number, ()), step)
        if times > 1:
            account.broken.append(f"{number}: {step} was asked for once, and done {times} times")
        if times and (reference, step) not in accepted:
            account.broken.append(f"{number}: {step} was refused, and done")
    return account


def _orders(seen: Seen) -> Account:
    account = Account("orders", "a unit's system gets what it is owed, once in effect, and nothing else")
    forms: dict[str, OrderForm] = {}
    given_up: set[str] = set()
    for history in seen.histories.values():
        forms |= {form.key: form for form in owed(history)[0]}
        given_up |= seen_to(history)
    account.made = len(forms)
    _hold(account, {key: form.unit for key, form in forms.items()}, seen.arrivals)
    came = {arrival.key for arrival in seen.arrivals}
    account.broken += [
        f"{form.case_number}: {form.unit} was never told that it is {form.about} ({key})"
        for key, form in forms.items()
        if key not in came
    ]
    return account


def _hold(account: Account, expected: Mapping[str, str], arrivals: Sequence[Arrival]) -> None:
    said: dict[str, set[str]] = defaultdict(set)
    for arrival in arrivals:
        said[arrival.key].add(arrival.said)
        if arrival.key not in expected:
            account.broken.append(f"{arrival.case}: {arrival.to} got what nobody owed it ({arrival.key})")
        elif expected[arrival.key] != arrival.to:
            account.broken.append(
                f"{arrival.case}: {arrival.to} got what is for {expected[arrival.key]} ({arrival.key})"
            )
    account.broken += [
        f"{key}: came with {len(some)} different contents" for key, some in said.items() if len(some) > 1
    ]


def _mail(seen: Seen) -> Account:
    account = Account("notices", "a complainant gets every notice that is owed, once in effect, and no other")
    due: Counter[str] = Counter()
    references = {number: reference for reference, number in _numbers(seen).items()}
    for number, history in seen.histories.items():
        # What a history has of a person is sealed; callers know which address they left.
        to = address(references.get(number, ""))
        due[to] += sum(notice.to == "complainant" for notice in owed(history)[1])
    came: dict[str, set[str]] = defaultdict(set)
    said: dict[str, set[str]] = defaultdict(set)
    for arrival in seen.mail:
        came[arrival.to].add(arrival.key)
        said[arrival.key].add(arrival.said)
    account.made = sum(due.values())
    for to in sorted(due.keys() | came.keys()):
        if due[to] != len(came[to]):
            account.broken.append(f"{to}: is owed {due[to]} notices and got {len(came[to])}")
    account.broken += [
        f"{key}: came with {len(some)} different contents" for key, some in said.items() if len(some) > 1
    ]
    return account


def _early(seen: Seen) -> Account:
    account = Account("early", "no limit fires before its time")
    asked: dict[str, float] = {}
    for entry in seen.entries:
        if entry.step == "receive":
            asked.setdefault(entry.reference, entry.at)
    references = {number: reference for reference, number in _numbers(seen).items()}
    for number, history in seen.histories.items():
        for event, due in _alarms(history):
            account.made += 1
            assert isinstance(event.fact, Alarm)
            name = event.fact.deadline.split("/")[0]
            begun = asked.get(references.get(number, ""), float("-inf"))
            if due is None:
                account.broken.append(f"{number}: {event.fact.deadline} {event.fact.mark} fired, and was not running")
            elif event.at < due:
                account.broken.append(f"{number}: {event.fact.deadline} {event.fact.mark} fired {due - event.at} early")
            elif isinstance(event.fact, Breached) and event.at.timestamp() < begun + seen.within.get(name, 0.0):
                account.broken.append(f"{number}: {event.fact.deadline} fired before its limit from the first call on")
    return account


def _fired(seen: Seen) -> Account:
    account = Account("fired", "a limit that has passed has been found to have passed")
    now = datetime.fromtimestamp(seen.now - PROMPT, UTC)
    for number, history in seen.histories.items():
        if not history:
            continue
        case = fold(history)
        alarms = sum(isinstance(event.fact, Alarm) for event in history)
        missed = [
            (one, rung)
            for one in deadlines(case)
            for rung in (pending_rungs(case, one) if case.open else [])
            if rung.at < now
        ]
        account.made += alarms + len(missed)
        account.broken += [
            f"{number}: {one.id} {rung.mark} was due at {rung.at}, and has not fired" for one, rung in missed
        ]
        account.broken += _met_unnoticed(number, history)
    return account


def _met_unnoticed(number: str, history: History) -> Iterator[str]:
    """Duties that were done after their time without the breach being known."""
    for one in deadlines(fold(history)):
        if one.stopped_at is not None and one.standing in ("met", "lifted") and one.stopped_at > one.due_at:
            yield f"{number}: {one.id} was done at {one.stopped_at}, after {one.due_at}, and counts as in time"


def _prompt(seen: Seen) -> Account:
    account = Account("prompt", f"a limit fires within {PROMPT:g} s of its time, or of the service's recovery")
    for one in firings(seen):
        account.made += 1
        if one.after_recovery > PROMPT:
            where = "recovery" if one.in_outage else "its time"
            account.broken.append(f"{one.case}: {one.what} fired {one.after_recovery:.1f} s after {where}")
    return account


def _records(seen: Seen) -> Account:
    account = Account("records", "the register has of every case what happened, and nothing else")
    account.made = len(seen.histories)
    for number, history in seen.histories.items():
        record = seen.records.get(number, ())
        if list(record) != list(history):
            account.broken.append(f"{number}: {len(history)} events happened, {len(record)} are recorded, or others")
        if any(one.seq + 1 != next_.seq for one, next_ in pairwise(history)):
            account.broken.append(f"{number}: its history has a gap")
    return account


def _drift(seen: Seen) -> Account:
    account = Account("drift", "hotline reconcile finds nothing to mend")
    account.made = len(seen.histories)
    account.broken = list(seen.drifts)
    return account


def _alarms(history: History) -> Iterator[tuple[Event, datetime | None]]:
    """Every alarm that fired, with when it was due by the case as it was; none if it was not to fire at all."""
    case = None
    for event in history:
        if isinstance(event.fact, Warned | Breached | Escalated):
            assert case is not None
            ours = (one for one in deadlines(case) if one.id == event.fact.deadline)
            due = next(
                (rung.at for one in ours for rung in pending_rungs(case, one) if rung.mark == event.fact.mark), None
            )
            yield event, due
        case = evolve(case, event)


def _count(history: History, step: str) -> int:
    facts = [event.fact for event in history if event.cause is not None]
    if step == "withdraw":
        return sum(isinstance(fact, Closed) and fact.outcome == "withdrawn" for fact in facts)
    return sum(fact.type == FACTS[step] for fact in facts)


def _accepted(seen: Seen, step: str) -> Iterator[Entry]:
    return (entry for entry in seen.entries if entry.step == step and entry.accepted)


def _numbers(seen: Seen) -> dict[str, str]:
    """The number that each reference was promised."""
    return {entry.reference: entry.number for entry in _accepted(seen, "receive")}
