"""The audit trail: who did or saw what, when, from where and why."""

from typing import Any

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from cases.vocabulary import Actor
from records.audit_chain import Chain
from records.audit_list import AuditEntry, AuditFilter, list_entries
from records.audit_proof import Proof
from records.cursor import Page
from records.data_keys import claim
from records.database import transaction
from records.guarding import AuditRow
from records.text import storable, storable_value
from vault.keyfile import Ring

READ = "trail_read"
"""Somebody read the trail itself; what they asked for is in the details."""

__all__ = ["Audit", "AuditEntry", "AuditFilter", "write"]


async def write(
    connection: AsyncConnection,
    actor: Actor,
    action: str,
    *,
    origin: str = "",
    case: str | None = None,
    reason: str = "",
    details: dict[str, Any] | None = None,
) -> None:
    """Make an entry in the transaction of what it is about.

    Args:
        connection: The transaction's.
        actor: Who did it.
        action: What was done, as `reveal` or `key_created`.
        origin: The network address that it was done from.
        case: The number of the case that it was done to.
        reason: Why, in the words of whoever did it; sealed, where it may tell of a person.
        details: What else there is to know: codes and numbers, nothing of a person.
    """
    row = {
        "actor": storable_value(actor.model_dump(mode="json")),
        "origin": storable(origin),
        "action": action,
        "case_number": case and storable(case),
        "reason": storable(reason),
        "content": "",
        "details": storable_value(details or {}),
    }
    await connection.execute(insert(AuditRow).values(row))
    if case is not None:
        # Perhaps the first that the register holds of the case; its erasure must destroy the key of this, too.
        await claim(connection, storable(case), [reason.encode()])


class Audit:
    """The trail in the register. Every method raises UnavailableError while PostgreSQL is out of reach."""

    def __init__(self, engine: AsyncEngine, ring: Ring) -> None:
        """Args:
        engine: PostgreSQL.
        ring: The proof keys.
        """
        self._engine = engine
        self._ring = ring
        self.chain = Chain(engine, ring)

    async def note(
        self,
        actor: Actor,
        action: str,
        *,
        origin: str = "",
        case: str | None = None,
        reason: str = "",
        details: dict[str, Any] | None = None,
    ) -> None:
        """Make an entry by itself: before something is shown, or after something was done. As `write`."""
        async with transaction(self._engine) as connection:
            await write(connection, actor, action, origin=origin, case=case, reason=reason, details=details)

    async def note_reading(self, actor: Actor, wanted: AuditFilter, *, origin: str = "") -> None:
        """Make an entry of somebody's reading the trail: whoever watches is seen as well."""
        asked = wanted.model_dump(mode="json", exclude_none=True, exclude={"case"})
        await self.note(actor, READ, origin=origin, case=wanted.case, details=asked)

    async def page(self, wanted: AuditFilter, limit: int = 50, after: str | None = None) -> Page[AuditEntry]:
        """One page of the entries that a filter lets through, the newest first.

        Raises:
            InvalidError: `after` is not the `next` of a page of such a list, or `limit` is not from 1 to 1,000.
        """
        return await list_entries(self._engine, wanted, limit, after)

    def proof(self) -> Proof:
        """One walk along the chain, to verify it."""
        return Proof(self._engine, self._ring)
