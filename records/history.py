"""The stored history of a case."""

from typing import Any

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel import col, select

from cases.events import Event
from records.database import reading
from records.tables import EventRow
from records.text import storable


def stored_event(row: "EventRow | Row[Any]") -> Event:
    """The event that a row holds."""
    return Event.model_validate({name: getattr(row, name) for name in Event.model_fields})


async def read_events(engine: AsyncEngine, number: str, after: int, limit: int | None) -> list[Event]:
    """The events of a case after the `after`-th, at most `limit` of them."""
    mine = (
        select(EventRow)
        .where(EventRow.case_number == storable(number), col(EventRow.seq) > after)
        .order_by(col(EventRow.seq))
        .limit(limit)
    )
    async with reading(engine) as session:
        return [stored_event(row) for row in await session.exec(mine)]
