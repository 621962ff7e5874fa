"""Cases that may be a complaint's own matter: repeats of the same person's, and incidents that many complain about."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, func, union_all
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.orm import aliased
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession
from sqlmodel.sql.expression import Select, SelectOfScalar

from cases.likeness import SCALE, Likeness, Matter, Scale, Score, score
from cases.sealed import keys_in
from cases.vocabulary import Complainant, Complaint, Kind
from records.database import reading
from records.seals import Seals
from records.tables import CaseRow, EventRow
from records.text import storable
from records.wording import address_likeness, text_likeness
from vault.sealing import DataKey, as_document, read_opened

_READ = 1_000
"""How many cases of the category, and how many of the area, are looked at: the newest. It bounds the query."""

_COMPARED = 200
"""How many of them are compared by their complaints."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """The matter that candidates are sought for.

    Args:
        matter: The matter, with the moment from which to look back.
        linked: Cases not to suggest: its own, and those it is linked to.
        source: The only source whose cases may be suggested, if there is such a bound.
        reporters: Whether a report (举报) may be found by whose it is; else it is compared by its matter alone.
        limit: How many to suggest at most.
        scale: What each sign weighs, how far back and how far around to look.
    """

    matter: Matter
    linked: Collection[str] = ()
    source: str | None = None
    reporters: bool = True
    limit: int = 10
    scale: Scale = SCALE


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A case that may be the same matter; nothing of its complainant is told.

    `leads` tells that others follow it already. `through` is the case that is alike, where that one follows this.
    """

    case: CaseRow
    score: Score
    leads: bool = False
    through: str | None = None


async def candidates(engine: AsyncEngine, seals: Seals, asked: Asked) -> list[Candidate]:
    """The cases most likely to be the matter asked for, the likeliest first. It only suggests; a person decides.

    An erased complaint is compared by what is left of it: category, area, place to a kilometre, time.
    """
    async with reading(engine) as session:
        rows, complaints = await _compared(session, asked)
    keys = await seals.keys(keys_in(complaints))
    # Hundreds of texts take tens of milliseconds to open and to compare, in which other requests go on.
    likely = await asyncio.to_thread(_likely, asked, rows, complaints, keys)
    async with reading(engine) as session:
        suggested = (await _led(session, asked, likely))[: asked.limit]
        leads = await _with_followers(session, [one.case.number for one in suggested])
    return [replace(one, leads=one.case.number in leads) for one in suggested]


def near(asked: Asked) -> SelectOfScalar[str]:
    """The query for the numbers of the cases to compare: of the category or the area, within the window before.

    Each branch reads the newest entries of one index, `_READ` at most; of both together the open ones come first, then
    those that fit in both ways, then the newest.
    """
    matter = asked.matter
    branches = [_newest(col(CaseRow.category) == storable(matter.category), asked)]
    if matter.location.area is not None:
        branches.append(_newest(col(CaseRow.area) == storable(matter.location.area), asked))
    both = union_all(*branches).subquery("near")
    fitting = select(both.c.number).where(both.c.number.not_in(list(asked.linked)))
    if asked.source is not None:
        fitting = fitting.where(both.c.source == asked.source)
    return (
        fitting.group_by(both.c.number)
        .order_by(func.bool_or(both.c.ended), func.count().desc(), func.max(both.c.received_at).desc())
        .limit(_COMPARED)
    )


def _newest(same: ColumnElement[bool], asked: Asked) -> Select[Any]:
    received, until = col(CaseRow.received_at), asked.matter.received_at
    newest = (
        select(col(CaseRow.number), col(CaseRow.source), col(CaseRow.closed_at).is_not(None).label("ended"), received)
        .where(same, received <= until, received >= until - timedelta(days=asked.scale.days))
        .order_by(received.desc(), col(CaseRow.number).desc())
        .limit(_READ)
        .subquery()
    )
    taken: Select[Any] = select(*newest.c)
    return taken


async def _compared(session: AsyncSession, asked: Asked) -> tuple[list[CaseRow], str]:
    """The cases to compare, and their complaints as one document, sealed."""
    numbers = list(await session.exec(near(asked)))
    first = and_(col(EventRow.case_number) == col(CaseRow.number), col(EventRow.seq) == 1)
    received = (
        select(CaseRow, col(EventRow.fact)["complaint"]).join(EventRow, first).where(col(CaseRow.number).in_(numbers))
    )
    found = list(await session.exec(received))
    return [row for row, _ in found], as_document([told for _, told in found])


def _likely(
    asked: Asked, rows: Sequence[CaseRow], complaints: str, keys: Mapping[str, DataKey | None]
) -> list[Candidate]:
    """Those that score enough, the best first."""
    earlier = list(map(Matter.of, read_opened(complaints, list[Complaint], keys)))
    texts = text_likeness(asked.matter.text, [one.text for one in earlier])
    address = asked.matter.location.address
    nobodys = asked.matter.model_copy(update={"complainant": Complainant()})
    scores = [
        score(
            nobodys if row.kind == Kind.REPORT and not asked.reporters else asked.matter,
            one,
            Likeness(text=text, address=address_likeness(address, one.location.address)),
            asked.scale,
        )
        for row, one, text in zip(rows, earlier, texts, strict=True)
    ]
    found = [Candidate(case=row, score=told) for row, told in zip(rows, scores, strict=True)]
    likely = [one for one in found if one.score.score >= asked.scale.least]
    return sorted(likely, key=lambda one: (one.score.score, one.case.received_at, one.case.number), reverse=True)


async def _led(session: AsyncSession, asked: Asked, likely: Sequence[Candidate]) -> list[Candidate]:
    """The same with the case that leads in place of those that follow it; the same person's own stays itself."""
    followed = {one.case.incident for one in likely if one.case.incident and one.score.kind == "incident"}
    leading = select(CaseRow).where(col(CaseRow.number).in_(followed))
    if asked.source is not None:
        leading = leading.where(CaseRow.source == asked.source)
    leads = {row.number: row for row in await session.exec(leading)} if followed else {}
    best: dict[str, Candidate] = {}
    for one in likely:
        lead = leads.get(one.case.incident or "") if one.score.kind == "incident" else None
        told = one if lead is None else replace(one, case=lead, through=one.case.number)
        if not {one.case.incident, told.case.number} & set(asked.linked):
            best.setdefault(told.case.number, told)
    return list(best.values())


async def _with_followers(session: AsyncSession, numbers: Sequence[str]) -> set[str]:
    """Those of the cases that others follow."""
    follower = aliased(CaseRow)
    followed = exists().where(col(follower.incident) == col(CaseRow.number))
    leading = select(col(CaseRow.number)).where(col(CaseRow.number).in_(numbers), followed)
    return set(await session.exec(leading)) if numbers else set()
