"""`hotline case`: look at cases from the machine that the service runs on, also while the API is down."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, TypeVar
from zoneinfo import ZoneInfo

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.table import Table
from rich.text import Text

from cases import number as case_number
from cases.case import Case
from cases.deadlines import Standing, deadlines
from cases.decide import allowed
from cases.errors import UnavailableError, UnknownCaseError
from cases.events import Event
from cases.vocabulary import Status
from hotline import stack
from hotline.errors import UsageError
from hotline.policies import load
from hotline.settings import Settings
from hotline.told import settings, told
from records.database import connect as connect_database
from records.register import CaseFilter, Register
from workflows.connection import connect
from workflows.engine import Engine

Result = TypeVar("Result")

app = typer.Typer(no_args_is_help=True, help="Look at cases: one, many, or what happened to one.")

Number = Annotated[str, typer.Argument(help="The case number, like ACA7-T1N1-2FNG-H.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]

_COLOURS = {
    Standing.RUNNING: "",
    Standing.MET: "green",
    Standing.MET_LATE: "yellow",
    Standing.BREACHED: "red",
    Standing.LIFTED: "dim",
}


@dataclass(frozen=True)
class Sources:
    """Where cases are looked up: the register, and their workflows where these can be reached."""

    register: Register
    engine: Engine | None

    async def case(self, number: str) -> tuple[Case, bool]:
        """A case, and whether its workflow told it rather than its record.

        Raises:
            UnknownCaseError: there is no such case.
        """
        if self.engine is not None:
            try:
                return await self.engine.case(number), True
            except (UnavailableError, UnknownCaseError):
                pass
        return await self.register.case(number), False


@app.command()
@told
def show(number: Number, as_json: AsJson = False) -> None:
    """Show where a case stands, with every deadline and its arithmetic."""
    number = case_number.parse(number)
    case, live = _look(lambda sources: sources.case(number))
    if as_json:
        typer.echo(case.model_dump_json(indent=2))
        return
    console = Console()
    if not live:
        console.print("From its record, since its workflow could not be asked.", style="yellow")
    zone = _city_zone()
    console.print(_sheet(case, zone))
    console.print(_deadline_table(case, zone))


@app.command("list")
@told
def list_cases(
    status: Annotated[Status | None, typer.Option(help="Only cases that stand here.")] = None,
    unit: Annotated[str | None, typer.Option(help="Only cases that this unit leads.")] = None,
    level: Annotated[str | None, typer.Option(help="Only cases of this level.")] = None,
    source: Annotated[str | None, typer.Option(help="Only cases that this source brought.")] = None,
    overdue: Annotated[bool | None, typer.Option("--overdue/--in-time", help="Only late ones, or only others.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many.")] = 30,
    after: Annotated[str | None, typer.Option(help="Go on behind an earlier list, by what that told.")] = None,
    as_json: AsJson = False,
) -> None:
    """List cases, the newest first."""
    try:
        wanted = CaseFilter(status=status, unit=unit, level=level, source=source, overdue=overdue)
    except ValidationError as error:
        raise UsageError(f"--{error.errors()[0]['loc'][0]}: {error.errors()[0]['msg']}") from None
    page = _look(lambda sources: sources.register.cases(wanted, limit, after), with_engine=False)
    if as_json:
        typer.echo(json.dumps({"items": [row.model_dump(mode="json") for row in page.items], "next": page.next}))
        return
    zone = _city_zone()
    table = Table(box=None, header_style="bold")
    for heading in ("number", "status", "level", "unit", "category", "received", "due", ""):
        table.add_column(heading, no_wrap=heading == "number")
    for row in page.items:
        due = f"{row.due_name} {_told(row.due_at, zone)}" if row.due_at else ""
        late = Text("late", style="red") if row.breached else Text("")
        table.add_row(
            *(row.number, row.outcome or row.status, row.level, row.unit or "desk", row.category),
            *(_told(row.received_at, zone), due, late),
        )
    Console().print(table)
    if page.next:
        typer.echo(f"there are more: --after {page.next}")


@app.command()
@told
def events(number: Number, as_json: AsJson = False) -> None:
    """Tell everything that happened to a case, in order."""
    number = case_number.parse(number)
    happened = _look(lambda sources: _events(sources, number))
    if as_json:
        typer.echo(json.dumps([event.model_dump(mode="json") for event in happened], ensure_ascii=False))
        return
    table = Table(box=None, header_style="bold")
    for heading in ("", "when", "what", "who", "more"):
        table.add_column(heading, overflow="fold")
    zone = _city_zone()
    for event in happened:
        who = event.actor.unit or event.actor.role
        table.add_row(str(event.seq), _told(event.at, zone, seconds=True), event.fact.type, who, _more(event))
    Console().print(table)


async def _events(sources: Sources, number: str) -> Sequence[Event]:
    if sources.engine is not None:
        try:
            return await sources.engine.events(number)
        except (UnavailableError, UnknownCaseError):
            pass
    return await sources.register.events(number, limit=100_000) or await _none(number)


async def _none(number: str) -> Sequence[Event]:
    raise UnknownCaseError(number)


def _look(work: Callable[[Sources], Awaitable[Result]], *, with_engine: bool = True) -> Result:
    resolved = stack.resolve(settings())

    async def run() -> Result:
        async with _sources(resolved, with_engine=with_engine) as sources:
            return await work(sources)

    return asyncio.run(run())


@asynccontextmanager
async def _sources(resolved: Settings, *, with_engine: bool) -> AsyncIterator[Sources]:
    database = connect_database(stack.database_url(resolved), pool_size=2)
    try:
        yield Sources(Register(database), await _engine(resolved) if with_engine else None)
    finally:
        await database.dispose()


async def _engine(resolved: Settings) -> Engine | None:
    try:
        async with asyncio.timeout(5):
            return Engine(await connect(f"127.0.0.1:{resolved.temporal_port}"), resolved.task_queue)
    except (RuntimeError, TimeoutError):
        return None


def _city_zone() -> ZoneInfo:
    return load(settings().policy).policy.city_zone


def _sheet(case: Case, zone: ZoneInfo) -> Table:
    complaint = case.complaint
    table = Table.grid(padding=(0, 2))
    state = case.closure.outcome if case.closure else case.status
    rows = [
        ("Case", case.number),
        ("Status", f"closed: {state}" if case.closure else state),
        ("Level", case.terms.level),
        ("Unit", case.unit or f"with the desk ({case.to_desk})"),
        ("Matter", f"{complaint.kind}: {complaint.category}"),
        ("Subject", complaint.subject),
        ("Place", " ".join(filter(None, (complaint.location.area, complaint.location.address)))),
        ("Description", complaint.description),
        ("Brought by", " ".join(filter(None, (complaint.source, complaint.source_ref, f"({complaint.channel})")))),
        ("Received", f"{_told(complaint.received_at, zone)} ({zone})"),
        ("Policy", f"{case.terms.policy} {case.terms.version}"),
        ("Takes now", ", ".join(allowed(case)) or "nothing more"),
    ]
    for name, value in rows:
        if value:
            table.add_row(Text(name, style="dim"), Text(value))
    return table


def _deadline_table(case: Case, zone: ZoneInfo) -> Table:
    table = Table(box=None, header_style="bold")
    for heading in ("deadline", "unit", "due", "standing", "arithmetic"):
        table.add_column(heading, overflow="fold")
    for one in deadlines(case):
        standing = Text(one.standing, style=_COLOURS[one.standing])
        table.add_row(one.id, one.unit or "desk", _told(one.due_at, zone), standing, Text(one.explanation, style="dim"))
    return table


def _more(event: Event) -> str:
    fact = event.fact.model_dump(
        mode="json", exclude={"type", "complaint", "terms", "number", "tell"}, exclude_none=True
    )
    return "; ".join(f"{name} {value}" for name, value in fact.items() if value != "")


def _told(moment: datetime, zone: ZoneInfo, *, seconds: bool = False) -> str:
    return f"{moment.astimezone(zone):{'%Y-%m-%d %H:%M:%S' if seconds else '%Y-%m-%d %H:%M'}}"
