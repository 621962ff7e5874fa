"""What workflows ask of activities: names and inputs, free of everything that activities import."""

from collections.abc import Sequence
from typing import Literal

from pydantic import AwareDatetime, Field
from pydantic_core import to_json

from cases.adoption import Fate
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
FIND_CASES = "find_cases"
ADOPT = "adopt"

MOST_BYTES = 1_000_000
"""What one message to the engine may hold in events: half of what its server takes, for the rest of the message."""


class RecordRequest(Value):
    """Events to write into the register, and the case they add up to where that is at hand."""

    number: str
    events: tuple[Event, ...]
    case: Case | None = None


class HistoryRequest(Value):
    """Asks for what is recorded of a case after its event `after`."""

    number: str
    after: int = 0


class HistoryPart(Value):
    """Some of the recorded events of a case, one after the other; `more` says that others follow."""

    events: tuple[Event, ...]
    more: bool


def fitting(events: Sequence[Event]) -> int:
    """How many of some events, from the first on and at least that one, fit into one message to the engine.

    The engine's server takes two megabytes at once, and ends or stops for good whatever hands it more.
    """
    size = 0
    for count, event in enumerate(events):
        size += weight(event)
        if size > MOST_BYTES and count > 0:
            return count
    return len(events)


def weight(event: Event) -> int:
    """How many bytes an event takes in a message."""
    return len(to_json(event)) + 1


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


class Ruling(Value):
    """A version that came into force at a moment. In the demonstration its clocks run `speed` times as fast."""

    policy: str
    version: str
    speed: int | None = None
    since: AwareDatetime


class Search(Value):
    """Asks for a page of the open cases that are not held to a version.

    `after` are version and number of the last case of the page before. Cases that the register knew by `came_after` are
    left out, and those that came later than `fresh_after` are marked.
    """

    ruling: Ruling
    after: tuple[str, str] = ("", "")
    came_after: AwareDatetime | None = None
    fresh_after: AwareDatetime
    limit: int


class Found(Value):
    """A page of cases, and where the next one begins; the last page has no `next`. `fresh` came in just now.

    `open` is how many open cases there are that are not held to the version; it is told with the first page. If
    `untouched`, the version leaves all of them as they are, and there is no need to go through them.
    """

    numbers: tuple[str, ...] = ()
    fresh: tuple[str, ...] = ()
    next: tuple[str, str] | None = None
    open: int = 0
    untouched: bool = False


class Adoption(Value):
    """Asks that some cases adopt what a version of their policy offers them."""

    ruling: Ruling
    numbers: tuple[str, ...]


class Told(Value):
    """A case of which somebody should know, and why."""

    number: str
    fate: Fate
    why: str


class Adopted(Value):
    """What became of some cases: how many met which fate, and those of which somebody should know."""

    counts: dict[Fate, int] = Field(default_factory=dict)
    told: tuple[Told, ...] = ()


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
