"""`hotline audit`: who did or saw what, and the proof that nothing of it was changed since."""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer
from rich.console import Console

from cases import number as case_number
from cases.errors import InvalidError
from hotline import stack
from hotline.actor import local_admin
from hotline.errors import UsageError
from hotline.ledger import Ledger
from hotline.moments import moment
from hotline.policies import load
from hotline.reaching import with_register
from hotline.told import FAILED, settings, told

if TYPE_CHECKING:
    from records.audit import AuditEntry, AuditFilter
    from records.audit_proof import Fault, Report
    from records.cursor import Page
    from records.register import Register
    from vault.proof import Head

app = typer.Typer(
    no_args_is_help=True,
    help="Who did or saw what, when, from where and why; and the proof that it stands as it was written.\n\n"
    "docs/audit.md is the page for whoever audits.",
)

_HEAD = re.compile(r"\b(\d{1,18}):([0-9a-f]{64})\b")
_MOST = 100
"""Faults that are told; whoever has so many needs no more."""

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]


@app.command("list")
@told
def list_entries(
    case: Annotated[str | None, typer.Option("--case", metavar="NUMBER", help="Only those about this case.")] = None,
    actor: Annotated[
        str | None, typer.Option(metavar="ID", help="Only what this actor did, like `key:1a2b3c4d` or `local:root`.")
    ] = None,
    action: Annotated[
        str | None, typer.Option(metavar="ACTION", help="Only this action, like `reveal` or `dispatched`.")
    ] = None,
    since: Annotated[
        str | None, typer.Option(metavar="DATE", help="Only what was done from then on, by the city's clocks.")
    ] = None,
    limit: Annotated[int, typer.Option(metavar="COUNT", min=1, max=1000, help="At most so many.")] = 50,
    after: Annotated[str | None, typer.Option(metavar="PLACE", help="Go on after a page.")] = None,
    as_json: AsJson = False,
) -> None:
    """List the entries of the trail, the newest first. That you read it is an entry, too."""
    from records.audit import AuditFilter
    from records.audit_actions import check_action, check_actor

    try:
        number = case_number.parse(case) if case is not None else None
    except InvalidError as error:
        raise UsageError(f"--case: {error.detail}") from None
    who = check_actor(actor, "--actor") if actor is not None else None
    what = check_action(action, "--action") if action is not None else None
    chosen = stack.resolve(settings())
    zone = load(chosen.policy).policy.city_zone
    begin = moment("--since", since, zone) if since is not None else None
    wanted = AuditFilter(case=number, actor=who, action=what, since=begin)
    page = with_register(chosen, lambda register: _page(register, wanted, limit, after))
    if as_json:
        items = [one.model_dump(mode="json") for one in page.items]
        typer.echo(json.dumps({"items": items, "next": page.next}, ensure_ascii=False))
        return
    if not page.items:
        typer.echo("no entry fits", err=True)
        return
    Console().print(_table(page.items, zone))
    if page.next:
        typer.echo(f"there are more: --after {page.next}")


@app.command()
@told
def verify(
    first: Annotated[
        int, typer.Option("--from", min=1, metavar="POSITION", help="Begin here; what is before is taken as it stands.")
    ] = 1,
    head: Annotated[
        str | None,
        typer.Option(
            metavar="FILE|TEXT", help="Heads that were kept of earlier walks: the trail must still have them."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Walk along the whole trail, and hold it against the events; tell every place that is not as it was written.

    The exit status is 1 if anything is. Keep the head that is printed where
    nobody who has the database can write: only by it can be told later that
    the end of the trail was cut off.
    """
    kept = _heads(head)

    async def walked(register: "Register") -> "tuple[list[Fault], Report]":
        proof = register.audit.proof()
        found: list[Fault] = []
        async for fault in proof.faults(first, kept):
            found.append(fault)
            if len(found) == _MOST:
                break
        return found, proof.report

    try:
        faults, report = with_register(stack.resolve(settings()), walked)
    except InvalidError as error:
        raise UsageError(f"--{error.field}: {error.detail}") from None
    if as_json:
        typer.echo(json.dumps(_told(faults, report), ensure_ascii=False))
    else:
        _tell(faults, report)
    if faults:
        raise typer.Exit(FAILED)


async def _page(register: "Register", wanted: "AuditFilter", limit: int, after: str | None) -> "Page[AuditEntry]":
    from records.cursor import Page

    await register.audit.note_reading(local_admin(), wanted)
    page = await register.audit.page(wanted, limit, after)
    shown = await register.reasons(page.items)
    items = [one.model_copy(update={"reason": reason}) for one, reason in zip(page.items, shown, strict=True)]
    return Page(items=items, next=page.next)


def _heads(given: str | None) -> "list[Head]":
    from vault.proof import Head

    if given is None:
        return []
    file = Path(given)
    text = given
    if not _HEAD.fullmatch(given.strip()):
        try:
            text = file.read_text()
        except (OSError, UnicodeDecodeError):
            raise UsageError(
                f"--head: {given!r} is no head, like 1234:9f86d0…, and no file that holds any; give what an earlier "
                "`hotline audit verify` printed"
            ) from None
    found = [Head(int(position), seal) for position, seal in _HEAD.findall(text)]
    if not found:
        typer.echo(f"hotline: {file} holds no head, so nothing tells whether the end of the trail is there", err=True)
    return found


def _told(faults: "Sequence[Fault]", report: "Report") -> dict[str, object]:
    return {
        "whole": not faults,
        "faults": [
            {"position": one.position, "case": one.case_number, "seq": one.seq, "detail": one.detail} for one in faults
        ],
        "entries": report.entries,
        "events": report.events,
        "waiting": report.waiting,
        "begun": report.begun,
        "head": None if faults else str(report.head),
    }


def _tell(faults: "Sequence[Fault]", report: "Report") -> None:
    if report.waiting:
        typer.echo(f"{report.waiting} entries are not chained yet; a running worker does that within seconds", err=True)
    if not report.begun:
        typer.echo("the trail has not begun: a running worker takes up the events that were there before it", err=True)
    for fault in faults:
        typer.echo(str(fault))
    if faults:
        more = f"; after {_MOST} places it was given up" if len(faults) == _MOST else ""
        typer.echo(f"hotline: the audit trail is not as it was written{more}", err=True)
        return
    typer.echo(f"the audit trail is as it was written: {report.entries} entries, {report.events} events")
    # None of a broken trail: it must not be kept as if all before it were in order.
    typer.echo(f"head {report.head}")


def _table(items: "Sequence[AuditEntry]", zone: ZoneInfo) -> Ledger:
    table = Ledger("at", "action", "who", prose="of what, from where, why")
    for one in items:
        at = one.at.astimezone(zone).isoformat(sep=" ", timespec="seconds")[:19]
        table.add(at, one.action, one.actor.id or one.actor.role.value, prose=_about(one))
    return table


def _about(one: "AuditEntry") -> str:
    of = f"case {one.case_number}" if one.case_number else ""
    event = f"event {one.seq} of {of}" if one.seq is not None else of
    details = ", ".join(f"{name} {text}" for name, value in one.details.items() if (text := _detail(value)))
    told_of = ", ".join(part for part in (event, f"from {one.origin}" if one.origin else "", details) if part)
    return f"{told_of}: {one.reason}" if one.reason else told_of


def _detail(value: Any) -> str:
    """A detail in words; nothing if it says nothing."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return " ".join(f"{name} {text}" for name, inner in value.items() if (text := _detail(inner)))
    if isinstance(value, list):
        return " and ".join(filter(None, map(_detail, value)))
    return "" if value is None else str(value)
