"""`hotline kept`: complaints that were taken in while the engine was away, and are not started yet."""

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer
from pydantic_core import to_jsonable_python
from rich.console import Console

from cases import number as case_number
from cases.errors import InvalidError
from hotline import stack
from hotline.errors import UsageError
from hotline.ledger import Ledger
from hotline.policies import load
from hotline.reaching import with_register
from hotline.told import settings, told

if TYPE_CHECKING:
    from records.kept_cases import KeptCase, State
    from records.register import Register

app = typer.Typer(
    invoke_without_command=True,
    help="Complaints that were taken in while Temporal was away and are not started yet.",
    rich_markup_mode="rich",
)


Limit = Annotated[int, typer.Option("--limit", metavar="COUNT", min=1, max=1000, help="At most so many.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]


@app.callback()
@told
def kept_cases(context: typer.Context, limit: Limit = 50, as_json: AsJson = False) -> None:
    """List the complaints that wait to be started, the most urgent first. What they say is not shown.

    They are started by themselves as soon as Temporal answers. One that is
    refused waits for you: its number belongs to another complaint since.
    """
    if context.invoked_subcommand is None:
        _list(limit, as_json=as_json)


@app.command("list")
@told
def list_kept(limit: Limit = 50, as_json: AsJson = False) -> None:
    """List the complaints that wait to be started, as the command alone does."""
    _list(limit, as_json=as_json)


def _list(limit: int, *, as_json: bool) -> None:
    async def asked(register: "Register") -> "tuple[list[KeptCase], dict[State, int]]":
        return await register.kept.list(limit), await register.kept.counts()

    chosen = stack.resolve(settings())
    kept, counts = with_register(chosen, asked)
    if as_json:
        items = [to_jsonable_python(asdict(one)) for one in kept]
        typer.echo(json.dumps({"items": items, "counts": counts}, ensure_ascii=False))
        return
    if not kept:
        typer.echo("no complaint is kept: every case is started", err=True)
        return
    zone = load(chosen.policy).policy.city_zone
    table = Ledger("number", "state", "kept at", prose="why")
    for one in kept:
        at = one.kept_at.astimezone(zone).isoformat(sep=" ", timespec="minutes")[:16]
        tried = f", tried {'once' if one.attempts == 1 else f'{one.attempts} times'}" if one.attempts else ""
        table.add(one.number, one.state, at, prose=f"{one.reason or 'Temporal was away'}{tried}")
    Console().print(table)
    typer.echo(", ".join(f"{count} {state}" for state, count in counts.items() if count))


@app.command()
@told
def retry(
    number: Annotated[str, typer.Argument(metavar="NUMBER", help="The case, as `hotline kept` shows it.")],
) -> None:
    """Have a worker start one now, once you have seen to what held it up."""
    try:
        wanted = case_number.parse(number)
    except InvalidError as error:
        raise UsageError(f"NUMBER: {error.detail}") from None
    try:
        with_register(stack.resolve(settings()), lambda register: register.kept.retry(wanted))
    except InvalidError as error:
        raise UsageError(f"NUMBER: {error.detail}") from None
    typer.echo(f"{wanted} is started as soon as a worker is free and Temporal answers; `hotline kept` shows what waits")
