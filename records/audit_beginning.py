"""The beginning of the audit trail: events that earlier releases wrote without entries are taken up into it, once.

Their texts are open. So their digests are made with a proof key, without which nobody can try out what they said, also
after the case was erased.
"""

from typing import Any

from sqlalchemy import Select, exists, literal, select, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from cases.vocabulary import SYSTEM
from records.audit_events import EVENTS, TRAIL, stored_form
from vault.keyfile import Ring
from vault.proof import keyed_digest

BEGINS = "trail_begins"
"""The entry after which every event has one of its own, made in the same transaction."""

TAKEN_UP = "taken_up"
"""An event that was there before the trail."""


async def begin(connection: AsyncConnection, ring: Ring, most: int) -> bool:
    """Take up to `most` events of earlier releases into the trail; whether there are none left.

    Only to be called by whoever alone chains the trail.
    """
    if await begun(connection):
        return True
    last = (await connection.execute(_LAST)).one_or_none()
    rows = (await connection.execute(_without_entry(tuple(last) if last else ("", 0), most))).all()
    entries = [_entry(TAKEN_UP, row.case_number, row.seq, keyed_digest(ring, row.stored)) for row in rows]
    await connection.execute(insert(TRAIL), entries or [_entry(BEGINS)])
    return not entries


async def begun(connection: AsyncConnection) -> bool:
    """Whether the trail has its beginning, so that every event must have an entry."""
    return bool((await connection.execute(_BEGUN)).scalar_one())


def _without_entry(after: tuple[Any, ...], most: int) -> Select[Any]:
    """Events that have no entry, in order of case and sequence, from a place on."""
    place = tuple_(EVENTS.c.case_number, EVENTS.c.seq)
    own = exists().where(TRAIL.c.case_number == EVENTS.c.case_number, TRAIL.c.seq == EVENTS.c.seq)
    asked = select(EVENTS.c.case_number, EVENTS.c.seq, stored_form(EVENTS).label("stored"))
    return asked.where(place > tuple_(*map(literal, after)), ~own).order_by(*place.clauses).limit(most)


_BEGUN = select(exists().where(TRAIL.c.action == BEGINS))
# They are taken up in order, so that each batch begins where the one before ended, also after a crash.
_LAST = (
    select(TRAIL.c.case_number, TRAIL.c.seq)
    .where(TRAIL.c.action == TAKEN_UP)
    .order_by(TRAIL.c.at.desc(), TRAIL.c.id.desc())
    .limit(1)
)


def _entry(action: str, case: str | None = None, seq: int | None = None, content: str = "") -> dict[str, object]:
    return {
        "actor": SYSTEM.model_dump(mode="json"),
        "origin": "",
        "action": action,
        "case_number": case,
        "seq": seq,
        "reason": "",
        "content": content,
        "details": {},
    }
