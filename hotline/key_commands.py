"""`hotline keys`: who may use the API."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer
from pydantic import TypeAdapter, ValidationError
from rich.console import Console

from cases.vocabulary import Code, Role
from hotline import own_keys, stack
from hotline.actor import local_admin
from hotline.errors import UsageError
from hotline.ledger import Ledger
from hotline.moments import moment
from hotline.told import settings, told

if TYPE_CHECKING:
    from records.keys import Key, Keys
    from records.register import Register

Result = TypeVar("Result")

app = typer.Typer(no_args_is_help=True, help="Who may use the API: make, list, rotate and revoke its keys.")

ROLES = tuple(role for role in Role if role is not Role.SYSTEM)

_SPAN = re.compile(r"(\d{1,5})([dhm])")
_UNITS = {"d": "days", "h": "hours", "m": "minutes"}
_LONGEST = timedelta(days=90)

Prefix = Annotated[
    str, typer.Argument(metavar="PREFIX", help="The eight characters after hl_, as `hotline keys list` shows them.")
]


@app.command()
@told
def create(
    role: Annotated[str, typer.Option(metavar="ROLE", help=f"What the key may do: {', '.join(ROLES)}.")],
    unit: Annotated[
        str | None, typer.Option(metavar="CODE", help="The handling unit that a unit_clerk or unit_lead acts for.")
    ] = None,
    district: Annotated[
        str | None, typer.Option(metavar="CODE", help="The district that a district supervisor acts for.")
    ] = None,
    source: Annotated[
        str | None, typer.Option(metavar="SOURCE", help="The one source that an intake may bring complaints from.")
    ] = None,
    label: Annotated[
        str, typer.Option(metavar="TEXT", help="What it is for, to know it again in the list; no names.")
    ] = "",
    expires: Annotated[
        str | None, typer.Option(metavar="DATE", help="From when on it is worthless, by this machine's clock.")
    ] = None,
) -> None:
    """Make a key and print it. It is shown this once: only its digest is kept."""
    chosen, until = _role(role), _expiry(expires)
    _check_bound(chosen, unit, district, source)

    async def made(keys: "Keys", register: "Register") -> str:
        await _check_unit(register, unit, district)
        return await keys.create(chosen, unit or district, source, label, until, actor=local_admin())

    text = _in_register(made)
    if until is None:
        typer.echo("hotline: this key never expires; give --expires, and rotate it (`hotline keys rotate`)", err=True)
    if chosen is Role.INTAKE and source is None:
        typer.echo("hotline: this key brings in and sees what every source brought; --source binds it to one", err=True)
    typer.echo(text)


@app.command()
@told
def rotate(
    prefix: Prefix,
    overlap: Annotated[
        str, typer.Option(metavar="TIME", help="How long the old key still holds: 7d, 12h, 30m; 0d for at once.")
    ] = "7d",
    expires: Annotated[
        str | None,
        typer.Option(
            metavar="DATE", help="From when on the new key is worthless; it lasts as long as the old if left out."
        ),
    ] = None,
) -> None:
    """Make a key in the place of another, for the same, and print it. The old one holds until everybody has changed."""
    span, until = _span(overlap), _expiry(expires)

    async def rotated(keys: "Keys", _: "Register") -> str:
        return await keys.rotate(_bare(prefix), span, until, actor=local_admin())

    typer.echo(_in_register(rotated))


@app.command()
@told
def person(
    subject: Annotated[
        str, typer.Argument(metavar="SUB", help="The account's `sub` at the provider that people sign in with.")
    ],
) -> None:
    """Print by which id an account stands in events and in the audit trail, to find what somebody did."""
    from api.people import account_id
    from vault.digests import Digests

    chosen = settings()
    if chosen.oidc_issuer is None:
        raise UsageError("HOTLINE_OIDC_ISSUER: is not set, so nobody signs in here but with keys")
    typer.echo(account_id(Digests(own_keys.load(chosen).digest_key), chosen.oidc_issuer, subject))


@app.command("list")
@told
def list_keys() -> None:
    """List every key there is, without its secret."""

    async def all_keys(keys: "Keys", _: "Register") -> Ledger:
        ledger = Ledger("prefix", "role", "unit or district", "state", prose="what it is for")
        for key in await keys.list():
            state = "revoked" if key.revoked_at else "expired" if _past(key.expires_at) else "valid"
            ledger.add(key.prefix, key.role, key.unit or "", state, prose=", ".join(_told(key)))
        return ledger

    Console().print(_in_register(all_keys))


@app.command()
@told
def revoke(prefix: Prefix) -> None:
    """Make a key worthless from now on."""
    bare = _bare(prefix)

    async def revoked(keys: "Keys", _: "Register") -> None:
        await keys.revoke(bare, actor=local_admin())

    _in_register(revoked)
    typer.echo(f"key {bare} is revoked")


def _role(role: str) -> Role:
    found = {one.value: one for one in ROLES}.get(role)
    if found is not None:
        return found
    if role == "unit":
        raise UsageError("--role: there is no role 'unit' any more; it is unit_lead, or unit_clerk for who may do less")
    raise UsageError(f"--role: there is no role {role!r}; the roles are: {', '.join(ROLES)}")


def _expiry(text: str | None) -> datetime | None:
    """From when on a key is worthless; one that is worthless already would be made by mistake alone."""
    if text is None:
        return None
    until = moment("--expires", text)
    if until <= datetime.now(UTC):
        raise UsageError(f"--expires: {text} lies in the past; name the day from which on the key is worthless")
    return until


def _check_bound(role: Role, unit: str | None, district: str | None, source: str | None) -> None:
    for option, given in (("unit", unit), ("district", district), ("source", source)):
        if given is not None and not given.strip():
            raise UsageError(f"--{option}: is empty, so the key would be bound to nothing; name one, or leave it out")
    for option, given, wanted in (("unit", unit, role.of_unit), ("district", district, role is Role.DISTRICT)):
        if wanted and given is None:
            raise UsageError(f"--{option}: a key of the role {role} acts for one {option}; say which")
        if not wanted and given is not None:
            raise UsageError(f"--{option}: a key of the role {role} acts for no {option}; leave it out")
    if source is not None and role is not Role.INTAKE:
        raise UsageError(f"--source: a key of the role {role} is bound to no source; leave it out")
    if source is not None:
        try:
            TypeAdapter(Code).validate_python(source)
        except ValidationError:
            raise UsageError(f"--source: no source is called {source!r}; write its code, like counter-3") from None


async def _check_unit(register: "Register", unit: str | None, district: str | None) -> None:
    """See that the unit is there, and that a district is one."""
    wanted, option = (unit, "unit") if unit is not None else (district, "district")
    if wanted is None:
        return
    known = await register.units()
    fitting = [row.code for row in known if option == "unit" or row.kind == "district"]
    if wanted not in fitting:
        raise UsageError(f"--{option}: there is no {option} {wanted!r}; {_near(wanted, fitting)}")


def _bare(prefix: str) -> str:
    return prefix.removeprefix("hl_")[:8]


def _span(text: str) -> timedelta:
    found = _SPAN.fullmatch(text.strip())
    span = timedelta(**{_UNITS[found[2]]: int(found[1])}) if found else None
    if span is None or span > _LONGEST:
        raise UsageError(f"--overlap: {text!r} is no length of time; write 7d, 12h or 30m, at most 90d")
    return span


def _in_register(work: "Callable[[Keys, Register], Awaitable[Result]]") -> Result:
    from records.database import connect
    from records.keys import Keys
    from records.register import Register

    resolved = stack.resolve(settings())
    url = stack.database_url(resolved)

    async def run() -> Result:
        engine = connect(url, pool_size=1)
        try:
            register = Register(engine, own_keys.load(resolved))
            await register.seals.check()
            return await work(Keys(engine), register)
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
    if key.replaces:
        yield f"replaces {key.replaces}"
    yield f"last used {_minute(key.last_used_at)}" if key.last_used_at else "never used"
    if key.expires_at:
        yield f"expires {_minute(key.expires_at)}"


def _past(moment: datetime | None) -> bool:
    return moment is not None and moment < datetime.now(moment.tzinfo)


def _minute(moment: datetime) -> str:
    return moment.astimezone().isoformat(sep=" ", timespec="minutes")[:16]
