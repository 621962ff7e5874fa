"""The units' own systems: where they are, what signs what is sent there, and how much they take at once."""

import base64
import secrets
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from sqlalchemy import or_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel import col, select

from cases.errors import InvalidError
from records.database import reading, transaction
from records.outgoing import SecretRow
from records.tables import UnitRow
from records.text import storable

_BYTES = 32


@dataclass(frozen=True, kw_only=True)
class System:
    """A unit's system. `secrets` are the valid ones, the newest first; everything is signed with each of them.

    `per_minute` and `at_once` are none where the unit has no pace of its own.
    """

    unit: str
    endpoint: str
    secrets: tuple[str, ...] = field(default=(), repr=False)
    per_minute: int | None = None
    at_once: int | None = None


class Systems:
    """Every method raises UnavailableError while PostgreSQL is out of reach."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def having(self, units: Collection[str]) -> set[str]:
        """Those of some units that have a system."""
        if not units:
            return set()
        asked = select(UnitRow.code).where(col(UnitRow.code).in_(sorted(units)), col(UnitRow.endpoint).is_not(None))
        async with reading(self._engine) as session:
            return set(await session.exec(asked))

    async def of(self, unit: str) -> System | None:
        """The system of a unit, if it has one."""
        async with reading(self._engine) as session:
            row = await session.get(UnitRow, storable(unit))
        if row is None or row.endpoint is None:
            return None
        return System(
            unit=unit,
            endpoint=row.endpoint,
            secrets=tuple(await self.secrets(unit)),
            per_minute=row.per_minute,
            at_once=row.at_once,
        )

    async def secrets(self, unit: str) -> list[str]:
        """The secrets that are valid for a unit now, the newest first."""
        valid = or_(col(SecretRow.expires_at).is_(None), col(SecretRow.expires_at) > datetime.now(UTC))
        asked = (
            select(SecretRow.secret).where(SecretRow.unit == storable(unit), valid).order_by(col(SecretRow.id).desc())
        )
        async with reading(self._engine) as session:
            return list(await session.exec(asked))

    async def set(self, unit: str, endpoint: str | None, per_minute: int | None, at_once: int | None) -> None:
        """Say where a unit's system is, and its pace; without `endpoint`, the unit reads its mailbox from now on.

        Whether the address may be reached is for the caller to see to.

        Raises:
            InvalidError: there is no such unit.
        """
        changed = {"endpoint": endpoint, "per_minute": per_minute, "at_once": at_once}
        put = update(UnitRow).where(col(UnitRow.code) == storable(unit)).values(**changed)
        async with transaction(self._engine) as connection:
            if (await connection.execute(put)).rowcount == 0:
                raise InvalidError("unit", f"there is no unit {unit!r}")

    async def new_secret(self, unit: str, keep_old_for: timedelta) -> str:
        """Make a secret for a unit. Those it has stay valid for a while, so that both sides can change over.

        Raises:
            InvalidError: there is no such unit.
        """
        made = f"whsec_{base64.b64encode(secrets.token_bytes(_BYTES)).decode()}"
        until = datetime.now(UTC) + keep_old_for
        mine = col(SecretRow.unit) == storable(unit)
        longer = or_(col(SecretRow.expires_at).is_(None), col(SecretRow.expires_at) > until)
        async with transaction(self._engine) as connection:
            known = await connection.execute(select(UnitRow.code).where(UnitRow.code == storable(unit)))
            if known.one_or_none() is None:
                raise InvalidError("unit", f"there is no unit {unit!r}")
            await connection.execute(update(SecretRow).where(mine, longer).values(expires_at=until))
            await connection.execute(insert(SecretRow).values(unit=unit, secret=made))
        return made
