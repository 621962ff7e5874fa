"""Cases on the terminal, with every moment in the city's zone."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from cases.case import Case
from cases.deadlines import Standing, deadlines
from cases.decide import allowed
from cases.events import Event
from cases.explanation import Explanation
from cases.order import Assist, Order
from cases.telling import told
from hotline.ledger import Ledger

if TYPE_CHECKING:
    from records.tables import CaseRow

_COLOURS = {
    Standing.RUNNING: "",
    Standing.MET: "green",
    Standing.MET_LATE: "yellow",
    Standing.BREACHED: "red",
    Standing.LIFTED: "dim",
    Standing.PAUSED: "cyan",
}


def sheet(case: Case, zone: ZoneInfo) -> Group:
    """Where a case stands, and every deadline with its arithmetic."""
    parts = [_particulars(case, zone), *(_orders(case, zone) if case.orders else ()), Text(), _deadlines(case, zone)]
    return Group(*parts)


def case_table(rows: "Iterable[CaseRow]", zone: ZoneInfo) -> Ledger:
    """Cases, each with what it is about and what it waits for."""
    ledger = Ledger("number", "status", "level", "next due", "", prose="where, and what")
    for row in rows:
        due = _told(row.due_at, zone) if row.due_at else ""
        ledger.add(
            *(row.number, row.outcome or row.status, row.level, due),
            Text("late" if row.breached else "", style="red"),
            prose="; ".join(
                [f"{row.unit or 'desk'}: {row.category}", f"received {_told(row.received_at, zone)}", *_marks(row)]
            ),
        )
    return ledger


def _marks(row: "CaseRow") -> Iterator[str]:
    """What the next due time is for, what the case waits for, and through which other one it is handled."""
    if row.due_name:
        yield f"due: {row.due_name}"
    waits = {"complainant": "waits for the complainant", "account": "on account"}
    if row.paused:
        yield waits.get(row.paused, row.paused)
    for wanted, mark in (
        (row.objected, "an objection or refusal to decide"),
        (row.extension_asked, "more time to decide"),
        (row.awaits_supervisor, "waits for a supervisor"),
        (row.supervised, "supervised"),
    ):
        if wanted:
            yield mark
    if row.incident:
        yield f"through {row.incident}"


def event_table(events: Iterable[Event], zone: ZoneInfo) -> Ledger:
    """What happened, each with what it says."""
    ledger = Ledger("", "when", "what", "who", prose="more")
    for event in events:
        who = event.actor.unit or event.actor.role
        more = told(event.fact, zone) or _more(event, zone)
        ledger.add(str(event.seq), _told(event.at, zone, seconds=True), event.fact.type, who, prose=more)
    return ledger


def account(explanation: Explanation, zone: ZoneInfo) -> Group:
    """Why a case is where it is: in one sentence, and then moment by moment."""
    ledger = Ledger("")
    for entry in explanation.entries:
        text = Text(entry.text, style="dim" if entry.about == "deadline" else "")
        ledger.add(_told(entry.at, zone, seconds=True), prose=text)
    return Group(Text(explanation.because, style="bold"), ledger)


def _particulars(case: Case, zone: ZoneInfo) -> Table:
    complaint = case.complaint
    table = Table.grid(padding=(0, 2))
    rows = [
        ("Case", case.number),
        ("Status", _status(case)),
        ("Level", case.terms.level),
        ("Unit", case.unit or _at_desk(case)),
        ("Matter", f"{complaint.kind}: {complaint.category}"),
        ("Subject", complaint.subject),
        ("Place", " ".join(filter(None, (complaint.location.area, complaint.location.address)))),
        ("Description", complaint.description),
        ("Complainant", _person(case)),
        ("Brought by", " ".join(filter(None, (complaint.source, complaint.source_ref, f"({complaint.channel})")))),
        ("Received", f"{_told(complaint.received_at, zone)} ({zone})"),
        ("Policy", f"{case.terms.policy} {case.terms.version}"),
        ("Told", case.advised or (case.declined.told if case.declined else None)),
        ("Ground", f"{case.declined.ground} {case.declined.passed_to or ''}".strip() if case.declined else None),
        ("Handled through", case.incident),
        ("Leads", ", ".join(case.followers)),
        ("Repeated by", ", ".join(case.repeats)),
        ("Stands still", _pause(case, zone)),
        ("Rated", case.satisfaction),
        ("Urged", _times(len(case.urges)) if case.urges else None),
        ("Takes now", ", ".join(allowed(case)) or "nothing more"),
    ]
    for name, value in rows:
        if value:
            table.add_row(Text(name, style="dim"), Text(value))
    return table


def _person(case: Case) -> str:
    who = case.complaint.complainant
    wish = "(known to the hotline alone)" if case.complaint.confidential else None
    return " ".join(filter(None, (who.name, who.phone, who.email, wish)))


def _status(case: Case) -> str:
    stands = f"closed: {case.closure.outcome}" if case.closure else case.status.value
    return f"{stands}, erased" if case.erased else stands


def _at_desk(case: Case) -> str | None:
    """That no unit has it, and why, where it waits for the desk; a case that has ended waits for nobody."""
    if not case.open:
        return None
    return f"with the desk ({case.to_desk})" if case.to_desk else "with the desk"


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _pause(case: Case, zone: ZoneInfo) -> str | None:
    if case.pause is None:
        return None
    why = "for the complainant" if case.pause.kind == "complainant" else f"on account, {case.pause.owner}"
    return f"{why} until {_told(case.pause.until, zone)}: {case.pause.reason}"


def _orders(case: Case, zone: ZoneInfo) -> Iterator[RenderableType]:
    """Who has had the case, and who was called in."""
    ledger = Ledger("order", "unit", "dispatched", "stands", prose="reason")
    for order in case.orders:
        named = f"{order.index}{' designated' if order.designated else ''}{' review' if order.stage > 1 else ''}"
        ledger.add(named, order.unit, _told(order.dispatched_at, zone), _order_stands(order), prose=order.reason)
    for assist in case.assists:
        called = _told(assist.called_at, zone)
        ledger.add(f"call {assist.index}", assist.unit, called, _assist_stands(assist), prose=assist.task)
    yield Text()
    yield ledger


def _order_stands(order: Order) -> str:
    if order.objection is not None:
        return "objection pending"
    if order.extension is not None:
        return f"asks for {order.extension.by}"
    if order.returned:
        return "returned"
    return order.report or ("ended" if order.ended_at else "open")


def _assist_stands(assist: Assist) -> str:
    if assist.refusal is not None:
        return "refusal pending"
    return "reported" if assist.reported_at else "released" if assist.ended_at else "open"


def _deadlines(case: Case, zone: ZoneInfo) -> Ledger:
    ledger = Ledger("deadline", "unit", "due", "standing", prose="arithmetic")
    for one in deadlines(case):
        standing = Text(one.standing, style=_COLOURS[one.standing])
        arithmetic = Text(one.explanation, style="dim")
        ledger.add(one.id, one.unit or "desk", _told(one.due_at, zone), standing, prose=arithmetic)
    return ledger


def _more(event: Event, zone: ZoneInfo) -> str:
    left_out = {"type", "complaint", "terms", "number", "tell"}
    fact = event.fact.model_dump(mode="json", exclude=left_out, exclude_none=True)
    # Members in the order of the fact; moments by the city's clocks, as everywhere else on the sheet.
    for name in fact:
        if isinstance(moment := getattr(event.fact, name), datetime):
            fact[name] = _told(moment, zone, seconds=True)
    return "; ".join(f"{name} {value}" for name, value in fact.items() if value != "")


def _told(moment: datetime, zone: ZoneInfo, *, seconds: bool = False) -> str:
    return f"{moment.astimezone(zone):{'%Y-%m-%d %H:%M:%S' if seconds else '%Y-%m-%d %H:%M'}}"
