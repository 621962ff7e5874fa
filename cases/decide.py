"""Judging commands: what comes of one, or which rule forbids it."""

from collections.abc import Iterator
from datetime import UTC, datetime

from cases.case import Case
from cases.commands import (
    Act,
    AssistReport,
    Command,
    ConfirmDelivery,
    FailDelivery,
    Receive,
    Tick,
)
from cases.deadlines import Deadline, Rung, pending_rungs, running
from cases.deciding import assisting, complainant, dispatching, handling, linking, oversight
from cases.deciding.steps import Asked, Decider
from cases.errors import RefusalError
from cases.events import Breached, Cause, Escalated, Event, Fact, Resumed, Warned
from cases.evolve import evolve
from cases.lifecycle import LATE
from cases.permission import allowed, check, had_part
from cases.rights import Scope, scope
from cases.vocabulary import SYSTEM, Actor, Value

__all__ = ["allowed", "decide"]

_ALARMS: dict[str, type[Warned | Breached | Escalated]] = {
    "warning": Warned,
    "breach": Breached,
    "ladder": Escalated,
}

_DECIDERS: dict[type[Value], Decider] = (
    dispatching.DECIDERS
    | handling.DECIDERS
    | assisting.DECIDERS
    | complainant.DECIDERS
    | oversight.DECIDERS
    | linking.DECIDERS
)


def decide(case: Case | None, command: Command, now: datetime) -> list[Event]:
    """What comes of a command: the alarms that have fallen due by now, then what was asked for.

    The alarms come first because a deadline that passed while nobody looked was breached all the same, before the
    command that now meets it. A command that the case has already taken comes to nothing more.

    Raises:
        RefusalError: a rule forbids it; the case is as it was.
    """
    if case is None:
        return _receive(command)
    if case.erased:
        raise RefusalError(
            "erased",
            f"case {case.number} was erased: nobody knows any more what it was about; take the matter in as a new one",
            source="erasure",
        )
    if command.id in case.commands:
        if case.commands[command.id] != command.fingerprint:
            raise RefusalError(
                "command_id_reused",
                "this id (Idempotency-Key) was used for a different request; choose a new one for a new request",
                source="idempotency",
            )
        return []
    history = _History(case, now)
    history.catch_up()
    if not isinstance(command.act, Tick):
        history.cause = command.cause
        history.actor = command.actor
        for fact in _facts(history.case, command, now):
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

    def catch_up(self) -> None:
        """Add everything that time alone has brought, in the order in which it fell due."""
        while True:
            pause = self.case.pause
            ends = pause.until.astimezone(UTC) if pause is not None and pause.until <= self.now else None
            if self._raise_earliest(ends or self.now):
                # A breach may begin a clock of its own, which may be late as well, and ring before what is left.
                continue
            if pause is None or ends is None:
                return
            self.add(Resumed(pause=pause.index, at=ends, reason="it lasted as long as the policy allows"))

    def _raise_earliest(self, until: datetime) -> bool:
        # In UTC: two times of one zone are compared as the clocks read, and those are put back once a year.
        due = [
            (rung.at.astimezone(UTC), rung, deadline)
            for deadline in running(self.case)
            for rung in pending_rungs(self.case, deadline)
            if rung.at <= until
        ]
        earliest = min((at for at, _, __ in due), default=None)
        for at, rung, deadline in due:
            if at == earliest:
                self.add(_alarm(rung, deadline))
        return bool(due)


def _alarm(rung: Rung, deadline: Deadline) -> Fact:
    kind = _ALARMS[rung.mark.split()[0]]
    return kind(deadline=deadline.id, mark=rung.mark, due_at=deadline.due_at, unit=deadline.unit, tell=rung.tell)


def _receive(command: Command) -> list[Event]:
    act = command.act
    if not isinstance(act, Receive):
        raise RefusalError("unknown_case", "there is no such case", source="hotline")
    cause = command.cause
    at = act.complaint.received_at
    return [
        Event(seq=seq, at=at, actor=command.actor, cause=cause, fact=fact)
        for seq, fact in enumerate(dispatching.receipt(act), start=1)
    ]


def _facts(case: Case, command: Command, now: datetime) -> Iterator[Fact]:
    act, actor = command.act, command.actor
    if isinstance(act, ConfirmDelivery | FailDelivery):
        yield from oversight.confirmed(case, act)
    elif not case.open and act.type in LATE and (unit := _teller(case, act, actor)):
        yield from handling.late(case, act, unit)  # type: ignore[arg-type]
    else:
        check(case, act, actor)
        yield from _DECIDERS[type(act)](Asked(case, act, actor, now))


def _teller(case: Case, act: Act, actor: Actor) -> str | None:
    """The unit that a late fact comes from, if it had this part of the case.

    Raises:
        RefusalError: the unit was called into the case, but not by this call.
    """
    assist = act.assist if isinstance(act, AssistReport) else None
    had = next(iter(had_part(case, act.type, assist)), None)
    if assist is not None and actor.unit != had and actor.unit in had_part(case, act.type):
        raise RefusalError(
            "not_your_order",
            f"assist: call {assist} was not for {actor.unit}; name the one that was",
            source="Art. 16",
        )
    match scope(act.type, actor.role):
        case Scope.PART:
            return had if had == actor.unit else None
        case Scope.EVERY | Scope.PAST:
            return had
    return None
