"""The same sequences, fewer, on the real workflow in virtual time: it must agree with the pure model event for event.

The engine's clock is its own, a little later than the sum of the delays. So the model is replayed with the very
moments that the workflow's events bear, and must then give the very same events: fact, actor, cause, number and moment.
That the moments are right is held beside it: no alarm comes before its time, none later than the machine is slow, and
what was refused is what the model refuses at that moment.
"""

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import groupby
from typing import Any, NamedTuple
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from temporalio.client import WorkflowHandle

from cases import number
from cases.case import Case
from cases.commands import Command, ConfirmDelivery, FailDelivery, Hold, Remark
from cases.deadlines import next_alarm
from cases.decide import decide
from cases.errors import RefusalError
from cases.events import Cause, Delivered, Event, Noted, Refused, Undelivered
from cases.evolve import fold
from cases.routing import Unit
from cases.vocabulary import SYSTEM, Status
from tests.model.acts import DISTRICTS, MAKERS, UNITS, drawn_receipt
from tests.model.life import TICK, Given, Life, lived
from tests.workflow.conftest import Service
from workflows.messages import workflow_id

SEQUENCES = 12
LED = 350
"""From so many lives those are chosen that cover the most acts."""

SLOW = timedelta(seconds=60)
"""How much later than the model's the engine's clock may be: what this machine takes for a sequence, and more."""


@cache
def chosen() -> tuple[Life, ...]:
    """Random lives, always the same; half of them are led at one go, so that they can go on after their end.

    The workflow of a case that has ended begins anew by the real clock, which virtual time has left far behind.
    """
    lives: list[Life] = []

    @settings(
        max_examples=LED,
        derandomize=True,
        database=None,
        deadline=None,
        phases=(Phase.generate,),
        suppress_health_check=tuple(HealthCheck),
    )
    @given(st.data())
    def lead(data: st.DataObject) -> None:
        try:
            life = Life(drawn_receipt(data.draw))
            lives.append(lived(data.draw, life, 30, at_one_go=data.draw(st.booleans())))
        except RefusalError:
            return

    lead()
    found: list[Life] = []
    seen: Counter[str] = Counter()
    for _ in range(SEQUENCES):
        best = max(lives, key=lambda life: sum(1 / (1 + 9 * seen[name]) for name in life.accepted))
        lives.remove(best)
        found.append(best)
        seen += Counter(set(best.accepted))
    return tuple(found)


def test_the_chosen_lives_cover_the_acts() -> None:
    accepted = {name for life in chosen() for name in life.accepted}
    assert len(set(MAKERS) - accepted) <= 3, f"not one of these: {set(MAKERS) - accepted}"


@pytest.mark.parametrize("place", range(SEQUENCES))
async def test_the_workflow_and_the_model_agree(service: Service, place: int) -> None:
    units = [Unit(code=code, kind="department", title={"en": code}) for code in (*UNITS, *DISTRICTS)]
    await service.register.put_units(units, {"roads": ""})
    life = chosen()[place]
    begun = datetime.now(UTC)
    told = _Told(service, _received(life.receipt, begun), begun - life.events[0].at)
    await told.begin()
    for turn, one in enumerate(life.given):
        if not await told.give(one, signalled=turn % 4 == 3):
            break
    events = await told.events()
    assert _replayed(told.sent, events) == events
    told.check_refusals(events)
    assert len(events) > 2, "a life of nothing but its receipt shows nothing"


def _received(receipt: Command, at: datetime) -> Command:
    """The same receipt, now, under a number of its own."""
    act: Any = receipt.act
    ref = uuid4().hex
    complaint = act.complaint.model_copy(update={"source_ref": ref, "received_at": at})
    mine = act.model_copy(update={"number": number.derive("model", ref), "complaint": complaint})
    return receipt.model_copy(update={"act": mine})


class _Judged(NamedTuple):
    """A command, the events that there were, the clock before and after it, and the rule by which it was refused."""

    command: Command
    version: int
    between: tuple[datetime, datetime]
    rule: str | None


class _Told:
    """A life as it is told to the workflow."""

    def __init__(self, service: Service, receipt: Command, shift: timedelta) -> None:
        self.service = service
        self.sent: dict[str, Command] = {receipt.id: receipt}
        self._number: str = receipt.act.number  # type: ignore[union-attr]
        self._receipt = receipt
        self._shift = shift
        self._skipped = False
        self._judged: list[_Judged] = []

    async def begin(self) -> None:
        with self.service.environment.with_time_skipping_disabled():
            await self.service.engine.start(self._receipt)
        client = self.service.environment.client
        self._handle: WorkflowHandle[Any, Any] = client.get_workflow_handle(workflow_id(self._number))

    async def give(self, one: Given, *, signalled: bool) -> bool:
        """Let virtual time pass and give a command; false once the case has ended and cannot be gone on with."""
        known = await self.events()
        closed = fold(known).status is Status.CLOSED
        if closed and self._skipped:
            return False
        if one.after >= timedelta(seconds=1):
            if closed:
                return False
            await self._pass(one.after)
            self._skipped = True
            if fold(await self.events()).status is Status.CLOSED:
                return False
        command = self._moved(one.command)
        fresh = command.id not in self.sent
        if signalled and fresh and not closed:
            self.sent[command.id] = command
            await self._handle.signal(command.act.type, command)
            return True
        version = len(await self.events())
        before, rule = await self._now(), None
        try:
            await self.service.engine.submit(self._number, command)
        except RefusalError as refusal:
            rule = refusal.rule
        else:
            self.sent.setdefault(command.id, command)
        self._judged.append(_Judged(command, version, (before, await self._now()), rule))
        return True

    async def _now(self) -> datetime:
        """What the workflow's own clock reads."""
        return await self.service.environment.get_current_time(self._handle)

    async def _pass(self, duration: timedelta) -> None:
        """Let virtual time pass, from alarm to alarm: it would leave behind a worker that has not got to one yet."""
        until = await self._now() + duration
        while (left := until - await self._now()) > timedelta(0):
            alarm = await self._next_alarm()
            if alarm is not None and alarm <= until:
                left = max(alarm - await self._now(), timedelta(milliseconds=1))
            await self.service.environment.fast_forward(self._handle, left)
            await self._raised()

    async def _raised(self) -> None:
        async with asyncio.timeout(30):
            while True:
                alarm = await self._next_alarm()
                if alarm is None or alarm > await self._now():
                    return
                await asyncio.sleep(0.02)

    async def _next_alarm(self) -> datetime | None:
        return next_alarm(fold(await self.events()))

    def _moved(self, command: Command) -> Command:
        """The same command, its dates as far away from now as they were."""
        if not isinstance(command.act, Hold):
            return command
        reviews = tuple(at + self._shift for at in command.act.reviews)
        moved = {"reviews": reviews, "until": command.act.until + self._shift}
        return command.model_copy(update={"act": command.act.model_copy(update=moved)})

    async def events(self) -> list[Event]:
        return await self.service.engine.events(self._number)

    def check_refusals(self, events: list[Event]) -> None:
        """What was refused, and what was taken, is what the model refuses and takes at that moment.

        Where its answer changes between the two readings of the clock around the judgement, either is right.
        """
        for one in self._judged:
            case = fold(events[: one.version])
            expected = {_rule(case, one.command, max(at, events[one.version - 1].at)) for at in one.between}
            told = f"{one.command.act.type} came to {one.rule}, not {expected}"
            assert len(expected) > 1 or one.rule in expected, told


def _rule(case: Case, command: Command, at: datetime) -> str | None:
    try:
        decide(case, command, at)
    except RefusalError as refusal:
        return refusal.rule
    return None


def _replayed(sent: dict[str, Command], events: list[Event]) -> list[Event]:
    """What the model makes of the commands that the workflow took, at the moments at which it took them."""
    receipt = next(iter(sent.values()))
    replayed = decide(None, receipt, events[0].at)
    rest = events[len(replayed) :]
    for at, group in groupby(rest, key=lambda event: event.at):
        together = list(group)
        case = fold(replayed)
        if replayed[-1].at < at:
            alarm = next_alarm(case)
            assert alarm is None or at - max(alarm, replayed[-1].at) <= SLOW, f"{alarm} was slept through until {at}"
        # A refusal that is only noted leaves the alarms of its moment to the clock.
        replayed += [] if isinstance(together[0].fact, Refused) else decide(case, TICK, at)
        for cause in dict.fromkeys(event.cause for event in together if event.cause is not None):
            replayed += _caused(fold(replayed), cause, sent, together, at)
        if len(replayed) < together[-1].seq:
            replayed += decide(fold(replayed), TICK, at)
    return replayed


def _caused(case: Case, cause: Cause, sent: dict[str, Command], together: list[Event], at: datetime) -> list[Event]:
    first = next(event for event in together if event.cause == cause)
    command = sent.get(cause.id) or _of_the_service(cause, first)
    if not isinstance(first.fact, Refused):
        return decide(case, command, at)
    with pytest.raises(RefusalError) as refused:
        decide(case, command, at)
    fact = Refused(act=command.act.type, rule=refused.value.rule, detail=refused.value.detail)
    return [Event(seq=case.version + 1, at=at, actor=SYSTEM, cause=cause, fact=fact)]


def _of_the_service(cause: Cause, event: Event) -> Command:
    """What the workflow told the case itself, of an order on its way or another case that could not be told."""
    match event.fact:
        case Delivered():
            arrived = ConfirmDelivery(**event.fact.model_dump(exclude={"type"}))
            return Command(id=cause.id, actor=SYSTEM, act=arrived)
        case Undelivered():
            failed = FailDelivery(**event.fact.model_dump(exclude={"type"}))
            return Command(id=cause.id, actor=SYSTEM, act=failed)
        case Noted(text=text) if cause.id.startswith("untold:"):
            return Command(id=cause.id, actor=SYSTEM, act=Remark(text=text))
    raise AssertionError(f"nobody gave the command {cause.id} of {event.fact.type}")
