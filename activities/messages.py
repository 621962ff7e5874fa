"""What workflows ask of activities: names and inputs, free of everything that activities import."""

from typing import Literal

from pydantic import AwareDatetime

from cases.case import Case
from cases.commands import Command
from cases.deadlines import running
from cases.effects import Effect
from cases.events import Event
from cases.order import Order
from cases.view import DeadlineView
from cases.vocabulary import Kind, Location, Value

RECORD = "record"
REWRITE = "rewrite"
READ_HISTORY = "read_history"
DELIVER_ORDER = "deliver_order"
SEND_NOTICE = "send_notice"
TELL_CASE = "tell_case"


class RecordRequest(Value):
    """Events to write into the register, and the case they add up to where that is at hand."""

    number: str
    events: tuple[Event, ...]
    case: Case | None = None


class OrderForm(Value):
    """An order as it is posted to a unit's system. `version` counts changes of this form.

    With `assist` the unit `lead` has called the other one in, for this `task` (Art. 16).
    """

    version: Literal[1] = 1
    about: str
    key: str
    case_number: str
    order: int
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
    received_at: AwareDatetime
    dispatched_at: AwareDatetime
    deadlines: tuple[DeadlineView, ...]


class CaseMessage(Value):
    """A command that one case gives another."""

    number: str
    command: Command


class NoticeRequest(Value):
    """A notice to somebody about a case."""

    effect: Effect
    number: str


def order_form(case: Case, effect: Effect) -> OrderForm:
    """The form of the order that an effect carries, as the case stands."""
    assist = case.assists[effect.assist - 1] if effect.assist is not None else None
    order = case.orders[assist.order - 1] if assist else _held(case, effect.to)
    complaint = case.complaint
    return OrderForm(
        about=effect.about,
        key=effect.key,
        case_number=case.number,
        order=order.index,
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
        received_at=complaint.received_at,
        dispatched_at=assist.called_at if assist else order.dispatched_at,
        deadlines=tuple(
            DeadlineView(name=one.name, id=one.id, unit=one.unit, due_at=one.due_at, standing=one.standing)
            for one in running(case)
            if one.unit == effect.to
        ),
    )


def _held(case: Case, unit: str) -> Order:
    return next(order for order in reversed(case.orders) if order.unit == unit)
