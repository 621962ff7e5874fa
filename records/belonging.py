"""Whether a file of keys belongs to a database: whoever locks something by keys of another service loses it."""

from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel import col, select

from records.data_keys import DataKeys
from records.database import reading
from records.guarding import AuditRow, DataKeyRow
from vault.keyfile import KeyFile, KeyFileError


async def check(engine: AsyncEngine, keys: KeyFile) -> None:
    """See that keys belong to the database that they are about to be used with.

    They do if they open the keys of all cases, and if the audit trail was last sealed by one of them, which tells of a
    database that holds no case yet.

    Raises:
        KeyFileError: they are another service's, or of a time before some of them were made.
        UnavailableError: PostgreSQL is out of reach.
    """
    await DataKeys(engine, keys.master).check()
    sealed_by = await _last_seal(engine)
    if sealed_by is not None and sealed_by not in keys.proof.keys:
        raise KeyFileError(
            f"the file of keys lacks the proof key {sealed_by}, by which the audit trail of this database was sealed; "
            "it is another service's, or an old copy: restore the file that belongs to it, or name it by HOTLINE_KEYS"
        )


async def needs_keys(engine: AsyncEngine) -> bool:
    """Whether a database holds anything that only the keys it was locked by can open or prove.

    Raises:
        UnavailableError: PostgreSQL is out of reach.
    """
    of_a_case = (
        select(DataKeyRow.id)
        .where(col(DataKeyRow.case_number).is_not(None), col(DataKeyRow.wrapped).is_not(None))
        .limit(1)
    )
    async with reading(engine) as session:
        if (await session.exec(of_a_case)).first() is not None:
            return True
    return await _last_seal(engine) is not None


async def _last_seal(engine: AsyncEngine) -> str | None:
    newest = select(AuditRow.proof_key).where(col(AuditRow.position).is_not(None))
    async with reading(engine) as session:
        return (await session.exec(newest.order_by(col(AuditRow.position).desc()).limit(1))).first()
