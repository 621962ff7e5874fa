"""Erasing cases: on request, or when the time is over for which the city keeps them (Art. 8, 28)."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import AwareDatetime
from sqlalchemy import ColumnElement, Row, Select, Table, case, func, insert, not_, or_, select, tuple_, update
from sqlalchemy import cast as as_type
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel import col
from sqlmodel import select as select_rows

from cases.erasure import ERASED_CONTENT
from cases.errors import InvalidError, RefusalError
from cases.masking import Contact, scrub
from cases.policy import Policy
from cases.sealed import looks_sealed
from cases.vocabulary import Actor, Kind, Value
from records import audit
from records.cursor import Cursor, Page, check_limit
from records.database import reading, transaction
from records.erasing import empty
from records.guarding import AuditRow, DataKeyRow, ErasureRow, LegalHoldRow
from records.legal_holds import held_row, in_force
from records.tables import CaseRow, Moment
from records.text import storable

ERASED_ACTION = "erased"
"""What the audit trail calls it."""

ON_REQUEST = "on request"
"""The rule of an erasure that the person, or somebody for them, has asked for."""

_LONGEST_REASON = 500
_ORDER = "erased_at"
_CASES: Table = CaseRow.__table__  # type: ignore[attr-defined]
_ERASURES: Table = ErasureRow.__table__  # type: ignore[attr-defined]
_HOLDS: Table = LegalHoldRow.__table__  # type: ignore[attr-defined]


def check_reason(reason: str, complainant: Contact) -> None:
    """See that the reason of an erasure, which stays readable for ever, tells nothing of the person whose case it is.

    Args:
        reason: Why the case is erased.
        complainant: Who raised it, open.

    Raises:
        InvalidError: it names them or holds a number or an address of anybody, or there is none, or it is too long.
    """
    if not 1 <= len(reason) <= _LONGEST_REASON:
        raise InvalidError("reason", f"say why, in 1 to {_LONGEST_REASON} characters; it stays as the proof")
    if scrub(reason, complainant) != reason or _names(reason, complainant.name or ""):
        raise InvalidError(
            "reason",
            "names the person, or holds a telephone number, a mail address or the number of an identity card; it stays "
            "readable for ever, so write it without, as: at the person's request of 3 March",
        )


def _names(text: str, name: str) -> bool:
    """Whether a text has a part of a name, which by itself may tell enough: a word of it, or a Chinese given name."""
    words = [word for word in re.findall(r"[^\W\d_]{3,}", name) if word[0].isupper()]
    if any(re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text) for word in words):
        return True
    given = [found[1:] for found in re.findall(r"[\u3400-\u9fff]{3,4}", name)]
    return any(one in text for one in given)


class Place(Value):
    """Where a way through the cases that are due stands: after which one, of which policy."""

    policy: str
    closed_at: AwareDatetime
    number: str


class Due(Value):
    """A case whose time is over, and by which rule."""

    number: str
    policy: str
    category: str
    closed_at: AwareDatetime
    rule: str

    @property
    def place(self) -> Place:
        """Where the way goes on after it."""
        return Place(policy=self.policy, closed_at=self.closed_at, number=self.number)


@dataclass(frozen=True, kw_only=True)
class KeysLeft:
    """What is left of the keys of a case: `destroyed` can open nothing any more, `usable` still can."""

    destroyed: int
    usable: int


class Erasures:
    """Every method raises UnavailableError while PostgreSQL is out of reach."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def erase(
        self, number: str, *, rule: str, reason: str, actor: Actor, origin: str = ""
    ) -> tuple[ErasureRow, bool]:
        """Erase a case that has ended: all of it that the register has, at once and for good.

        What lies outside, the engine's history and the attachments, is for the caller to see to, and to `settle` then.
        Processes that have opened its texts may remember its keys for `records.seals.FRESH` seconds more.

        Args:
            number: The case.
            rule: By which rule: `ON_REQUEST`, or that of the policy.
            reason: Why. It stays readable: it proves the erasure, and must not tell of the person.
            actor: Who wants it.
            origin: The network address that it is wanted from.

        Returns:
            The erasure, and whether it is new: done again, nothing happens.

        Raises:
            UnknownCaseError: the register has no such case.
            RefusalError: it is open, or under a legal hold.
            InvalidError: the reason looks like a sealed text.
        """
        if looks_sealed(reason):
            raise InvalidError("reason", "reads like a text that the service has sealed; write it in plain words")
        number = storable(number)
        async with transaction(self._engine) as connection:
            row = await held_row(connection, number)
            done = (await connection.execute(select(_ERASURES).where(_ERASURES.c.case_number == number))).one_or_none()
            if done is not None:
                return ErasureRow(**done._mapping), False
            if row.closed_at is None:
                raise RefusalError(
                    "case_open", f"case {number} is open; it can be erased once it has ended", source="erasure"
                )
            if (hold := await in_force(connection, number)) is not None:
                raise RefusalError(
                    "legal_hold",
                    f"case {number} is under legal hold {hold.id}, placed on {hold.placed_at:%Y-%m-%d}; it can be "
                    "erased once that is lifted: DELETE its legal-hold, or `hotline hold lift`",
                    source="erasure",
                )
            keys = await empty(connection, number, actor)
            made = {"case_number": number, "rule": rule, "reason": reason, "keys": keys}
            put = insert(_ERASURES).values(made | {"actor": actor.model_dump(mode="json")}).returning(*_ERASURES.c)
            erased = ErasureRow(**(await connection.execute(put)).one()._mapping)
            told = {"rule": rule, "keys": keys}
            await audit.write(connection, actor, ERASED_ACTION, origin=origin, case=number, reason=reason, details=told)
        return erased, True

    async def settle(self, number: str) -> None:
        """Take down that nothing of an erased case is left outside the register either."""
        mine = (_ERASURES.c.case_number == storable(number), _ERASURES.c.settled_at.is_(None))
        async with transaction(self._engine) as connection:
            await connection.execute(update(_ERASURES).where(*mine).values(settled_at=func.now()))

    async def unsettled(self, limit: int = 100, after: str = "") -> list[str]:
        """Erased cases of which something may be left outside, by number, after one."""
        asked = select(_ERASURES.c.case_number).where(_ERASURES.c.settled_at.is_(None), _ERASURES.c.case_number > after)
        async with transaction(self._engine) as connection:
            return list((await connection.execute(asked.order_by(_ERASURES.c.case_number).limit(limit))).scalars())

    async def find(self, number: str) -> ErasureRow | None:
        """The erasure of a case, if it was erased."""
        async with reading(self._engine) as session:
            return await session.get(ErasureRow, storable(number))

    async def page(self, limit: int = 50, after: str | None = None) -> Page[ErasureRow]:
        """One page of the erasures, the latest first.

        Raises:
            InvalidError: `after` is not the `next` of a page of this list, or `limit` is not from 1 to 1,000.
        """
        check_limit(limit)
        asked = select_rows(ErasureRow)
        place = tuple_(col(ErasureRow.at), col(ErasureRow.case_number))
        if after is not None:
            cursor = Cursor.read(after, _ORDER)
            asked = asked.where(place < tuple_(as_type(cursor.at, Moment), cursor.number))
        newest = asked.order_by(col(ErasureRow.at).desc(), col(ErasureRow.case_number).desc())
        async with reading(self._engine) as session:
            found = list(await session.exec(newest.limit(limit + 1)))
        last = found[limit - 1] if len(found) > limit else None
        following = Cursor(order=_ORDER, at=last.at, number=last.case_number).text() if last else None
        return Page(items=found[:limit], next=following)

    async def keys_of(self, number: str) -> KeysLeft:
        """What is left of the keys of a case."""
        wrapped = col(DataKeyRow.wrapped).is_not(None)
        asked = select(func.count(), func.count().filter(wrapped)).where(
            col(DataKeyRow.case_number) == storable(number)
        )
        async with transaction(self._engine) as connection:
            total, usable = (await connection.execute(asked)).one()
        return KeysLeft(destroyed=total - usable, usable=usable)

    async def entries_of(self, number: str, action: str) -> Sequence[AuditRow]:
        """What the audit trail holds of an action that a case was subject to."""
        asked = select_rows(AuditRow).where(
            col(AuditRow.case_number) == storable(number), col(AuditRow.action) == action
        )
        async with reading(self._engine) as session:
            return (await session.exec(asked.order_by(col(AuditRow.id)))).all()

    async def due(
        self, policies: Mapping[str, Policy], now: datetime, limit: int = 100, after: Place | None = None
    ) -> list[Due]:
        """Cases whose time is over at a moment, by their policy and their end. Those on hold are not among them.

        Args:
            policies: The rules of today, by the code of the policy: they hold for all its cases, whatever the version
                that those were received under.
            now: The moment.
            limit: At most so many.
            after: Go on after this one.
        """
        found: list[Due] = []
        async with transaction(self._engine) as connection:
            for code, policy in sorted(policies.items()):
                if (after is not None and code < after.policy) or len(found) == limit:
                    continue
                own = after if after is not None and after.policy == code else None
                if (asked := _due(policy, now, own)) is not None:
                    rows = await connection.execute(asked.limit(limit - len(found)))
                    found += [_told(row, policy) for row in rows]
        return found


def _due(policy: Policy, now: datetime, after: Place | None) -> Select[Any] | None:
    rules = policy.retention
    if rules is None or not any(rules.ages()):
        return None
    zone = policy.city_zone
    ends: ColumnElement[Any] = _cutoff(policy, now)
    latest = max(age.before(now, zone) for _, age in rules.ages())
    held = select(_HOLDS.c.id).where(_HOLDS.c.case_number == _CASES.c.number, _HOLDS.c.lifted_at.is_(None)).exists()
    asked = select(_CASES.c.number, _CASES.c.policy, _CASES.c.kind, _CASES.c.category, _CASES.c.closed_at).where(
        _CASES.c.policy == policy.policy,
        _CASES.c.closed_at.is_not(None),
        _CASES.c.content_fingerprint != ERASED_CONTENT,
        # The one that an index finds, and the one that decides.
        _CASES.c.closed_at <= latest,
        _CASES.c.closed_at <= ends,
        not_(held),
    )
    if after is not None:
        place = tuple_(_CASES.c.closed_at, _CASES.c.number)
        asked = asked.where(place > tuple_(as_type(after.closed_at, Moment), after.number))
    return asked.order_by(_CASES.c.closed_at, _CASES.c.number)


def _cutoff(policy: Policy, now: datetime) -> ColumnElement[Any]:
    """By when a case must have ended, as `Retention.of` has it: LEAST leaves out what nothing is said of."""
    rules, zone = policy.retention, policy.city_zone
    said: list[ColumnElement[Any]] = []
    if rules is not None and rules.kinds:
        said.append(case(*((_CASES.c.kind == kind, age.before(now, zone)) for kind, age in rules.kinds.items())))
    if rules is not None and rules.categories:
        closest = sorted(rules.categories.items(), key=lambda item: -len(item[0]))
        said.append(case(*((_lies_within(category), age.before(now, zone)) for category, age in closest)))
    default = rules.default.before(now, zone) if rules is not None and rules.default is not None else None
    parts = [func.least(*said)] if said else []
    return func.coalesce(*parts, as_type(default, Moment))


def _lies_within(category: str) -> ColumnElement[bool]:
    own = _CASES.c.category
    return or_(own == category, own.startswith(f"{category}/", autoescape=True))


def _told(row: Row[Any], policy: Policy) -> Due:
    age = policy.retention.of(Kind(row.kind), row.category) if policy.retention else None
    return Due(
        number=row.number,
        policy=row.policy,
        category=row.category,
        closed_at=row.closed_at,
        rule=f"{age} after its end, by policy {policy.policy} {policy.version}",
    )
