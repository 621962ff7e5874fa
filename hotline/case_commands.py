"""`hotline case`: look at cases from the machine that the service runs on, also while the API is down."""

import json
from enum import StrEnum
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from pydantic import ValidationError
from rich.console import Console

from cases import number as case_number
from cases.vocabulary import Status
from hotline.errors import UsageError
from hotline.policies import load
from hotline.told import settings, told

app = typer.Typer(no_args_is_help=True, help="Look at cases: one, many, or what happened to one.")

Number = Annotated[str, typer.Argument(help="The case number, like 7K3Q-X2WA-HB4M-5.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
Reveal = Annotated[
    str | None,
    typer.Option(
        metavar="REASON",
        help="Show in full whom it is from, and why you need to know; the audit trail keeps that.",
    ),
]


class Decision(StrEnum):
    """What a case may wait for from the desk or a supervisor."""

    OBJECTION = "objection"
    EXTENSION = "extension"
    SUPERVISOR = "supervisor"


_DECISIONS = {
    Decision.OBJECTION: "objected",
    Decision.EXTENSION: "extension_asked",
    Decision.SUPERVISOR: "awaits_supervisor",
}


@app.command()
@told
def show(number: Number, as_json: AsJson = False, reveal: Reveal = None) -> None:
    """Show where a case stands, with every deadline and its arithmetic. Whom it is from is masked."""
    from hotline.case_sheet import sheet
    from hotline.case_sources import look

    number = case_number.parse(number)
    case, live = look(settings(), lambda sources: sources.case(number), reveal=reveal)
    if as_json:
        typer.echo(case.model_dump_json(indent=2))
        return
    if not live:
        Console(stderr=True).print("From its record, since its workflow could not be asked.", style="yellow")
    Console().print(sheet(case, _city_zone()))


@app.command("list")
@told
def list_cases(
    status: Annotated[Status | None, typer.Option(help="Only cases that stand here.")] = None,
    unit: Annotated[str | None, typer.Option(help="Only cases that this unit leads.")] = None,
    level: Annotated[str | None, typer.Option(help="Only cases of this level.")] = None,
    source: Annotated[str | None, typer.Option(help="Only cases that this source brought.")] = None,
    waiting_for: Annotated[
        Decision | None, typer.Option("--waiting-for", help="Only cases that wait for this decision.")
    ] = None,
    incident: Annotated[str | None, typer.Option(help="Only cases that are handled through this one.")] = None,
    overdue: Annotated[bool | None, typer.Option("--overdue/--in-time", help="Only late ones, or only others.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many.")] = 30,
    after: Annotated[str | None, typer.Option(help="Go on behind an earlier list, by what that told.")] = None,
    as_json: AsJson = False,
) -> None:
    """List cases, the newest first."""
    from hotline.case_sheet import case_table
    from hotline.case_sources import look
    from records.register import CaseFilter

    try:
        wanted = CaseFilter(
            status=status,
            unit=unit,
            level=level,
            source=source,
            overdue=overdue,
            incident=incident and case_number.parse(incident),
            **({_DECISIONS[waiting_for]: True} if waiting_for else {}),
        )
    except ValidationError as error:
        raise UsageError(f"--{error.errors()[0]['loc'][0]}: {error.errors()[0]['msg']}") from None
    page, about = look(settings(), lambda sources: sources.page(wanted, limit, after), with_engine=False)
    if as_json:
        items = [row.model_dump(mode="json") | {"subject": about.get(row.number)} for row in page.items]
        typer.echo(json.dumps({"items": items, "next": page.next}))
        return
    if not page.items:
        typer.echo("no case fits", err=True)
        return
    Console().print(case_table(page.items, _city_zone()))
    if page.next:
        typer.echo(f"there are more: --after {page.next}")


@app.command()
@told
def events(number: Number, as_json: AsJson = False, reveal: Reveal = None) -> None:
    """Tell everything that happened to a case, in order. Whom it is from is masked."""
    from hotline.case_sheet import event_table
    from hotline.case_sources import look

    number = case_number.parse(number)
    happened = look(settings(), lambda sources: sources.events(number), reveal=reveal)
    if as_json:
        typer.echo(json.dumps([event.model_dump(mode="json") for event in happened], ensure_ascii=False))
        return
    Console().print(event_table(happened, _city_zone()))


@app.command()
@told
def explain(number: Number, as_json: AsJson = False) -> None:
    """Explain why a case is where it is: each dispatch, decision and pause, and the arithmetic of every limit."""
    from cases.evolve import fold
    from cases.explanation import explain as explained
    from cases.explanation import lines
    from hotline.case_sheet import account
    from hotline.case_sources import look

    number = case_number.parse(number)
    happened = look(settings(), lambda sources: sources.events(number))
    explanation = explained(fold(happened), happened)
    if as_json:
        typer.echo(explanation.model_dump_json(indent=2))
        return
    console = Console()
    if console.is_terminal:
        console.print(account(explanation, _city_zone()))
        return
    # For other programs, a line each, however long.
    for line in lines(explanation, _city_zone()):
        typer.echo(line)


def _city_zone() -> ZoneInfo:
    return load(settings().policy).policy.city_zone
