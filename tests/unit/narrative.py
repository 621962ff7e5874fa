"""A case told command by command, for tests of the pure domain."""

from datetime import UTC, datetime, time, timedelta

import pytest

from cases import number
from cases.calendar import Window
from cases.case import Case
from cases.commands import Acknowledge, Act, CallBack, Command, Contact, Receive, Report
from cases.deadlines import Standing, deadlines
from cases.decide import decide
from cases.effects import Effect, command_for, effects
from cases.errors import RefusalError
from cases.events import Event
from cases.evolve import fold
from cases.limits import Anchor, Budget, Limit, Span, Step
from cases.policy import Level, Policy
from cases.routing import Route
from cases.rules import (
    AccountRules,
    AppealRules,
    AssistRules,
    CallBackRules,
    ExtensionRules,
    ReopeningRules,
    ReturnRules,
    UrgingRules,
    WaitingRules,
)
from cases.triage import Triage
from cases.vocabulary import Actor, Channel, Complaint, Kind, Outcome, Role, Satisfaction

NOON = datetime(2026, 9, 1, 4, 0, tzinfo=UTC)
"""Noon in the city's zone, Asia/Shanghai."""

ROADS = "roads"
WATER = "water"
DISTRICT = "chaoyang"

UNIT_OF_ROADS = Actor(role=Role.UNIT_LEAD, id="key:roads", unit=ROADS)
UNIT_OF_WATER = Actor(role=Role.UNIT_LEAD, id="key:water", unit=WATER)
DESK = Actor(role=Role.DESK, id="key:desk")
INTAKE = Actor(role=Role.INTAKE, id="key:intake")
SUPERVISOR = Actor(role=Role.SUPERVISOR, id="key:supervisor")

DAYTIME = Window(opens=time(8), closes=time(21))


def limit(within: str, counts_from: Anchor = Anchor.DISPATCH) -> Limit:
    ladder = (
        Step(after=Budget.parse("0 hours"), tell=("district",)),
        Step(after=Budget.parse("1 day"), tell=("supervisor",)),
    )
    return Limit(within=Budget.parse(within), counts_from=counts_from, warn=(0.75,), ladder=ladder)


POLICY = Policy(
    policy="test-city",
    version="1",
    title={"en": "Test city"},
    zone="Asia/Shanghai",
    default_level="general",
    levels={
        "general": Level(
            title={"en": "General"},
            priority=3,
            dispatch=limit("24 hours", Anchor.RECEIPT),
            acknowledge=limit("2 hours"),
            handle=limit("24 hours"),
            resolve=limit("15 days"),
        )
    },
    callback=CallBackRules(within=Budget.parse("3 days"), attempts=3, rounds=2),
    returns=ReturnRules(at_most=2),
)
"""The bare minimum: what a policy may leave out, this one has left out."""


def span(within: str) -> Span:
    return Span(**limit(within).model_dump(exclude={"counts_from"}))


FULL = POLICY.model_copy(
    update={
        "policy": "full-city",
        "callback": CallBackRules(
            within=Budget.parse("3 days"), attempts=3, rounds=2, apart=Budget.parse("2 hours"), hours=DAYTIME
        ),
        "returns": ReturnRules(at_most=2, adjudicate=span("4 hours")),
        "consultation": span("8 hours"),
        "assist": AssistRules(acknowledge=span("4 hours"), report=span("5 days")),
        "waiting": WaitingRules(at_most=Budget.parse("5 days"), times=2),
        "account": AccountRules(at_most=Budget.parse("365 days"), ladder=limit("1 day").ladder),
        "extension": ExtensionRules(within=Budget.parse("1 day"), at_most=Budget.parse("10 days"), times=1),
        "urging": UrgingRules(apart=Budget.parse("4 hours"), at_most=3),
        "reopening": ReopeningRules(within=Budget.parse("30 days"), times=1),
        "appeal": AppealRules(
            within=Budget.parse("30 days"),
            unlocked_by=(Satisfaction.DISSATISFIED,),
            acknowledge=limit("5 days"),
            resolve=limit("20 days"),
        ),
    }
)
"""A policy with every section there is."""


def received(
    route: Route | None = None, policy: Policy = POLICY, source_ref: str = "1", at: datetime = NOON
) -> Command:
    """The command that takes in a complaint about a road."""
    return Command(
        id="receive",
        actor=INTAKE,
        act=Receive(
            number=number.derive("test", source_ref),
            complaint=Complaint(
                source="test",
                source_ref=source_ref,
                channel=Channel.PHONE,
                kind=Kind.COMPLAINT,
                category="roads/pothole",
                description="A pothole as deep as a bucket.",
                received_at=at,
            ),
            terms=policy.terms("general"),
            route=route or Route(unit=ROADS, copy_to=DISTRICT, reason="catalogue line 1"),
        ),
    )


class Narrative:
    """A case and its clock. `after(hours=…)` moves the clock on, `do` gives a command at that moment."""

    def __init__(self, route: Route | None = None, policy: Policy = POLICY, source_ref: str = "1") -> None:
        self.now = NOON
        self.events: list[Event] = decide(None, received(route, policy, source_ref), NOON)
        self._commands = 0

    @property
    def case(self) -> Case:
        return fold(self.events)

    def after(self, **passed: float) -> "Narrative":
        self.now += timedelta(**passed)
        return self

    def do(self, act: Act, actor: Actor = UNIT_OF_ROADS, id: str | None = None) -> list[str]:  # noqa: A002
        self._commands += 1
        command = Command(id=id or f"command-{self._commands}", actor=actor, act=act)
        events = decide(self.case, command, self.now)
        self.events += events
        return [event.fact.type for event in events]


GAS = "gas"
UNIT_OF_GAS = Actor(role=Role.UNIT_LEAD, id="key:gas", unit=GAS)
UNIT_OF_THE_DISTRICT = Actor(role=Role.UNIT_LEAD, id="key:chaoyang", unit=DISTRICT)

SOLVED = Report(outcome=Outcome.SOLVED, note="Filled and rolled.")
HAPPY = CallBack(reached=True, contacted=True, solved=True, satisfaction=Satisfaction.SATISFIED)
UNHAPPY = CallBack(reached=True, contacted=True, solved=False, satisfaction=Satisfaction.DISSATISFIED)
NOBODY = CallBack(reached=False)


def brought(
    triage: Triage | None = None,
    kind: Kind = Kind.COMPLAINT,
    policy: Policy = FULL,
    route: Route | None = None,
    source_ref: str = "1",
) -> Narrative:
    """A case as intake brings it: of any kind, with what became of it at once, under a reference of its own."""
    command = received(route, policy, source_ref)
    assert isinstance(command.act, Receive)
    complaint = command.act.complaint.model_copy(update={"kind": kind})
    act = command.act.model_copy(update={"complaint": complaint, "triage": triage})
    told = Narrative(route, policy)
    told.events = decide(None, command.model_copy(update={"act": act}), NOON)
    return told


def working(policy: Policy = FULL, source_ref: str = "1") -> Narrative:
    """A case that its unit has signed for and has begun to work on, an hour after noon."""
    told = brought(policy=policy, source_ref=source_ref)
    told.after(minutes=30).do(Acknowledge())
    told.after(minutes=30).do(Contact())
    return told


def reported(policy: Policy = FULL) -> Narrative:
    """A case that its unit has reported, an hour after noon."""
    told = working(policy)
    told.do(SOLVED)
    return told


def ended(answer: CallBack = HAPPY, policy: Policy = FULL) -> Narrative:
    """A case that was reported and called back about, an hour after noon."""
    told = reported(policy)
    told.do(answer, DESK)
    return told


def refused(told: Narrative, act: Act, actor: Actor = UNIT_OF_ROADS) -> RefusalError:
    """The refusal that a command meets with; nothing of it has happened."""
    before = list(told.events)
    with pytest.raises(RefusalError) as refusal:
        told.do(act, actor)
    assert told.events == before
    return refusal.value


def standing(told: Narrative) -> dict[str, Standing]:
    """How each deadline stands."""
    return {one.id: one.standing for one in deadlines(told.case)}


def due(told: Narrative) -> dict[str, timedelta]:
    """When each deadline is or was due, as the time since the receipt."""
    return {one.id: one.due_at - NOON for one in deadlines(told.case)}


def raised(told: Narrative, deadline: str) -> list[str]:
    """The alarms that a deadline has raised, in order."""
    alarms = [event.fact for event in told.events if event.fact.type in ("warned", "breached", "escalated")]
    return [fact.mark for fact in alarms if fact.deadline == deadline]


def owed(told: Narrative, after: int = 0) -> list[Effect]:
    """What the events after one owe the world outside, each judged by the case as the event left it."""
    histories = (told.events[: event.seq] for event in told.events[after:])
    return [effect for history in histories for effect in effects(fold(history), history[-1])]


def notices(told: Narrative, after: int = 0) -> list[tuple[str, str]]:
    """Who is told of what."""
    return [(effect.about, effect.to) for effect in owed(told, after) if effect.kind == "notice"]


def news(told: Narrative, hearer: Narrative, after: int = 0) -> list[Command]:
    """What another case is owed, as this one stood at each moment."""
    to = hearer.case.number
    heard = [effect for effect in owed(told, after) if effect.kind == "case" and effect.to == to]
    return [command_for(fold(told.events[: effect.seq]), effect) for effect in heard]


def hear(hearer: Narrative, command: Command) -> list[str]:
    """A case takes a command from another one."""
    events = decide(hearer.case, command, hearer.now)
    hearer.events += events
    return [event.fact.type for event in events]
