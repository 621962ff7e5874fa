"""How many cases stand where, kept as they change: counting them would take as long as there are cases."""

from sqlalchemy import BigInteger, cast, func
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel import col, select

from cases.vocabulary import Status
from records.database import reading
from records.tables import CaseCountRow

_COUNTED = cast(func.sum(CaseCountRow.cases), BigInteger)


async def by_status(engine: AsyncEngine) -> dict[str, int]:
    """How many cases stand where; a status without cases has 0."""
    async with reading(engine) as session:
        found = await session.exec(select(CaseCountRow.status, _COUNTED).group_by(col(CaseCountRow.status)))
        return {status.value: 0 for status in Status} | dict(found.all())


async def open_by_version(engine: AsyncEngine, policy: str) -> dict[str, int]:
    """How many open cases are held to which version of a policy; a version without any is left out."""
    version = col(CaseCountRow.policy_version)
    counted = (
        select(version, _COUNTED)
        .where(CaseCountRow.policy == policy, CaseCountRow.status != Status.CLOSED)
        .group_by(version)
        .having(_COUNTED > 0)
        .order_by(version)
    )
    async with reading(engine) as session:
        return dict((await session.exec(counted)).all())
