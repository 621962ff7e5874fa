"""The lives that a large register is made of: each led through the domain once, to be recorded as any case is."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import NamedTuple

from cases.acts.linking import Join
from cases.case import Case
from cases.commands import (
    Acknowledge,
    Called,
    Contact,
    Dispatch,
    Hold,
    Receive,
    RequestExtension,
    Return,
    Supervise,
    Tick,
    Wait,
    Whistle,
    Withdraw,
)
from cases.deadlines import running
from cases.decide import decide
from cases.evolve import fold
from cases.limits import Budget
from cases.policy import Policy
from cases.routing import Route
from cases.triage import AnsweredAtOnce
from cases.vocabulary import SYSTEM, Complainant, Kind, Location
from tests.unit.narrative import (
    DESK,
    DISTRICT,
    FULL,
    HAPPY,
    NOON,
    POLICY,
    ROADS,
    SOLVED,
    SUPERVISOR,
    UNIT_OF_WATER,
    WATER,
    Narrative,
    received,
)

CATEGORY = "roads/pothole"
AREA = "area-of-the-story"
SOURCE = "test"
CALLER = Complainant(name="王女士", phone="+86 138 0000 0001")
SAID = "幸福里小区3号楼门前的路从昨天夜里塌了一块，请尽快修好，老人和孩子都从这里走。"


NO_ADJUDICATION = FULL.model_copy(update={"returns": POLICY.returns})


class Story(NamedTuple):
    """One life so far, and how many of a thousand cases are like it."""

    name: str
    share: float
    told: Narrative

    @property
    def case(self) -> Case:
        """The case as it stands at its end."""
        return fold(self.told.events)

    @property
    def due_at(self) -> datetime | None:
        """Its next running deadline."""
        return next((one.due_at for one in running(self.case)), None)


def stories() -> list[Story]:
    """Every life; 96 of 100 have ended."""
    lead = _begun("lead")
    lives: list[tuple[str, float, Callable[[Narrative], object] | None]] = [
        ("solved", 739, _solved),
        ("held", 1, _solved),
        ("erased", 20, _solved),
        ("late", 80, _late),
        ("withdrawn", 40, lambda one: one.after(hours=1).do(Withdraw(), DESK)),
        ("dispatched", 8, None),
        ("acknowledged", 6, _signed),
        ("in progress", 9, _working),
        ("reported", 5, _reported),
        ("stuck", 0.5, lambda one: one.after(hours=3).do(Tick(), SYSTEM)),
        ("overdue", 1.5, lambda one: one.after(hours=3).do(Tick(), SYSTEM)),
        ("objected", 0.5, lambda one: one.after(minutes=20).do(Return(reason="A water main.", evidence="Sheet 14."))),
        ("returned", 0.2, _returned),
        ("waiting", 1, _waiting),
        ("on account", 1, _on_account),
        ("whistled", 1, _whistled),
        ("extension", 0.5, _extending),
        ("supervised", 0.5, lambda one: one.after(hours=1).do(Supervise(reason="Asked twice."), DESK)),
        ("joined", 0.8, lambda one: one.do(Join(incident=lead.case.number, unit=ROADS, reason="one pipe"), DESK)),
    ]
    found = [Story("lead", 0.0, lead)]
    for name, share, live in lives:
        told = _begun(name, policy=NO_ADJUDICATION if name == "returned" else FULL)
        if live is not None:
            live(told)
        found.append(Story(name, share, told))
    at_once = AnsweredAtOnce(told="The office opens at nine.")
    found.append(Story("answered", 80, _begun("answered", triage=at_once, kind=Kind.CONSULTATION)))
    found.append(Story("at the desk", 4.5, _begun("at the desk", Route(unit=None, reason="no line of the catalogue"))))
    return found


def _begun(
    name: str,
    route: Route | None = None,
    triage: AnsweredAtOnce | None = None,
    kind: Kind = Kind.COMPLAINT,
    policy: Policy = FULL,
) -> Narrative:
    command = received(route, policy, f"story-{name}")
    assert isinstance(command.act, Receive)
    said = {
        "kind": kind,
        "subject": "路面塌陷",
        "description": SAID,
        "complainant": CALLER,
        "location": Location(area=AREA, address="样例路 12 号", latitude=39.90, longitude=116.40),
    }
    act = command.act.model_copy(update={"complaint": command.act.complaint.model_copy(update=said), "triage": triage})
    told = Narrative(policy=policy)
    told.events = decide(None, command.model_copy(update={"act": act}), NOON)
    return told


def _signed(told: Narrative) -> Narrative:
    told.after(minutes=30).do(Acknowledge())
    return told


def _working(told: Narrative) -> Narrative:
    _signed(told).after(minutes=30).do(Contact())
    return told


def _reported(told: Narrative) -> Narrative:
    _working(told).after(hours=20).do(SOLVED)
    return told


def _solved(told: Narrative) -> None:
    _reported(told).after(hours=20).do(HAPPY, DESK)


def _late(told: Narrative) -> None:
    told.after(hours=1).do(Tick(), SYSTEM)
    told.after(hours=2).do(Tick(), SYSTEM)
    _solved(told)


def _returned(told: Narrative) -> None:
    told.after(minutes=20).do(Return(reason="A water main."))
    told.after(minutes=20).do(Dispatch(unit=WATER, copy_to=DISTRICT, reason="a water main"), DESK)
    # The second return is the last that the policy allows: now a supervisor says whose it is.
    told.after(minutes=20).do(Return(reason="The road is theirs."), UNIT_OF_WATER)


def _waiting(told: Narrative) -> None:
    _working(told).do(Wait(reason="Nobody was at home."))


def _on_account(told: Narrative) -> None:
    until = NOON + timedelta(days=200)
    _working(told).do(
        Hold(
            plan="The street is rebuilt in spring.",
            owner="李主任",
            exit="It is rebuilt.",
            reviews=(until,),
            until=until,
        ),
        SUPERVISOR,
    )


def _whistled(told: Narrative) -> None:
    _working(told).do(Whistle(calls=(Called(unit=WATER, task="Shut the valve.", copy_to=DISTRICT),)))


def _extending(told: Narrative) -> None:
    _working(told).do(RequestExtension(by=Budget.parse("8 days"), reason="Frost."))
