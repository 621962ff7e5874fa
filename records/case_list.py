"""Lists of cases, page by page. A page costs the same however far into the list it lies."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, StringConstraints
from sqlalchemy import ColumnElement, DateTime, cast, func, literal_column, tuple_
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel import col, select
from sqlmodel.sql.expression import SelectOfScalar

from cases.vocabulary import Kind, Status
from records.cursor import Cursor, Page, check_limit
from records.database import reading
from records.planning import planned_anew
from records.tables import CaseRow

Word = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00]*$")]


class CaseFilter(BaseModel):
    """Which cases a list holds: those that fit everything that is set; and in which order.

    `received_at`: the newest first. `due_at`: what is due next first, cases without a running deadline last.
    `overdue` cases have a running deadline that has passed. `objected`, `extension_asked` and `awaits_supervisor` cases
    wait for a decision. `incident` is the case through which they are handled, `assisting` a unit that was called in
    and has still to report, `involved` one that was asked or supervises one called in, `district` the one whose
    units lead the cases, or that leads them itself. Times before are exclusive, times from inclusive.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    status: Status | None = None
    unit: Word | None = None
    level: Word | None = None
    kind: Kind | None = None
    category: Word | None = None
    source: Word | None = None
    overdue: bool | None = None
    objected: bool | None = None
    extension_asked: bool | None = None
    awaits_supervisor: bool | None = None
    supervised: bool | None = None
    paused: Literal["complainant", "account"] | None = None
    incident: Word | None = None
    assisting: Word | None = None
    involved: Word | None = None
    district: Word | None = None
    due_before: AwareDatetime | None = None
    received_from: AwareDatetime | None = None
    received_before: AwareDatetime | None = None
    order: Literal["received_at", "due_at"] = "received_at"


_FOREVER = literal_column("'infinity'::timestamptz", DateTime(timezone=True))
_DUE: ColumnElement[Any] = func.coalesce(col(CaseRow.due_at), _FOREVER)
"""As in the indexes: without a deadline comes last."""

_Rows = SelectOfScalar[CaseRow]


async def list_cases(engine: AsyncEngine, wanted: CaseFilter, limit: int, after: str | None) -> Page[CaseRow]:
    """One page of the cases that a filter lets through.

    Raises:
        InvalidError: `after` or `limit` makes no sense.
    """
    check_limit(limit)
    rows: list[CaseRow] = []
    async with reading(engine) as session, planned_anew(session):
        for asked in fitting(wanted, after):
            known = {row.number for row in rows}
            # Between the two a case may have lost its deadline: it stands where it was seen first. Each is asked for a
            # whole page, since for the rest of one the planner may go through cases of which hardly any fits.
            rows += [row for row in await session.exec(asked.limit(limit + 1)) if row.number not in known]
            if len(rows) > limit:
                break
    return Page(items=rows[:limit], next=_next(rows, limit, wanted.order))


def fitting(wanted: CaseFilter, after: str | None) -> list[_Rows]:
    """The queries for the cases that a filter lets through, from a page's end on: those of one come before the next's.

    By deadline there are two. In one, the few cases that have a deadline and all that ever were without would look
    alike to the planner, which then looks for a page of the first kind among the second.

    Raises:
        InvalidError: `after` makes no sense.
    """
    cursor = None if after is None else Cursor.read(after, wanted.order)
    fit = select(CaseRow).where(*_conditions(wanted))
    return [_newest(fit, cursor)] if wanted.order == "received_at" else _due_next(fit, cursor)


def _conditions(wanted: CaseFilter) -> list[ColumnElement[bool]]:
    words = (
        *("status", "unit", "level", "kind", "category", "source", "paused", "incident"),
        *("objected", "extension_asked", "awaits_supervisor", "supervised"),
    )
    conditions: list[ColumnElement[bool]] = [
        getattr(CaseRow, name) == value for name in words if (value := getattr(wanted, name)) is not None
    ]
    if wanted.district is not None:
        # As in the indexes: a unit that no district supervises, as a district itself, counts as its own.
        supervising = func.coalesce(col(CaseRow.district), col(CaseRow.unit))
        conditions.append(supervising == wanted.district)
    for column, unit in ((col(CaseRow.assisting), wanted.assisting), (col(CaseRow.involved), wanted.involved)):
        if unit is not None:
            # As the partial index says it, which holds the few cases with such units.
            conditions += [column != [], column.contains([unit])]
    if wanted.overdue is not None:
        conditions.append(func.now() > _DUE if wanted.overdue else func.now() <= _DUE)
    if wanted.due_before is not None:
        conditions.append(cast(wanted.due_before, DateTime(timezone=True)) > _DUE)
    if wanted.overdue or wanted.due_before is not None:
        # As the indexes of the cases with a deadline say it.
        conditions.append(_DUE < _FOREVER)
    received = col(CaseRow.received_at)
    if wanted.received_from is not None:
        conditions.append(received >= wanted.received_from)
    if wanted.received_before is not None:
        conditions.append(received < wanted.received_before)
    return conditions


def _newest(fit: _Rows, cursor: Cursor | None) -> _Rows:
    received, number = col(CaseRow.received_at), col(CaseRow.number)
    ordered = fit.order_by(received.desc(), number.desc())
    return ordered if cursor is None else ordered.where(tuple_(received, number) < (cursor.at, cursor.number))


def _due_next(fit: _Rows, cursor: Cursor | None) -> list[_Rows]:
    number = col(CaseRow.number)
    dated = fit.where(_DUE < _FOREVER).order_by(_DUE, number)
    undated = fit.where(_DUE == _FOREVER).order_by(number)
    if cursor is None:
        return [dated, undated]
    if cursor.at is None:
        return [undated.where(number > cursor.number)]
    place = tuple_(cast(cursor.at, DateTime(timezone=True)), cursor.number)
    return [dated.where(tuple_(_DUE, number) > place), undated]


def _next(rows: list[CaseRow], limit: int, order: str) -> str | None:
    if len(rows) <= limit:
        return None
    last = rows[limit - 1]
    at: datetime | None = last.received_at if order == "received_at" else last.due_at
    return Cursor(order=order, at=at, number=last.number).text()
