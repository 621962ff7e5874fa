"""Notices that are owed, while they are planned: what there is to their addressees already, and what comes of them."""

from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, NamedTuple

from pydantic_core import to_json
from sqlalchemy import ColumnElement, Row, Select, String, Table, bindparam, exists, func, literal, select, update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from cases.sealed import keys_in
from records.clock import Clock
from records.data_keys import claim
from records.database import transaction
from records.outgoing import NoticeRow, SendingRow
from records.rows import array, insert_rows
from records.text import storable_value

_NOTICES: Table = NoticeRow.__table__  # type: ignore[attr-defined]
_SENDINGS: Table = SendingRow.__table__  # type: ignore[attr-defined]

_PLANNING = 12346
"""Held while notices are planned, so that of two to the same address the second knows of the first."""

Item = dict[str, Any]
"""A sending, by the columns of its table."""

EMPTY: Item = {"address": "", "subject": "", "body": ""}
"""What a sending has no longer once nobody is to read it."""


class Told(NamedTuple):
    """What there is to an addressee: when something goes out that can still be gathered with, and when they were last
    sent something, or it was last tried or planned."""

    waits_until: datetime | None = None
    last: datetime | None = None


@dataclass
class Planning:
    """Some notices that are owed, the most urgent first, while they are planned.

    `taken` are the sendings that whoever plans them has taken at once, as they are in the queue.
    """

    notices: Sequence[Row[Any]]
    now: datetime
    _clock: Clock
    _connection: AsyncConnection
    taken: list[Item] = field(default_factory=list)
    _lease: timedelta = timedelta(0)
    _spoken_for: list[str] = field(default_factory=list)
    _kept: list[str] = field(default_factory=list)
    _unwritten: dict[str, Item] = field(default_factory=dict)

    async def told(self, addressees: Collection[str]) -> Mapping[str, Told]:
        """What there is to some addressees already, by the addressee."""
        if not addressees:
            return {}
        rows = await self._connection.execute(_TOLD, {"addressees": sorted(addressees)})
        return {addressee: Told(waits_until, last) for addressee, waits_until, last in rows}

    @cached_property
    def keys(self) -> Mapping[str, set[str]]:
        """The ids of the keys that seal each notice's content, by the notice's key."""
        return {row.key: keys_in(to_json(row.content).decode()) for row in self.notices}

    async def put(self, notice: Row[Any], sendings: Sequence[Item], *, keep: bool = False) -> None:
        """Settle what goes out of a notice; nothing, if nobody is to get it. With `keep` its content stays."""
        # One letter that the database has no place for would undo what was planned together with it, for ever.
        self._unwritten |= {one["id"]: storable_value(one) for one in sendings}
        words = "".join(one[name] for one in sendings for name in EMPTY)
        if keys_in(words) - self.keys[notice.key]:
            # A key that was made for words of an earlier release belongs to no case yet.
            await claim(self._connection, notice.case_number, [words.encode()])
        (self._kept if keep else self._spoken_for).append(notice.key)

    def take(self, sendings: Iterable[str], lease: timedelta) -> None:
        """Have some that were put in the queue as taken already, for as long as `lease` from when they are written."""
        self._lease = lease
        self.taken = [self._unwritten[one] for one in sendings]
        for item in self.taken:
            item |= {"attempts": 1, "failing_since": None}

    def leaves_some_due(self) -> bool:
        """Whether there are others that may go out now."""
        taken = {one["id"] for one in self.taken}
        others = (one for name, one in self._unwritten.items() if name not in taken)
        return any(one["state"] == "waiting" and one["send_after"] <= self.now for one in others)

    async def close(self) -> None:
        """Take down that they are planned."""
        # Planning took its time, which is no part of how long a sending is left to whoever takes it.
        until = {"claimed_until": self._clock() + self._lease}
        for item in self.taken:
            item |= until
        if self._unwritten:
            rows = array(to_json({"attempts": 0} | row) for row in self._unwritten.values())
            await self._connection.execute(_PUT, {"rows": rows})
        for keys, changed in ((self._kept, {}), (self._spoken_for, {"content": None})):
            if keys:
                these = func.any(literal(keys, ARRAY(String)))
                done = update(_NOTICES).where(_NOTICES.c.key == these).values(planned_at=self.now, **changed)
                await self._connection.execute(done)


@asynccontextmanager
async def planning(engine: AsyncEngine, limit: int, clock: Clock) -> AsyncIterator[Planning | None]:
    """Notices to plan; none while another courier does. What is planned is there at the end, all or nothing.

    The clock hears what time it is: a look says so too.
    """
    async with transaction(engine) as connection:
        # Most of the time there are none, and a look without the lock costs the least.
        some, moment = (await connection.execute(_GLANCE)).one()
        clock.heard(moment)
        if not some or not (await connection.execute(_ALONE)).scalar_one():
            yield None
            return
        ordered = _UNPLANNED.order_by(_NOTICES.c.priority, _NOTICES.c.owed_at).limit(limit)
        found = (await connection.execute(ordered.with_for_update(skip_locked=True))).all()
        planning = Planning(found, clock(), clock, connection)
        yield planning
        await planning.close()


def gathered_with(addressee: str | ColumnElement[str]) -> ColumnElement[bool]:
    """Which sendings to an addressee can be gathered: not those that may have gone out, or will go out at once."""
    waiting = _SENDINGS.c
    return (
        (waiting.state == "waiting")
        & (waiting.addressee == addressee)
        & (waiting.attempts == 0)
        & waiting.urgent.is_(False)
        & waiting.notice.is_not(None)
    )


def _told() -> Select[Any]:
    """What there is to each of some addressees, by indexes that begin with the addressee."""
    given = (
        func.unnest(bindparam("addressees", type_=ARRAY(String)))
        .table_valued("addressee", name="given")
        .render_derived()
    )
    addressee = given.c.addressee
    waits_until = select(func.min(_SENDINGS.c.send_after)).where(gathered_with(addressee))
    settled = func.coalesce(_SENDINGS.c.sent_at, _SENDINGS.c.failing_since, _SENDINGS.c.planned_at)
    newest = select(settled).where(_SENDINGS.c.addressee == addressee).order_by(_SENDINGS.c.planned_at.desc()).limit(1)
    return select(addressee, waits_until.scalar_subquery(), newest.scalar_subquery())


_TOLD = _told()
_PUT = insert_rows(_SENDINGS)
_UNPLANNED = select(_NOTICES).where(_NOTICES.c.planned_at.is_(None))
_GLANCE = select(exists(_UNPLANNED.with_only_columns(_NOTICES.c.key)), func.clock_timestamp())
_ALONE = select(func.pg_try_advisory_xact_lock(_PLANNING))
