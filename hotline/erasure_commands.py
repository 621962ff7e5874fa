"""`hotline erase`: what was erased and what is due. `hotline hold`: keeping cases from being erased."""

import json
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, TypeVar
from zoneinfo import ZoneInfo

import typer
from rich.console import Console
from rich.table import Table

from cases import number as case_number
from cases.errors import InvalidError, UnavailableError
from cases.vocabulary import Actor, Reason, Value
from hotline import stack
from hotline.actor import local_admin
from hotline.errors import UsageError
from hotline.policies import load
from hotline.reaching import with_client, with_client_if_any, with_register
from hotline.told import settings, told

if TYPE_CHECKING:
    from temporalio.client import Client

    from records.erasures import Due
    from records.guarding import ErasureRow, LegalHoldRow
    from records.register import Register

Result = TypeVar("Result")

app = typer.Typer(
    no_args_is_help=True, help="Erase what cases tell of people: on request, and when their time is over."
)
holds = typer.Typer(no_args_is_help=True, help="Keep cases from being erased, whatever their age, and let them go.")

Number = Annotated[str, typer.Argument(metavar="NUMBER", help="The case number, like 7K3Q-X2WA-HB4M-5.")]
Why = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; sealed by the key of the case.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]

_PAGE = 1_000


class Words(Value):
    """What somebody gives for a reason, to be sealed with the case's key."""

    reason: Reason


@app.command("case")
@told
def erase_case(
    number: Number,
    reason: Annotated[
        str,
        typer.Option(
            "--reason", metavar="TEXT", help="Why. It stays readable as the proof: nothing that tells of the person."
        ),
    ],
) -> None:
    """Erase a case that has ended, as the person asks for it. Nothing brings it back."""
    number, why = case_number.parse(number), reason.strip()
    if not why:
        raise UsageError('--reason: say why, as in --reason "at the person\'s request of 3 March"')

    async def erased(register: "Register", client: "Client | None") -> "tuple[ErasureRow, bool, bool]":
        from activities.retention import settle
        from records.attachments import Attachments
        from records.erasures import ON_REQUEST, check_reason
        from workflows.forgetting import forget

        try:
            check_reason(why, await register.complainant(number))
            row, new = await register.erasures.erase(number, rule=ON_REQUEST, reason=why, actor=local_admin())
        except InvalidError as error:
            raise UsageError(f"--{error.field}: {error.detail}") from None
        store = Attachments(chosen.attachments or chosen.state / "attachments")

        async def forget_in_engine(one: str) -> None:
            if client is None:
                raise UnavailableError("Temporal's server does not answer")
            await forget(client, one)

        return row, new, await settle(register, number, [store.delete_all, forget_in_engine])

    chosen = stack.resolve(settings())
    row, new, gone = with_client_if_any(chosen, erased)
    when = _minute(row.at, _zone())
    typer.echo(f"case {number} is erased, {row.keys} keys destroyed" if new else f"case {number} was erased on {when}")
    typer.echo("running processes may still show it for a minute", err=True)
    if not gone:
        typer.echo(
            "its history in the engine, unreadable now, or its attachments could not be taken away at once; "
            "the next night sees to it",
            err=True,
        )


@app.command()
@told
def due(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would be erased now.")] = False,
    as_json: AsJson = False,
) -> None:
    """Erase the cases whose time is over now, besides the hour of the night at which that is done anyway."""
    chosen = stack.resolve(settings())
    if not dry_run:
        from workflows.retention_schedule import begin_now

        with_client(chosen, lambda _, client: begin_now(client))
        typer.echo("the erasing of what is due has begun; `hotline erase list` shows what was erased")
        return
    found = with_register(chosen, _all_due)
    if as_json:
        typer.echo(json.dumps([one.model_dump(mode="json") for one in found], ensure_ascii=False))
        return
    if not found:
        typer.echo("no case is due", err=True)
        return
    table = _table("number", "category", "ended", "rule")
    for one in found:
        table.add_row(one.number, one.category, _minute(one.closed_at, _zone()), one.rule)
    Console().print(table)
    for rule, count in sorted(Counter(one.rule for one in found).items()):
        typer.echo(f"{count} cases: {rule}")


@app.command("list")
@told
def list_erasures(
    limit: Annotated[int, typer.Option(metavar="COUNT", min=1, max=1000, help="At most so many.")] = 50,
    after: Annotated[str | None, typer.Option(metavar="PLACE", help="Go on after a page.")] = None,
    as_json: AsJson = False,
) -> None:
    """List what was erased, the latest first: when, by which rule, on whose word."""
    page = with_register(stack.resolve(settings()), lambda register: register.erasures.page(limit, after))
    if as_json:
        items = [row.model_dump(mode="json") for row in page.items]
        typer.echo(json.dumps({"items": items, "next": page.next}, ensure_ascii=False))
        return
    if not page.items:
        typer.echo("no case was erased", err=True)
        return
    table = _table("number", "erased", "rule", "by")
    for row in page.items:
        table.add_row(row.case_number, _minute(row.at, _zone()), row.rule, _who(row.actor))
    Console().print(table)
    if page.next:
        typer.echo(f"there are more: --after {page.next}")


@app.command()
@told
def show(number: Number, as_json: AsJson = False) -> None:
    """Prove the erasure of a case: when, by which rule, its entry in the audit trail, and that its keys are gone."""
    number = case_number.parse(number)

    async def asked(register: "Register") -> dict[str, Any] | None:
        erasure = await register.erasures.find(number)
        return await _proof(register, erasure) if erasure is not None else None

    proof = with_register(stack.resolve(settings()), asked)
    if proof is None:
        raise UsageError(f"NUMBER: case {number} was not erased; `hotline erase list` shows those that were")
    if as_json:
        typer.echo(json.dumps(proof, ensure_ascii=False))
        return
    for name, value in proof.items():
        typer.echo(f"{name.replace('_', ' ')}: {value}")


@holds.command()
@told
def place(number: Number, reason: Why) -> None:
    """Put a case on hold: it is not erased, whatever its age and whoever asks."""
    words = _words(reason)
    number = case_number.parse(number)

    async def placed(register: "Register") -> "tuple[LegalHoldRow, bool]":
        return await register.legal_holds.place(number, await _sealed(register, words, number), local_admin())

    hold, new = with_register(stack.resolve(settings()), placed)
    since = _minute(hold.placed_at, _zone())
    typer.echo(
        f"case {number} is under hold {hold.id}" if new else f"case {number} is under hold {hold.id} since {since}"
    )


@holds.command()
@told
def lift(number: Number, reason: Why) -> None:
    """Lift the hold of a case: from now on it may be erased again."""
    words = _words(reason)
    number = case_number.parse(number)

    async def lifted(register: "Register") -> "LegalHoldRow":
        return await register.legal_holds.lift(number, await _sealed(register, words, number), local_admin())

    hold = with_register(stack.resolve(settings()), lifted)
    typer.echo(f"hold {hold.id} of case {number} is lifted")


@holds.command("list")
@told
def list_holds(as_json: AsJson = False) -> None:
    """List the holds in force, the oldest first."""

    async def asked(register: "Register") -> "Sequence[LegalHoldRow]":
        return await register.legal_holds.words(await register.legal_holds.all_in_force())

    rows = with_register(stack.resolve(settings()), asked)
    if as_json:
        typer.echo(json.dumps([row.model_dump(mode="json") for row in rows], ensure_ascii=False))
        return
    if not rows:
        typer.echo("no case is under a hold", err=True)
        return
    table = _table("hold", "number", "since", "by", "why")
    for row in rows:
        table.add_row(str(row.id), row.case_number, _minute(row.placed_at, _zone()), _who(row.placed_by), row.reason)
    Console().print(table)


async def _all_due(register: "Register") -> "list[Due]":
    from records import retention_rules

    rules = await retention_rules.today(register.policies)
    now, found = datetime.now(UTC), list["Due"]()
    while page := await register.erasures.due(rules, now, _PAGE, found[-1].place if found else None):
        found += page
    return found


async def _proof(register: "Register", erasure: "ErasureRow") -> dict[str, Any]:
    from cases.sealed import keys_in
    from records.erasures import ERASED_ACTION
    from vault.sealing import as_document

    number, zone = erasure.case_number, _zone()
    keys = await register.erasures.keys_of(number)
    events = await register.history(number)
    entries = await register.erasures.entries_of(number, ERASED_ACTION)
    usable = [key for key in (await register.seals.data_keys.find(keys_in(as_document(events)))).values() if key]
    return {
        "case": number,
        "erased": _minute(erasure.at, zone),
        "rule": erasure.rule,
        "by": _who(erasure.actor),
        "reason": erasure.reason,
        "audit_entry": ", ".join(f"{entry.id} of {_minute(entry.at, zone)}" for entry in entries) or "none",
        "keys_destroyed": keys.destroyed,
        "keys_left": keys.usable,
        "texts_that_open": len(usable),
        "gone_outside": _minute(erasure.settled_at, zone)
        if erasure.settled_at
        else "not yet; the next night sees to it",
    }


async def _sealed(register: "Register", words: Words, number: str) -> str:
    return (await register.seals.seal(words, number)).reason


def _words(reason: str) -> Words:
    if not 1 <= len(reason.strip()) <= 4_000:
        raise UsageError("--reason: say why, in 1 to 4,000 characters")
    return Words(reason=reason)


def _who(actor: dict[str, Any]) -> str:
    who = Actor.model_validate(actor)
    return who.id or who.role.value


def _table(*headings: str) -> Table:
    table = Table(box=None, header_style="bold")
    for heading in headings:
        table.add_column(heading)
    return table


def _zone() -> ZoneInfo:
    return load(settings().policy).policy.city_zone


def _minute(moment: datetime, zone: ZoneInfo) -> str:
    return moment.astimezone(zone).isoformat(sep=" ", timespec="minutes")[:16]
