"""`hotline keys`: who may use the API."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer
from rich.console import Console

from cases.vocabulary import Role
from hotline import own_keys, stack
from hotline.errors import UsageError
from hotline.ledger import Ledger
from hotline.told import settings, told

if TYPE_CHECKING:
    from records.keys import Key, Keys
    from records.register import Register

Result = TypeVar("Result")

app = typer.Typer(no_args_is_help=True, help="Who may use the API: make, list and revoke its keys.")

ROLES = tuple(role for role in Role if role is not Role.SYSTEM)


@app.command()
@told
def create(
    role: Annotated[str, typer.Option(help=f"What the key may do: {', '.join(ROLES)}.")],
    unit: Annotated[
        str | None, typer.Option(help="The handling unit that it acts for (role unit, and only that).")
    ] = None,
    source: Annotated[str | None, typer.Option(help="The one source that it may bring complaints from.")] = None,
    label: Annotated[str, typer.Option(help="What it is for, to know it again in the list.")] = "",
    expires: Annotated[
        datetime | None, typer.Option(help="From when on it is worthless, by this machine's clock.")
    ] = None,
) -> None:
    """Make a key and print it. It is shown this once: only its digest is kept."""
    if role not in ROLES:
        raise UsageError(f"--role: there is no role {role!r}; the roles are: {', '.join(ROLES)}")
    if role == Role.UNIT_LEAD and unit is None:
        raise UsageError("--unit: a key of role unit acts for one unit; say which")
    if role != Role.UNIT_LEAD and unit is not None:
        raise UsageError(f"--unit: a key of role {role} acts for no unit; leave it out, or use --role unit")

    async def made(keys: "Keys", register: "Register") -> str:
        if unit is not None and await register.unit(unit) is None:
            known = [row.code for row in await register.units()]
            raise UsageError(f"--unit: there is no unit {unit!r}; {_near(unit, known)}")
        return await keys.create(Role(role), unit, source, label, expires.astimezone() if expires else None)

    typer.echo(_in_register(made))


@app.command("list")
@told
def list_keys() -> None:
    """List every key there is, without its secret."""

    async def all_keys(keys: "Keys", _: "Register") -> Ledger:
        ledger = Ledger("prefix", "role", "unit", "state", prose="what it is for")
        for key in await keys.list():
            state = "revoked" if key.revoked_at else "expired" if _past(key.expires_at) else "valid"
            ledger.add(key.prefix, key.role, key.unit or "", state, prose=", ".join(_told(key)))
        return ledger

    Console().print(_in_register(all_keys))


@app.command()
@told
def revoke(
    prefix: Annotated[str, typer.Argument(help="The eight characters after hl_, as `keys list` shows them.")],
) -> None:
    """Make a key worthless from now on."""
    bare = prefix.removeprefix("hl_")[:8]

    async def revoked(keys: "Keys", _: "Register") -> None:
        await keys.revoke(bare)

    _in_register(revoked)
    typer.echo(f"key {bare} is revoked")


def _in_register(work: "Callable[[Keys, Register], Awaitable[Result]]") -> Result:
    from records.database import connect
    from records.keys import Keys
    from records.register import Register

    resolved = stack.resolve(settings())
    url = stack.database_url(resolved)

    async def run() -> Result:
        engine = connect(url, pool_size=1)
        try:
            return await work(Keys(engine), Register(engine, own_keys.load(resolved)))
        finally:
            await engine.dispose()

    return asyncio.run(run())


def _near(unit: str, known: list[str]) -> str:
    near = [code for code in known if unit[:4] in code] or known
    if not near:
        return "the register holds no units yet: start the service once"
    return f"there are: {', '.join(near[:12])}{', …' if len(near) > 12 else ''}"


def _told(key: "Key") -> Iterator[str]:
    """What a key is for, and when it was made and used."""
    if key.label:
        yield key.label
    if key.source:
        yield f"for the source {key.source}"
    yield f"made {_minute(key.created_at)}"
    yield f"last used {_minute(key.last_used_at)}" if key.last_used_at else "never used"
    if key.expires_at:
        yield f"expires {_minute(key.expires_at)}"


def _past(moment: datetime | None) -> bool:
    return moment is not None and moment < datetime.now(moment.tzinfo)


def _minute(moment: datetime) -> str:
    return moment.astimezone().isoformat(sep=" ", timespec="minutes")[:16]
