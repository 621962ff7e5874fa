"""Reading the audit trail, the newest entries first."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import AwareDatetime, StringConstraints
from sqlalchemy import Select, literal, select, tuple_
from sqlalchemy.ext.asyncio import AsyncEngine

from cases.errors import InvalidError
from cases.vocabulary import Actor, Value
from records.audit_events import TRAIL
from records.cursor import Cursor, Page, check_limit
from records.database import transaction
from records.text import storable

_SERVICE = "system"
_ORDER = "at"

Term = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class AuditFilter(Value):
    """Which entries: about a case, by somebody, of an action, since a moment. Each narrows the list further.

    `actor` is an actor's id, as `key:1a2b3c4d`; `action` what was done, as `reveal`.
    """

    case: Term | None = None
    actor: Term | None = None
    action: Term | None = None
    since: AwareDatetime | None = None


class AuditEntry(Value):
    """An entry of the trail. `position` is its place in the chain, which it gets a moment after it was written.

    `seq` is the event of the case that it tells of, if it tells of one; `reason` may be sealed.
    """

    id: int
    position: int | None
    at: AwareDatetime
    actor: Actor
    origin: str
    action: str
    case_number: str | None
    seq: int | None
    reason: str
    details: dict[str, Any]


async def list_entries(engine: AsyncEngine, wanted: AuditFilter, limit: int, after: str | None) -> Page[AuditEntry]:
    """One page of the entries that a filter lets through, the newest first.

    Raises:
        InvalidError: `after` is not the `next` of a page of such a list, or `limit` is not from 1 to 1,000.
        UnavailableError: PostgreSQL is out of reach.
    """
    check_limit(limit)
    asked = _asked(wanted).limit(limit + 1)
    if after is not None:
        asked = asked.where(tuple_(TRAIL.c.at, TRAIL.c.id) < tuple_(*map(literal, _place(after))))
    async with transaction(engine) as connection:
        found = [AuditEntry.model_validate(row._mapping) for row in await connection.execute(asked)]
    following = None
    if len(found) > limit:
        last = found[limit - 1]
        following = Cursor(order=_ORDER, at=last.at, number=str(last.id)).text()
    return Page(items=found[:limit], next=following)


def _asked(wanted: AuditFilter) -> Select[Any]:
    asked = select(*(TRAIL.c[name] for name in AuditEntry.model_fields))
    if wanted.case is not None:
        asked = asked.where(TRAIL.c.case_number == storable(wanted.case))
    if wanted.actor is not None:
        # The service itself has no account.
        named = "" if wanted.actor == _SERVICE else storable(wanted.actor)
        asked = asked.where(TRAIL.c.actor["id"].astext == named)
        if not named:
            asked = asked.where(TRAIL.c.actor["role"].astext == _SERVICE)
    if wanted.action is not None:
        asked = asked.where(TRAIL.c.action == storable(wanted.action))
    if wanted.since is not None:
        asked = asked.where(TRAIL.c.at >= wanted.since)
    return asked.order_by(TRAIL.c.at.desc(), TRAIL.c.id.desc())


def _place(after: str) -> tuple[datetime, int]:
    cursor = Cursor.read(after, _ORDER)
    if cursor.at is None or not cursor.number.isdecimal() or len(cursor.number) > len(str(2**63)):
        raise InvalidError("after", "not a place in this list; send the `next` of the page before as it came")
    return cursor.at, int(cursor.number)
