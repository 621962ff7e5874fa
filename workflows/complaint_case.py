"""The durable life of one case: a thin shell around the decider.

Commands arrive as updates or signals named after their act. What `decide` makes of them is applied here, recorded, and
carried outside in the background, so that neither a slow department nor a dead register holds up a deadline.
"""

import asyncio
from collections.abc import Collection, Coroutine, Sequence
from datetime import UTC, datetime
from typing import Any, NoReturn

from temporalio import workflow
from temporalio.common import RawValue, SearchAttributeKey
from temporalio.exceptions import ApplicationError

with workflow.unsafe.imports_passed_through():
    from activities.messages import MOST_BYTES, Standing, weight
    from cases.case import Case
    from cases.commands import Act, Command, FailDelivery, Tick
    from cases.deadlines import Deadline, deadlines, next_alarm
    from cases.decide import decide
    from cases.effects import Effect, effects
    from cases.errors import RefusalError
    from cases.events import Cause, DeliveryRetried, Event, Refused
    from cases.evolve import evolve, fold
    from cases.order_form import order_form
    from cases.owed import seen_to
    from cases.story import story
    from cases.view import CaseView, view
    from cases.vocabulary import SYSTEM, Actor
    from workflows.delivering import TakenBackError, deliver, deliver_as_at_first, late_since, take_answer
    from workflows.messages import LAYOUT, MOST_REFUSALS, WORKFLOW, CaseStart
    from workflows.outside import history, notify, record, tell
    from workflows.owing import Owing
    from workflows.search_attributes import staged, values

_TICK = Command(id="tick", actor=SYSTEM, act=Tick())


@workflow.defn(name=WORKFLOW)
class ComplaintCase:
    """One complaint, from its receipt to its end."""

    @workflow.init
    def __init__(self, start: CaseStart) -> None:
        self.case: Case
        self.events: list[Event] = []
        self._begun = False
        self._alarm: datetime | None = None
        self._bytes = 0
        self._layout = start.layout
        self._recorded = start.recorded
        self._renew_after = start.renew_after
        self._owing = Owing(start.layout, start.recorded, start.owed)
        self._broken: BaseException | None = None
        self._last_decided: tuple[tuple[int, datetime, Command], list[Event]] | None = None
        if start.command is not None:
            received = decide(None, start.command, workflow.now())
            self._begin(received)
            for event in received:
                self._owing.owe(self._as_of(event.seq), event)
        elif start.events:
            self._begin(start.events)

    @workflow.run
    async def run(self, start: CaseStart) -> CaseView:
        """Live until the case is closed, recorded and told to everybody whom it concerns.

        A case that ended and is told something more, or opened again, lives on in a new run, begun with its record.
        """
        if start.layout > LAYOUT:
            # Its history would be one that no release can play again. The task is tried again, by who knows it.
            raise RuntimeError(f"a newer release began this run, in layout {start.layout}; roll its workers first")
        if start.ended is not None:
            events = await history(start.ended)
            self._recorded = len(events)
            self._owing.tried(self._recorded)
            self._begin(events)
            self._owe_what_no_run_knows_of(seen_to(events) if start.revived else None)
            self._owing.taken_up()
        clock = self._in_background(self._watch_the_clock())
        recorder = self._in_background(self._keep_recording())
        while True:
            await workflow.wait_condition(self._something_to_do)
            if self._broken is not None:
                # Never the failure itself: one of an activity would end the case instead of stopping it.
                raise RuntimeError("a part of the case broke; it goes on once that is mended") from self._broken
            self._owing.begin(lambda effect: self._in_background(self._carry_out(effect)))
            if not (self._settled() or self._ripe_for_renewal()):
                continue
            await workflow.wait_condition(workflow.all_handlers_finished)
            # What came in meanwhile may have opened the case again.
            if self._settled():
                return view(self.case)
            if self._ripe_for_renewal():
                for task in (clock, recorder, *self._owing.under_way):
                    task.cancel()
                self._renew()

    @workflow.update(dynamic=True)
    async def take(self, act: str, args: Sequence[RawValue]) -> CaseView:
        """Take a command, named after its act, and answer with the case as it leaves it."""
        await workflow.wait_condition(lambda: self._begun)
        try:
            self._apply(self._decided(self._command(act, args)))
        except RefusalError as refusal:
            _raise(refusal)
        return view(self.case)

    @take.validator
    def _may_take(self, act: str, args: Sequence[RawValue]) -> None:
        if not self._begun:
            # Its record is still being read; the command is judged once it is there.
            return
        try:
            self._decided(self._command(act, args))
        except RefusalError as refusal:
            _raise(refusal)

    @workflow.signal(dynamic=True)
    async def hear(self, act: str, args: Sequence[RawValue]) -> None:
        """Take a command from a service that waits for no answer; one that is refused leaves a recorded refusal."""
        cause = None
        await workflow.wait_condition(lambda: self._begun)
        try:
            command = self._command(act, args)
            cause = command.cause
            self._apply(decide(self.case, command, workflow.now()))
        except RefusalError as refusal:
            self._note_refusal(act, refusal, cause)

    @workflow.query(name="case")
    def query_case(self) -> Case:
        """The case as it stands."""
        return self.case

    @workflow.query(name="deadlines")
    def query_deadlines(self) -> list[Deadline]:
        """Every deadline with its arithmetic."""
        return deadlines(self.case)

    @workflow.query(name="events")
    def query_events(self) -> list[Event]:
        """Everything that happened, in order."""
        return self.events

    @workflow.query(name="standing")
    def query_standing(self) -> Standing:
        """How far this run is with recording the case."""
        return Standing(recorded=self._recorded, layout=self._layout)

    def _decided(self, command: Command) -> list[Event]:
        """What a command brings about. Whether it may be taken, and what it changes, are asked one after the other."""
        asked = (self.case.version, workflow.now(), command)
        if self._last_decided is None or self._last_decided[0] != asked:
            self._last_decided = asked, decide(self.case, command, workflow.now())
        return self._last_decided[1]

    def _command(self, act: str, args: Sequence[RawValue]) -> Command:
        if len(args) != 1:
            raise RefusalError("unreadable", f"{act!r} takes one command, not {len(args)}", source="hotline")
        try:
            command: Command = workflow.payload_converter().from_payload(args[0].payload, Command)
        except Exception as error:
            raise RefusalError("unreadable", f"{act!r} is not a command: {type(error).__name__}") from error
        if command.act.type != act:
            raise RefusalError("unreadable", f"sent as {act!r}, but asks for {command.act.type!r}", source="hotline")
        return command

    def _note_refusal(self, act: str, refusal: RefusalError, cause: Cause | None) -> None:
        if sum(event.fact.type == "refused" for event in self.events) >= MOST_REFUSALS:
            workflow.logger.warning("refused signal not kept", extra={"act": act, "rule": refusal.rule})
            return
        fact = Refused(act=act[:100], rule=refusal.rule, detail=refusal.detail)
        reused = cause is not None and cause.id in self.case.commands
        kept = None if reused else cause
        # What fell due by now came before it.
        self._apply(decide(self.case, _TICK, workflow.now()))
        seq = self.case.version + 1
        self._apply([Event(seq=seq, at=workflow.now(), actor=SYSTEM, cause=kept, fact=fact)])

    def _apply(self, events: list[Event]) -> None:
        if not events:
            return
        self._last_decided = None
        before = self._attributes()
        for event in events:
            self.case = evolve(self.case, event)
            self.events.append(event)
            if not isinstance(event.fact, DeliveryRetried) or self._was_owed(event):
                self._owing.owe(self.case, event)
        self._look_ahead(events)
        changed = [key.value_set(value) for key, value in self._attributes().items() if before[key] != value]
        if changed:
            workflow.upsert_search_attributes(changed)

    def _attributes(self) -> dict[SearchAttributeKey[str], str]:
        return staged(self.case) if self._layout < 3 else values(self.case)

    def _was_owed(self, asked: Event) -> bool:
        """Whether a delivery that somebody wants tried again was ever owed: nothing goes out that nobody ordered."""
        again = effects(self.case, asked)[0]
        return again in effects(self._as_of(again.seq), self.events[again.seq - 1])

    def _begin(self, events: Sequence[Event]) -> None:
        self.events = list(events)
        self.case = fold(events)
        self._begun = True
        self._look_ahead(events)

    def _owe_what_no_run_knows_of(self, seen_to: Collection[str] | None) -> None:
        """Take up what the record tells after the end that the last run came to, if it tells of a case that is open.

        The task in which that run was told it is lost, and so is what it owed for it. Where the run itself was lost,
        other services had most of that already: what the record has the last word on is left out, and the rest goes out
        under the key that it had.
        """
        if self.case.open:
            ends = [event.seq for event in self.events if event.fact.type == "closed"]
            for event in self.events[max(ends, default=0) :]:
                if seen_to is None or not isinstance(event.fact, DeliveryRetried) or self._was_owed(event):
                    self._owing.owe(self._as_of(event.seq), event, seen_to or ())

    def _as_of(self, seq: int) -> Case:
        """The case as one of its events left it."""
        return fold(self.events[:seq])

    def _look_ahead(self, news: Sequence[Event]) -> None:
        self._bytes += sum(map(weight, news))
        # First, because it looks at all deadlines, of which the alarm needs some.
        self._tell()
        alarm = next_alarm(self.case)
        # In UTC: two times of one zone are compared as the clocks read, and those are put back once a year.
        self._alarm = alarm.astimezone(UTC) if alarm is not None else None

    def _tell(self) -> None:
        workflow.set_current_details(story(self.case, self.events))

    async def _watch_the_clock(self) -> None:
        """Keep one timer at the next alarm.

        A timer that stands too early is left to fire, and the clock looks again; only an alarm that comes before it
        replaces it. That costs the engine half as much as moving the timer at each step.
        """
        while True:
            if self._alarm is None:
                await workflow.wait_condition(lambda: self._alarm is not None)
                continue
            if self._alarm <= workflow.now() or await self._slept_until(self._alarm):
                self._apply(decide(self.case, _TICK, workflow.now()))

    async def _slept_until(self, alarm: datetime) -> bool:
        """Sleep until an alarm; false if an earlier one, or the end of the case, comes before it."""
        timer = asyncio.create_task(workflow.sleep(alarm - workflow.now(), summary="next alarm"))
        await workflow.wait_condition(
            lambda: timer.done() or not self.case.open or (self._alarm is not None and self._alarm < alarm)
        )
        if not timer.done() and self.case.open:
            timer.cancel()
        return timer.done()

    async def _keep_recording(self) -> None:
        while True:
            await workflow.wait_condition(lambda: self._recorded < len(self.events))
            held = await record(
                self.case,
                self.events,
                self._recorded,
                self._owing.with_events,
                self._owing.tried,
                self._owing.may_go_at_once,
            )
            if held is not None:
                if held < self._recorded:
                    self._owing.put_back(self.events)
                self._recorded = held
                self._owing.recorded(held)
                continue
            # It lives on in the engine until people have seen to the register, and tries again with whatever comes.
            refused = self.case.version
            await workflow.wait_condition(lambda: self.case.version != refused)  # noqa: B023 - it waits within this turn

    async def _carry_out(self, effect: Effect) -> None:
        if effect.kind == "order":
            try:
                await self._deliver(effect)
            except TakenBackError:
                return
        elif effect.kind == "case":
            untold = await tell(self.case, effect)
            if untold is not None:
                self._note(f"untold:{effect.key}", untold)
        else:
            await notify(self.case, effect)
        self._owing.done(effect)

    async def _deliver(self, effect: Effect) -> None:
        # An order says what it said at first, however late it goes out or goes out again: the key is the same too.
        case = self._as_of(effect.seq)
        form = order_form(case, self.events[effect.seq - 1], effect)
        if self._layout == 1:
            await deliver_as_at_first(form, case.terms.priority, self._note)
            return
        late = late_since(self.events, form.key)
        if late is not None:
            self._owing.is_late(form.key)
        delivery = await deliver(form, case.terms.priority, self._note, late, self._owing.taken(form.key))
        if delivery is not None:
            take_answer(self.case, form, delivery, self._note)

    def _note(self, name: str, act: Act, actor: Actor = SYSTEM) -> None:
        """Take down what became of something outside, under a name of its own."""
        again = f":{self.case.version}" if name in self.case.commands else ""
        self._apply(decide(self.case, Command(id=f"{name}{again}", actor=actor, act=act), workflow.now()))
        if isinstance(act, FailDelivery) and act.key is not None:
            self._owing.is_late(act.key)

    def _in_background(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Begin work whose failure must not pass in silence: it stops the case, visibly, until new code mends it."""

        def ended(task: asyncio.Task[None]) -> None:
            if not task.cancelled() and task.exception() is not None:
                self._broken = task.exception()

        task = asyncio.create_task(work)
        task.add_done_callback(ended)
        return task

    def _settled(self) -> bool:
        return not self.case.open and not self._owing.effects and self._recorded == len(self.events)

    def _something_to_do(self) -> bool:
        return self._broken is not None or bool(self._owing.ready()) or self._settled() or self._ripe_for_renewal()

    def _ripe_for_renewal(self) -> bool:
        info = workflow.info()
        long = info.is_continue_as_new_suggested() or info.get_current_history_length() > self._renew_after
        # A history that is too much for one message goes on in its run, to which the engine gives fifty times as much.
        carried = self._bytes <= MOST_BYTES
        return long and carried and self.case.open and self._recorded == len(self.events)

    def _renew(self) -> NoReturn:
        workflow.continue_as_new(
            CaseStart(
                events=tuple(self.events),
                recorded=self._recorded,
                owed=self._owing.effects,
                renew_after=self._renew_after,
                layout=LAYOUT,
            )
        )


def _raise(refusal: RefusalError) -> NoReturn:
    raise ApplicationError(
        refusal.detail,
        {"source": refusal.source, "allowed": refusal.allowed},
        type=refusal.rule,
        non_retryable=True,
    ) from None
