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
from cases.order import Assist, Order

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


def case_table(rows: "Iterable[CaseRow]", zone: ZoneInfo) -> Table:
    """Cases, a line each."""
    table = _table("number", "status", "level", "unit", "category", "received", "due", "")
    for row in rows:
        due = f"{row.due_name} {_told(row.due_at, zone)}" if row.due_at else ""
        late = Text("late", style="red") if row.breached else Text("")
        table.add_row(
            *(row.number, row.outcome or row.status, row.level, row.unit or "desk", row.category),
            *(_told(row.received_at, zone), due, late),
        )
    return table


def event_table(events: Iterable[Event], zone: ZoneInfo) -> Table:
    """What happened, a line each."""
    table = _table("", "when", "what", "who", "more")
    for event in events:
        who = event.actor.unit or event.actor.role
        table.add_row(str(event.seq), _told(event.at, zone, seconds=True), event.fact.type, who, _more(event))
    return table


def _particulars(case: Case, zone: ZoneInfo) -> Table:
    complaint = case.complaint
    table = Table.grid(padding=(0, 2))
    rows = [
        ("Case", case.number),
        ("Status", f"closed: {case.closure.outcome}" if case.closure else case.status),
        ("Level", case.terms.level),
        ("Unit", case.unit or f"with the desk ({case.to_desk})"),
        ("Matter", f"{complaint.kind}: {complaint.category}"),
        ("Subject", complaint.subject),
        ("Place", " ".join(filter(None, (complaint.location.area, complaint.location.address)))),
        ("Description", complaint.description),
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
        ("Urged", f"{len(case.urges)} times" if case.urges else None),
        ("Takes now", ", ".join(allowed(case)) or "nothing more"),
    ]
    for name, value in rows:
        if value:
            table.add_row(Text(name, style="dim"), Text(value))
    return table


def _pause(case: Case, zone: ZoneInfo) -> str | None:
    if case.pause is None:
        return None
    why = "for the complainant" if case.pause.kind == "complainant" else f"on account, {case.pause.owner}"
    return f"{why} until {_told(case.pause.until, zone)}: {case.pause.reason}"


def _orders(case: Case, zone: ZoneInfo) -> Iterator[RenderableType]:
    """Who has had the case, and who was called in."""
    table = _table("order", "unit", "dispatched", "stands", "reason")
    for order in case.orders:
        named = f"{order.index}{' designated' if order.designated else ''}{' review' if order.stage > 1 else ''}"
        table.add_row(named, order.unit, _told(order.dispatched_at, zone), _order_stands(order), order.reason)
    for assist in case.assists:
        table.add_row(
            f"call {assist.index}", assist.unit, _told(assist.called_at, zone), _assist_stands(assist), assist.task
        )
    yield Text()
    yield table


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


def _deadlines(case: Case, zone: ZoneInfo) -> Table:
    table = _table("deadline", "unit", "due", "standing", "arithmetic")
    for one in deadlines(case):
        standing = Text(one.standing, style=_COLOURS[one.standing])
        arithmetic = Text(one.explanation, style="dim")
        table.add_row(one.id, one.unit or "desk", _told(one.due_at, zone), standing, arithmetic)
    return table


def _table(*headings: str) -> Table:
    table = Table(box=None, header_style="bold")
    for heading in headings:
        table.add_column(heading, no_wrap=heading == "number", overflow="fold")
    return table


def _more(event: Event) -> str:
    left_out = {"type", "complaint", "terms", "number", "tell"}
    fact = event.fact.model_dump(mode="json", exclude=left_out, exclude_none=True)
    return "; ".join(f"{name} {value}" for name, value in fact.items() if value != "")


def _told(moment: datetime, zone: ZoneInfo, *, seconds: bool = False) -> str:
    return f"{moment.astimezone(zone):{'%Y-%m-%d %H:%M:%S' if seconds else '%Y-%m-%d %H:%M'}}"
