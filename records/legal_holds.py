"""Legal holds: cases that must not be erased, whatever their age and whoever asks, until somebody lifts the hold."""

from collections.abc import Sequence

from sqlalchemy import Table, insert, select, update
from sqlalchemy import func as sql
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlmodel import col
from sqlmodel import select as select_rows

from cases.erasure import ERASED_CONTENT
from cases.errors import RefusalError, UnknownCaseError
from cases.masking import scrub
from cases.vocabulary import Actor, Complainant
from records import audit
from records.data_keys import claim
from records.database import reading, transaction
from records.guarding import LegalHoldRow
from records.headings import complainants
from records.seals import Seals
from records.tables import CaseRow
from records.text import storable

PLACED = "hold_placed"
LIFTED = "hold_lifted"

_CASES: Table = CaseRow.__table__  # type: ignore[attr-defined]
_HOLDS: Table = LegalHoldRow.__table__  # type: ignore[attr-defined]


async def held_row(connection: AsyncConnection, number: str) -> CaseRow:
    """The row of a case, held until the transaction ends: so nobody erases a case that is just being put on hold.

    Raises:
        UnknownCaseError: the register has no such case.
    """
    row = (await connection.execute(select(_CASES).where(_CASES.c.number == number).with_for_update())).one_or_none()
    if row is None:
        raise UnknownCaseError(number)
    return CaseRow(**row._mapping)


async def in_force(connection: AsyncConnection, number: str) -> LegalHoldRow | None:
    """The hold that a case is under, if it is under one."""
    mine = select(_HOLDS).where(_HOLDS.c.case_number == number, _HOLDS.c.lifted_at.is_(None))
    row = (await connection.execute(mine)).one_or_none()
    return LegalHoldRow(**row._mapping) if row is not None else None


class LegalHolds:
    """Every method raises UnavailableError while PostgreSQL is out of reach.

    The reasons in its rows are sealed by keys of the cases; `words` tells them.
    """

    def __init__(self, engine: AsyncEngine, seals: Seals) -> None:
        self._engine = engine
        self._seals = seals

    async def place(self, number: str, reason: str, actor: Actor, origin: str = "") -> tuple[LegalHoldRow, bool]:
        """Put a case on hold, open or ended; one that is under a hold stays under that one.

        Args:
            number: The case.
            reason: Why, sealed by a key of the case.
            actor: Who wants it.
            origin: The network address that it is wanted from.

        Returns:
            The hold that it is under, and whether it is new.

        Raises:
            UnknownCaseError: the register has no such case.
            RefusalError: it was erased.
        """
        number = storable(number)
        async with transaction(self._engine) as connection:
            row = await held_row(connection, number)
            if row.content_fingerprint == ERASED_CONTENT:
                detail = f"case {number} was erased; there is nothing left to hold"
                raise RefusalError("erased", detail, source="erasure")
            if (found := await in_force(connection, number)) is not None:
                return found, False
            made = {"case_number": number, "reason": reason, "placed_by": actor.model_dump(mode="json")}
            placed = insert(_HOLDS).values(made | {"lifted_reason": ""}).returning(*_HOLDS.c)
            hold = LegalHoldRow(**(await connection.execute(placed)).one()._mapping)
            await _note(connection, hold, PLACED, reason, actor, origin)
        return hold, True

    async def lift(self, number: str, reason: str, actor: Actor, origin: str = "") -> LegalHoldRow:
        """Lift the hold of a case; one that was lifted before stays as it was lifted then.

        Args:
            number: The case.
            reason: Why, sealed by a key of the case.
            actor: Who wants it.
            origin: The network address that it is wanted from.

        Raises:
            UnknownCaseError: the register has no such case.
            RefusalError: it never was under a hold.
        """
        number = storable(number)
        async with transaction(self._engine) as connection:
            await held_row(connection, number)
            found = await in_force(connection, number)
            if found is None:
                last = select(_HOLDS).where(_HOLDS.c.case_number == number).order_by(_HOLDS.c.id.desc()).limit(1)
                before = (await connection.execute(last)).one_or_none()
                if before is None:
                    raise RefusalError("no_hold", f"case {number} is under no legal hold", source="erasure")
                return LegalHoldRow(**before._mapping)
            changed = {"lifted_by": actor.model_dump(mode="json"), "lifted_at": sql.now(), "lifted_reason": reason}
            lifted = update(_HOLDS).where(_HOLDS.c.id == found.id).values(changed).returning(*_HOLDS.c)
            hold = LegalHoldRow(**(await connection.execute(lifted)).one()._mapping)
            await _note(connection, hold, LIFTED, reason, actor, origin)
        return hold

    async def of(self, number: str) -> Sequence[LegalHoldRow]:
        """Every hold that a case ever was under, the latest first."""
        mine = select_rows(LegalHoldRow).where(col(LegalHoldRow.case_number) == storable(number))
        async with reading(self._engine) as session:
            return (await session.exec(mine.order_by(col(LegalHoldRow.id).desc()))).all()

    async def all_in_force(self, limit: int = 1_000) -> Sequence[LegalHoldRow]:
        """The holds that nobody has lifted, the oldest first."""
        asked = select_rows(LegalHoldRow).where(col(LegalHoldRow.lifted_at).is_(None)).order_by(col(LegalHoldRow.id))
        async with reading(self._engine) as session:
            return (await session.exec(asked.limit(limit))).all()

    async def words(self, holds: Sequence[LegalHoldRow]) -> list[LegalHoldRow]:
        """Holds with their reasons in words, without the contacts of the cases' complainants (Art. 8, 28)."""
        whose = await self._seals.open(
            await complainants(self._engine, {hold.case_number for hold in holds}), dict[str, Complainant]
        )
        reasons = await self._seals.open([[hold.reason, hold.lifted_reason] for hold in holds], list[list[str]])
        told = []
        for hold, words in zip(holds, reasons, strict=True):
            reason, lifted_reason = (scrub(text, whose.get(hold.case_number)) for text in words)
            told.append(LegalHoldRow(**hold.model_dump() | {"reason": reason, "lifted_reason": lifted_reason}))
        return told


async def _note(
    connection: AsyncConnection, hold: LegalHoldRow, action: str, reason: str, actor: Actor, origin: str
) -> None:
    # A key that was made for this reason alone belongs to no case yet, and would be dropped some day.
    await claim(connection, hold.case_number, [reason.encode()])
    await audit.write(
        connection, actor, action, origin=origin, case=hold.case_number, reason=reason, details={"hold": hold.id}
    )
