"""What a handling unit is told of an order: the order itself, and every later change, always in this form."""

from datetime import timedelta
from typing import Literal

from pydantic import AwareDatetime, Field
from pydantic.json_schema import SkipJsonSchema

from cases.case import Case
from cases.deadlines import running
from cases.effects import Effect
from cases.events import Event, Fact
from cases.masking import ContactShown, open_contact
from cases.order import ORDERED, Order
from cases.sight import sight
from cases.texts import withheld
from cases.view import DeadlineView
from cases.vocabulary import Actor, Complainant, Kind, Location, Role, Value

_SIGNING = frozenset({"acknowledgment", "assist_acknowledgment"})

_TAKEN = frozenset({"withdrawn", "assist_withdrawn"})
"""What takes its part in a case from a unit."""

_UNSIGNED = timedelta(minutes=10)
"""How long something that asks for no acknowledgment may take to arrive before a person is told."""


class OrderForm(Value):
    """Something about an order, as it is posted to a unit's system and as it stands in its mailbox.

    `version` counts changes of this form that a reader must know of; members may be added without one. `key` is the
    same however often it is sent, and so is every byte of the rest. `about` says what it tells, `change` what happened,
    with the members of that fact. Of one case, what has the higher `sequence` happened later. With `assist` the unit
    `lead` has called the other one in, for this `task` (Art. 16). `order` and `dispatched_at` are none where the unit
    has no order in the case: it is asked, or gets a copy to supervise another one's (Art. 12).

    The complainant's contact is in for those who have to speak with them (Art. 15) and may; it goes out masked. Where
    it is not in, `withheld` is whom the texts are scrubbed of, and never goes out: see `cases.disclosure.shown_form`.
    A unit that a report is about gets no texts at all.
    """

    version: Literal[1] = 1
    about: str
    key: str
    sequence: int = 0
    at: AwareDatetime | None = None
    case_number: str
    order: int | None
    assist: int | None = None
    lead: str | None = None
    task: str = ""
    unit: str
    level: str
    category: str
    kind: Kind
    subject: str | None
    description: str
    location: Location
    complainant: ContactShown | None = None
    withheld: SkipJsonSchema[Complainant | None] = Field(default=None, exclude_if=lambda one: one is None)
    received_at: AwareDatetime
    dispatched_at: AwareDatetime | None
    deadlines: tuple[DeadlineView, ...]
    change: Fact | None = None

    @property
    def wants_answer(self) -> bool:
        """Whether the unit is to sign for it: its system may do so in its answer."""
        return self.about in ORDERED

    def expected_by(self, now: AwareDatetime) -> AwareDatetime:
        """When it should have arrived: an order by its acknowledgment limit, anything else ten minutes from now."""
        signing = [one.due_at for one in self.deadlines if self.wants_answer and one.name in _SIGNING]
        return min(signing, default=now + _UNSIGNED)


class Envelope(Value):
    """A form as it goes out, in the shape that Standard Webhooks gives a payload: posted, or read from a mailbox."""

    type: str
    timestamp: AwareDatetime
    data: OrderForm


def envelope(form: OrderForm) -> Envelope:
    """The envelope of a form.

    Written with `exclude_unset`, it leaves out the members that a later release has added to a form of an earlier one:
    so every way of sending a form shows the same.
    """
    told_at = form.at or form.dispatched_at or form.received_at
    return Envelope(type=f"order.{form.about}", timestamp=told_at, data=form)


def order_form(case: Case, event: Event, effect: Effect) -> OrderForm:
    """The form that an effect carries, given the event that it comes of and the case as that left it."""
    assist = case.assists[effect.assist - 1] if effect.assist is not None else None
    order = case.orders[assist.order - 1] if assist else _concerned(case, effect)
    complaint = case.complaint
    seen = sight(Actor(role=Role.UNIT_LEAD, unit=effect.to), case)
    given = order is not None and effect.about not in _TAKEN and seen.contact == "masked"
    form = OrderForm(
        about=effect.about,
        key=effect.key,
        sequence=event.seq,
        at=event.at,
        case_number=case.number,
        order=order.index if order else None,
        assist=effect.assist,
        lead=assist.called_by if assist else None,
        task=assist.task if assist else "",
        unit=effect.to,
        level=case.terms.level,
        category=complaint.category,
        kind=complaint.kind,
        subject=complaint.subject,
        description=complaint.description,
        location=complaint.location,
        complainant=open_contact(complaint.complainant) if given else None,
        withheld=None if given or not seen.texts else complaint.complainant,
        received_at=complaint.received_at,
        dispatched_at=assist.called_at if assist else order.dispatched_at if order else None,
        deadlines=tuple(DeadlineView.of(one) for one in running(case) if one.unit == effect.to),
        change=event.fact,
    )
    return form if seen.texts else withheld(form)


def _concerned(case: Case, effect: Effect) -> Order | None:
    """The order that a unit has, or is rid of by this; not one that it had before, where it only supervises by now."""
    last = case.orders[-1] if case.orders else None
    concerned = last is not None and last.unit == effect.to and (case.unit == effect.to or effect.about in _TAKEN)
    return last if concerned else None
