"""`hotline deliveries`: what units' systems have not taken, why, and trying it again by hand."""

import json
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, TypeVar
from uuid import uuid4
from zoneinfo import ZoneInfo

import typer
from rich.console import Console

from cases.commands import Command, RetryDelivery
from cases.errors import RefusalError, UnavailableError, UnknownCaseError
from hotline import stack
from hotline.actor import local_admin
from hotline.errors import UsageError
from hotline.ledger import Ledger
from hotline.policies import load
from hotline.reaching import with_client, with_register
from hotline.told import settings, told

if TYPE_CHECKING:
    from records.cursor import Page
    from records.deliveries import Stuck
    from records.register import Register
    from workflows.engine import Engine

Result = TypeVar("Result")

app = typer.Typer(
    invoke_without_command=True,
    help="Deliveries to units' systems that are stuck: list them, and have them tried again.",
    rich_markup_mode="rich",
)

_PAGE = 200
_MOST = 10_000
"""Deliveries that one command has tried again: as many as a system can be expected to take."""


class State(StrEnum):
    """How a delivery stands that has failed."""

    RETRYING = "retrying"
    UNDELIVERED = "undelivered"
    STOPPED = "stopped"


Unit = Annotated[str | None, typer.Option("--unit", metavar="CODE", help="Only those to this unit.")]
OfState = Annotated[
    State | None,
    typer.Option(
        "--state",
        metavar="STATE",
        help="Only those that are `retrying` and may still arrive in time, `undelivered` and late, or `stopped` until "
        "somebody has them tried again.",
    ),
]
Limit = Annotated[int, typer.Option("--limit", metavar="COUNT", min=1, max=1000, help="At most so many.")]
After = Annotated[str | None, typer.Option("--after", metavar="PLACE", help="Go on after a page.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]


@app.callback()
@told
def deliveries(
    context: typer.Context,
    unit: Unit = None,
    state: OfState = None,
    limit: Limit = 50,
    after: After = None,
    as_json: AsJson = False,
) -> None:
    """List the deliveries that are stuck, those that have been for longest first, and how many each unit has."""
    if context.invoked_subcommand is None:
        _list(unit, state, limit, after, as_json=as_json)


@app.command("list")
@told
def list_deliveries(
    unit: Unit = None, state: OfState = None, limit: Limit = 50, after: After = None, as_json: AsJson = False
) -> None:
    """List the deliveries that are stuck, as the command alone does."""
    _list(unit, state, limit, after, as_json=as_json)


def _list(unit: str | None, state: State | None, limit: int, after: str | None, *, as_json: bool) -> None:
    async def asked(register: "Register") -> "tuple[Page[Stuck], dict[str, int]]":
        page = await register.deliveries.page(unit, state.value if state else None, limit, after)
        counts: dict[str, int] = {}
        for (of, standing), count in (await register.deliveries.counts()).items():
            if unit in (None, of) and (state is None or standing == state):
                counts[of] = counts.get(of, 0) + count
        return page, counts

    chosen = stack.resolve(settings())
    page, counts = with_register(chosen, asked)
    if as_json:
        items = [one.row.model_dump(mode="json") | {"state": one.state} for one in page.items]
        typer.echo(json.dumps({"items": items, "counts": counts, "next": page.next}, ensure_ascii=False))
        return
    if not page.items:
        typer.echo("no delivery is stuck", err=True)
        return
    Console().print(_table(page.items, load(chosen.policy).policy.city_zone))
    for of, count in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
        typer.echo(f"{of}: {count} stuck")
    typer.echo("once a system is mended: hotline deliveries retry --unit CODE", err=True)
    if page.next:
        typer.echo(f"there are more: --after {page.next}")


@app.command()
@told
def retry(
    key: Annotated[
        str | None, typer.Argument(metavar="KEY", help="The delivery's key, as `hotline deliveries` shows it.")
    ] = None,
    unit: Annotated[
        str | None, typer.Option("--unit", metavar="CODE", help="Everything that is stuck for this unit.")
    ] = None,
) -> None:
    """Have something delivered again now, under the key it had, so that a system that has it already does nothing."""
    if (key is None) == (unit is None):
        raise UsageError("KEY or --unit: say which delivery, or whose; one of the two")

    async def tried(register: "Register", engine: "Engine") -> tuple[int, list[str]]:
        wanted = await _wanted(register, key, unit)
        failures = [failure for one in wanted if (failure := await _retry(engine, one))]
        return len(wanted) - len(failures), failures

    again, failures = _with_engine(tried)
    for failure in failures:
        typer.echo(f"hotline: {failure}", err=True)
    if again or not failures:
        typer.echo("nothing is stuck for it" if not again else f"{again} tried again; `hotline deliveries` shows more")
    if failures:
        raise typer.Exit(1)


async def _wanted(register: "Register", key: str | None, unit: str | None) -> "list[Stuck]":
    if key is not None:
        found = await register.deliveries.find(key)
        if found is None:
            raise UsageError(f"KEY: no delivery {key!r} is stuck; `hotline deliveries` lists those that are")
        return [found]
    if await register.unit(str(unit)) is None:
        raise UsageError(f"--unit: there is no unit {unit!r}; `hotline unit list` shows them")
    wanted: list[Stuck] = []
    after = None
    while len(wanted) < _MOST:
        page = await register.deliveries.page(unit, limit=_PAGE, after=after)
        wanted += page.items
        if (after := page.next) is None:
            break
    return wanted


async def _retry(engine: "Engine", stuck: "Stuck") -> str | None:
    """Have one tried again, and tell why that was not possible."""
    row = stuck.row
    act = RetryDelivery(key=row.key, unit=row.unit, assist=row.assist, about=row.about, sequence=row.sequence)
    try:
        await engine.submit(row.case_number, Command(id=f"retry-{uuid4().hex}", actor=local_admin(), act=act))
    except (RefusalError, UnknownCaseError, UnavailableError) as error:
        return f"{row.key}: {error}"
    return None


def _with_engine(work: "Callable[[Register, Engine], Awaitable[Result]]") -> Result:
    from workflows.engine import Engine

    chosen = stack.resolve(settings())
    return with_client(
        chosen, lambda register, client: work(register, Engine(client, chosen.task_queue, register.history))
    )


def _table(items: "Sequence[Stuck]", zone: ZoneInfo) -> Ledger:
    # The key alone fills most of a line of 80 columns, so all else of a delivery is told in its paragraph.
    table = Ledger("key", "state", prose="why")
    for one in items:
        row = one.row
        due = f", due {_minute(row.expected_by, zone)}" if row.expected_by else ""
        tried = "once" if row.attempts == 1 else f"{row.attempts} times"
        told = f"{row.about}{due}; tried {tried} since {_minute(row.since, zone)}: {row.reason}"
        table.add(row.key, one.state, prose=told)
    return table


def _minute(moment: datetime, zone: ZoneInfo) -> str:
    return moment.astimezone(zone).isoformat(sep=" ", timespec="minutes")[:16]
