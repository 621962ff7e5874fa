"""API keys: made, found again by their text, rotated and revoked. Each of these is in the audit trail."""

import hashlib
import hmac
import re
import secrets
from datetime import datetime, timedelta
from typing import Any

from pydantic import AwareDatetime
from sqlalchemy import func, or_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlmodel import col, select

from cases.errors import InvalidError
from cases.vocabulary import SYSTEM, Actor, Role, Value
from records import audit
from records.database import reading, transaction
from records.tables import KeyRow
from records.text import storable

_FORM = re.compile(r"hl_([0-9a-f]{8})_([A-Za-z0-9_-]{43})")
_USE_NOTED_EVERY = timedelta(minutes=1)


class Key(Value):
    """A key without its secret: in which role it acts, for which unit, district or source it is bound.

    `replaces` is the prefix of the key that it was made in the place of.
    """

    prefix: str
    role: Role
    unit: str | None = None
    source: str | None = None
    label: str = ""
    created_at: AwareDatetime
    expires_at: AwareDatetime | None = None
    revoked_at: AwareDatetime | None = None
    last_used_at: AwareDatetime | None = None
    replaces: str | None = None


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
        *,
        actor: Actor = SYSTEM,
    ) -> str:
        """Make a key. Its text is answered here and never again.

        Args:
            role: What it may do.
            unit: The unit that it acts for, or the district.
            source: The one source that an intake may bring complaints from.
            label: What it is for.
            expires_at: From when on it is worthless.
            actor: Who makes it, for the audit trail.

        Raises:
            InvalidError: the role and what the key is bound to do not fit, or it would expire without a zone.
        """
        bound = _bound(role, unit, source, label, expires_at)
        async with transaction(self._engine) as connection:
            prefix, text = await _insert(connection, bound)
            await audit.write(connection, actor, "key_created", details=_details(prefix, bound))
        return text

    async def rotate(
        self, prefix: str, overlap: timedelta, expires_at: datetime | None = None, *, actor: Actor = SYSTEM
    ) -> str:
        """Make a key in the place of another, for the same, and answer with its text.

        The other one holds for a while, so that whoever has it can change over. The new one expires after as long as
        the other was made for; if that never did, neither does this.

        Args:
            prefix: The other key's.
            overlap: How long that one still holds.
            expires_at: From when on the new one is worthless, if not as the other.
            actor: Who does it, for the audit trail.

        Raises:
            InvalidError: there is no such key, it is worthless already, or it was replaced before by one that holds.
        """
        if overlap < timedelta(0):
            raise InvalidError("overlap", "is negative; write 0d for a key that somebody has got hold of")
        kin = (
            select(*(getattr(KeyRow, name) for name in Key.model_fields))
            .where(or_(col(KeyRow.prefix) == storable(prefix), col(KeyRow.replaces) == storable(prefix)))
            .order_by(col(KeyRow.created_at))
            .with_for_update()
        )
        async with transaction(self._engine) as connection:
            now = (await connection.execute(select(func.now()))).scalar_one()
            rows = [Key.model_validate(dict(row)) for row in (await connection.execute(kin)).mappings()]
            old = next((row for row in rows if row.prefix == prefix), None)
            _check_replaceable(old, rows, now)
            assert old is not None  # noqa: S101 - for the type alone: what was just checked
            newest = rows[-1]
            if expires_at is None and newest.expires_at is not None:
                expires_at = now + (newest.expires_at - newest.created_at)
            bound = _bound(old.role, old.unit, old.source, old.label, expires_at)
            made, text = await _insert(connection, bound | {"replaces": prefix})
            until = min(filter(None, (old.expires_at, now + overlap)))
            await connection.execute(update(KeyRow).where(col(KeyRow.prefix) == prefix).values(expires_at=until))
            details = _details(made, bound) | {"replaces": prefix, "replaced_until": until.isoformat()}
            await audit.write(connection, actor, "key_rotated", details=details)
        return text

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

    async def revoke(self, prefix: str, *, actor: Actor = SYSTEM) -> None:
        """Make a key worthless from now on; to do so twice is harmless.

        Args:
            prefix: The key's.
            actor: Who does it, for the audit trail.

        Raises:
            InvalidError: there is no key of this prefix.
        """
        mine = col(KeyRow.prefix) == storable(prefix)
        async with transaction(self._engine) as connection:
            revoking = update(KeyRow).where(mine, col(KeyRow.revoked_at).is_(None)).values(revoked_at=func.now())
            if (await connection.execute(revoking)).rowcount == 1:
                await audit.write(connection, actor, "key_revoked", details={"prefix": prefix})
            elif (await connection.execute(select(KeyRow.prefix).where(mine))).one_or_none() is None:
                raise _unknown()

    async def list(self) -> "list[Key]":
        """Every key there ever was, the oldest first."""
        async with reading(self._engine) as session:
            rows = await session.exec(select(KeyRow).order_by(col(KeyRow.created_at), KeyRow.prefix))
            return [_key(row) for row in rows]

    async def _note_use(self, prefix: str) -> None:
        used = update(KeyRow).where(col(KeyRow.prefix) == prefix).values(last_used_at=func.now())
        async with transaction(self._engine) as connection:
            await connection.execute(used)


async def _insert(connection: AsyncConnection, bound: dict[str, Any]) -> tuple[str, str]:
    """Enter a key that nobody has had before: its prefix, and its whole text."""
    while True:
        prefix, secret = secrets.token_hex(4), secrets.token_urlsafe(32)
        row = bound | {"prefix": prefix, "secret_hash": _digest(secret)}
        made = await connection.execute(
            insert(KeyRow).values(row).on_conflict_do_nothing().execution_options(preserve_rowcount=True)
        )
        if made.rowcount == 1:
            return prefix, f"hl_{prefix}_{secret}"


def _bound(role: str, unit: str | None, source: str | None, label: str, expires_at: datetime | None) -> dict[str, Any]:
    """What a key is made for, as it is stored."""
    role = _role(role)
    if role is Role.DISTRICT and unit is None:
        raise InvalidError("unit", "a key of the role district needs the district it acts for")
    if role is not Role.DISTRICT and role.of_unit != (unit is not None):
        raise InvalidError("unit", "a key of the role of a unit needs the unit it acts for; no other key has one")
    if source is not None and role is not Role.INTAKE:
        raise InvalidError("source", f"a key of the role {role} is bound to no source; only intake may be")
    if expires_at is not None and expires_at.tzinfo is None:
        raise InvalidError("expires_at", "needs a zone, like 2027-01-01T00:00:00+08:00")
    bound = {"role": role, "unit": unit, "source": source, "label": label, "expires_at": expires_at}
    return {name: storable(value) if isinstance(value, str) else value for name, value in bound.items()}


def _check_replaceable(old: Key | None, kin: "list[Key]", now: datetime) -> None:
    if old is None:
        raise _unknown()
    if old.revoked_at is not None:
        raise InvalidError("prefix", "this key is revoked; make a new one with `hotline keys create`")
    for one in kin:
        if one.replaces == old.prefix and one.revoked_at is None:
            raise InvalidError(
                "prefix", f"this key was replaced by {one.prefix} already; rotate that one, or revoke it if it is lost"
            )
    if old.expires_at is not None and old.expires_at <= now:
        raise InvalidError("prefix", "this key has expired; make a new one with `hotline keys create`")


def _details(prefix: str, bound: dict[str, Any]) -> dict[str, Any]:
    """What the audit trail tells of a key: not its label, in which people write what they like."""
    expires = bound["expires_at"]
    told = {name: bound[name] for name in ("role", "unit", "source") if bound[name] is not None}
    return {"prefix": prefix, **told, "expires_at": expires.isoformat() if expires else None}


def _unknown() -> InvalidError:
    return InvalidError("prefix", "there is no key of this prefix; `hotline keys list` shows them")


def _key(row: KeyRow) -> Key:
    return Key.model_validate({name: getattr(row, name) for name in Key.model_fields})


def _role(role: str) -> Role:
    given = {one.value: one for one in Role if one is not Role.SYSTEM}
    if role not in given:
        raise InvalidError("role", f"{role!r} is no role; it must be one of {', '.join(given)}")
    return given[role]


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
