"""API keys: made, found again by their text, and revoked."""

import hashlib
import hmac
import re
import secrets
from datetime import datetime, timedelta

from pydantic import AwareDatetime
from sqlalchemy import func, or_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel import col, select

from cases.errors import InvalidError
from cases.vocabulary import Role, Value
from records.database import reading, transaction
from records.tables import KeyRow
from records.text import storable

_FORM = re.compile(r"hl_([0-9a-f]{8})_([A-Za-z0-9_-]{43})")
_USE_NOTED_EVERY = timedelta(minutes=1)


class Key(Value):
    """A key without its secret: in which role it acts, for which unit or source it is bound."""

    prefix: str
    role: Role
    unit: str | None = None
    source: str | None = None
    label: str = ""
    created_at: AwareDatetime
    expires_at: AwareDatetime | None = None
    revoked_at: AwareDatetime | None = None
    last_used_at: AwareDatetime | None = None


class Keys:
    """The keys in the register. Every method raises UnavailableError while PostgreSQL is out of reach."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def create(
        self,
        role: Role,
        unit: str | None = None,
        source: str | None = None,
        label: str = "",
        expires_at: datetime | None = None,
    ) -> str:
        """Make a key. Its text is answered here and never again.

        Raises:
            InvalidError: the role and what the key is bound to do not fit, or it would expire without a zone.
        """
        role = _role(role)
        if role.of_unit != (unit is not None):
            raise InvalidError("unit", "a key of the role unit needs the unit it acts for; no other key has one")
        if expires_at is not None and expires_at.tzinfo is None:
            raise InvalidError("expires_at", "needs a zone, like 2027-01-01T00:00:00+08:00")
        bound = {"role": role, "unit": unit, "source": source, "label": label, "expires_at": expires_at}
        values = {name: storable(value) if isinstance(value, str) else value for name, value in bound.items()}
        while True:
            prefix, secret = secrets.token_hex(4), secrets.token_urlsafe(32)
            row = values | {"prefix": prefix, "secret_hash": _digest(secret)}
            async with transaction(self._engine) as connection:
                made = await connection.execute(
                    insert(KeyRow).values(row).on_conflict_do_nothing().execution_options(preserve_rowcount=True)
                )
            if made.rowcount == 1:
                return f"hl_{prefix}_{secret}"

    async def find(self, text: str) -> Key | None:
        """The key of a text; none if it is unknown, expired or revoked."""
        form = _FORM.fullmatch(text)
        if form is None:
            return None
        prefix, secret = form.groups()
        valid = (
            KeyRow.prefix == prefix,
            col(KeyRow.revoked_at).is_(None),
            or_(col(KeyRow.expires_at).is_(None), col(KeyRow.expires_at) > func.now()),
        )
        async with reading(self._engine) as session:
            row, now = (await session.exec(select(KeyRow, func.now()).where(*valid))).one_or_none() or (None, None)
        # Also for an unknown prefix: how long the answer takes must not tell which prefixes there are.
        matches = hmac.compare_digest(row.secret_hash if row else "0" * 64, _digest(secret))
        if row is None or now is None or not matches:
            return None
        if row.last_used_at is None or row.last_used_at < now - _USE_NOTED_EVERY:
            await self._note_use(prefix)
        return _key(row)

    async def revoke(self, prefix: str) -> None:
        """Make a key worthless from now on; to do so twice is harmless.

        Raises:
            InvalidError: there is no key of this prefix.
        """
        revoked = (
            update(KeyRow)
            .where(col(KeyRow.prefix) == storable(prefix))
            .values(revoked_at=func.coalesce(col(KeyRow.revoked_at), func.now()))
        )
        async with transaction(self._engine) as connection:
            if (await connection.execute(revoked)).rowcount == 0:
                raise InvalidError("prefix", "there is no key of this prefix; `hotline keys list` shows them")

    async def list(self) -> "list[Key]":
        """Every key there ever was, the oldest first."""
        async with reading(self._engine) as session:
            rows = await session.exec(select(KeyRow).order_by(col(KeyRow.created_at), KeyRow.prefix))
            return [_key(row) for row in rows]

    async def _note_use(self, prefix: str) -> None:
        used = update(KeyRow).where(col(KeyRow.prefix) == prefix).values(last_used_at=func.now())
        async with transaction(self._engine) as connection:
            await connection.execute(used)


def _key(row: KeyRow) -> Key:
    return Key.model_validate({name: getattr(row, name) for name in Key.model_fields})


def _role(role: str) -> Role:
    given = {one.value: one for one in Role if one is not Role.SYSTEM}
    if role not in given:
        raise InvalidError("role", f"{role!r} is no role; it must be one of {', '.join(given)}")
    return given[role]


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
