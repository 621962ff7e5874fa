"""Records that are not what they should be: finding them, and mending them by the histories, which are right."""

import json
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from pydantic import ValidationError
from sqlalchemy import Table, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlmodel import col

from cases.case import Case
from cases.drift import Drift, difference
from cases.erasure import ERASED_CONTENT
from cases.events import Event
from cases.evolve import fold
from cases.notice import Notice
from cases.order_form import OrderForm
from cases.owed import owed
from cases.vocabulary import SYSTEM
from records import posting
from records.audit import write as write_entry
from records.batch import Batch, case_row
from records.database import transaction
from records.guarding import AuditRow, KeptCaseRow
from records.history import stored_event
from records.outbox import put_notices, put_orders
from records.outgoing import MailboxRow, NoticeRow, SendingRow
from records.tables import CaseRow, EventRow, Moment
from records.text import storable

MENDED, REVIVED, RECONCILED = "record_mended", "revived", "reconciled"
"""What the audit trail calls it: one record was mended, one case started again, all were compared."""

STALE = timedelta(days=7)
"""How old the event is of which nobody is told any more, where the notice of it was lost: it would only confuse."""

_CASES: Table = CaseRow.__table__  # type: ignore[attr-defined]
_EVENTS: Table = EventRow.__table__  # type: ignore[attr-defined]
_MAILBOX: Table = MailboxRow.__table__  # type: ignore[attr-defined]
_NOTICES: Table = NoticeRow.__table__  # type: ignore[attr-defined]
_SENDINGS: Table = SendingRow.__table__  # type: ignore[attr-defined]
_KEPT: Table = KeptCaseRow.__table__  # type: ignore[attr-defined]

_EVENTS_DRIFTED = frozenset({Drift.MISSING, Drift.BEHIND, Drift.AHEAD, Drift.OTHER})


class Flaw(NamedTuple):
    """One thing that is wrong with a record; `what` are the columns, or the keys of what was not written."""

    kind: Drift
    what: tuple[str, ...] = ()


class InRegister(NamedTuple):
    """How the register has a case: whether it is there at all, open, or erased."""

    known: bool = False
    open: bool = False
    erased: bool = False


class LastReconciliation(NamedTuple):
    """When all cases were compared last, and what the trail says that came of it."""

    at: datetime
    details: dict[str, Any]


class Drifts:
    """Every method raises UnavailableError while PostgreSQL is out of reach."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def standing(self, number: str) -> InRegister:
        """How the register has a case."""
        asked = select(_CASES.c.closed_at, _CASES.c.content_fingerprint).where(_CASES.c.number == storable(number))
        async with transaction(self._engine) as connection:
            row = (await connection.execute(asked)).one_or_none()
        if row is None:
            return InRegister()
        return InRegister(known=True, open=row.closed_at is None, erased=row.content_fingerprint == ERASED_CONTENT)

    async def open_cases(self, after: str, limit: int) -> list[str]:
        """A page of the open cases, by number. Those that are kept until they are started wait for nobody's watch."""
        waits = select(_KEPT.c.number).where(_KEPT.c.number == _CASES.c.number, _KEPT.c.started_at.is_(None)).exists()
        asked = select(_CASES.c.number).where(_CASES.c.closed_at.is_(None), _CASES.c.number > after, ~waits)
        async with transaction(self._engine) as connection:
            return list((await connection.execute(asked.order_by(_CASES.c.number).limit(limit))).scalars())

    async def flaws(self, number: str, history: Sequence[Event] | None, *, in_writing: bool = True) -> list[Flaw]:
        """What is wrong with the record of a case.

        Args:
            number: The case.
            history: What happened to it; none where only its record tells of that, which is then held against itself.
            in_writing: Whether what its events owe is written along with them, as the first layout of a run does not.
        """
        async with transaction(self._engine) as connection:
            try:
                recorded = await _recorded(connection, number)
            except ValidationError:
                return [Flaw(Drift.OTHER)]
            if history is not None:
                # As it is read back once it is recorded, which differs in what PostgreSQL cannot hold.
                differs = difference(Batch(number, history, None).as_stored(), recorded)
                if differs is not None:
                    return [Flaw(differs)]
            elif not recorded:
                return [Flaw(Drift.MISSING)]
            found = []
            if columns := await _wrong_columns(connection, number, recorded):
                found.append(Flaw(Drift.ROW, columns))
            if in_writing:
                orders, notices = owed(recorded)
                for kind, table, keys in (
                    (Drift.MAILBOX, _MAILBOX, [one.key for one in orders]),
                    (Drift.NOTICES, _NOTICES, [one.key for one in notices]),
                ):
                    if missing := await _missing(connection, table, keys):
                        found.append(Flaw(kind, missing))
        return found

    async def mend(
        self, number: str, flaws: Sequence[Flaw], history: Sequence[Event], told: int, now: datetime
    ) -> None:
        """Mend a record by the history of its case; done again, it changes nothing.

        Args:
            number: The case.
            flaws: What is wrong with it.
            history: All that happened to it.
            told: How many of these events were recorded once already, as its run knows. Whom they concern was told
                then, and is not told again; units find them in their mailboxes anew.
            now: The moment.

        Raises:
            ConflictError: the record begins with another receipt, or another case has its reference.
            RacedError: somebody else wrote it just now.
        """
        kinds = {one.kind for one in flaws}
        if kinds & _EVENTS_DRIFTED:
            await self._mark_told(number, kinds, history, told)
            await posting.rewrite(self._engine, Batch(number, history, None, *owed(history)))
        if Drift.ROW in kinds:
            await self._project_anew(number)
        lost = {key for one in flaws if one.kind in (Drift.MAILBOX, Drift.NOTICES) for key in one.what}
        async with transaction(self._engine) as connection:
            if lost:
                await _write_lost(connection, history, lost, now - STALE)
            details = {"kinds": sorted(kinds)}
            await write_entry(connection, SYSTEM, MENDED, case=number, details=details)

    async def note_revived(self, number: str) -> None:
        """Take down that a case was started again from its record."""
        async with transaction(self._engine) as connection:
            await write_entry(connection, SYSTEM, REVIVED, case=number)

    async def conclude(self, details: dict[str, Any]) -> None:
        """Take down what a whole way came to."""
        async with transaction(self._engine) as connection:
            await write_entry(connection, SYSTEM, RECONCILED, details=details)

    async def last(self) -> LastReconciliation | None:
        """When all cases were compared last, and what came of it."""
        asked = select(col(AuditRow.at), col(AuditRow.details)).where(col(AuditRow.action) == RECONCILED)
        newest = asked.order_by(col(AuditRow.at).desc(), col(AuditRow.id).desc()).limit(1)
        async with transaction(self._engine) as connection:
            row = (await connection.execute(newest)).one_or_none()
        return LastReconciliation(*row) if row is not None else None

    async def _mark_told(self, number: str, kinds: Collection[Drift], history: Sequence[Event], told: int) -> None:
        """Have it written that people were told of events that the register had once, and lost."""
        lost = Drift.MISSING in kinds or Drift.BEHIND in kinds
        async with transaction(self._engine) as connection:
            asked = select(func.coalesce(func.max(_EVENTS.c.seq), 0)).where(_EVENTS.c.case_number == storable(number))
            held: int = (await connection.execute(asked)).scalar_one() if lost else told
            await _put_as_told(connection, [one for one in owed(history)[1] if held < one.sequence <= told])

    async def _project_anew(self, number: str) -> None:
        """Make the row of a case from its events once more, also where it is gone."""
        async with transaction(self._engine) as connection:
            await connection.execute(select(_CASES.c.number).where(_CASES.c.number == number).with_for_update())
            events = await _recorded(connection, number)
            case = fold(events)
            values = _columns(case, events[-1], whole=True)
            put = insert(_CASES).values(values)
            known_by = () if case.complaint.content else ("content_fingerprint",)
            changed = {name: put.excluded[name] for name in values if name not in ("number", *known_by)}
            await connection.execute(put.on_conflict_do_update(index_elements=["number"], set_=changed))


async def _recorded(connection: AsyncConnection, number: str) -> list[Event]:
    mine = select(_EVENTS).where(_EVENTS.c.case_number == storable(number)).order_by(_EVENTS.c.seq)
    return [stored_event(row) for row in await connection.execute(mine)]


async def _wrong_columns(connection: AsyncConnection, number: str, recorded: Sequence[Event]) -> tuple[str, ...]:
    row = (await connection.execute(select(_CASES).where(_CASES.c.number == storable(number)))).one_or_none()
    if row is None:
        return ("number",)
    wanted = _columns(fold(recorded), recorded[-1])
    return tuple(name for name, value in wanted.items() if getattr(row, name) != value)


async def _missing(connection: AsyncConnection, table: Table, keys: Collection[str]) -> tuple[str, ...]:
    there = set((await connection.execute(select(table.c.key).where(table.c.key.in_(keys)))).scalars())
    return tuple(key for key in dict.fromkeys(keys) if key not in there)


def _columns(case: Case, last: Event, *, whole: bool = False) -> dict[str, Any]:
    """The columns of a case's row. Earlier releases knew complaints by other digests, which stay as they are."""
    values: dict[str, Any] = json.loads(case_row(case, last))
    if not (whole or case.complaint.content):
        del values["content_fingerprint"]
    for name, value in values.items():
        if isinstance(_CASES.c[name].type, Moment) and value is not None:
            values[name] = datetime.fromisoformat(value)
    return values


async def _write_lost(
    connection: AsyncConnection, history: Sequence[Event], lost: Collection[str], fresh_since: datetime
) -> None:
    orders, notices = owed(history)
    unsaid = [one for one in notices if one.key in lost]
    asked = select(_SENDINGS.c.notice).where(_SENDINGS.c.notice.in_([one.key for one in unsaid]))
    sent = set((await connection.execute(asked)).scalars())
    await _put_as_told(connection, [one for one in unsaid if one.key in sent or one.at < fresh_since])
    await put_notices(connection, [one for one in unsaid if one.key not in sent and one.at >= fresh_since])
    # Last, because its lock is held until the commit.
    await put_orders(connection, _of(orders, lost))


def _of(orders: Sequence[OrderForm], keys: Collection[str]) -> list[OrderForm]:
    return [one for one in orders if one.key in keys]


async def _put_as_told(connection: AsyncConnection, notices: Sequence[Notice]) -> None:
    rows = [
        {
            "key": one.key,
            "about": one.about,
            "audience": one.to,
            "case_number": one.case_number,
            "priority": one.priority,
            "content": None,
            "planned_at": one.at,
        }
        for one in notices
    ]
    if rows:
        await connection.execute(insert(_NOTICES).on_conflict_do_nothing(), rows)
