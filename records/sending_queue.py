"""The queue of sendings as couriers work it off: side by side, and in order of urgency.

Address and words of a sending are sealed by a key of its case, until it goes out or nobody may try on. One that gathers
others has neither: its members keep theirs until it is sent, each by the key of its own case.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from pydantic_core import to_json
from sqlalchemy import (
    ColumnElement,
    Row,
    Select,
    String,
    Table,
    bindparam,
    delete,
    exists,
    func,
    insert,
    literal,
    or_,
    select,
    update,
)
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

DIGEST = "digest"
"""What a sending is about that gathers others."""

_OF_DIGESTS = f".{DIGEST}"
"""How its id ends."""

_GATHERED_AT_ONCE = 500
"""Notices that are offered for one digest at most."""

Item = dict[str, Any]
"""A sending, by the columns of its table."""

Choose = Callable[[Sequence[Item]], Awaitable[Sequence[Item]]]
"""Says which of some sendings to one addressee go out as one: of fewer than two, each goes out by itself."""


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

    async def put(self, notice: Row[Any], sendings: Sequence[Item], *, keep: bool = False) -> None:
        """Settle what goes out of a notice; nothing, if nobody is to get it. With `keep` its content stays."""
        # One letter that the database has no place for would undo what was planned together with it, for ever.
        self._unwritten |= {one["id"]: storable_value(one) for one in sendings}
        words = "".join(one[name] for one in sendings for name in _EMPTY)
        if keys_in(words) - keys_in(to_json(notice.content).decode()):
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


class SendingQueue:
    """Every method raises UnavailableError while PostgreSQL is out of reach."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    @asynccontextmanager
    async def planning(self, limit: int, clock: Clock) -> AsyncIterator[Planning | None]:
        """Notices to plan; none while another courier does. What is planned is there at the end, all or nothing.

        The clock hears what time it is: a look says so too.
        """
        async with transaction(self._engine) as connection:
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

    async def claim(
        self,
        now: datetime,
        lease: timedelta,
        limit: int,
        *,
        without: Collection[str] = (),
        quiet: bool = False,
        gather: Choose | None = None,
    ) -> list[Item]:
        """Take what is due, for as long as `lease`; after that, others may. The urgent ones come first.

        Args:
            now: What is due is due by then.
            lease: How long nobody else takes them.
            limit: At most so many.
            without: Routes by which nothing is wanted.
            quiet: Whether only urgent ones go out at this hour.
            gather: Says which of several that wait for the same addressee go out as one; without it, none do.
        """
        async with transaction(self._engine) as connection:
            due = _due(now, without)
            taken = await _take(connection, [*due, _SENDINGS.c.urgent.is_(True)], limit)
            if len(taken) < limit and not quiet:
                others = await _take(connection, [*due, _SENDINGS.c.urgent.is_(False)], limit - len(taken))
                taken += await _gathered(connection, others, now, gather) if gather else others
            if not taken:
                return []
            # Counted before it is sent: what may have gone out once is never gathered with something else.
            mine = _SENDINGS.c.id.in_([item["id"] for item in taken])
            until = now + lease
            claimed = {"attempts": _SENDINGS.c.attempts + 1, "claimed_until": until}
            await connection.execute(update(_SENDINGS).where(mine).values(claimed))
            return [item | {"attempts": item["attempts"] + 1, "claimed_until": until} for item in taken]

    async def members(self, digest: str) -> list[Item]:
        """What goes out within a sending, in order."""
        asked = select(_SENDINGS).where(_SENDINGS.c.gathered_in == digest)
        async with transaction(self._engine) as connection:
            return _in_order(await connection.execute(asked))

    async def keep(self, sendings: Collection[str], until: datetime) -> None:
        """Leave some that were claimed to whoever has them for longer."""
        mine = (_SENDINGS.c.id.in_(sendings), _SENDINGS.c.claimed_until.is_not(None))
        async with transaction(self._engine) as connection:
            await connection.execute(update(_SENDINGS).where(*mine).values(claimed_until=until))

    async def sent(self, sendings: Sequence[str], now: datetime) -> None:
        """Take down that some went out. From then on nobody can read there to whom, and what.

        That holds whatever another courier made of it meanwhile, whose own try may have failed.
        """
        changed = {"state": "sent", "sent_at": now, "failing_since": None, "reason": None, **_FREE, **_EMPTY}
        these = func.any(literal(list(sendings), ARRAY(String)))
        mine = (_SENDINGS.c.id == these, _SENDINGS.c.state.in_(("waiting", "failed")))
        digests = [one for one in sendings if one.endswith(_OF_DIGESTS)]
        async with transaction(self._engine) as connection:
            await connection.execute(update(_SENDINGS).where(*mine).values(changed))
            if digests:
                within = _SENDINGS.c.gathered_in == func.any(literal(digests, ARRAY(String)))
                await connection.execute(update(_SENDINGS).where(within).values(_EMPTY))

    async def drop(self, sending: str) -> None:
        """Forget one that nobody can be told any more, since the case of all that it says was erased."""
        gone = or_(_SENDINGS.c.id == sending, _SENDINGS.c.gathered_in == sending)
        async with transaction(self._engine) as connection:
            await connection.execute(delete(_SENDINGS).where(gone))

    async def forget(self, before: datetime) -> None:
        """Empty what failed before a moment: nobody can read there any more to whom, and what, and none is sent."""
        old = (_SENDINGS.c.state == "failed") & (_SENDINGS.c.failing_since < before)
        failed = select(_SENDINGS.c.id).where(old)
        unplanned = select(_SENDINGS.c.notice).where(old, _SENDINGS.c.channel == "")
        full = or_(*(_SENDINGS.c[name] != "" for name in _EMPTY))
        async with transaction(self._engine) as connection:
            within = update(_SENDINGS).where(_SENDINGS.c.gathered_in.in_(failed), full)
            await connection.execute(within.values(_EMPTY))
            await connection.execute(update(_SENDINGS).where(old, full).values(_EMPTY))
            notices = update(_NOTICES).where(_NOTICES.c.key.in_(unplanned), _NOTICES.c.content.is_not(None))
            await connection.execute(notices.values(content=None))

    async def failed(self, sending: str, now: datetime, reason: str, again_at: datetime | None) -> None:
        """Take down that one did not go out, and when it is tried again; nobody tries on without `again_at`."""
        since = func.coalesce(_SENDINGS.c.failing_since, now)
        changed = {"reason": reason, "failing_since": since, **_FREE}
        changed |= {"send_after": again_at} if again_at else {"state": "failed"}
        mine = (_SENDINGS.c.id == sending, _SENDINGS.c.state == "waiting")
        async with transaction(self._engine) as connection:
            await connection.execute(update(_SENDINGS).where(*mine).values(changed))


def _in_order(rows: Iterable[Row[Any]]) -> list[Item]:
    return sorted((dict(row._mapping) for row in rows), key=lambda one: (one["planned_at"], one["id"]))


_PUT = insert_rows(_SENDINGS)
_UNPLANNED = select(_NOTICES).where(_NOTICES.c.planned_at.is_(None))
_GLANCE = select(exists(_UNPLANNED.with_only_columns(_NOTICES.c.key)), func.clock_timestamp())
_ALONE = select(func.pg_try_advisory_xact_lock(_PLANNING))
_FREE: Item = {"claimed_until": None}
_EMPTY: Item = {"address": "", "subject": "", "body": ""}


def _gathered_with(addressee: str | ColumnElement[str]) -> ColumnElement[bool]:
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
    waits_until = select(func.min(_SENDINGS.c.send_after)).where(_gathered_with(addressee))
    settled = func.coalesce(_SENDINGS.c.sent_at, _SENDINGS.c.failing_since, _SENDINGS.c.planned_at)
    newest = select(settled).where(_SENDINGS.c.addressee == addressee).order_by(_SENDINGS.c.planned_at.desc()).limit(1)
    return select(addressee, waits_until.scalar_subquery(), newest.scalar_subquery())


_TOLD = _told()


def _due(now: datetime, without: Collection[str]) -> list[ColumnElement[bool]]:
    free = or_(_SENDINGS.c.claimed_until.is_(None), _SENDINGS.c.claimed_until <= now)
    conditions = [_SENDINGS.c.state == "waiting", _SENDINGS.c.send_after <= now, free]
    return [*conditions, _SENDINGS.c.route.not_in(sorted(without))] if without else conditions


async def _take(connection: AsyncConnection, conditions: Sequence[ColumnElement[bool]], limit: int) -> list[Item]:
    asked = select(_SENDINGS).where(*conditions).order_by(_SENDINGS.c.send_after, _SENDINGS.c.id).limit(limit)
    rows = await connection.execute(asked.with_for_update(skip_locked=True))
    return [dict(row._mapping) for row in rows]


async def _gathered(connection: AsyncConnection, items: Sequence[Item], now: datetime, choose: Choose) -> list[Item]:
    """The same sendings, with one in the place of those that wait for the same addressee."""
    left = {item["id"]: item for item in items}
    for item in items:
        if item["id"] not in left or item["attempts"] or item["notice"] is None:
            continue
        together = (_gathered_with(item["addressee"]), _SENDINGS.c.send_after <= now)
        asked = select(_SENDINGS).where(*together).order_by(_SENDINGS.c.send_after, _SENDINGS.c.id)
        rows = await connection.execute(asked.limit(_GATHERED_AT_ONCE).with_for_update(skip_locked=True))
        members = _in_order(rows)
        members = list(await choose(members)) if len(members) > 1 else members
        if len(members) < 2:
            continue
        first = members[0]
        digest = first | {"id": f"{first['id']}{_OF_DIGESTS}", "notice": None, "case_number": None, "about": DIGEST}
        digest |= {"planned_at": now, **_EMPTY}
        await connection.execute(insert(_SENDINGS).values(digest))
        within = _SENDINGS.c.id.in_([one["id"] for one in members])
        moved = {"state": "gathered", "gathered_in": digest["id"]}
        await connection.execute(update(_SENDINGS).where(within).values(moved))
        for one in members:
            left.pop(one["id"], None)
        left[digest["id"]] = digest
    return list(left.values())
