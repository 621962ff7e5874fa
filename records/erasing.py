"""What erasing a case takes from the register, table by table, in one transaction.

Every key of the case is destroyed, so that its texts are lost wherever copies of them are. What no key guards, as what
earlier releases wrote, is blanked. Its row stays with all that statistics are made of.
"""

from pydantic_core import to_json
from sqlalchemy import Table, bindparam, delete, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from cases.erasure import ERASED_CONTENT, blanked, blanked_history
from cases.events import Event
from cases.sealed import ERASED, is_sealed
from cases.vocabulary import Actor
from records.audit_events import restate
from records.data_keys import claim, destroy
from records.guarding import AuditRow, CallerMarkRow, CallRow, KeptCaseRow, LegalHoldRow
from records.outgoing import DeliveryRow, MailboxRow, NoticeRow, SendingRow
from records.tables import CaseRow, EventRow

_CASES: Table = CaseRow.__table__  # type: ignore[attr-defined]
_EVENTS: Table = EventRow.__table__  # type: ignore[attr-defined]
_MAILBOX: Table = MailboxRow.__table__  # type: ignore[attr-defined]
_DELIVERIES: Table = DeliveryRow.__table__  # type: ignore[attr-defined]
_NOTICES: Table = NoticeRow.__table__  # type: ignore[attr-defined]
_SENDINGS: Table = SendingRow.__table__  # type: ignore[attr-defined]
_HOLDS: Table = LegalHoldRow.__table__  # type: ignore[attr-defined]
_AUDIT: Table = AuditRow.__table__  # type: ignore[attr-defined]
_CALLS: Table = CallRow.__table__  # type: ignore[attr-defined]
_MARKS: Table = CallerMarkRow.__table__  # type: ignore[attr-defined]
_KEPT: Table = KeptCaseRow.__table__  # type: ignore[attr-defined]

_UNSENT = ("waiting", "failed")
_EMPTY = {"address": "", "subject": "", "body": ""}


async def empty(connection: AsyncConnection, number: str, actor: Actor) -> int:
    """Take from a case all that tells of a person; whoever calls holds its row. How many keys were destroyed."""
    await _claim_all(connection, number)
    keys = await destroy(connection, number)
    await _blank_events(connection, number, actor)
    await _blank_mailbox(connection, number)
    await _empty_outgoing(connection, number)
    for table in (_CALLS, _MARKS, _DELIVERIES):
        await connection.execute(delete(table).where(table.c.case_number == number))
    kept = update(_KEPT).where(_KEPT.c.number == number)
    await connection.execute(kept.values(command=None, content=ERASED_CONTENT, reason=""))
    await _blank_row(connection, number)
    return keys


async def _claim_all(connection: AsyncConnection, number: str) -> None:
    """See that every key that sealed something of the case counts as its own, also where no event shows that."""
    texts: list[str] = []
    for table, column in (
        (_MAILBOX, _MAILBOX.c.form),
        (_NOTICES, _NOTICES.c.content),
        (_HOLDS, _HOLDS.c.reason),
        (_HOLDS, _HOLDS.c.lifted_reason),
        (_AUDIT, _AUDIT.c.reason),
        (_MARKS, _MARKS.c.reason),
        (_DELIVERIES, _DELIVERIES.c.reason),
        *((_SENDINGS, _SENDINGS.c[name]) for name in _EMPTY),
    ):
        found = await connection.execute(select(column).where(table.c.case_number == number))
        texts += [one if isinstance(one, str) else to_json(one).decode() for one in found.scalars()]
    await claim(connection, number, [text.encode() for text in texts])


async def _blank_events(connection: AsyncConnection, number: str, actor: Actor) -> None:
    rows = await connection.execute(select(_EVENTS).where(_EVENTS.c.case_number == number).order_by(_EVENTS.c.seq))
    stored = [{name: getattr(row, name) for name in Event.model_fields} for row in rows]
    changed = [
        {"of": left["seq"], "to_cause": left["cause"], "to_fact": left["fact"]}
        for before, left in zip(stored, blanked_history(stored), strict=True)
        if left != before
    ]
    if changed:
        mine = (_EVENTS.c.case_number == number, _EVENTS.c.seq == bindparam("of"))
        put = update(_EVENTS).where(*mine).values(cause=bindparam("to_cause"), fact=bindparam("to_fact"))
        await connection.execute(put, changed)
        await restate(connection, number, [one["of"] for one in changed], actor)


async def _blank_mailbox(connection: AsyncConnection, number: str) -> None:
    rows = await connection.execute(select(_MAILBOX.c.id, _MAILBOX.c.form).where(_MAILBOX.c.case_number == number))
    changed = [{"of": id, "to_form": left} for id, form in rows if (left := blanked(form)) != form]  # noqa: A001
    if changed:
        put = update(_MAILBOX).where(_MAILBOX.c.id == bindparam("of")).values(form=bindparam("to_form"))
        await connection.execute(put, changed)


async def _empty_outgoing(connection: AsyncConnection, number: str) -> None:
    """Nobody is told any more what waits; of what went out, it is forgotten to whom."""
    notices = update(_NOTICES).where(_NOTICES.c.case_number == number, _NOTICES.c.content.is_not(None))
    await connection.execute(notices.values(content=None))
    unplanned = (_NOTICES.c.case_number == number, _NOTICES.c.planned_at.is_(None))
    await connection.execute(delete(_NOTICES).where(*unplanned))
    mine = _SENDINGS.c.case_number == number
    full = or_(*(_SENDINGS.c[name] != "" for name in _EMPTY))
    # One of an earlier release that gathered others has their words in it.
    gathering = select(_SENDINGS.c.gathered_in).where(mine, _SENDINGS.c.gathered_in.is_not(None)).scalar_subquery()
    await connection.execute(update(_SENDINGS).where(_SENDINGS.c.id.in_(gathering), full).values(_EMPTY))
    # What has words still is to go out, by itself or within another one.
    await connection.execute(delete(_SENDINGS).where(mine, or_(_SENDINGS.c.state.in_(_UNSENT), full)))
    await connection.execute(update(_SENDINGS).where(mine).values(addressee=""))


async def _blank_row(connection: AsyncConnection, number: str) -> None:
    subject = (await connection.execute(select(_CASES.c.subject).where(_CASES.c.number == number))).scalar_one()
    changed: dict[str, object] = {"content_fingerprint": ERASED_CONTENT, "source_ref": None}
    if subject and not is_sealed(subject):
        changed["subject"] = ERASED
    await connection.execute(update(_CASES).where(_CASES.c.number == number).values(changed))
