"""What people are told: everything that a notice may say of a case, as one of its events left it."""

from pydantic import AwareDatetime, Field
from pydantic.json_schema import SkipJsonSchema

from cases.case import Case
from cases.deadlines import running
from cases.effects import COMPLAINANT, Effect
from cases.events import Event, ExtensionDecided, Fact
from cases.sight import reads
from cases.texts import withheld
from cases.view import DeadlineView
from cases.vocabulary import Actor, Complainant, Kind, Location, Outcome, Role, Status, Value


class Notice(Value):
    """A notice that somebody is owed; who gets it by which channel, when and in which words is settled outside.

    `key` is the same however often it is asked for. `to` is `complainant`, `desk`, `supervisor` or `unit:` and a
    unit's code; `about` is what happened, with `change` in full. `unit` holds the case, or held it last. `reason` is
    why the unit asked for the time that was granted, which the complainant has a right to know (Art. 15); what else has
    a reason tells it in `change`.

    The complainant is there only where the notice is theirs; elsewhere `withheld` is whom the texts are scrubbed of
    before they go out, by `cases.disclosure.shown_notice`. A unit that a report is about is told none of its texts.
    """

    key: str
    about: str
    to: str
    case_number: str
    sequence: int
    at: AwareDatetime
    status: Status
    level: str
    priority: int
    kind: Kind
    category: str
    subject: str | None
    location: Location
    received_at: AwareDatetime
    unit: str | None
    outcome: Outcome | None
    complainant: Complainant | None
    withheld: SkipJsonSchema[Complainant | None] = Field(default=None, exclude_if=lambda one: one is None)
    deadlines: tuple[DeadlineView, ...]
    change: Fact
    reason: str = ""

    @property
    def audience(self) -> str:
        """Whom the words are for: `complainant`, `unit`, `desk` or `supervisor`."""
        return self.to.partition(":")[0]


def notice(case: Case, event: Event, effect: Effect) -> Notice:
    """The notice that an effect carries, given the event that it comes of and the case as that left it."""
    complaint = case.complaint
    theirs = effect.to == COMPLAINANT
    told = Notice(
        key=effect.key,
        about=effect.about,
        to=effect.to,
        case_number=case.number,
        sequence=event.seq,
        at=event.at,
        status=case.status,
        level=case.terms.level,
        priority=case.terms.priority,
        kind=complaint.kind,
        category=complaint.category,
        subject=complaint.subject,
        location=complaint.location,
        received_at=complaint.received_at,
        unit=case.unit or (case.orders[-1].unit if case.orders else None),
        outcome=case.closure.outcome if case.closure else None,
        complainant=complaint.complainant if theirs else None,
        withheld=None if theirs else complaint.complainant,
        deadlines=tuple(DeadlineView.of(one) for one in running(case)),
        change=event.fact,
        reason=_asked_for(case, event.fact),
    )
    unit = effect.to.removeprefix("unit:")
    may_read = unit == effect.to or reads(Actor(role=Role.UNIT_LEAD, unit=unit), complaint.accused)
    return told if may_read else withheld(told)


def _asked_for(case: Case, fact: Fact) -> str:
    return case.orders[fact.order - 1].extensions[-1].reason if isinstance(fact, ExtensionDecided) else ""
