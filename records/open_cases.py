"""The open cases of a policy, by the version that they are held to."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import and_, func, tuple_
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel import col, select

from records.database import reading
from records.tables import CaseRow, EventRow


class OpenCase(NamedTuple):
    """An open case, the version it is held to, and when the register first heard of it, by the database's clock."""

    version: str
    number: str
    came_in: datetime


async def elsewhere(
    engine: AsyncEngine, policy: str, version: str, after: tuple[str, str], came_after: datetime | None, limit: int
) -> Sequence[OpenCase]:
    """One page of the open cases of a policy that are not held to a version, by version and number.

    Args:
        engine: The register's database.
        policy: The policy.
        version: The version that they are not held to.
        after: Version and number of the last case of the page before; of the first page, two empty texts.
        came_after: Leaves out cases that the register knew by then.
        limit: How many at most.
    """
    key = (col(CaseRow.policy_version), col(CaseRow.number))
    first = and_(col(EventRow.case_number) == col(CaseRow.number), col(EventRow.seq) == 1)
    asked = (
        select(*key, col(EventRow.recorded_at))
        .join(EventRow, first)
        .where(col(CaseRow.policy) == policy, col(CaseRow.closed_at).is_(None))
        .where(col(CaseRow.policy_version) != version, tuple_(*key) > after)
        .order_by(*key)
        .limit(limit)
    )
    if came_after is not None:
        asked = asked.where(col(EventRow.recorded_at) > came_after)
    async with reading(engine) as session:
        return [OpenCase(*row) for row in await session.exec(asked)]


async def by_version(engine: AsyncEngine, policy: str) -> dict[str, int]:
    """How many open cases are held to which version of a policy."""
    version = col(CaseRow.policy_version)
    asked = select(version, func.count()).where(col(CaseRow.policy) == policy, col(CaseRow.closed_at).is_(None))
    async with reading(engine) as session:
        return dict((await session.exec(asked.group_by(version).order_by(version))).all())
