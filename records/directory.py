"""The units that handle cases."""

from collections.abc import Mapping, Sequence

from sqlalchemy import func, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel import col, select

from cases.errors import InvalidError
from cases.routing import Unit
from records.database import reading, transaction
from records.tables import UnitRow
from records.text import storable


async def put_units(engine: AsyncEngine, units: Sequence[Unit], endpoints: Mapping[str, str]) -> None:
    """Add units, or change those that are there. A unit not named here stays.

    A unit keeps the address of its system unless `endpoints` gives another; an empty one takes it away.

    Raises:
        InvalidError: an address is none, or of a unit that is not among these.
    """
    _check_endpoints(units, endpoints)
    if not units:
        return
    # In order of code, so that two processes never wait for each other in a circle.
    rows = [unit.model_dump() | {"endpoint": endpoints.get(unit.code)} for unit in sorted(units, key=lambda u: u.code)]
    put = insert(UnitRow).values(rows)
    kept = func.coalesce(put.excluded.endpoint, col(UnitRow.endpoint))
    changed = {name: put.excluded[name] for name in ("kind", "title", "district")} | {"endpoint": kept}
    async with transaction(engine) as connection:
        await connection.execute(put.on_conflict_do_update(index_elements=["code"], set_=changed))
        await connection.execute(update(UnitRow).where(col(UnitRow.endpoint) == "").values(endpoint=None))


async def all_units(engine: AsyncEngine) -> list[UnitRow]:
    """Every unit, by code."""
    async with reading(engine) as session:
        return list(await session.exec(select(UnitRow).order_by(UnitRow.code)))


async def find_unit(engine: AsyncEngine, code: str) -> UnitRow | None:
    """The unit of a code, if there is one."""
    async with reading(engine) as session:
        return await session.get(UnitRow, storable(code))


def _check_endpoints(units: Sequence[Unit], endpoints: Mapping[str, str]) -> None:
    codes = {unit.code for unit in units}
    for code, endpoint in endpoints.items():
        if code not in codes:
            raise InvalidError(f"endpoints.{code}", "there is no unit of this code among those given")
        if endpoint and not endpoint.startswith(("http://", "https://")):
            raise InvalidError(f"endpoints.{code}", "must be an address that begins with http:// or https://")
