"""A case's life as the pure model leads it: each turn is judged by `decide` and held to every invariant."""

from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cached_property
from typing import NamedTuple

from hypothesis import strategies as st

from cases.case import Case
from cases.commands import Command, Tick
from cases.deadlines import Deadline, deadlines, next_alarm
from cases.decide import decide
from cases.errors import RefusalError
from cases.events import Event
from cases.evolve import evolve, fold
from cases.vocabulary import SYSTEM
from tests.model.acts import Draw
from tests.model.commands import drawn_command, drawn_delay

TICK = Command(id="tick", actor=SYSTEM, act=Tick())


class Look:
    """A case as it stands after some event, with what is computed from it."""

    def __init__(self, case: Case) -> None:
        self.case = case

    @cached_property
    def deadlines(self) -> dict[str, Deadline]:
        """Every deadline there has been, by its id."""
        return {one.id: one for one in deadlines(self.case)}

    @cached_property
    def alarm(self) -> datetime | None:
        """When somebody must look again."""
        return next_alarm(self.case)


class Change(NamedTuple):
    """One event, and the case before and after it."""

    before: Look
    event: Event
    after: Look


class Turn(NamedTuple):
    """One command at one moment. `ticked` is the case with what time alone had brought by then."""

    before: Look
    ticked: Look
    command: Command
    now: datetime
    events: list[Event]
    refusal: RefusalError | None
    after: Look


class Given(NamedTuple):
    """A command, and how long after the one before it."""

    after: timedelta
    command: Command


EachChange = tuple[Callable[[Change], None], ...]
EachTurn = tuple[Callable[[Turn], None], ...]


class Life:
    """A case and its clock. Every `give` is checked as a turn, and event by event."""

    def __init__(self, receipt: Command, changes: EachChange = (), turns: EachTurn = ()) -> None:
        """Raises RefusalError if the complaint is not even taken in."""
        self.receipt = receipt
        self.events = decide(None, receipt, receipt.act.complaint.received_at)  # type: ignore[union-attr]
        self.now = self.events[0].at
        self.look = Look(fold(self.events))
        self.given: list[Given] = []
        self.accepted: Counter[str] = Counter([receipt.act.type])
        self._changes = changes
        self._turns = turns

    @property
    def case(self) -> Case:
        """The case as it stands."""
        return self.look.case

    def give(self, after: timedelta, command: Command) -> list[Event]:
        """Let time pass, then give a command; a refusal comes to no events.

        Raises:
            AssertionError: an invariant does not hold.
        """
        self.given.append(Given(after, command))
        self.now += after
        before, refusal, events = self.look, None, []
        was = before.case.model_dump_json()
        ticked = self._followed(before, decide(before.case, TICK, self.now))
        try:
            events = decide(before.case, command, self.now)
        except RefusalError as error:
            refusal = error
        assert before.case.model_dump_json() == was, "judging a command has changed the case it was judged on"
        self.look = self._followed(before, events, self._changes)
        self.events += events
        if any(event.cause is not None for event in events):
            self.accepted[command.act.type] += 1
        turn = Turn(before, ticked, command, self.now, events, refusal, self.look)
        for holds in self._turns:
            holds(turn)
        return events

    def told(self) -> str:
        """The life in a line for each command."""
        act = self.receipt.act
        lines = [f"under {act.terms.policy} on {act.complaint.received_at}: {act.route.unit or act.triage}"]  # type: ignore[union-attr]
        for after, command in self.given:
            came = [event.fact.type for event in self.events if event.cause and event.cause.id == command.id]
            content = command.act.model_dump(exclude={"type", "terms"}, exclude_defaults=True)
            who = command.actor.unit or command.actor.role
            lines.append(f"+{after} {command.id} {who}: {command.act.type} {str(content)[:200]} -> {came}")
        return "\n".join(lines)

    @staticmethod
    def _followed(look: Look, events: list[Event], checks: EachChange = ()) -> Look:
        for event in events:
            change = Change(look, event, Look(evolve(look.case, event)))
            for holds in checks:
                holds(change)
            look = change.after
        return look


def lived(draw: Draw, life: Life, turns: int, *, at_one_go: bool = False) -> Life:
    """Go on with a life for some random turns, so many at most; `at_one_go`, no time passes in it."""
    while len(life.given) < turns and draw(st.integers(0, turns)):
        after = timedelta(0) if at_one_go else drawn_delay(draw, life.look.alarm, life.now)
        given = [one.command for one in life.given]
        life.give(after, drawn_command(draw, life.case, given, life.now + after))
    return life
