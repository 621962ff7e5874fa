"""The queue of sendings as couriers work it off: side by side, and in order of urgency.

Address and words of a sending are sealed by a key of its case, until it goes out or nobody may try on. One that gathers
others has neither: its members keep theirs until it is sent, each by the key of its own case.
"""

from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Row,
    String,
    Table,
    delete,
    func,
    insert,
    literal,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from records.clock import Clock
from records.database import transaction
from records.notice_planning import EMPTY, Item, Planning, gathered_with, planning
from records.outgoing import NoticeRow, SendingRow

_NOTICES: Table = NoticeRow.__table__  # type: ignore[attr-defined]
_SENDINGS: Table = SendingRow.__table__  # type: ignore[attr-defined]

DIGEST = "digest"
"""What a sending is about that gathers others."""

_OF_DIGESTS = f".{DIGEST}"
"""How its id ends."""

_GATHERED_AT_ONCE = 500
"""Notices that are offered for one digest at most."""

Choose = Callable[[Sequence[Item]], Awaitable[Sequence[Item]]]
"""Says which of some sendings to one addressee go out as one: of fewer than two, each goes out by itself."""


class SendingQueue:
    """Every method raises UnavailableError while PostgreSQL is out of reach."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    def planning(self, limit: int, clock: Clock) -> AbstractAsyncContextManager[Planning | None]:
        """Notices to plan, as `notice_planning.planning` has them."""
        return planning(self._engine, limit, clock)

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
        changed = {"state": "sent", "sent_at": now, "failing_since": None, "reason": None, **_FREE, **EMPTY}
        these = func.any(literal(list(sendings), ARRAY(String)))
        mine = (_SENDINGS.c.id == these, _SENDINGS.c.state.in_(("waiting", "failed")))
        digests = [one for one in sendings if one.endswith(_OF_DIGESTS)]
        async with transaction(self._engine) as connection:
            await connection.execute(update(_SENDINGS).where(*mine).values(changed))
            if digests:
                within = _SENDINGS.c.gathered_in == func.any(literal(digests, ARRAY(String)))
                await connection.execute(update(_SENDINGS).where(within).values(EMPTY))

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
        full = or_(*(_SENDINGS.c[name] != "" for name in EMPTY))
        async with transaction(self._engine) as connection:
            within = update(_SENDINGS).where(_SENDINGS.c.gathered_in.in_(failed), full)
            await connection.execute(within.values(EMPTY))
            await connection.execute(update(_SENDINGS).where(old, full).values(EMPTY))
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


_FREE: Item = {"claimed_until": None}


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
        together = (gathered_with(item["addressee"]), _SENDINGS.c.send_after <= now)
        asked = select(_SENDINGS).where(*together).order_by(_SENDINGS.c.send_after, _SENDINGS.c.id)
        rows = await connection.execute(asked.limit(_GATHERED_AT_ONCE).with_for_update(skip_locked=True))
        members = _in_order(rows)
        members = list(await choose(members)) if len(members) > 1 else members
        if len(members) < 2:
            continue
        first = members[0]
        digest = first | {"id": f"{first['id']}{_OF_DIGESTS}", "notice": None, "case_number": None, "about": DIGEST}
        digest |= {"planned_at": now, **EMPTY}
        await connection.execute(insert(_SENDINGS).values(digest))
        within = _SENDINGS.c.id.in_([one["id"] for one in members])
        moved = {"state": "gathered", "gathered_in": digest["id"]}
        await connection.execute(update(_SENDINGS).where(within).values(moved))
        for one in members:
            left.pop(one["id"], None)
        left[digest["id"]] = digest
    return list(left.values())
