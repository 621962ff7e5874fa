"""The units' mailboxes: everything that a unit was told of its orders, in order, to be read from any place on."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel import col, select

from cases.errors import InvalidError
from cases.order_form import OrderForm
from records.cursor import check_limit
from records.database import reading, transaction
from records.outbox import put_orders
from records.outgoing import MailboxRow
from records.tables import UnitRow
from records.text import storable


@dataclass(frozen=True, kw_only=True)
class Letter:
    """One thing that a unit was told. `place` is where it stands in the mailbox, to go on from."""

    place: int
    form: OrderForm
    written_at: datetime


class Mailboxes:
    """Every method raises UnavailableError while PostgreSQL is out of reach."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def put(self, forms: Sequence[OrderForm]) -> None:
        """Put something into mailboxes that may be there already; then it stays as it is."""
        async with transaction(self._engine) as connection:
            await put_orders(connection, forms)

    async def find(self, key: str) -> OrderForm | None:
        """What was written under a key, if anything was."""
        asked = select(MailboxRow.form).where(MailboxRow.key == storable(key))
        async with reading(self._engine) as session:
            found = (await session.exec(asked)).one_or_none()
        return None if found is None else OrderForm.model_validate(found)

    async def to_systems(self, forms: Sequence[OrderForm]) -> list[OrderForm]:
        """Those of some forms whose units have a system, each as it was first written under its key."""
        if not forms:
            return []
        kept = (col(MailboxRow.unit) == col(UnitRow.code)) & col(MailboxRow.key).in_([one.key for one in forms])
        having = col(UnitRow.code).in_({one.unit for one in forms}), col(UnitRow.endpoint).is_not(None)
        asked = select(UnitRow.code, MailboxRow.key, MailboxRow.form).outerjoin(MailboxRow, kept).where(*having)
        async with reading(self._engine) as session:
            found = (await session.exec(asked)).all()
        units, told = {unit for unit, _, _ in found}, {key: form for _, key, form in found if form is not None}
        return [
            OrderForm.model_validate(told[one.key]) if one.key in told else one for one in forms if one.unit in units
        ]

    async def read(self, unit: str, after: int, limit: int) -> list[Letter]:
        """What a unit was told after a place in its mailbox, the earliest first; 0 is the beginning.

        Raises:
            InvalidError: `after` or `limit` makes no sense.
        """
        check_limit(limit)
        if after < 0:
            raise InvalidError("after", "must be the `next` of a page as it came, or 0 for the beginning")
        mine = select(MailboxRow).where(MailboxRow.unit == storable(unit), col(MailboxRow.id) > after)
        async with reading(self._engine) as session:
            rows = await session.exec(mine.order_by(col(MailboxRow.id)).limit(limit))
            return [
                Letter(place=row.id or 0, form=OrderForm.model_validate(row.form), written_at=row.written_at)
                for row in rows
            ]

    async def news(self, after: int) -> tuple[int, set[str]]:
        """The last place that any mailbox has, and the units that were told something after a place."""
        later = (
            select(MailboxRow.unit, func.max(MailboxRow.id))
            .where(col(MailboxRow.id) > after)
            .group_by(col(MailboxRow.unit))
        )
        async with reading(self._engine) as session:
            found = {unit: place or after for unit, place in await session.exec(later)}
        return max(found.values(), default=after), set(found)

    async def last(self) -> int:
        """The last place that any mailbox has; 0 while all are empty."""
        async with reading(self._engine) as session:
            return (await session.exec(select(func.max(MailboxRow.id)))).one() or 0
