"""`hotline vault`: the service's own keys, which lock what people wrote and what the engine keeps."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer
from rich.console import Console

from cases.errors import UnavailableError
from hotline import own_keys, stack
from hotline.actor import local_admin
from hotline.errors import HotlineError, NotRunningError, UsageError
from hotline.ledger import Ledger
from hotline.told import settings, told
from vault import keyfile
from vault.following import EVERY
from vault.keyfile import RINGS, KeyFile, RingName

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

    from hotline.locked_by import Uses
    from records.register import Register

Result = TypeVar("Result")

app = typer.Typer(no_args_is_help=True, help="The service's own keys: turn them, and make old copies worthless.")

_BATCH = 500
_PAUSE = 3 * EVERY
"""Seconds from when a new key is in the file until it locks: by then every process here has read it, and can open."""

RingArgument = Annotated[str, typer.Argument(metavar="RING", help=f"One of {', '.join(RINGS)}.")]


@app.command()
@told
def status() -> None:
    """Show the keys by their names, and how much each of them locks."""
    keys = own_keys.load(settings())
    try:
        uses: Uses | None = _in_register(_counted)
    except (NotRunningError, UnavailableError):
        uses = None
    ledger = Ledger("ring", "key", "state", prose="what it locks")
    for name in RINGS:
        ring = getattr(keys, name)
        for key in ring.keys:
            state = "in use" if key == ring.current else "announced" if _announced(keys, name) == key else "opens"
            ledger.add(name, key, state, prose=uses.told(name, key) if uses else "")
    Console().print(ledger)
    if uses is None:
        typer.echo("the register is out of reach, so what each key locks is not known", err=True)


@app.command()
@told
def turn(
    ring: RingArgument,
    announce: Annotated[
        bool,
        typer.Option("--announce", help="Only add the key: first step where other machines have copies of the file."),
    ] = False,
) -> None:
    """Make a new key the one in use; the others still open what they locked.

    Processes that run on this machine notice by themselves: the key is
    first added to the file, and locks a few seconds later, when all of them
    can open with it. Where other machines have copies of the file, turn with
    --announce, copy the file to them, and turn once more.
    """
    name, chosen = _ring(ring), settings()
    keys, path = own_keys.load(chosen), own_keys.path(chosen)
    before = _announced(keys, name)
    if before is None:
        added = getattr(keys, name).turned()
        before = added.current
        keys = keys.with_ring(name, added.model_copy(update={"current": getattr(keys, name).current}))
        keyfile.replace(path, keys)
        if announce:
            typer.echo(f"the {name} key {before} is announced; copy the file to every machine, then turn once more")
            return
        time.sleep(_PAUSE)
    elif announce:
        raise UsageError(f"--announce: the {name} key {before} is announced already; turn without it to use that key")
    if own_keys.load(chosen) != keys:
        raise HotlineError("somebody else has changed the file of keys in the meantime; look at `hotline vault status`")
    keyfile.replace(path, keys.with_ring(name, getattr(keys, name).model_copy(update={"current": before})))
    _note("vault_turned", ring=name, key=before)
    typer.echo(f"the {name} key {before} is in use")
    if name == "master":
        typer.echo("next: `hotline vault rewrap`, then `hotline vault drop master` with each old key", err=True)


@app.command()
@told
def rewrap() -> None:
    """Wrap every key of a case, and every secret of a unit, by the master key in use. Can be stopped and run again."""

    async def rewrapped(engine: "AsyncEngine", register: "Register") -> "tuple[int, int, Uses]":
        cases = await _all(register.seals.data_keys.rewrap)
        units = await _all(register.systems.rewrap)
        return cases, units, await _counted(engine, register)

    cases, units, left = _in_register(rewrapped)
    keys = own_keys.load(settings())
    _note("vault_rewrapped", ring="master", key=keys.master.current, cases=cases, units=units)
    typer.echo(f"wrapped {cases} keys and {units} secrets of units by the master key {keys.master.current}")
    if lost := left.by_unknown(keys):
        raise HotlineError(f"{lost} more are wrapped by master keys that the file lacks; restore its copy, then go on")


@app.command()
@told
def drop(
    ring: RingArgument,
    key: Annotated[str, typer.Argument(metavar="KEY", help="The key's name, as `hotline vault status` shows it.")],
    force: Annotated[
        bool, typer.Option("--force", help="Also if something is, or may be, still locked by it: that is lost.")
    ] = False,
) -> None:
    """Take an old key out of the file, for ever. What only it opens is lost, in every copy.

    It is refused while anything is still locked by the key. Copies of the file that have it must go too.
    """
    name, chosen = _ring(ring), settings()
    keys = own_keys.load(chosen)
    shorter = getattr(keys, name).without(key)
    # One that was only announced has locked nothing yet.
    if not force and key != _announced(keys, name) and (locked := _locked(name, key)):
        raise HotlineError(f"the {name} key {key} is still needed: {locked}")
    if own_keys.load(chosen) != keys:
        raise HotlineError("somebody else has changed the file of keys in the meantime; look at `hotline vault status`")
    keyfile.replace(own_keys.path(chosen), keys.with_ring(name, shorter))
    _note("vault_dropped", ring=name, key=key, forced=force)
    typer.echo(f"the {name} key {key} is gone; destroy the copies of the file that still have it")


@app.command()
@told
def copy(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="Where the copy goes; it must not be there yet.")],
) -> None:
    """Write a copy of the keys for safekeeping, for nobody's eyes but yours.

    Keep it away from the copies of the database: each alone tells nothing, both together tell everything.
    """
    keys = own_keys.load(settings())
    if path.exists():
        raise UsageError(f"FILE: {path} is there already; name a file that is not")
    if not path.absolute().parent.is_dir():
        raise UsageError(f"FILE: there is no folder {path.absolute().parent}; make it first")
    keyfile.replace(path, keys)
    if keyfile.read(path) != keys:
        raise HotlineError(f"{path}: does not read as it was written; is the disk in order?")
    typer.echo(f"copied to {path}; keep it where no copy of the database is")


@app.command()
@told
def merge(path: Annotated[Path, typer.Argument(metavar="FILE", help="The other file of keys.")]) -> None:
    """Take in the keys of another file, to open what was locked by them.

    For a database with which another file was used for a while, by mistake.
    The keys in use stay in use.
    """
    chosen = settings()
    keys, other = own_keys.load(chosen), keyfile.read(path)
    merged = keys
    for name in RINGS:
        merged = merged.with_ring(name, getattr(keys, name).with_keys_of(getattr(other, name)))
    taken = [
        f"{name} {key}" for name in RINGS for key in getattr(merged, name).keys if key not in getattr(keys, name).keys
    ]
    if not taken:
        typer.echo(f"{path} has no key that the service has not", err=True)
        return
    keyfile.replace(own_keys.path(chosen), merged)
    _note("vault_merged", keys=", ".join(taken))
    typer.echo(f"taken in: {', '.join(taken)}")
    typer.echo("next: `hotline vault rewrap`, so that cases' keys no longer need them", err=True)


def _ring(name: str) -> RingName:
    for one in RINGS:
        if one == name:
            return one
    raise UsageError(f"RING: there is no ring {name!r}; the rings are: {', '.join(RINGS)}")


def _announced(keys: KeyFile, name: RingName) -> str | None:
    """The key that was added and does not lock yet: new ones stand last, and the one in use was the last before."""
    ring = getattr(keys, name)
    last = list(ring.keys)[-1]
    return None if last == ring.current else last


def _locked(name: RingName, key: str) -> str | None:
    """What is still locked by a key, as far as can be seen, in words; none if nothing is."""
    from hotline import locked_by

    try:
        uses = _in_register(_counted)
        if name == "payload" and (histories := asyncio.run(locked_by.histories(stack.resolve(settings()), key))):
            return (
                f"it locks the histories of {histories} workflows; wait until the engine has dropped them, or --force"
            )
    except (NotRunningError, UnavailableError) as error:
        raise HotlineError(f"whether the {name} key {key} is still needed cannot be seen: {error}") from None
    return uses.needs(name, key)


async def _counted(engine: "AsyncEngine", register: "Register") -> "Uses":
    from hotline import locked_by

    return await locked_by.count(engine, register)


async def _all(rewrap_some: Callable[[int], Awaitable[int]]) -> int:
    done = 0
    while some := await rewrap_some(_BATCH):
        done += some
    return done


def _note(action: str, **details: str | int | bool) -> None:
    """Enter it in the audit trail, if the register can be reached: keys may have to be changed while it is away."""
    try:
        _in_register(lambda _, register: register.audit.note(local_admin(), action, details=details))
    except (NotRunningError, UnavailableError):
        typer.echo("the register is out of reach: this does not stand in the audit trail", err=True)


def _in_register(work: "Callable[[AsyncEngine, Register], Awaitable[Result]]") -> Result:
    from records.database import connect
    from records.register import Register

    resolved = stack.resolve(settings())
    url = stack.database_url(resolved)

    async def run() -> Result:
        engine = connect(url, pool_size=1)
        try:
            return await work(engine, Register(engine, own_keys.load(resolved)))
        finally:
            await engine.dispose()

    return asyncio.run(run())
