"""The reasons in the audit trail, in words: opened by keys of the entry's own case alone, and telling of nobody."""

from collections.abc import Collection, Mapping, Sequence

from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel import col, select

from cases.disclosure import scrub
from cases.sealed import keys_in
from cases.vocabulary import Complainant
from records.audit_list import AuditEntry
from records.database import reading
from records.guarding import DataKeyRow
from records.seals import Seals
from vault.sealing import open_text


async def reasons(
    engine: AsyncEngine, seals: Seals, entries: Sequence[AuditEntry], whose: Mapping[str, Complainant]
) -> list[str]:
    """The reason of each entry, scrubbed of the complainant of its case.

    A text that another case's key has sealed stays unread: whoever can have one written down as a reason must not
    learn by it what it says.

    Args:
        engine: PostgreSQL.
        seals: The keys of cases.
        entries: The entries.
        whose: Who raised their cases, open, by the cases' numbers.

    Raises:
        UnavailableError: PostgreSQL is out of reach.
    """
    ids = keys_in("\n".join(one.reason for one in entries))
    keys, owners = await seals.keys(ids), await _owners(engine, ids)
    told = []
    for one in entries:
        own = {name: key for name, key in keys.items() if one.case_number and owners.get(name) == one.case_number}
        told.append(scrub(open_text(one.reason, own), whose.get(one.case_number or "")))
    return told


async def _owners(engine: AsyncEngine, ids: Collection[str]) -> dict[str, str | None]:
    """The numbers of the cases that keys belong to."""
    if not ids:
        return {}
    asked = select(DataKeyRow.id, DataKeyRow.case_number).where(col(DataKeyRow.id).in_(ids))
    async with reading(engine) as session:
        return dict((await session.exec(asked)).all())
