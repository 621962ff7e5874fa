"""Who calls again and again: cases by the same telephone or mail, and the marks that the desk gives (Art. 9).

A caller is known by keyed digests only. A mark never shuts anybody out: it tells whoever takes the next call.
"""

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import delete, func
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel import col, select

from cases.vocabulary import Actor, Kind
from records.audit import write
from records.database import reading, transaction
from records.guarding import CallerMarkRow, CallRow
from records.tables import CaseRow


class Mark(NamedTuple):
    """That a caller was marked: in which case, why (sealed) and until when."""

    case: str
    reason: str
    marked_at: datetime
    until: datetime


class Callers:
    """The callers in the register. Every method raises UnavailableError while PostgreSQL is out of reach."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def note(self, number: str, callers: Collection[str], received_at: datetime) -> None:
        """Note who raised a case, by digests; the same again changes nothing."""
        if not callers:
            return
        rows = [{"case_number": number, "caller": one, "received_at": received_at} for one in callers]
        async with transaction(self._engine) as connection:
            await connection.execute(insert(CallRow).values(rows).on_conflict_do_nothing())

    async def of_case(self, number: str) -> list[str]:
        """The digests by which the caller of a case is known; none where no contact was left, or it was erased."""
        async with reading(self._engine) as session:
            return list(await session.exec(select(CallRow.caller).where(CallRow.case_number == number)))

    async def cases(
        self, callers: Collection[str], since: datetime, most: int, source: str | None = None, *, reports: bool = True
    ) -> tuple[int, list[str]]:
        """How many cases a caller raised since a moment, and the numbers of the newest.

        Args:
            callers: The digests by which the caller is known.
            since: The moment.
            most: How many numbers at most.
            source: The only source whose cases count, if there is such a bound.
            reports: Whether reports (举报) count too: who reported is not for everybody to find out.
        """
        theirs = [col(CallRow.caller).in_(callers), col(CallRow.received_at) >= since]
        if source is not None or not reports:
            seen = select(CaseRow.number)
            seen = seen if source is None else seen.where(CaseRow.source == source)
            seen = seen if reports else seen.where(CaseRow.kind != Kind.REPORT)
            theirs.append(col(CallRow.case_number).in_(seen))
        newest = (
            select(CallRow.case_number)
            .where(*theirs)
            .group_by(CallRow.case_number)
            .order_by(func.max(CallRow.received_at).desc(), CallRow.case_number)
            .limit(most)
        )
        async with reading(self._engine) as session:
            counted = select(func.count(func.distinct(CallRow.case_number))).where(*theirs)
            return (await session.exec(counted)).one(), list(await session.exec(newest))

    async def mark(
        self, number: str, callers: Collection[str], reason: str, until: datetime, actor: Actor, origin: str
    ) -> None:
        """Mark a caller, or renew the mark. It is noted in the audit trail.

        Args:
            number: The case that it comes of.
            callers: The digests by which the caller is known.
            reason: Why; sealed.
            until: When the mark lapses.
            actor: Who marks.
            origin: The network address that it comes from.
        """
        about = {"reason": reason, "case_number": number, "until": until, "marked_by": actor.model_dump(mode="json")}
        put = insert(CallerMarkRow).values([about | {"caller": one} for one in callers])
        renewed = put.on_conflict_do_update(
            index_elements=["caller"], set_={name: put.excluded[name] for name in about} | {"marked_at": func.now()}
        )
        async with transaction(self._engine) as connection:
            await connection.execute(renewed)
            await write(connection, actor, "caller_marked", origin=origin, case=number, reason=reason)

    async def unmark(self, number: str, callers: Collection[str], actor: Actor, origin: str) -> bool:
        """Take a caller's mark away; whether there was one. It is noted in the audit trail."""
        gone = delete(CallerMarkRow).where(col(CallerMarkRow.caller).in_(callers))
        async with transaction(self._engine) as connection:
            there = (await connection.execute(gone)).rowcount > 0
            if there:
                await write(connection, actor, "caller_unmarked", origin=origin, case=number)
        return there

    async def marked(self, callers: Collection[str]) -> Mark | None:
        """The mark of a caller that lasts longest, if there is one that has not lapsed."""
        lasting = (
            select(CallerMarkRow)
            .where(col(CallerMarkRow.caller).in_(callers), col(CallerMarkRow.until) > func.now())
            .order_by(col(CallerMarkRow.until).desc())
            .limit(1)
        )
        async with reading(self._engine) as session:
            row = (await session.exec(lasting)).one_or_none()
        return Mark(row.case_number, row.reason, row.marked_at, row.until) if row is not None else None
