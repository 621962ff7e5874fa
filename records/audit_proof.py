"""Verifying the audit trail: walking the chain, and holding what it says of events against the events."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Row, Select, case, exists, func, literal, select, tuple_
from sqlalchemy.ext.asyncio import AsyncEngine

from cases.errors import InvalidError
from records import audit_chain
from records.audit_beginning import begun
from records.audit_chain import PROVEN
from records.audit_events import EVENTS, TRAIL, stored_form
from records.database import transaction
from vault.keyfile import Ring
from vault.proof import BEGINNING, Head, MissingKeyError, agrees, seal

_BATCH = 2_000
_LATE = timedelta(minutes=5)
"""An entry that has not been chained for so long, while later ones were, was put in or taken out of its place. No
transaction lasts as long."""


@dataclass(frozen=True, kw_only=True)
class Fault:
    """A place where the trail, or an event that it proves, is not as it was written.

    `position` is the entry's place in the chain, where it has one; `case_number` and `seq` name the event.
    """

    detail: str
    position: int | None = None
    case_number: str | None = None
    seq: int | None = None

    def __str__(self) -> str:
        return self.detail


@dataclass(kw_only=True)
class Report:
    """What was seen on the way, complete when the last fault was told.

    `entries` and `events` were verified; `waiting` entries are not chained yet; `begun` is false as long as events of
    earlier releases are being taken up. `head` is the last entry.
    """

    entries: int = 0
    events: int = 0
    waiting: int = 0
    begun: bool = False
    head: Head = field(default=BEGINNING)


class Proof:
    """Verifies with the proof keys."""

    def __init__(self, engine: AsyncEngine, ring: Ring) -> None:
        self._engine = engine
        self._ring = ring
        self.report = Report()

    async def faults(self, first: int = 1, kept: Sequence[Head] = ()) -> AsyncIterator[Fault]:
        """Every fault, in order of the chain; none if all is as it was written.

        Args:
            first: Where to begin. The entry before is taken as it stands, and events without entries are looked for
                only from the very beginning.
            kept: Heads that were kept elsewhere: the trail must still have them.

        Raises:
            UnavailableError: PostgreSQL is out of reach.
            InvalidError: the chain is not as long as where to begin.
        """
        async with transaction(self._engine) as connection:
            self.report = Report(head=await audit_chain.head(connection), begun=await begun(connection))
        before = await self._before(first)
        for one_head in kept:
            if (fault := await self._kept(one_head)) is not None:
                yield fault
        async for one in self._chain(before):
            yield one
        async for one in self._unchained():
            yield one
        if self.report.begun and first == 1:
            async for one in self._without_entry():
                yield one

    async def _before(self, first: int) -> Head:
        if first == 1:
            return BEGINNING
        if not 1 < first <= self.report.head.position:
            raise InvalidError("from", f"must be from 1 to {self.report.head.position}, the last place of the chain")
        return await self._at(first - 1) or Head(first - 1, "")

    async def _kept(self, kept: Head) -> Fault | None:
        if kept.position > self.report.head.position:
            end = self.report.head.position
            return Fault(
                detail=f"the entries from {end + 1} to {kept.position} are gone: the trail ends at {end}, and a head "
                f"was kept of {kept.position}",
                position=end + 1,
            )
        if kept == BEGINNING or await self._at(kept.position) == kept:
            return None
        detail = f"entry {kept.position} has not the seal of the head that was kept: the trail was written anew"
        return Fault(detail=detail, position=kept.position)

    async def _at(self, position: int) -> Head | None:
        asked = select(TRAIL.c.position, TRAIL.c.seal).where(TRAIL.c.position == position)
        async with transaction(self._engine) as connection:
            row = (await connection.execute(asked)).one_or_none()
        return row and Head(row.position, row.seal or "")

    async def _chain(self, before: Head) -> AsyncIterator[Fault]:
        while before.position < self.report.head.position:
            async with transaction(self._engine) as connection:
                rows = (await connection.execute(_entries(before.position))).all()
            end = self.report.head.position
            for row in rows:
                if row.position > end:
                    before = Head(end, "")
                    break
                for fault in self._faults_of(row, before):
                    yield fault
                before = Head(row.position, row.seal or "")
                self.report.entries += 1
            if not rows:
                # The head itself went away meanwhile.
                yield Fault(detail=f"entry {end} is gone since this began", position=end)
                return

    def _faults_of(self, row: Row[Any], before: Head) -> list[Fault]:
        faults = []
        missing = row.position - before.position - 1
        if missing:
            first = before.position + 1
            detail = f"entry {first} is gone" if missing == 1 else f"entries {first} to {row.position - 1} are gone"
            faults.append(Fault(detail=detail, position=first))
        found = (None if missing else self._changed(row, before), self._event(row))
        return [*faults, *(fault for fault in found if fault is not None)]

    def _changed(self, row: Row[Any], before: Head) -> Fault | None:
        try:
            own = seal(self._ring, row.proof_key or "", audit_chain.entry(row.position, row), before.seal)
        except MissingKeyError as error:
            return Fault(detail=f"entry {row.position} cannot be verified: {error}", position=row.position)
        if own == row.seal:
            return None
        about = f", {row.action!r}" + (f" of case {row.case_number}" if row.case_number else "")
        return Fault(
            detail=f"entry {row.position} (id {row.id}{about}) is not as it was sealed, or does not follow the one "
            "before: changed, moved or put in; which of its columns cannot be told",
            position=row.position,
        )

    def _event(self, row: Row[Any]) -> Fault | None:
        """What is wrong with the event that an entry proves. Only the last entry about an event counts."""
        if row.seq is None or row.superseded:
            return None
        named = f"event {row.seq} of case {row.case_number}"
        place: dict[str, Any] = {"position": row.position, "case_number": row.case_number, "seq": row.seq}
        if not row.content:
            detail = f"{named} is there, and by entry {row.position} it was taken back"
            return None if row.stored is None else Fault(detail=detail, **place)
        if row.stored is None:
            return Fault(detail=f"{named} is gone; entry {row.position} tells of it", **place)
        self.report.events += 1
        try:
            if agrees(self._ring, row.content, row.stored):
                return None
        except MissingKeyError as error:
            return Fault(detail=f"{named} cannot be verified: {error}", **place)
        return Fault(detail=f"{named} is not as it was recorded, by entry {row.position}", **place)

    async def _unchained(self) -> AsyncIterator[Fault]:
        async with transaction(self._engine) as connection:
            self.report.waiting = (await connection.execute(_WAITING)).scalar_one()
            chained = (await connection.execute(_CHAINED_LAST)).scalar_one_or_none()
            rows = (await connection.execute(_STRAGGLERS.where(TRAIL.c.at < (chained or _NEVER) - _LATE))).all()
        for row in rows:
            detail = (
                f"the entry with the id {row.id}, {row.action!r}, has no place in the chain, though later ones have: "
                "taken out of its place, or put in"
            )
            yield Fault(detail=detail, case_number=row.case_number, seq=row.seq)

    async def _without_entry(self) -> AsyncIterator[Fault]:
        after: tuple[str, int] | None = ("", 0)
        while after is not None:
            async with transaction(self._engine) as connection:
                rows = (await connection.execute(_events(after))).all()
            after = (rows[-1].case_number, rows[-1].seq) if rows else None
            for row in rows:
                if not row.told:
                    yield Fault(
                        detail=f"event {row.seq} of case {row.case_number} has no entry in the trail: the service did "
                        "not write it, or its entry is gone",
                        case_number=row.case_number,
                        seq=row.seq,
                    )


def _entries(after: int) -> Select[Any]:
    """A batch of chained entries after a place, each with the event that it tells of."""
    later = TRAIL.alias("later")
    superseded = exists().where(
        later.c.case_number == TRAIL.c.case_number, later.c.seq == TRAIL.c.seq, later.c.id > TRAIL.c.id
    )
    stored = case((EVENTS.c.seq.is_not(None), stored_form(EVENTS)))
    told_of = (EVENTS.c.case_number == TRAIL.c.case_number) & (EVENTS.c.seq == TRAIL.c.seq)
    return (
        select(
            *PROVEN,
            TRAIL.c.position,
            TRAIL.c.proof_key,
            TRAIL.c.seal,
            stored.label("stored"),
            superseded.label("superseded"),
        )
        .select_from(TRAIL.outerjoin(EVENTS, told_of))
        .where(TRAIL.c.position > after)
        .order_by(TRAIL.c.position)
        .limit(_BATCH)
    )


def _events(after: tuple[str, int]) -> Select[Any]:
    """A batch of events from a place on, and whether an entry tells of each."""
    place = tuple_(EVENTS.c.case_number, EVENTS.c.seq)
    told = exists().where(TRAIL.c.case_number == EVENTS.c.case_number, TRAIL.c.seq == EVENTS.c.seq).label("told")
    asked = select(EVENTS.c.case_number, EVENTS.c.seq, told).where(place > tuple_(*map(literal, after)))
    return asked.order_by(*place.clauses).limit(_BATCH)


_NEVER = datetime.min.replace(tzinfo=UTC) + _LATE
_WAITING = select(func.count()).where(TRAIL.c.position.is_(None)).select_from(TRAIL)
_CHAINED_LAST = select(TRAIL.c.at).where(TRAIL.c.position.is_not(None)).order_by(TRAIL.c.position.desc()).limit(1)
_STRAGGLERS = (
    select(TRAIL.c.id, TRAIL.c.action, TRAIL.c.case_number, TRAIL.c.seq)
    .where(TRAIL.c.position.is_(None))
    .order_by(TRAIL.c.id)
    .limit(100)
)
