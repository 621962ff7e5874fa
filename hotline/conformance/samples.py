"""Orders that are made up, of cases that live by the real rules: what is played against a system, and shown in docs."""

from datetime import UTC, datetime, timedelta
from functools import cached_property

from cases import number
from cases.commands import (
    Acknowledge,
    Act,
    Called,
    Command,
    Receive,
    Supervise,
    Supplement,
    Urge,
    Whistle,
    Withdraw,
)
from cases.decide import decide
from cases.disclosure import shown_form
from cases.events import Event
from cases.evolve import fold
from cases.order_form import OrderForm
from cases.owed import owed
from cases.routing import Route
from cases.vocabulary import Actor, Channel, Complainant, Complaint, Kind, Location, Role
from hotline.policies import load

_DESK = Actor(role=Role.DESK, id="sample")
_SUPERVISOR = Actor(role=Role.SUPERVISOR, id="sample")
_LEADS = ("streets-group", "water-group")
_TASK = "请派人到场，关闭阀门。Send somebody who can close the valve."


class Sample:
    """One made-up case, in which a unit gets the order, or is called in by the one that has it (Art. 16)."""

    def __init__(self, unit: str, reference: str, at: datetime | None = None, *, called: bool = False) -> None:
        """Args:
        unit: The unit's code; the policy need not have it.
        reference: What makes the case's number: another one is another case.
        at: When it came in; a minute ago if left out.
        called: Whether the unit is called in, rather than given the order.
        """
        self.unit = unit
        self.number = number.derive("conformance", reference)
        self._now = at or datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=1)
        lead = next(one for one in _LEADS if one != unit) if called else unit
        self._events: list[Event] = decide(None, Command(id="receive", actor=_DESK, act=self._receive(lead)), self._now)
        self._later(Urge(note="诉求人来电询问。Asks how it stands."), _DESK)
        note = "现在整个小区都没有水。Now the whole estate has none."
        self._later(Supplement(channel=Channel.PHONE, note=note), _DESK)
        self._later(Supervise(reason="涉及独居老人，请优先办理。An old person lives there alone."), _SUPERVISOR)
        if called:
            unit_of_lead = Actor(role=Role.UNIT_LEAD, id="sample", unit=lead)
            self._later(Acknowledge(), unit_of_lead)
            self._later(Whistle(calls=(Called(unit=unit, task=_TASK),)), unit_of_lead)
        self._later(Withdraw(reason="诉求人撤回。Taken back by the complainant."), _DESK)

    def form(self, about: str) -> OrderForm:
        """What the unit was told of the case under this name.

        Raises:
            KeyError: it was told nothing of the kind.
        """
        return self._forms[about]

    @property
    def abouts(self) -> list[str]:
        """What the unit was told of, in order."""
        return list(self._forms)

    @cached_property
    def _forms(self) -> dict[str, OrderForm]:
        orders, _ = owed(self._events)
        return {form.about: shown_form(form) for form in orders if form.unit == self.unit}

    def _receive(self, unit: str) -> Receive:
        policy = load("beijing").policy
        level = "utility"
        return Receive(
            number=self.number,
            complaint=Complaint(
                source="conformance",
                source_ref=self.number,
                channel=Channel.PHONE,
                kind=Kind.COMPLAINT,
                category="utilities/water-outage",
                subject="测试工单，请勿办理 · A test, not to be handled",
                description="早上六点起全楼停水。No water in the whole house since six in the morning.",
                location=Location(area="chaoyang", address="建国路 88 号", latitude=39.9087, longitude=116.4605),
                complainant=Complainant(name="测试 Test", phone="+86 10 0000 0000"),
                received_at=self._now,
            ),
            terms=policy.terms(level, self._now.astimezone(policy.city_zone).date()),
            route=Route(unit=unit, copy_to="chaoyang", reason="utilities/water-outage everywhere"),
        )

    def _later(self, act: Act, actor: Actor) -> None:
        self._now += timedelta(seconds=10)
        command = Command(id=f"sample-{len(self._events)}", actor=actor, act=act)
        self._events += decide(fold(self._events), command, self._now)
