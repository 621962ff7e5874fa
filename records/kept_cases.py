"""Complaints taken in while the engine was out of reach: kept until somebody has started their cases."""

from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, get_args

from pydantic_core import to_json
from sqlalchemy import ColumnElement, Row, Table, case, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlmodel import col

from cases.case import Case
from cases.commands import Command, Receive, content_fingerprint
from cases.decide import decide
from cases.errors import InvalidError, other_content
from cases.events import Event
from cases.evolve import fold
from records.data_keys import claim
from records.database import transaction
from records.guarding import KeptCaseRow
from records.tables import CaseRow
from records.text import storable, storable_value

State = Literal["waiting", "failing", "refused"]
"""`waiting` for the engine; `failing` did not start, and is tried again; `refused` waits for a person."""

_KEPT: Table = KeptCaseRow.__table__  # type: ignore[attr-defined]

_OPEN = _KEPT.c.started_at.is_(None)
_HELD = _KEPT.c.command.is_not(None)
_STATE: ColumnElement[str] = case(
    (_KEPT.c.try_at.is_(None), "refused"), (_KEPT.c.reason != "", "failing"), else_="waiting"
)


@dataclass(frozen=True, kw_only=True)
class KeptCase:
    """One of them, without what was said. `try_at` is when somebody tries to start it, if anybody does."""

    number: str
    priority: int
    kept_at: datetime
    try_at: datetime | None
    attempts: int
    reason: str
    state: State


class Claimed:
    """Kept cases that nobody else starts meanwhile, the most urgent first, and what has become of them."""

    def __init__(self, connection: AsyncConnection, rows: Sequence[Row[Any]]) -> None:
        self._connection = connection
        self._rows = {row.number: row for row in rows}

    @property
    def numbers(self) -> list[str]:
        """Of which cases they are."""
        return list(self._rows)

    def command(self, number: str) -> Command:
        """The receipt of one.

        Raises:
            ValidationError: this release cannot read it.
        """
        return Command.model_validate(self._rows[number].command)

    def content(self, number: str) -> str:
        """The digest by which the complaint is known again."""
        content: str = self._rows[number].content
        return content

    def attempts(self, number: str) -> int:
        """How often one has failed to start."""
        attempts: int = self._rows[number].attempts
        return attempts

    async def started(self, number: str, now: datetime) -> None:
        """One is in the engine's hands."""
        await self._change(number, started_at=now, try_at=None, reason="")

    async def failed(self, number: str, reason: str, again_at: datetime | None) -> None:
        """One did not start, and when it is tried again; not before a person asks for it if never."""
        await self._change(number, attempts=_KEPT.c.attempts + 1, reason=storable(reason), try_at=again_at)

    async def _change(self, number: str, **values: Any) -> None:
        await self._connection.execute(update(_KEPT).where(_KEPT.c.number == number).values(**values))


class KeptCases:
    """Every method raises UnavailableError while PostgreSQL is out of reach."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def keep(self, command: Command, known_as: Collection[str] = ()) -> tuple[Case, bool]:
        """Keep a receipt, its texts sealed, until its case is started. It is durable once this returns.

        Args:
            command: The receipt.
            known_as: Other digests by which an earlier release may know the same complaint.

        Returns:
            The case as it was received, and whether it is new. Of the same complaint, what was kept first stays.

        Raises:
            RefusalError: the number belongs to a different complaint.
        """
        act = command.act
        if not isinstance(act, Receive):
            raise TypeError("a case starts with its receipt")
        case, content = fold(_events(command)), content_fingerprint(act.complaint)
        kept = {"command": storable_value(command.model_dump(mode="json")), "try_at": datetime.now(UTC)}
        row = {"number": act.number, "content": content, "priority": case.terms.priority} | kept
        async with transaction(self._engine) as connection:
            put = insert(_KEPT).values(row).on_conflict_do_nothing().returning(_KEPT.c.number)
            if (await connection.execute(put)).first() is not None:
                # From now on its keys are of a case, and nobody takes them for leftovers.
                await claim(connection, act.number, [to_json(command)])
                return case, True
            mine = _KEPT.c.number == act.number
            first = (await connection.execute(select(_KEPT).where(mine).with_for_update())).one()
            if first.content not in {content, *known_as}:
                raise other_content(act.number)
            if first.command is not None:
                return fold(_events(Command.model_validate(first.command))), False
            # It was started and recorded. Where the engine still has it, starting it again finds it there.
            await connection.execute(update(_KEPT).where(mine).values(**kept, started_at=None))
            await claim(connection, act.number, [to_json(command)])
            return case, False

    async def waits(self, number: str) -> bool:
        """Whether a case is kept and not started yet."""
        asked = select(_KEPT.c.number).where(_KEPT.c.number == storable(number), _OPEN)
        async with transaction(self._engine) as connection:
            return (await connection.execute(asked)).first() is not None

    async def content(self, number: str) -> str | None:
        """Tells whether a complaint is the one that was kept under a number; none if nothing of it is held here."""
        asked = select(_KEPT.c.content).where(_KEPT.c.number == storable(number), _HELD)
        async with transaction(self._engine) as connection:
            found: str | None = (await connection.execute(asked)).scalar_one_or_none()
        return found

    async def events(self, number: str) -> list[Event]:
        """The receipt of a case that is kept, until it is recorded as every other case is. None of any other case."""
        asked = select(_KEPT.c.command).where(_KEPT.c.number == storable(number), _HELD)
        async with transaction(self._engine) as connection:
            command = (await connection.execute(asked)).scalar_one_or_none()
        return _events(Command.model_validate(command)) if command is not None else []

    async def let_go(self) -> int:
        """Empty what was started and is recorded since, so that nothing of it need be held here; how many those were.

        Not as soon as it is started: until its first events are recorded, nobody else could tell of a case whose
        workers are busy.
        """
        recorded = select(col(CaseRow.number)).where(col(CaseRow.number) == _KEPT.c.number).exists()
        emptied = update(_KEPT).where(_KEPT.c.started_at.is_not(None), _HELD, recorded).values(command=None)
        async with transaction(self._engine) as connection:
            return (await connection.execute(emptied)).rowcount

    @asynccontextmanager
    async def claimed(self, limit: int, now: datetime) -> AsyncIterator[Claimed]:
        """Up to so many that are to be tried by now, while they are; others pass them by.

        What is noted of them meanwhile holds from the end on. Should this process die, they are as they were.
        """
        due = (
            select(_KEPT)
            .where(_OPEN, _KEPT.c.try_at <= now)
            .order_by(_KEPT.c.priority, _KEPT.c.attempts, _KEPT.c.kept_at, _KEPT.c.number)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        async with transaction(self._engine) as connection:
            yield Claimed(connection, (await connection.execute(due)).all())

    async def list(self, limit: int = 100) -> list[KeptCase]:
        """Those that are not started, the most urgent first."""
        asked = _shown().where(_OPEN).order_by(_KEPT.c.priority, _KEPT.c.kept_at, _KEPT.c.number).limit(limit)
        async with transaction(self._engine) as connection:
            return [_kept(row) for row in await connection.execute(asked)]

    async def counts(self) -> dict[State, int]:
        """How many are not started, by how they stand; every state is named."""
        asked = select(_STATE, func.count()).where(_OPEN).group_by(_STATE)
        async with transaction(self._engine) as connection:
            found: dict[str, int] = {state: count for state, count in await connection.execute(asked)}  # noqa: C416
        return {state: found.get(state, 0) for state in get_args(State)}

    async def retry(self, number: str) -> KeptCase:
        """Have one tried again at once.

        Raises:
            InvalidError: no case of this number is kept.
        """
        mine = (_KEPT.c.number == storable(number), _OPEN)
        async with transaction(self._engine) as connection:
            await connection.execute(update(_KEPT).where(*mine).values(try_at=datetime.now(UTC)))
            row = (await connection.execute(_shown().where(*mine))).one_or_none()
        if row is None:
            raise InvalidError("number", f"no case {number} is kept; `hotline kept` lists those that are")
        return _kept(row)


def _events(command: Command) -> list[Event]:
    assert isinstance(command.act, Receive)  # noqa: S101 - nothing else is ever kept
    return decide(None, command, command.act.complaint.received_at)


def _shown() -> Any:
    names = ("number", "priority", "kept_at", "try_at", "attempts", "reason")
    return select(*(_KEPT.c[name] for name in names), _STATE.label("state"))


def _kept(row: Row[Any]) -> KeptCase:
    return KeptCase(**row._mapping)
