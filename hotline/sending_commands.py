"""`hotline notices list` and `retry`: what does not reach people, why, and having it sent again by hand."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer
from pydantic_core import to_jsonable_python
from rich.console import Console

from cases import number as case_number
from cases.errors import InvalidError, UnknownCaseError
from hotline import stack
from hotline.actor import local_admin
from hotline.errors import UsageError
from hotline.ledger import Ledger
from hotline.policies import load
from hotline.reaching import with_register
from hotline.told import settings, told

if TYPE_CHECKING:
    from records.cursor import Page
    from records.register import Register
    from records.sendings import Sending

_PAGE = 200


class State(StrEnum):
    """How a message to somebody stands."""

    WAITING = "waiting"
    FAILING = "failing"
    SENT = "sent"
    FAILED = "failed"
    GATHERED = "gathered"


@told
def list_sendings(
    state: Annotated[
        State | None, typer.Option(help="Only those that stand so; those that fail and have failed if left out.")
    ] = None,
    case: Annotated[str | None, typer.Option("--case", metavar="NUMBER", help="Only those about this case.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="At most so many.")] = 50,
    after: Annotated[str | None, typer.Option(help="Go on after a page.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False,
) -> None:
    """List the notices that do not reach people, first those that wait for you.

    A notice that failed is tried no more until you say so; one that is failing
    is tried on. Addresses are masked, and words are not shown. What failed more
    than 30 days ago cannot be sent any more: its words are kept no longer.
    """
    try:
        number = case_number.parse(case) if case is not None else None
    except InvalidError as error:
        raise UsageError(f"--case: {error.detail}") from None

    async def asked(register: "Register") -> "tuple[Page[Sending], dict[str, dict[str, int]]]":
        if number is not None and await register.row(number) is None:
            raise UnknownCaseError(number)
        # They are counted over all cases.
        counts = await _counts(register, state) if number is None else {}
        return await _page(register, number, state, limit, after), counts

    chosen = stack.resolve(settings())
    page, counts = with_register(chosen, asked)
    if as_json:
        items = [to_jsonable_python(asdict(one)) for one in page.items]
        typer.echo(json.dumps({"items": items, "counts": counts, "next": page.next}, ensure_ascii=False))
        return
    if not page.items:
        about = f" about {number}" if number else ""
        typer.echo(f"no notice{about} is {f'in the state {state.value}' if state else 'stuck'}", err=True)
        return
    _show(page, counts, load(chosen.policy).policy.city_zone)


@told
def retry(
    id: Annotated[  # noqa: A002 - what it is called wherever it is shown
        str | None, typer.Argument(metavar="ID", help="The message's id, as `hotline notices list` shows it.")
    ] = None,
    failed: Annotated[
        bool, typer.Option("--failed", help="All that have failed, as after a mail server was mended.")
    ] = False,
) -> None:
    """Have notices sent again as soon as their hours allow, under the ids they had. What was sent is not sent again."""
    if (id is None) != failed:
        raise UsageError("ID or --failed: say which notice, or that it is all that have failed; one of the two")

    async def tried(register: "Register") -> int:
        return await _retry_failed(register) if id is None else await _retry(register, id)

    again = with_register(stack.resolve(settings()), tried)
    typer.echo(f"{again} tried again; `hotline notices list` shows what fails" if again else "no notice has failed")


async def _counts(register: "Register", state: State | None) -> dict[str, dict[str, int]]:
    counts: dict[str, dict[str, int]] = {}
    for (channel, standing), count in (await register.sendings.counts()).items():
        if state in (None, standing):
            counts.setdefault(channel, {})[standing] = count
    return counts


async def _page(
    register: "Register", number: str | None, state: State | None, limit: int, after: str | None
) -> "Page[Sending]":
    """A page of one state, or of all that is stuck: first what has failed, then what is failing."""
    from records.cursor import Page

    ask = register.sendings.page
    if state is not None:
        return await ask(number, state.value, limit, after)
    standing, _, place = (after or "failed:").partition(":")
    if standing not in (State.FAILED, State.FAILING):
        raise UsageError("--after: not a place in this list; give what the page before told, and the same --state")
    found: list[Sending] = []
    if standing == State.FAILED:
        failed = await ask(number, "failed", limit, place or None)
        if failed.next:
            return Page(items=failed.items, next=f"failed:{failed.next}")
        found, place = failed.items, ""
    if len(found) == limit:
        return Page(items=found, next="failing:" if (await ask(number, "failing", 1)).items else None)
    failing = await ask(number, "failing", limit - len(found), place or None)
    return Page(items=[*found, *failing.items], next=f"failing:{failing.next}" if failing.next else None)


async def _retry(register: "Register", wanted: str) -> int:
    try:
        found = await register.sendings.retry(wanted)
    except InvalidError as error:
        raise UsageError(f"ID: {error.detail}") from None
    if found is None:
        raise UsageError(f"ID: there is no notice {wanted!r}; `hotline notices list` shows those that are stuck")
    await _note(register, found)
    return 1


async def _retry_failed(register: "Register") -> int:
    began, again, after = datetime.now(UTC), 0, None
    while True:
        page = await register.sendings.page(state="failed", limit=_PAGE, after=after)
        for one in page.items:
            # One that failed again meanwhile had its turn: the list would never end.
            if one.failing_since is not None and one.failing_since >= began:
                return again
            try:
                if (found := await register.sendings.retry(one.id)) is not None:
                    await _note(register, found)
                    again += 1
            except InvalidError:
                # Somebody else had it tried again, and it went out.
                continue
        if (after := page.next) is None:
            return again


async def _note(register: "Register", sending: "Sending") -> None:
    details = {"notice": sending.id}
    await register.audit.note(local_admin(), "notice_retried", case=sending.case_number, details=details)


def _show(page: "Page[Sending]", counts: dict[str, dict[str, int]], zone: ZoneInfo) -> None:
    Console().print(_table(page.items, zone))
    for channel, standings in sorted(counts.items()):
        told_of = ", ".join(f"{count} {standing}" for standing, count in sorted(standings.items()))
        typer.echo(f"{channel or 'no channel'}: {told_of}")
    if any(one.state in (State.FAILED, State.FAILING) for one in page.items):
        typer.echo("once the cause is mended: hotline notices retry ID, or --failed for all that have failed", err=True)
    if page.next:
        typer.echo(f"there are more: --after {page.next}")


def _table(items: "Sequence[Sending]", zone: ZoneInfo) -> Ledger:
    # An id alone fills most of a line of 80 columns, so all else of a notice is told in its paragraph.
    table = Ledger("id", "state", prose="what and why")
    for one in items:
        at = f" ({one.address})" if one.address else ""
        by = f" by {one.channel}" if one.channel else ""
        table.add(one.id, one.state, prose=f"{one.about} to {one.audience}{at}{by}{_standing(one, zone)}")
    return table


def _standing(one: "Sending", zone: ZoneInfo) -> str:
    if one.sent_at is not None:
        return f", sent {_minute(one.sent_at, zone)}"
    if one.gathered_in is not None:
        return f", within {one.gathered_in}"
    if one.failing_since is None:
        return f", goes out from {_minute(one.send_after, zone)}"
    tried = "not tried" if not one.attempts else "tried once" if one.attempts == 1 else f"tried {one.attempts} times"
    return f"; {tried}, fails since {_minute(one.failing_since, zone)}: {one.reason}"


def _minute(moment: datetime, zone: ZoneInfo) -> str:
    return moment.astimezone(zone).isoformat(sep=" ", timespec="minutes")[:16]
