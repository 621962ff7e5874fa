"""`hotline unit`: where the units' systems are, their pace and their secrets."""

import re
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, TypeVar
from urllib.parse import urlsplit

import typer
from rich.console import Console

from hotline import stack
from hotline.actor import local_admin
from hotline.errors import UsageError
from hotline.ledger import Ledger
from hotline.reaching import with_register
from hotline.told import settings, told

if TYPE_CHECKING:
    from hotline.settings import Settings
    from records.register import Register
    from records.systems import System

Result = TypeVar("Result")

app = typer.Typer(
    no_args_is_help=True,
    help="Handling units: where their systems are, a department to develop against, a test of a system.\n\n"
    "docs/departments.md is the page for a department's programmer.",
)

UnitCode = Annotated[str, typer.Argument(metavar="CODE", help="The unit's code, as `hotline unit list` shows it.")]
Endpoint = Annotated[
    str, typer.Argument(metavar="URL", help="Where its system is; orders are posted to /orders below it.")
]
_SPAN = re.compile(r"^(\d{1,5}) ?(m|h|d|minute|hour|day)s?$")
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "minute": "minutes", "hour": "hours", "day": "days"}
_LONGEST = timedelta(days=90)
_KEEP = "How long the old secret stays valid beside the new one, like `24 hours` or `90m`."


@app.command("list")
@told
def list_units() -> None:
    """List the units: those with a system of their own, and those that read their mailbox."""

    async def found(register: "Register") -> Ledger:
        stuck: dict[str, int] = {}
        for (unit, _), count in (await register.deliveries.counts()).items():
            stuck[unit] = stuck.get(unit, 0) + count
        ledger = Ledger("unit", "kind", "stuck", prose="reached by")
        for row in await register.units():
            ledger.add(row.code, row.kind, str(stuck.get(row.code, "")), prose=row.endpoint or "its mailbox")
        return ledger

    Console().print(_in_register(found))


@app.command()
@told
def show(unit: UnitCode) -> None:
    """Show how a unit is reached: its system, its pace, how many secrets it has, what is stuck."""

    async def found(register: "Register") -> "tuple[System | None, int]":
        await _check_known(register, unit)
        counts = await register.deliveries.counts()
        return await register.systems.of(unit), sum(count for (of, _), count in counts.items() if of == unit)

    system, stuck = _in_register(found)
    if system is None:
        typer.echo(f"{unit} has no system: it reads its orders from GET /v1/units/{unit}/orders")
        return
    secrets = "1 valid secret" if len(system.secrets) == 1 else f"{len(system.secrets)} valid secrets"
    typer.echo(f"{unit} has its system at {system.endpoint}, with {secrets}")
    typer.echo(f"per minute: {system.per_minute or 'as the service has it'}")
    typer.echo(f"at once:    {system.at_once or 'as the service has it'}")
    if stuck:
        typer.echo(f"{stuck} deliveries are stuck: hotline deliveries --unit {unit}")


@app.command()
@told
def connect(
    unit: UnitCode,
    url: Endpoint,
    per_minute: Annotated[
        int | None, typer.Option(min=1, max=60_000, help="At most so many messages a minute.")
    ] = None,
    at_once: Annotated[int | None, typer.Option(min=1, max=100, help="At most so many messages side by side.")] = None,
) -> None:
    """Have a unit's orders posted to its system. A unit without a secret gets one, which is shown this once."""

    async def connected(register: "Register") -> tuple[str | None, bool]:
        from records.addresses import check_reachable

        await _check_known(register, unit)
        await check_reachable(url, _chosen().open_networks, "URL")
        await register.audit.note(local_admin(), "system_set", details={"unit": unit, "host": urlsplit(url).hostname})
        # The secret first: an endpoint that is there without one would be posted to in vain.
        known = await register.systems.secrets(unit)
        made = None if known else await register.systems.new_secret(unit, timedelta(0))
        before = await register.systems.of(unit)
        await register.systems.set(unit, url, per_minute, at_once)
        if before is None:
            return made, False
        lost = (before.per_minute is not None and per_minute is None) or (
            before.at_once is not None and at_once is None
        )
        return made, lost

    made, paced_anew = _in_register(connected)
    typer.echo(f"{unit} gets its orders at {url}; a running service knows of it within half a minute", err=True)
    if paced_anew:
        typer.echo("it had a pace of its own, which is gone; --per-minute and --at-once set it again", err=True)
    if made is None:
        typer.echo(f"its secret stays as it is; for a new one: hotline unit secret {unit}", err=True)
    else:
        typer.echo("its secret, shown this once:", err=True)
        typer.echo(made)


@app.command()
@told
def disconnect(unit: UnitCode) -> None:
    """Post nothing to a unit's system any more: it reads its orders from its mailbox, where all of them stand."""

    async def ended(register: "Register") -> None:
        await _check_known(register, unit)
        await register.audit.note(local_admin(), "system_removed", details={"unit": unit})
        await register.systems.set(unit, None, None, None)

    _in_register(ended)
    typer.echo(f"{unit} has no system any more; all its orders stand in its mailbox, GET /v1/units/{unit}/orders")


@app.command()
@told
def secret(
    unit: UnitCode,
    keep_old: Annotated[str, typer.Option("--keep-old", help=_KEEP)] = "24 hours",
) -> None:
    """Make a new secret for a unit and print it. Everything is signed with both as long as the old one is valid."""
    kept = _span("--keep-old", keep_old)

    async def made(register: "Register") -> str:
        await _check_known(register, unit)
        details = {"unit": unit, "old_kept_for": int(kept.total_seconds())}
        await register.audit.note(local_admin(), "system_secret_made", details=details)
        return await register.systems.new_secret(unit, kept)

    typer.echo(_in_register(made))
    if kept:
        typer.echo(f"the secrets that {unit} had before stay valid for {keep_old}", err=True)
    else:
        typer.echo(f"the secrets that {unit} had before are valid no more", err=True)


def _in_register(work: "Callable[[Register], Awaitable[Result]]") -> Result:
    return with_register(_chosen(), work)


def _chosen() -> "Settings":
    return stack.resolve(settings())


async def _check_known(register: "Register", unit: str) -> None:
    if await register.unit(unit) is not None:
        return
    known = [row.code for row in await register.units()]
    near = [code for code in known if unit[:4] in code] or known
    there = f"there are: {', '.join(near[:12])}{', …' if len(near) > 12 else ''}" if near else "start the service once"
    raise UsageError(f"CODE: there is no unit {unit!r}; {there}")


def _span(option: str, text: str) -> timedelta:
    found = _SPAN.match(text.strip().lower())
    kept = timedelta(**{_UNITS[found[2]]: int(found[1])}) if found else None
    if kept is None or kept > _LONGEST:
        raise UsageError(f"{option}: must be a length of time like `24 hours`, `90m` or `2 days`, at most 90 days")
    return kept
