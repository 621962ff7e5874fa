"""`hotline case`: look at cases from the machine that the service runs on, also while the API is down."""

import json
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer
from pydantic import ValidationError
from rich.console import Console
from typer.core import TyperCommand

from cases import number as case_number
from cases.errors import UnavailableError
from cases.vocabulary import Status
from hotline.errors import UsageError
from hotline.policies import load
from hotline.told import USAGE, settings, told

if TYPE_CHECKING:
    from cases.case import Case
    from hotline.case_sources import Sources
    from records.guarding import ErasureRow

app = typer.Typer(no_args_is_help=True, help="Look at cases: one, many, or what happened to one.")

Number = Annotated[str, typer.Argument(metavar="NUMBER", help="The case number, like 7K3Q-X2WA-HB4M-5.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
Reveal = Annotated[
    str | None,
    typer.Option(
        metavar="REASON",
        help="Show in full whom it is from, and why you need to know; the audit trail keeps that.",
    ),
]


WITHOUT_REASON = '--reveal: say why you need to know, as in --reveal "to agree on a visit"; the audit trail keeps it'


class Revealing(TyperCommand):
    """A command that can reveal somebody, and says what a reason is like where it was left out."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read what was typed; an option after `--reveal` is not taken for the reason."""
        after = args[args.index("--reveal") + 1 :] if "--reveal" in args else ["no"]
        if not after or after[0].startswith("--"):
            typer.echo(f"hotline: {WITHOUT_REASON}", err=True)
            raise typer.Exit(USAGE)
        return super().parse_args(ctx, args)


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


@app.command(cls=Revealing)
@told
def show(number: Number, as_json: AsJson = False, reveal: Reveal = None) -> None:
    """Show where a case stands, with every deadline and its arithmetic. Whom it is from is masked."""
    from hotline.case_sheet import sheet
    from hotline.case_sources import look

    number, zone = case_number.parse(number), _city_zone()

    async def found(sources: "Sources") -> "tuple[Case, bool, ErasureRow | None]":
        case, live = await sources.case(number)
        try:
            return case, live, await sources.register.erasures.find(number)
        except UnavailableError:
            return case, live, None

    case, live, erasure = look(settings(), found, reveal=reveal)
    if as_json:
        typer.echo(case.model_dump_json(indent=2))
        return
    if erasure is not None:
        at = erasure.at.astimezone(zone).isoformat(sep=" ", timespec="minutes")[:16]
        typer.echo(f"Erased on {at}: {erasure.rule}. `hotline erase show {number}` proves it.", err=True)
    elif not live:
        Console(stderr=True).print("From its record, since its workflow could not be asked.", style="yellow")
    Console().print(sheet(case, zone))


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


@app.command(cls=Revealing)
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
