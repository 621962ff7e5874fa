"""The entries that events of cases make in the audit trail, in the transaction that writes, drops or blanks them.

Each holds a digest of its event as it is stored, so that the trail proves the events too. What was sealed at the door
is sealed in it: an erased case keeps its digests, since only its keys are gone.
"""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, FromClause, Select, Table, Text, cast, delete, func, literal, select
from sqlalchemy.dialects.postgresql import JSONB, Insert, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from cases.vocabulary import SYSTEM, Actor
from records.guarding import AuditRow
from records.tables import EventRow
from records.text import storable

TRAIL: Table = AuditRow.__table__  # type: ignore[attr-defined]
EVENTS: Table = EventRow.__table__  # type: ignore[attr-defined]

TAKEN_BACK = "taken_back"
"""An event that the register held never came to be for the engine; its entry has no content."""

BLANKED = "blanked"
"""Open texts were taken out of an event of an earlier release, since its case was erased."""

_MADE = ("actor", "origin", "action", "case_number", "seq", "reason", "content")


def microseconds(moment: ColumnElement[Any]) -> ColumnElement[int]:
    """A moment as a number, which has one form whatever the zone of the session."""
    return cast(func.extract("epoch", moment) * 1_000_000, BigInteger)


def stored_form(events: FromClause) -> ColumnElement[str]:
    """All of an event that is stored, as one text. PostgreSQL writes a JSON that it holds in one way only."""
    one = events.c
    # A line each: no JSON and no name of a fact has a line end in it.
    return func.concat_ws(
        "\n",
        one.type,
        microseconds(one.at),
        microseconds(one.recorded_at),
        cast(one.actor, Text),
        func.coalesce(cast(one.cause, Text), ""),
        cast(one.fact, Text),
    )


def with_entries(added: Insert) -> Insert:
    """The statement that adds events, and an entry for each; its row count is how many were new."""
    events = added.returning(*EVENTS.columns).cte("added")
    return (
        insert(TRAIL)
        .from_select(_MADE, _entries(events, events.c.actor, events.c.type, _digest(events)))
        .add_cte(events)
        .execution_options(preserve_rowcount=True)
    )


async def take_back(connection: AsyncConnection, number: str, after: int) -> None:
    """Delete the events of a case after the `after`-th, and say so in the trail."""
    gone = (
        delete(EVENTS)
        .where(EVENTS.c.case_number == number, EVENTS.c.seq > after)
        .returning(EVENTS.c.case_number, EVENTS.c.seq, EVENTS.c.cause)
        .cte("gone")
    )
    said = _entries(gone, _json(SYSTEM), literal(TAKEN_BACK), literal(""))
    await connection.execute(insert(TRAIL).from_select(_MADE, said).add_cte(gone))


async def restate(connection: AsyncConnection, number: str, seqs: Iterable[int], actor: Actor) -> None:
    """Say in the trail that open texts were taken out of events of a case just now, in the same transaction.

    From here on these events are proven as they are after that.
    """
    events = select(EVENTS).where(EVENTS.c.case_number == number, EVENTS.c.seq.in_(list(seqs))).subquery()
    said = _entries(events, _json(actor), literal(BLANKED), _digest(events), with_origin=False)
    await connection.execute(insert(TRAIL).from_select(_MADE, said))


def _entries(
    events: FromClause,
    actor: ColumnElement[Any],
    action: ColumnElement[str],
    content: ColumnElement[str],
    *,
    with_origin: bool = True,
) -> Select[Any]:
    origin = func.coalesce(events.c.cause["origin"].astext, "") if with_origin else literal("")
    made = select(actor, origin, action, events.c.case_number, events.c.seq, literal(""), content)
    # So that of two entries about one case the later one has the higher id.
    return made.order_by(events.c.case_number, events.c.seq)


def _digest(events: FromClause) -> ColumnElement[str]:
    return func.encode(func.sha256(func.convert_to(stored_form(events), "UTF8")), "hex")


def _json(actor: Actor) -> ColumnElement[Any]:
    written: ColumnElement[Any] = cast(literal(storable(actor.model_dump_json()), Text), JSONB)
    return written
