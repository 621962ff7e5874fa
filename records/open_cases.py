"""The open cases of a policy, by the version that they are held to."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import and_, tuple_
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
    open_ones = (
        select(*key, col(EventRow.recorded_at))
        .join(EventRow, first)
        .where(col(CaseRow.policy) == policy, col(CaseRow.closed_at).is_(None), tuple_(*key) > after)
        .order_by(*key)
    )
    if came_after is not None:
        open_ones = open_ones.where(col(EventRow.recorded_at) > came_after)
    found: list[OpenCase] = []
    async with reading(engine) as session:
        # One after the other, so that the cases that are held to the version, which are most, are not gone through.
        for others in (key[0] < version, key[0] > version):
            found += [OpenCase(*row) for row in await session.exec(open_ones.where(others).limit(limit - len(found)))]
            if len(found) == limit:
                break
    return found
