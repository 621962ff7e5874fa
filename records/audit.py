"""The audit trail: who did or saw what, when, from where and why."""

from typing import Any

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from cases.vocabulary import Actor
from records.database import transaction
from records.guarding import AuditRow


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
        "actor": actor.model_dump(mode="json"),
        "origin": origin,
        "action": action,
        "case_number": case,
        "reason": reason,
        "content": "",
        "details": details or {},
    }
    await connection.execute(insert(AuditRow).values(row))


class Audit:
    """The trail in the register. Every method raises UnavailableError while PostgreSQL is out of reach."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

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
