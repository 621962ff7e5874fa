"""Deliveries to units' systems that are stuck: how often each was tried, why it failed, and since when."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, get_args

from sqlalchemy import ColumnElement, DateTime, Table, and_, case, cast, delete, func, or_, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel import col, select

from cases.errors import InvalidError
from cases.masking import scrub
from cases.order_form import OrderForm
from cases.sealed import keys_in
from records.cursor import Cursor, Page, check_limit
from records.database import reading, transaction
from records.outgoing import DeliveryRow
from records.seals import Seals
from records.text import storable
from vault.sealing import open_text

State = Literal["retrying", "undelivered", "stopped"]
"""`retrying` may still arrive in time; `undelivered` has not, and is tried on; `stopped` waits for a person."""

_TABLE: Table = DeliveryRow.__table__  # type: ignore[attr-defined]
_ORDER = "since"

_LATE = and_(col(DeliveryRow.expected_by).is_not(None), col(DeliveryRow.expected_by) < func.now())
_STATE: ColumnElement[str] = case((col(DeliveryRow.stopped), "stopped"), (_LATE, "undelivered"), else_="retrying")


@dataclass(frozen=True, kw_only=True)
class Stuck:
    """A delivery that has failed and not come through since. With no `attempts` it waits behind others that failed.

    Its `reason` may hold what the unit's system said, which is sealed in the table and read here without contacts.
    """

    row: DeliveryRow
    state: State


class Deliveries:
    """Every method raises UnavailableError while PostgreSQL is out of reach."""

    def __init__(self, engine: AsyncEngine, seals: Seals) -> None:
        self._engine = engine
        self._seals = seals

    async def failed(self, form: OrderForm, reason: str, *, stopped: bool = False) -> None:
        """Take down that an attempt to deliver something has failed, and whether nobody tries on."""
        put = insert(_TABLE).values(_row(form, reason, attempts=1, stopped=stopped))
        new, old = put.excluded, _TABLE.c
        changed = {
            "attempts": old.attempts + 1,
            "reason": new.reason,
            "last_tried_at": new.last_tried_at,
            "expected_by": func.coalesce(old.expected_by, new.expected_by),
            "stopped": new.stopped,
        }
        async with transaction(self._engine) as connection:
            await connection.execute(put.on_conflict_do_update(index_elements=["key"], set_=changed))

    async def waits(self, form: OrderForm, reason: str) -> None:
        """Take down that something waits, untried, behind others that its unit's system did not take.

        What failed itself keeps the reason of that; if it was stopped, it is tried again now.
        """
        put = insert(_TABLE).values(_row(form, reason, attempts=0, stopped=False))
        resumed = put.on_conflict_do_update(index_elements=["key"], set_={"stopped": False}, where=_TABLE.c.stopped)
        async with transaction(self._engine) as connection:
            await connection.execute(resumed)

    async def arrived(self, keys: Sequence[str]) -> None:
        """Take what came through from the list."""
        if not keys:
            return
        async with transaction(self._engine) as connection:
            await connection.execute(delete(_TABLE).where(_TABLE.c.key.in_(sorted(keys))))

    async def page(
        self, unit: str | None = None, state: State | None = None, limit: int = 50, after: str | None = None
    ) -> Page[Stuck]:
        """One page of what is stuck, what has failed for longest first; of one unit, and in one state, where asked.

        Raises:
            InvalidError: `after` is not the `next` of a page of this list, `limit` is not from 1 to 1,000, or there is
                no such state.
        """
        check_limit(limit)
        place = tuple_(col(DeliveryRow.since), col(DeliveryRow.key))
        asked = select(DeliveryRow, _STATE).where(*_conditions(unit, state))
        if after is not None:
            cursor = Cursor.read(after, _ORDER)
            asked = asked.where(place > tuple_(cast(cursor.at, DateTime(timezone=True)), cursor.number))
        ordered = asked.order_by(col(DeliveryRow.since), col(DeliveryRow.key)).limit(limit + 1)
        async with reading(self._engine) as session:
            found = [Stuck(row=row, state=_named(word)) for row, word in await session.exec(ordered)]
        last = found[limit - 1].row if len(found) > limit else None
        following = Cursor(order=_ORDER, at=last.since, number=last.key).text() if last else None
        return Page(items=await self._read(found[:limit]), next=following)

    async def find(self, key: str) -> Stuck | None:
        """The delivery of a key, if it is stuck."""
        asked = select(DeliveryRow, _STATE).where(DeliveryRow.key == storable(key))
        async with reading(self._engine) as session:
            found = (await session.exec(asked)).one_or_none()
        return (await self._read([Stuck(row=found[0], state=_named(found[1]))]))[0] if found else None

    async def counts(self) -> dict[tuple[str, State], int]:
        """How many deliveries are stuck, by unit and state; what has none is not named."""
        asked = select(DeliveryRow.unit, _STATE, func.count()).group_by(col(DeliveryRow.unit), _STATE)
        async with reading(self._engine) as session:
            return {(unit, _named(word)): count for unit, word, count in await session.exec(asked)}

    async def _read(self, found: list[Stuck]) -> list[Stuck]:
        keys = await self._seals.keys({name for one in found for name in keys_in(one.row.reason)})
        for one in found:
            one.row.reason = scrub(open_text(one.row.reason, keys))
        return found


def _row(form: OrderForm, reason: str, *, attempts: int, stopped: bool) -> dict[str, Any]:
    now = datetime.now(UTC)
    return {
        "key": form.key,
        "unit": form.unit,
        "case_number": form.case_number,
        "sequence": form.sequence,
        "about": form.about,
        "level": form.level,
        "order_index": form.order,
        "assist": form.assist,
        "attempts": attempts,
        "reason": storable(reason),
        "since": now,
        "last_tried_at": now,
        "expected_by": form.expected_by(now),
        "stopped": stopped,
    }


def _conditions(unit: str | None, state: State | None) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if unit is not None:
        conditions.append(col(DeliveryRow.unit) == storable(unit))
    if state is None:
        return conditions
    if state not in get_args(State):
        raise InvalidError("state", f"must be one of {', '.join(get_args(State))}")
    stopped: ColumnElement[bool] = col(DeliveryRow.stopped).is_(True)
    if state == "stopped":
        return [*conditions, stopped]
    in_time = or_(col(DeliveryRow.expected_by).is_(None), col(DeliveryRow.expected_by) >= func.now())
    return [*conditions, ~stopped, _LATE if state == "undelivered" else in_time]


def _named(word: str) -> State:
    return next(state for state in get_args(State) if state == word)
