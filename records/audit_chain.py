"""The chain of the audit trail: every entry gets its place and a seal over itself and the entry before it.

Entries are written by whoever does something, and chained a moment later by one process at a time, so that no two
writers wait for one another. The order of the chain is that in which entries were found: one whose transaction took
long comes after later ones, and none is left out.
"""

import asyncio
import logging
from typing import Any

from sqlalchemy import BigInteger, Row, String, Text, bindparam, cast, column, func, select, update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from cases.errors import UnavailableError
from records.audit_beginning import begin
from records.audit_events import TRAIL, microseconds
from records.database import transaction
from vault.keyfile import Ring
from vault.proof import BEGINNING, Entry, Head, seal

BATCH = 2_000
"""Entries that one transaction chains."""

_PAUSE = 1.0
"""Seconds between two looks at what is new."""

_LOCK = 0x6175646974
"""Held by whoever chains, to the end of the transaction: "audit" in ASCII."""

PROVEN = (
    TRAIL.c.id,
    microseconds(TRAIL.c.at).label("at"),
    cast(TRAIL.c.actor, Text).label("actor"),
    TRAIL.c.origin,
    TRAIL.c.action,
    TRAIL.c.case_number,
    TRAIL.c.seq,
    TRAIL.c.reason,
    TRAIL.c.content,
    cast(TRAIL.c.details, Text).label("details"),
)
"""What a seal is made over, besides the place."""

_log = logging.getLogger("hotline.audit")


class Chain:
    """Chains entries with the proof key in use."""

    def __init__(self, engine: AsyncEngine, ring: Ring) -> None:
        self._engine = engine
        self._ring = ring

    async def run(self) -> None:
        """Chain whatever comes, until cancelled. Of several processes that do so, one does it at a time."""
        while True:
            try:
                while await self.extend() == BATCH:
                    pass
            except UnavailableError:
                _log.warning("the audit trail is not chained while PostgreSQL is away; what comes meanwhile is later")
            except Exception:  # noqa: BLE001 - the loop must not end
                # Whatever it is, the entries are there, and nothing but the chain must wait for them.
                _log.exception("the audit trail could not be chained; it is tried again")
            await asyncio.sleep(_PAUSE)

    async def extend(self, most: int = BATCH) -> int:
        """Chain entries, the oldest first; how many those were. None while another process does it.

        Where the trail has no beginning, the events of earlier releases get their entries first.

        Raises:
            UnavailableError: PostgreSQL is out of reach; nothing is chained twice.
        """
        async with transaction(self._engine) as connection:
            if not (await connection.execute(_TRY_LOCK)).scalar_one():
                return 0
            if not await begin(connection, self._ring, most):
                # There are more events to take up; whoever asks for the next batch goes on with them.
                return most
            return await self._chain(connection, await head(connection), most)

    async def _chain(self, connection: AsyncConnection, last: Head, most: int) -> int:
        rows = (await connection.execute(_UNCHAINED.limit(most))).all()
        if not rows:
            return 0
        places: list[tuple[int, Head]] = []
        for row in rows:
            position = last.position + 1
            last = Head(position, seal(self._ring, self._ring.current, entry(position, row), last.seal))
            places.append((row.id, last))
        given = {
            "ids": [id_ for id_, _ in places],
            "positions": [one.position for _, one in places],
            "seals": [one.seal for _, one in places],
            "proof_key": self._ring.current,
        }
        await connection.execute(_PLACE, given)
        return len(places)


def entry(position: int, row: Row[Any]) -> Entry:
    """The entry in a row that has the columns of `PROVEN`."""
    return Entry(position, *(getattr(row, one.key) for one in PROVEN))


async def head(connection: AsyncConnection) -> Head:
    """The last entry of the chain."""
    row = (await connection.execute(_HEAD)).one_or_none()
    return BEGINNING if row is None else Head(row.position, row.seal or "")


_TRY_LOCK = select(func.pg_try_advisory_xact_lock(_LOCK))
_HEAD = (
    select(TRAIL.c.position, TRAIL.c.seal)
    .where(TRAIL.c.position.is_not(None))
    .order_by(TRAIL.c.position.desc())
    .limit(1)
)
_UNCHAINED = select(*PROVEN).where(TRAIL.c.position.is_(None)).order_by(TRAIL.c.id)
_GIVEN = (
    func.unnest(
        bindparam("ids", type_=ARRAY(BigInteger)),
        bindparam("positions", type_=ARRAY(BigInteger)),
        bindparam("seals", type_=ARRAY(String)),
    )
    .table_valued(column("id", BigInteger), column("position", BigInteger), column("seal", String), name="given")
    .render_derived()
)
_PLACE = (
    update(TRAIL)
    .where(TRAIL.c.id == _GIVEN.c.id)
    .values(position=_GIVEN.c.position, seal=_GIVEN.c.seal, proof_key=bindparam("proof_key", type_=String))
)
