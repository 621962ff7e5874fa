"""Writing batches of events in one transaction: the events, their audit entries, and the rows of their cases."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from pydantic import ValidationError
from sqlalchemy import CTE, Integer, Row, String, Table, bindparam, column, delete, func, literal, select
from sqlalchemy.dialects.postgresql import ARRAY, Insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from cases.erasure import ERASED_CONTENT
from cases.events import Event
from cases.evolve import fold
from records.audit_events import take_back as take_events_back
from records.audit_events import with_entries
from records.batch import Batch, case_row
from records.data_keys import CLAIM, claims
from records.database import transaction
from records.errors import ConflictError, GapError
from records.history import stored_event
from records.outbox import PUT_NOTICES, notice_rows, put_out, take_back
from records.rows import array, insert_rows
from records.tables import CaseRow, EventRow

_CASES: Table = CaseRow.__table__  # type: ignore[attr-defined]
_EVENTS: Table = EventRow.__table__  # type: ignore[attr-defined]


class RacedError(Exception):
    """Another process wrote the same case in the same moment; the next attempt sees what it wrote."""


async def post(engine: AsyncEngine, batches: Sequence[Batch]) -> dict[str, GapError | ConflictError]:
    """Write batches, each of another case, in one transaction.

    Returns:
        The batches that were left out, by their case's number, and why.

    Raises:
        UnavailableError: PostgreSQL is out of reach; writing the same again is harmless.
        RacedError: somebody else wrote one of the cases just now; nothing was written.
        ConflictError: another case has the reference of one of these; nothing was written.
    """
    try:
        with suppress(RacedError):
            async with transaction(engine) as connection:
                # Nearly always the register has just what comes before, and is not asked first.
                await _write(connection, batches, {batch.number: batch.first - 1 for batch in batches})
            return {}
        async with transaction(engine) as connection:
            return await _post(connection, batches)
    except IntegrityError as error:
        numbers = ", ".join(batch.number for batch in batches)
        raise ConflictError(numbers, "another case has the same source and source_ref") from error


async def rewrite(engine: AsyncEngine, batch: Batch) -> None:
    """Put a whole history in the place of what the register holds of its case otherwise, in one transaction.

    Raises:
        UnavailableError: PostgreSQL is out of reach; writing the same again is harmless.
        RacedError: somebody else wrote the case just now; nothing was written.
        ConflictError: another case has its number or its reference; nothing was written.
    """
    try:
        async with transaction(engine) as connection:
            await connection.execute(_VERSIONS, {"numbers": [batch.number]})
            same = await _in_common(connection, batch)
            await take_events_back(connection, batch.number, same)
            await connection.execute(delete(_CASES).where(_CASES.c.number == batch.number))
            await _write(connection, [batch], {batch.number: same}, held={})
            await take_back(connection, batch)
    except IntegrityError as error:
        raise ConflictError(batch.number, "another case has the same source and source_ref") from error


async def _post(connection: AsyncConnection, batches: Sequence[Batch]) -> dict[str, GapError | ConflictError]:
    numbers = sorted(batch.number for batch in batches)
    # In order of number, so that two processes never wait for each other's rows in a circle.
    held = (await connection.execute(_VERSIONS, {"numbers": numbers})).all()
    versions: dict[str, int] = {number: version for number, version, _ in held}
    erased = {number for number, _, content in held if content == ERASED_CONTENT}
    left_out: dict[str, GapError | ConflictError] = {}
    fresh: list[Batch] = []
    for batch in sorted(batches, key=lambda batch: batch.number):
        stored = versions.get(batch.number, 0)
        if batch.number in erased:
            # What is recorded again must not bring anything back; what is new came too late.
            if batch.last > stored:
                left_out[batch.number] = ConflictError(
                    batch.number, "it was erased, and nothing is added to it any more"
                )
        elif batch.first > stored + 1:
            left_out[batch.number] = GapError(batch.number, stored)
        elif batch.first <= stored and (conflict := await _conflict(connection, batch, stored)):
            left_out[batch.number] = conflict
        elif batch.last > stored:
            fresh.append(batch)
    if fresh:
        await _write(connection, fresh, versions)
    return left_out


async def _in_common(connection: AsyncConnection, batch: Batch) -> int:
    """How many events, from the first on, the register holds as a whole history has them."""
    mine = select(_EVENTS).where(_EVENTS.c.case_number == batch.number).order_by(_EVENTS.c.seq)
    same = 0
    for row, given in zip(await connection.execute(mine), batch.as_stored(), strict=False):
        if not _reads_as(row, given):
            if same == 0 and row.seq == given.seq:
                # A receipt is durable before anything is recorded of it. So this one is of another time.
                raise ConflictError(batch.number, "the register holds a case of this number with another receipt")
            break
        same += 1
    return same


def _reads_as(row: Row[Any], given: Event) -> bool:
    try:
        return stored_event(row) == given
    except ValidationError:
        # Nobody of this service wrote it so.
        return False


async def _conflict(connection: AsyncConnection, batch: Batch, stored: int) -> ConflictError | None:
    """What the register holds otherwise than the batch says, among the events that both have."""
    overlap = (_EVENTS.c.case_number == batch.number) & _EVENTS.c.seq.between(batch.first, min(stored, batch.last))
    rows = await connection.execute(select(_EVENTS).where(overlap).order_by(_EVENTS.c.seq))
    for row, given in zip(rows, batch.as_stored(), strict=False):
        # Compared as events, not as text: a field that a later release added with a default is no difference.
        if stored_event(row) != given:
            return ConflictError(batch.number, f"event {given.seq} is another in the register than the one sent")
    return None


async def _write(
    connection: AsyncConnection,
    batches: Iterable[Batch],
    versions: Mapping[str, int],
    held: Mapping[str, int] | None = None,
) -> None:
    """Write batches after the events of these numbers, if the rows of their cases, or `held` of them, are held at them.

    Raises:
        RacedError: one is not; or it was erased.
    """
    # In order of number, so that two processes never wait for each other's rows in a circle.
    batches = sorted(batches, key=lambda batch: batch.number)
    fresh = {batch.number: batch.rows_after(versions.get(batch.number, 0)) for batch in batches}
    events = [row for rows in fresh.values() for row in rows]
    if held is None:
        held = {batch.number: version for batch in batches if (version := versions.get(batch.number, 0))}
    given = {
        "held": list(held),
        "versions": list(held.values()),
        "events": array(events),
        "cases": array(batch.projected for batch in batches if batch.projected),
        "notices": notice_rows(one for batch in batches for one in batch.notices),
    }
    written = await connection.execute(_WRITE, given | claims(fresh))
    if written.rowcount != len(events):
        raise RacedError
    if folded := [await _folded(connection, batch) for batch in batches if not batch.projected]:
        await connection.execute(_PUT_CASES, {"cases": array(folded)})
    await put_out(connection, batches)


async def _folded(connection: AsyncConnection, batch: Batch) -> bytes:
    mine = select(_EVENTS).where(_EVENTS.c.case_number == batch.number).order_by(_EVENTS.c.seq)
    history: list[Event] = [stored_event(row) for row in await connection.execute(mine)]
    return case_row(fold(history), history[-1])


def _put_cases() -> Insert:
    put = insert_rows(_CASES, given="cases")
    # The reference and the content that a case was received with stay what they were first.
    changing = [one for one in _CASES.columns if one.name not in ("number", "content_fingerprint")]
    return put.on_conflict_do_update(
        index_elements=[_CASES.c.number],
        set_={one.name: put.excluded[one.name] for one in changing},
        where=_CASES.c.version < put.excluded.version,
    )


def _all_held() -> CTE:
    """One row if all cases of `held` stand at their `versions`, and are not erased: locked from here on; else none."""
    given = (
        func.unnest(bindparam("held", type_=ARRAY(String)), bindparam("versions", type_=ARRAY(Integer)))
        .table_valued(column("number", String), column("version", Integer), name="expected")
        .render_derived()
    )
    locked = (
        select(_CASES.c.number)
        .join(given, (given.c.number == _CASES.c.number) & (given.c.version == _CASES.c.version))
        .where(_CASES.c.content_fingerprint != ERASED_CONTENT)
        .order_by(_CASES.c.number)
        .with_for_update(of=_CASES)
        .cte("locked")
    )
    held = func.cardinality(bindparam("held", type_=ARRAY(String)))
    return select(literal(1)).select_from(locked).having(func.count() == held).cte("all_held")


_VERSIONS = (
    select(column("number", String), column("version", Integer), column("content_fingerprint", String))
    .select_from(_CASES)
    .where(_CASES.c.number == func.any(bindparam("numbers", type_=ARRAY(String))))
    .order_by(_CASES.c.number)
    .with_for_update()
)
_PUT_CASES = _put_cases()
_WRITE = with_entries(
    insert_rows(_EVENTS, but=("recorded_at",), given="events", after=_all_held()).on_conflict_do_nothing()
).add_cte(_PUT_CASES.cte("put"), CLAIM.cte("claimed"), PUT_NOTICES.cte("owed"))
"""Events and their entries, the rows of their cases, the keys that are theirs, the notices that they owe: by one
statement, since each takes its way to the server and back. Its row count is how many events were new: none, unless all
cases stand where their events go on."""
