"""Judging commands: what comes of one, or which rule forbids it."""

from collections.abc import Iterator
from datetime import datetime

from cases.case import Case, Order
from cases.commands import (
    Acknowledge,
    Act,
    CallBack,
    Command,
    ConfirmDelivery,
    Contact,
    Dispatch,
    FailDelivery,
    Receive,
    Report,
    Return,
    Tick,
    Withdraw,
)
from cases.deadlines import Deadline, Rung, pending_rungs, running
from cases.errors import RefusalError
from cases.events import (
    Acknowledged,
    Answered,
    Breached,
    Cause,
    Closed,
    Contacted,
    Delivered,
    Dispatched,
    Escalated,
    Event,
    Fact,
    NotReached,
    Received,
    Reported,
    Returned,
    Undelivered,
    Warned,
)
from cases.evolve import evolve
from cases.vocabulary import SYSTEM, Actor, Outcome, Role, Status

_WHILE_OPEN = frozenset(Status) - {Status.CLOSED}

ALLOWED: dict[str, frozenset[Status]] = {
    "dispatch": frozenset({Status.RECEIVED}),
    "acknowledge": frozenset({Status.DISPATCHED}),
    "return": frozenset({Status.DISPATCHED, Status.ACKNOWLEDGED}),
    "contact": frozenset({Status.ACKNOWLEDGED, Status.IN_PROGRESS}),
    "report": frozenset({Status.ACKNOWLEDGED, Status.IN_PROGRESS}),
    "callback": frozenset({Status.REPORTED}),
    "withdraw": _WHILE_OPEN,
}
"""In which status a case takes which command."""

_ALARMS: dict[str, type[Warned | Breached | Escalated]] = {
    "warning": Warned,
    "breach": Breached,
    "ladder": Escalated,
}

_OF_THE_UNIT = (Acknowledge, Return, Contact, Report)


def allowed(case: Case) -> list[str]:
    """The commands that people may give the case now."""
    return [name for name, statuses in ALLOWED.items() if case.status in statuses]


def decide(case: Case | None, command: Command, now: datetime) -> list[Event]:
    """What comes of a command: the alarms that have fallen due by now, then what was asked for.

    The alarms come first because a deadline that passed while nobody looked was breached all the same, before the
    command that now meets it. A command that the case has already taken comes to nothing more.

    Raises:
        RefusalError: a rule forbids it; the case is as it was.
    """
    if case is None:
        return _receive(command)
    if command.id in case.commands:
        if case.commands[command.id] != command.fingerprint:
            raise RefusalError(
                "command_id_reused",
                "this id (Idempotency-Key) was used for a different request; choose a new one for a new request",
                source="idempotency",
            )
        return []
    history = _History(case, now)
    history.raise_alarms()
    if not isinstance(command.act, Tick):
        history.cause = Cause(id=command.id, fingerprint=command.fingerprint)
        history.actor = command.actor
        for fact in _facts(history.case, command):
            history.add(fact)
    return history.events


class _History:
    """The events that a command adds, and the case as they leave it."""

    def __init__(self, case: Case, now: datetime) -> None:
        self.case = case
        self.now = now
        self.events: list[Event] = []
        self.actor: Actor = SYSTEM
        self.cause: Cause | None = None

    def add(self, fact: Fact) -> None:
        event = Event(seq=self.case.version + 1, at=self.now, actor=self.actor, cause=self.cause, fact=fact)
        self.case = evolve(self.case, event)
        self.events.append(event)

    def raise_alarms(self) -> None:
        due = [
            (rung, deadline)
            for deadline in running(self.case)
            for rung in pending_rungs(self.case, deadline)
            if rung.at <= self.now
        ]
        for rung, deadline in sorted(due, key=lambda pair: pair[0].at):
            self.add(_alarm(rung, deadline))


def _alarm(rung: Rung, deadline: Deadline) -> Fact:
    kind = _ALARMS[rung.mark.split()[0]]
    return kind(deadline=deadline.id, mark=rung.mark, due_at=deadline.due_at, tell=rung.tell)


def _receive(command: Command) -> list[Event]:
    act = command.act
    if not isinstance(act, Receive):
        raise RefusalError("unknown_case", "there is no such case", source="hotline")
    cause = Cause(id=command.id, fingerprint=command.fingerprint)
    at = act.complaint.received_at
    facts: list[Fact] = [
        Received(
            number=act.number,
            complaint=act.complaint,
            terms=act.terms,
            to_desk=None if act.route.unit else act.route.reason,
        )
    ]
    if act.route.unit:
        facts.append(Dispatched(order=1, unit=act.route.unit, copy_to=act.route.copy_to, reason=act.route.reason))
    return [
        Event(seq=seq, at=at, actor=command.actor, cause=cause, fact=fact) for seq, fact in enumerate(facts, start=1)
    ]


def _facts(case: Case, command: Command) -> Iterator[Fact]:
    act = command.act
    if isinstance(act, ConfirmDelivery):
        yield Delivered(order=act.order, unit=act.unit)
        return
    if isinstance(act, FailDelivery):
        yield Undelivered(order=act.order, unit=act.unit, reason=act.reason)
        return
    _check_status(case, act)
    if isinstance(act, Dispatch):
        yield Dispatched(order=len(case.orders) + 1, unit=act.unit, copy_to=act.copy_to, reason=act.reason)
    elif isinstance(act, Withdraw):
        yield Closed(outcome=Outcome.WITHDRAWN, reason=act.reason)
    elif case.order is not None:
        _check_holder(case.order, command)
        yield from _on_order(case, case.order, act)


def _on_order(case: Case, order: Order, act: Act) -> Iterator[Fact]:
    match act:
        case Acknowledge(note=note):
            yield Acknowledged(order=order.index, unit=order.unit, note=note)
        case Return(reason=reason):
            if case.returns >= case.terms.returns.at_most:
                raise RefusalError(
                    "returns_exhausted",
                    f"this case was returned {case.returns} times already, as often as the policy allows; "
                    "the unit that holds it now leads it",
                    source="Art. 14",
                    allowed=[name for name in allowed(case) if name != "return"],
                )
            yield Returned(order=order.index, unit=order.unit, reason=reason)
        case Contact(note=note):
            yield Contacted(order=order.index, unit=order.unit, note=note)
        case Report(outcome=outcome, note=note):
            yield Reported(order=order.index, unit=order.unit, outcome=outcome, note=note)
        case CallBack():
            yield from _called_back(case, order, act)


def _called_back(case: Case, order: Order, act: CallBack) -> Iterator[Fact]:
    rules = case.terms.callback
    if not act.reached or act.solved is None:
        yield NotReached(order=order.index, attempt=order.attempts + 1, note=act.note)
        if order.attempts + 1 >= rules.attempts:
            yield Closed(outcome=Outcome.UNREACHABLE, reason=f"not reached in {rules.attempts} call-backs")
        return
    yield Answered(
        order=order.index,
        contacted=act.contacted,
        solved=act.solved,
        satisfaction=act.satisfaction,
        note=act.note,
    )
    if act.solved:
        yield Closed(outcome=Outcome.SOLVED)
    elif order.report is Outcome.EXPLAINED:
        yield Closed(outcome=Outcome.EXPLAINED, reason=order.report_note)
    elif _rounds(case) < rules.rounds:
        reason = "the complainant says it is not solved (Art. 23)"
        yield Dispatched(order=order.index + 1, unit=order.unit, copy_to=order.copy_to, reason=reason)
    else:
        yield Closed(outcome=Outcome.UNSOLVED, reason=f"not solved after {rules.rounds} rounds")


def _rounds(case: Case) -> int:
    return sum(order.reported_at is not None for order in case.orders)


def _check_status(case: Case, act: Act) -> None:
    if case.status in ALLOWED.get(act.type, frozenset()):
        return
    now_allowed = allowed(case)
    instead = f"it takes: {', '.join(now_allowed)}" if now_allowed else "it takes no more commands"
    raise RefusalError(
        f"{act.type}_not_now",
        f"a case that is {case.status} does not take {act.type!r}; {instead}",
        source="lifecycle",
        allowed=now_allowed,
    )


def _check_holder(order: Order, command: Command) -> None:
    actor = command.actor
    if isinstance(command.act, _OF_THE_UNIT) and actor.role is Role.UNIT and actor.unit != order.unit:
        raise RefusalError(
            "not_your_order",
            "this order is held by another unit; only the unit that holds it may do this",
            source="Art. 14",
        )
