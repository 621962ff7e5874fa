"""What events owe the world outside, written in the same transaction as the events: so neither is without the other."""

from collections.abc import Iterable, Sequence
from typing import Any

from pydantic_core import to_json
from sqlalchemy import Table, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from cases.events import Delivered, DeliveryRetried, Event, Undelivered
from cases.notice import Notice
from cases.order_form import OrderForm
from records.batch import Batch
from records.outgoing import DeliveryRow, MailboxRow, NoticeRow
from records.rows import array, insert_rows
from records.text import storable_value

_MAILBOX: Table = MailboxRow.__table__  # type: ignore[attr-defined]
_DELIVERIES: Table = DeliveryRow.__table__  # type: ignore[attr-defined]
_NOTICES: Table = NoticeRow.__table__  # type: ignore[attr-defined]

_LOCK = 12345
"""Held from the first number that a mailbox gives out to the commit: whoever reads after a number misses none."""


async def put_out(connection: AsyncConnection, batches: Sequence[Batch]) -> None:
    """Write what batches owe beside their notices; what was written before stays as it is."""
    await _note_deliveries(connection, batches)
    # Last, because its lock is held until the commit.
    await put_orders(connection, [form for batch in batches for form in batch.orders])


async def take_back(connection: AsyncConnection, batch: Batch) -> None:
    """Take back what events owed that never came to be, as far as nobody has it yet; the batch is a whole history."""
    orders, notices = ([one.key for one in some] for some in (batch.orders, batch.notices))
    for table, keys in ((_MAILBOX, orders), (_NOTICES, notices)):
        unowed = (table.c.case_number == batch.number) & table.c.key.not_in(keys)
        if table is _NOTICES:
            unowed &= table.c.planned_at.is_(None)
        await connection.execute(delete(table).where(unowed))


async def put_orders(connection: AsyncConnection, forms: Sequence[OrderForm]) -> None:
    """Put what units are told into their mailboxes, in order."""
    if not forms:
        return
    rows = [
        {
            "unit": form.unit,
            "key": form.key,
            "about": form.about,
            "case_number": form.case_number,
            "form": storable_value(form.model_dump(mode="json")),
        }
        for form in forms
    ]
    await connection.execute(_PUT_ORDERS, {"rows": array(map(to_json, rows))})


async def put_notices(connection: AsyncConnection, notices: Sequence[Notice]) -> None:
    """Put notices where they wait to be sent."""
    if notices:
        await connection.execute(PUT_NOTICES, {"notices": notice_rows(notices)})


def notice_rows(notices: Iterable[Notice]) -> str:
    """Notices as `PUT_NOTICES` takes them."""
    rows = (
        {
            "key": one.key,
            "about": one.about,
            "audience": one.to,
            "case_number": one.case_number,
            "priority": one.priority,
            "content": storable_value(one.model_dump(mode="json")),
        }
        for one in notices
    )
    return array(map(to_json, rows))


async def _note_deliveries(connection: AsyncConnection, batches: Sequence[Batch]) -> None:
    """What the history itself says of deliveries, its last word on each, counts for more than their last attempt."""
    last = {key: (batch, event) for batch in batches for event in batch.events if (key := _key(event))}
    arrived = [key for key, (_, event) in last.items() if isinstance(event.fact, Delivered)]
    if arrived:
        await connection.execute(delete(_DELIVERIES).where(_DELIVERIES.c.key.in_(arrived)))
    retried = [key for key, (_, event) in last.items() if isinstance(event.fact, DeliveryRetried)]
    if retried:
        await connection.execute(update(_DELIVERIES).where(_DELIVERIES.c.key.in_(retried)).values(stopped=False))
    if stopped := [row for key, (batch, event) in last.items() if (row := _stopped(key, batch, event))]:
        put = insert(_DELIVERIES)
        changed = {"stopped": True, "reason": put.excluded.reason}
        await connection.execute(put.on_conflict_do_update(index_elements=["key"], set_=changed), stopped)


def _stopped(key: str, batch: Batch, event: Event) -> dict[str, Any] | None:
    fact = event.fact
    if not isinstance(fact, Undelivered) or not fact.final:
        return None
    return {
        "key": key,
        "unit": fact.unit,
        "case_number": batch.number,
        "sequence": fact.sequence,
        "about": fact.about,
        "level": batch.level,
        "order_index": fact.order,
        "assist": fact.assist,
        "attempts": 0,
        "reason": storable_value(fact.reason),
        "since": event.at,
        "last_tried_at": event.at,
        "stopped": True,
    }


def _key(event: Event) -> str | None:
    """The key of the delivery that an event tells of, if it tells of one."""
    return event.fact.key if isinstance(event.fact, Delivered | Undelivered | DeliveryRetried) else None


_PUT_ORDERS = insert_rows(
    _MAILBOX,
    but=("id", "written_at"),
    after=select(func.pg_advisory_xact_lock(_LOCK)).cte("lock").prefix_with("MATERIALIZED"),
).on_conflict_do_nothing()
PUT_NOTICES = insert_rows(_NOTICES, but=("owed_at", "planned_at"), given="notices").on_conflict_do_nothing()
"""Puts notices where they wait to be sent; what was put there before stays as it is."""
