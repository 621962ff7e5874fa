"""The keys of cases' texts, wrapped by a master key: made, found, claimed by their cases, destroyed."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from itertools import pairwise

from cryptography.exceptions import InvalidTag
from sqlalchemy import ColumnElement, LargeBinary, String, and_, bindparam, delete, func, or_, text, true, update
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlmodel import col, select

from cases.sealed import keys_in
from records.database import reading, transaction
from records.guarding import DataKeyRow
from vault.keyfile import KeyFileError, Ring
from vault.sealing import DataKey, lock, new_key, unlock

_OF_A_CASE = col(DataKeyRow.case_number).is_not(None)
_USABLE = col(DataKeyRow.wrapped).is_not(None)


class DataKeys:
    """The keys in the register. Every method raises UnavailableError while PostgreSQL is out of reach."""

    def __init__(self, engine: AsyncEngine, master: Ring) -> None:
        self._engine = engine
        self._master = master

    async def check(self) -> None:
        """See that the keys of cases can be unwrapped with the master keys that there are.

        Keys that belong to no case are nobody's loss.

        Raises:
            KeyFileError: they were wrapped by others.
        """
        strange = (
            select(DataKeyRow.master, func.count(), func.count(func.distinct(DataKeyRow.case_number)))
            .where(_USABLE, _OF_A_CASE, _other_than(self._master.keys))
            .group_by(col(DataKeyRow.master))
            .order_by(col(DataKeyRow.master))
        )
        async with reading(self._engine) as session:
            found = (await session.exec(strange)).all()
        if found:
            told = ", ".join(f"{master} (of {keys} keys, {cases} cases)" for master, keys, cases in found)
            raise KeyFileError(
                "the file of keys lacks master keys by which texts of cases in this database are locked: "
                f"{told}; restore the file that belongs to it, or name it by HOTLINE_KEYS; if another file was used as "
                "well, take in its keys: `hotline vault merge FILE`"
            )

    async def make(self, count: int) -> list[DataKey]:
        """New keys, durable and of no case yet."""
        keys = [new_key() for _ in range(count)]
        rows = [{"id": one.id, "wrapped": self._wrap(one), "master": self._master.current} for one in keys]
        async with transaction(self._engine) as connection:
            await connection.execute(insert(DataKeyRow), rows)
        return keys

    async def give_back(self, keys: Iterable[DataKey]) -> None:
        """Drop keys that were made and never used."""
        unused = delete(DataKeyRow).where(
            col(DataKeyRow.id).in_([one.id for one in keys]), col(DataKeyRow.case_number).is_(None)
        )
        async with transaction(self._engine) as connection:
            await connection.execute(unused)

    async def find(self, ids: Collection[str]) -> dict[str, DataKey | None]:
        """Keys by their ids; none for one that was destroyed. One unknown, or that cannot be unwrapped, is left out."""
        async with reading(self._engine) as session:
            rows = await session.exec(select(DataKeyRow).where(col(DataKeyRow.id).in_(list(ids))))
            found = {row.id: (row, self._unwrap(row)) for row in rows}
        return {name: key for name, (row, key) in found.items() if key is not None or row.wrapped is None}

    async def cases_of(self, ids: Collection[str]) -> set[str]:
        """The numbers of the cases that keys belong to."""
        theirs = select(DataKeyRow.case_number).where(
            col(DataKeyRow.id).in_(list(ids)), col(DataKeyRow.case_number).is_not(None)
        )
        async with reading(self._engine) as session:
            return {number for number in await session.exec(theirs) if number is not None}

    async def of_case(self, number: str) -> DataKey | None:
        """The newest key of a case that is still there."""
        mine = (
            select(DataKeyRow)
            .where(DataKeyRow.case_number == number, col(DataKeyRow.wrapped).is_not(None))
            .order_by(col(DataKeyRow.made_at).desc())
            .limit(1)
        )
        async with reading(self._engine) as session:
            row = (await session.exec(mine)).one_or_none()
        return self._unwrap(row) if row is not None else None

    async def rewrap(self, most: int) -> int:
        """Wrap keys by the master key in use that another one of the ring wraps; how many that were.

        Several may do it at once: each takes other keys.
        """
        older = [name for name in self._master.keys if name != self._master.current]
        others = (
            select(DataKeyRow)
            .where(col(DataKeyRow.master).in_(older), _USABLE)
            .order_by(col(DataKeyRow.master), col(DataKeyRow.id))
            .limit(most)
            .with_for_update(skip_locked=True)
        )
        async with transaction(self._engine) as connection:
            rows = [DataKeyRow(**row) for row in (await connection.execute(others)).mappings()]
            keys = [key for row in rows if (key := self._unwrap(row)) is not None]
            if keys:
                renewed = {"ids": [one.id for one in keys], "anew": [self._wrap(one) for one in keys]}
                await connection.execute(_REWRAP, renewed | {"master_now": self._master.current})
        return len(keys)

    async def by_master(self, *, claimed: bool | None = None) -> dict[str, int]:
        """How many keys each master key wraps: those of cases, those that no case has claimed, or both."""
        which = {None: true(), True: _OF_A_CASE, False: ~_OF_A_CASE}[claimed]
        counted = select(DataKeyRow.master, func.count()).where(_USABLE, which).group_by(col(DataKeyRow.master))
        async with reading(self._engine) as session:
            return dict((await session.exec(counted)).all())

    async def drop_unclaimed(self, before: datetime) -> int:
        """Destroy keys that no case has claimed although they were made before a moment, as by a process that died.

        Processes hold new keys ready for a day, and a case's first events may wait to be recorded for as long as the
        register was away: leave them a week at least. Nobody else may use them in the meantime either: what a process
        has taken while the register was away, it could not mark as taken.
        """
        old = delete(DataKeyRow).where(col(DataKeyRow.case_number).is_(None), col(DataKeyRow.made_at) < before)
        async with transaction(self._engine) as connection:
            return (await connection.execute(old)).rowcount

    def _wrap(self, key: DataKey) -> bytes:
        return lock(self._master.in_use, key.secret, key.id.encode())

    def _unwrap(self, row: DataKeyRow) -> DataKey | None:
        master = self._master.key(row.master)
        if master is None or row.wrapped is None:
            return None
        try:
            return DataKey(id=row.id, secret=unlock(master, row.wrapped, row.id.encode()))
        except InvalidTag:
            return None


def _other_than(masters: Iterable[str]) -> ColumnElement[bool]:
    """Which keys none of some masters wraps. An index finds what lies between them, if anything does."""
    known = sorted(masters)
    master = col(DataKeyRow.master)
    between = [and_(master > low, master < high) for low, high in pairwise(known)]
    return and_(or_(master < known[0], *between, master > known[-1]), master.not_in(known))


_AGAIN = (
    func.unnest(bindparam("ids", type_=ARRAY(String)), bindparam("anew", type_=ARRAY(LargeBinary)))
    .table_valued("id", "wrapped", name="again")
    .render_derived()
)
_REWRAP = (
    update(DataKeyRow)
    .where(col(DataKeyRow.id) == _AGAIN.c.id)
    .values(wrapped=_AGAIN.c.wrapped, master=bindparam("master_now"))
)

_OWNED = (
    func.unnest(bindparam("ids", type_=ARRAY(String)), bindparam("numbers", type_=ARRAY(String)))
    .table_valued("id", "number", name="owned")
    .render_derived()
)
CLAIM = (
    update(DataKeyRow)
    .where(col(DataKeyRow.id) == _OWNED.c.id, col(DataKeyRow.case_number).is_(None))
    .values(case_number=_OWNED.c.number)
)
"""Notes whose keys are; the first case keeps a key."""


async def claim(connection: AsyncConnection, number: str, rows: Iterable[bytes]) -> None:
    """Note the case that keys belong to, by the texts of its events that they sealed; the first case keeps a key."""
    claimed = claims({number: rows})
    if claimed["ids"]:
        await connection.execute(CLAIM, claimed)


def claims(rows: Mapping[str, Iterable[bytes]]) -> dict[str, list[str]]:
    """What cases claim, as `CLAIM` takes it: the keys that sealed texts of their events, by the number of the case."""
    found = sorted({(key, number) for number, some in rows.items() for row in some for key in keys_in(row.decode())})
    return {"ids": [key for key, _ in found], "numbers": [number for _, number in found]}


async def destroy(connection: AsyncConnection, number: str) -> int:
    """Destroy every key of a case; how many those were."""
    gone = (
        update(DataKeyRow)
        .where(col(DataKeyRow.case_number) == number, col(DataKeyRow.wrapped).is_not(None))
        .values(wrapped=None, destroyed_at=text("now()"))
    )
    return (await connection.execute(gone)).rowcount
