"""What a case owes the world outside, and how far it is with that."""

import asyncio
from collections.abc import Callable, Collection, Iterable, Sequence

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.messages import Delivery, Recorded
    from cases.case import Case
    from cases.effects import Effect, effects
    from cases.events import DeliveryRetried, Event
    from cases.notice import Notice
    from cases.order_form import OrderForm
    from cases.owed import owed, written
    from workflows.messages import AT_FIRST, MOST_TOLD, TO_SYSTEMS_ALONE

NOTHING_MORE = Recorded()


class Owing:
    """The effects that are not yet carried out, with those that are under way; and what goes into the register.

    A unit is told in order, one thing after the other, and after it is in its mailbox; only behind what is late nothing
    waits, since it has limits of its own: then the numbers of the events tell the order. In the first layout of a run,
    notices and orders are carried out one by one, and nothing goes along with the events.
    """

    def __init__(self, layout: int, recorded: int, owed: Iterable[Effect]) -> None:
        self.with_events: dict[int, list[OrderForm | Notice]] = {}
        self._layout = layout
        self._tried = recorded
        self._owed = {effect.key: effect for effect in owed}
        self._under_way: dict[str, asyncio.Task[None]] = {}
        self._late: set[str] = set()
        self._tried_before = set(self._owed)
        self._taken: dict[str, Delivery] = {}

    @property
    def effects(self) -> tuple[Effect, ...]:
        """What is owed still."""
        return tuple(self._owed.values())

    @property
    def under_way(self) -> tuple[asyncio.Task[None], ...]:
        """The work on what is being carried out."""
        return tuple(self._under_way.values())

    def owe(self, case: Case, event: Event, but: Collection[str] = ()) -> None:
        """Take down what an event owes, given the case as the event left it, but for the effects of some keys."""
        for effect in effects(case, event):
            if effect.key in but:
                continue
            if self._layout == 1:
                if _owed_at_first(effect):
                    self._owed[effect.key] = effect
                continue
            if effect.kind != "notice":
                self._take(effect)
            if isinstance(event.fact, DeliveryRetried):
                self._tried_before.add(effect.key)
            self._write(event.seq, written(case, event, effect))

    def tried(self, upto: int, recorded: Recorded = NOTHING_MORE) -> None:
        """Recording was tried up to an event; some orders are in mailboxes, where units read them, or have arrived."""
        self._tried = max(self._tried, upto)
        for key in recorded.in_mailbox:
            if key not in self._under_way:
                self._owed.pop(key, None)
        for key, answer in recorded.delivered.items():
            if key not in self._under_way:
                self._taken[key] = answer

    def recorded(self, upto: int) -> None:
        """Everything up to an event is in the register, with what it owes."""
        self.with_events = {seq: owed for seq, owed in self.with_events.items() if seq > upto}

    def put_back(self, events: Sequence[Event]) -> None:
        """The register has lost events, as one that was restored from an older copy: mailboxes are filled anew too.

        Notices are not: people would get again what they have had.
        """
        if self._layout == 1:
            return
        for form in owed(events)[0]:
            self._write(form.sequence, form)

    def begin(self, work: Callable[[Effect], asyncio.Task[None]]) -> None:
        """Begin what can begin."""
        for effect in self.ready():
            self._under_way[effect.key] = work(effect)

    def taken_up(self) -> None:
        """What is owed now may have been tried by a run before this one."""
        self._tried_before.update(self._owed)

    def may_go_at_once(self, form: OrderForm) -> bool:
        """Whether an order can go out with its recording: the first for its unit, and one that no run has tried yet.

        So no delivery of it can have failed.
        """
        if self._layout < 3 or form.key in self._tried_before:
            return False
        ahead = (one.key for one in self._owed.values() if one.kind == "order" and one.to == form.unit)
        return next(ahead, None) == form.key

    def taken(self, key: str) -> Delivery | None:
        """What a system answered that has taken an order at once; none if it has not."""
        return self._taken.pop(key, None)

    def is_late(self, key: str) -> None:
        """A delivery has not arrived in time: what waited behind it is tried by itself, under its own limit."""
        self._late.add(key)

    def done(self, effect: Effect) -> None:
        """An effect was carried out, or given up."""
        del self._owed[effect.key]
        del self._under_way[effect.key]

    def ready(self) -> Sequence[Effect]:
        """The effects that can begin. Of other cases only so many are told at once."""
        room = MOST_TOLD - sum(self._owed[key].kind == "case" for key in self._under_way)
        ready: list[Effect] = []
        waited_for: set[str] = set()
        for key, effect in self._owed.items():
            if effect.kind == "order" and self._layout > 1:
                if effect.to in waited_for or effect.seq > self._tried:
                    continue
                if key not in self._late:
                    waited_for.add(effect.to)
            if key in self._under_way:
                continue
            if effect.kind == "case":
                room -= 1
                if room < 0:
                    continue
            ready.append(effect)
        return ready

    def _write(self, seq: int, what: OrderForm | Notice | None) -> None:
        """Have something go into the register along with an event."""
        if what is not None:
            self.with_events.setdefault(seq, []).append(what)

    def _take(self, effect: Effect) -> None:
        """One that is under way begins again: somebody asks for it to be tried anew."""
        under_way = self._under_way.pop(effect.key, None)
        if under_way is not None:
            under_way.cancel()
        self._owed[effect.key] = effect


def _owed_at_first(effect: Effect) -> bool:
    """Whether the first layout owes it: a run that was begun by an earlier release must do what it did then."""
    if effect.kind == "notice":
        return not (effect.to.startswith("unit:") and effect.about in TO_SYSTEMS_ALONE)
    return effect.kind != "order" or effect.about in AT_FIRST
