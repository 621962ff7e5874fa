"""The notices as they go out: what was sent by which channel, what waits, and what fails and why."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal, get_args

from sqlalchemy import ColumnElement, DateTime, Select, Table, case, cast, delete, func, or_, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlmodel import col

from cases.effects import COMPLAINANT
from cases.errors import InvalidError
from cases.masking import masked_email, masked_phone
from cases.notice import Notice
from cases.sealed import keys_in
from records.cursor import Cursor, Page, check_limit
from records.database import transaction
from records.outbox import put_notices
from records.outgoing import NoticeRow, SendingRow
from records.seals import Seals
from records.text import storable
from vault.sealing import open_text

State = Literal["waiting", "failing", "sent", "failed", "gathered"]
"""`waiting` has not been tried; `failing` was, and is tried again; `failed` waits for a person. `gathered` went out, or
goes out, within the sending that `gathered_in` names."""

KEPT = timedelta(days=30)
"""How long address and words of what has failed are kept, so that a person can have it sent after all."""

_SENDINGS: Table = SendingRow.__table__  # type: ignore[attr-defined]
_NOTICES: Table = NoticeRow.__table__  # type: ignore[attr-defined]

_STUCK = col(SendingRow.failing_since).is_not(None)
_STATE: ColumnElement[str] = case(
    (col(SendingRow.state) != "waiting", col(SendingRow.state)), (_STUCK, "failing"), else_="waiting"
)

_SHOWN = (
    "id",
    "notice",
    "about",
    "audience",
    "case_number",
    "channel",
    "address",
    "language",
    "urgent",
    "send_after",
    "attempts",
    "reason",
    "failing_since",
    "planned_at",
    "sent_at",
    "gathered_in",
)


@dataclass(frozen=True, kw_only=True)
class Sending:
    """One message to one address, without the words. A digest has no `case_number`, no `notice` and no `address`.

    The `address` is masked, and empty where the channel says it itself, and from when the message is sent on.
    `send_after` is when it may go out, or is tried next. `channel` is empty where no words were found for a notice.
    """

    id: str
    notice: str | None
    about: str
    audience: str
    case_number: str | None
    channel: str
    address: str
    language: str
    urgent: bool
    send_after: datetime
    attempts: int
    reason: str | None
    failing_since: datetime | None
    planned_at: datetime
    sent_at: datetime | None
    gathered_in: str | None
    state: State


class Sendings:
    """Every method raises UnavailableError while PostgreSQL is out of reach."""

    def __init__(self, engine: AsyncEngine, seals: Seals) -> None:
        self._engine = engine
        self._seals = seals

    async def owe(self, notices: Sequence[Notice]) -> None:
        """Put notices where they wait to be planned; those that were there before stay as they are."""
        async with transaction(self._engine) as connection:
            await put_notices(connection, notices)

    async def page(
        self, case_number: str | None = None, state: State | None = None, limit: int = 50, after: str | None = None
    ) -> Page[Sending]:
        """One page of the sendings, of one case and in one state where asked.

        Those that are failing or failed come in the order in which they began to, all others in that of their ids,
        which begin with the number of the case.

        Raises:
            InvalidError: `after` is not the `next` of a page of such a list, `limit` is not from 1 to 1,000, or there
                is no such state.
        """
        check_limit(limit)
        asked = _asked().where(*_conditions(case_number, state))
        since = state in ("failing", "failed")
        order, number = ("since" if since else "id"), col(SendingRow.id)
        cursor = Cursor.read(after, order) if after is not None else None
        if since:
            place = tuple_(col(SendingRow.failing_since), number)
            if cursor is not None:
                asked = asked.where(place > tuple_(cast(cursor.at, DateTime(timezone=True)), cursor.number))
            asked = asked.order_by(col(SendingRow.failing_since), number)
        else:
            asked = asked.where(number > cursor.number) if cursor is not None else asked
            asked = asked.order_by(number)
        async with transaction(self._engine) as connection:
            found = [_sending(row) for row in await connection.execute(asked.limit(limit + 1))]
        last = found[limit - 1] if len(found) > limit else None
        at = (last.failing_since or last.planned_at) if last else None
        following = Cursor(order=order, at=at, number=last.id).text() if last else None
        return Page(items=await self._masked(found[:limit]), next=following)

    async def find(self, id: str) -> Sending | None:  # noqa: A002 - it is called so in the table
        """The sending of an id, if there is one."""
        async with transaction(self._engine) as connection:
            row = (await connection.execute(_one(id))).one_or_none()
        return (await self._masked([_sending(row)]))[0] if row is not None else None

    async def retry(self, id: str, now: datetime | None = None) -> Sending | None:  # noqa: A002
        """Have one that waits, fails or has failed sent as soon as its hours allow, and look at it as it stands then.

        A notice that no words were found for is planned anew; of that there is no sending until it is.

        Returns:
            The sending; none if there is none of this id.

        Raises:
            InvalidError: `state`, it has gone out, or goes out within another one; `words`, it failed so long ago that
                its words are not kept any more.
        """
        found = await self._retry(id, now)
        return (await self._masked([found]))[0] if found is not None else None

    async def _retry(self, id: str, now: datetime | None) -> Sending | None:  # noqa: A002
        mine = _SENDINGS.c.id == storable(id)
        async with transaction(self._engine) as connection:
            row = (await connection.execute(_one(id).with_for_update())).one_or_none()
            if row is None:
                return None
            found = _sending(row)
            if found.state in ("sent", "gathered"):
                within = f"goes out within {found.gathered_in}; have that one tried again, if it fails"
                where = within if found.gathered_in else "was sent already"
                raise InvalidError("state", f"the sending {found.id} {where}")
            if found.state == "failed" and not await _keeps_words(connection, found):
                told = f"failed more than {KEPT.days} days ago, and its words are not kept any more"
                raise InvalidError("words", f"the sending {found.id} {told}")
            if not found.channel:
                await connection.execute(delete(_SENDINGS).where(mine))
                again = update(_NOTICES).where(_NOTICES.c.key == found.notice).values(planned_at=None)
                await connection.execute(again)
                return found
            # By the clock that those go by who send it, not by that of whoever asks.
            moment = now or (await connection.execute(select(func.clock_timestamp()))).scalar_one()
            changed: dict[str, Any] = {"state": "waiting", "send_after": moment}
            if found.state == "failed":
                # The days that it is tried for begin anew.
                changed["failing_since"] = moment
            await connection.execute(update(_SENDINGS).where(mine).values(changed))
            return _sending((await connection.execute(_one(id))).one())

    async def counts(self) -> dict[tuple[str, State], int]:
        """How many sendings are failing or failed, by channel; what has none is not named."""
        channel = col(SendingRow.channel)
        asked = select(channel, _STATE, func.count()).where(_STUCK).group_by(channel, _STATE)
        async with transaction(self._engine) as connection:
            return {(name, _named(state)): count for name, state, count in await connection.execute(asked)}

    async def unplanned(self) -> int:
        """How many notices nobody has planned yet."""
        asked = select(func.count()).select_from(NoticeRow).where(col(NoticeRow.planned_at).is_(None))
        async with transaction(self._engine) as connection:
            return (await connection.execute(asked)).scalar_one()

    async def _masked(self, found: Sequence[Sending]) -> list[Sending]:
        keys = await self._seals.keys({name for one in found for name in keys_in(one.address)})
        return [replace(one, address=_mask(one.audience, open_text(one.address, keys))) for one in found]


async def _keeps_words(connection: AsyncConnection, failed: Sending) -> bool:
    """Whether there is still something to send: its own words, those of what goes out within it, or its notice."""
    own = or_(_SENDINGS.c.id == failed.id, _SENDINGS.c.gathered_in == failed.id)
    asked = select(_SENDINGS.c.id).where(own, _SENDINGS.c.body != "")
    if not failed.channel:
        asked = select(_NOTICES.c.key).where(_NOTICES.c.key == failed.notice, _NOTICES.c.content.is_not(None))
    return (await connection.execute(asked.limit(1))).first() is not None


def _mask(audience: str, address: str) -> str:
    if "@" in address:
        return masked_email(address) or ""
    # What reaches people of the service is the code of a unit.
    return (masked_phone(address) or "") if audience == COMPLAINANT else address


def _asked() -> Select[Any]:
    return select(*(col(getattr(SendingRow, name)) for name in _SHOWN), _STATE)


def _one(id: str) -> Select[Any]:  # noqa: A002
    return _asked().where(col(SendingRow.id) == storable(id))


def _sending(row: Any) -> Sending:
    *values, state = row
    return Sending(**dict(zip(_SHOWN, values, strict=True)), state=_named(state))


def _conditions(case_number: str | None, state: State | None) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if case_number is not None:
        conditions.append(col(SendingRow.case_number) == storable(case_number))
    if state is None:
        return conditions
    if state not in get_args(State):
        raise InvalidError("state", f"must be one of {', '.join(get_args(State))}")
    conditions.append(col(SendingRow.state) == ("waiting" if state == "failing" else state))
    if state in ("failing", "failed"):
        conditions.append(_STUCK)
    elif state == "waiting":
        conditions.append(col(SendingRow.failing_since).is_(None))
    return conditions


def _named(word: str) -> State:
    return next(state for state in get_args(State) if state == word)
