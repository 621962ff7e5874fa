"""The units' own systems: where they are, what signs what is sent there, and how much they take at once.

Secrets are kept wrapped by a master key: `wrapped.1.`, the name of that key, and what it locked, in the base64 of
addresses. Those of an earlier release are plain; they are wrapped when they are next read.
"""

import base64
import re
import secrets
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta

from cryptography.exceptions import InvalidTag
from sqlalchemy import ColumnElement, func, or_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel import col, select

from cases.errors import InvalidError, UnavailableError
from records.database import reading, transaction
from records.outgoing import SecretRow
from records.tables import UnitRow
from records.text import storable
from vault.keyfile import Ring
from vault.sealing import lock, unlock

_BYTES = 32
_WRAPPED = re.compile(r"wrapped\.1\.([a-z0-9]{8})\.([A-Za-z0-9_-]+={0,2})")
_PLAIN = "plain"


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

    def __init__(self, engine: AsyncEngine, master: Ring) -> None:
        self._engine = engine
        self._master = master

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
        """The secrets that are valid for a unit now, the newest first. What another master key wraps is wrapped anew.

        Raises:
            UnavailableError: also if the file of keys lacks the master key of one.
        """
        valid = or_(col(SecretRow.expires_at).is_(None), col(SecretRow.expires_at) > func.now())
        asked = select(SecretRow).where(SecretRow.unit == storable(unit), valid).order_by(col(SecretRow.id).desc())
        async with reading(self._engine) as session:
            rows = list(await session.exec(asked))
        found = []
        for row in rows:
            secret = self._unwrap(row)
            if secret is None:
                raise UnavailableError(
                    f"a secret of {unit} is wrapped by a master key that the file of keys lacks; restore that file, or "
                    f"make a new secret: hotline unit secret {unit}"
                )
            found.append(secret)
        with suppress(UnavailableError):
            # A database that is read alone at the moment answers all the same.
            await self._wrap_anew(rows)
        return found

    async def rewrap(self, most: int) -> int:
        """Wrap secrets by the master key in use that another one wraps, or none; how many that were.

        One that cannot be unwrapped stays as it is.
        """
        async with reading(self._engine) as session:
            rows = list(await session.exec(select(SecretRow).where(self._by_another()).limit(most)))
        return await self._wrap_anew(rows)

    async def by_master(self) -> dict[str, int]:
        """How many secrets each master key wraps; those of an earlier release, which none does, are `plain`."""
        name = func.coalesce(func.substring(col(SecretRow.secret), "^wrapped\\.1\\.([a-z0-9]{8})\\."), _PLAIN)
        async with reading(self._engine) as session:
            return dict((await session.exec(select(name, func.count()).group_by(name))).all())

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
        until = func.now() + keep_old_for
        mine = col(SecretRow.unit) == storable(unit)
        longer = or_(col(SecretRow.expires_at).is_(None), col(SecretRow.expires_at) > until)
        async with transaction(self._engine) as connection:
            known = await connection.execute(select(UnitRow.code).where(UnitRow.code == storable(unit)))
            if known.one_or_none() is None:
                raise InvalidError("unit", f"there is no unit {unit!r}")
            await connection.execute(update(SecretRow).where(mine, longer).values(expires_at=until))
            await connection.execute(insert(SecretRow).values(unit=unit, secret=self._wrap(unit, made)))
        return made

    def _wrap(self, unit: str, secret: str) -> str:
        locked = lock(self._master.in_use, secret.encode(), _bound_to(unit))
        return f"wrapped.1.{self._master.current}.{base64.urlsafe_b64encode(locked).decode()}"

    def _unwrap(self, row: SecretRow) -> str | None:
        found = _WRAPPED.fullmatch(row.secret)
        if found is None:
            return row.secret
        master = self._master.key(found[1])
        if master is None:
            return None
        try:
            return unlock(master, base64.urlsafe_b64decode(found[2]), _bound_to(row.unit)).decode()
        except (InvalidTag, ValueError):
            return None

    async def _wrap_anew(self, rows: Collection[SecretRow]) -> int:
        """Wrap those of some secrets that another master key wraps, or none; how many that were."""
        renewed = 0
        for row in rows:
            secret = self._unwrap(row)
            if secret is None or row.secret.startswith(f"wrapped.1.{self._master.current}."):
                continue
            same = (col(SecretRow.id) == row.id, col(SecretRow.secret) == row.secret)
            put = update(SecretRow).where(*same).values(secret=self._wrap(row.unit, secret))
            async with transaction(self._engine) as connection:
                renewed += (await connection.execute(put)).rowcount
        return renewed

    def _by_another(self) -> ColumnElement[bool]:
        return col(SecretRow.secret).not_like(f"wrapped.1.{self._master.current}.%")


def _bound_to(unit: str) -> bytes:
    """So that a secret that is put in the place of another unit's opens nothing."""
    return f"secret of {unit}".encode()
