"""The tables of what is guarded: keys of cases, the audit trail, erasures and holds, callers, complaints kept back."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Column, Identity, Index, LargeBinary, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from records.tables import moment


class DataKeyRow(SQLModel, table=True):
    """A key of one case's texts, wrapped by a master key. `case_number` is none until something of a case is recorded
    that it opens. `wrapped` is emptied when the key is destroyed: from then on nobody can open what it sealed.
    """

    __tablename__ = "data_keys"

    id: str = Field(primary_key=True)
    wrapped: bytes | None = Field(default=None, sa_column=Column(LargeBinary, nullable=True))
    master: str
    case_number: str | None = None
    made_at: datetime = Field(sa_column=moment(now=True))
    destroyed_at: datetime | None = Field(default=None, sa_column=moment(nullable=True))

    __table_args__ = (
        Index("data_keys_case", "case_number", postgresql_where=text("case_number IS NOT NULL")),
        Index("data_keys_master", "master", "id", postgresql_where=text("wrapped IS NOT NULL")),
        Index("data_keys_unclaimed", "made_at", postgresql_where=text("case_number IS NULL")),
    )


class AuditRow(SQLModel, table=True):
    """One entry of the audit trail: who did or saw what, when, from where and why. It is never changed.

    `content` is a digest of what the entry is about where that is kept elsewhere, as an event of a case. A moment
    after it was written an entry gets its `position` in the chain, and a `seal` over itself and the one before, made
    with the `proof_key`.
    """

    __tablename__ = "audit_trail"

    id: int | None = Field(default=None, sa_column=Column(BigInteger, Identity(always=True), primary_key=True))
    at: datetime = Field(sa_column=moment(now=True))
    actor: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    origin: str = ""
    action: str
    case_number: str | None = None
    seq: int | None = None
    reason: str = ""
    content: str = ""
    details: dict[str, Any] = Field(
        default_factory=dict, sa_column=Column(JSONB, nullable=False, server_default=text("'{}'::jsonb"))
    )
    position: int | None = Field(default=None, sa_column=Column(BigInteger, unique=True, nullable=True))
    proof_key: str | None = None
    seal: str | None = None

    __table_args__ = (
        Index("audit_trail_unchained", "id", postgresql_where=text("position IS NULL")),
        Index("audit_trail_case", "case_number", "id"),
        Index("audit_trail_at", "at", "id"),
        Index("audit_trail_actor", text("(actor ->> 'id')"), "at", "id"),
        Index("audit_trail_action", "action", "at", "id"),
    )


class ErasureRow(SQLModel, table=True):
    """A case that was erased: when, by which rule, on whose word and why, and how many keys were destroyed.

    `settled_at` is none until what lies outside the register is gone too: its history in the engine, its attachments.
    """

    __tablename__ = "erasures"

    case_number: str = Field(primary_key=True)
    at: datetime = Field(sa_column=moment(now=True))
    rule: str
    reason: str = ""
    actor: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    keys: int = 0
    settled_at: datetime | None = Field(default=None, sa_column=moment(nullable=True))

    __table_args__ = (
        Index("erasures_at", "at", "case_number"),
        Index("erasures_unsettled", "case_number", postgresql_where=text("settled_at IS NULL")),
    )


class LegalHoldRow(SQLModel, table=True):
    """A case that must not be erased, whatever its age, until the hold is lifted."""

    __tablename__ = "legal_holds"

    id: int | None = Field(default=None, sa_column=Column(BigInteger, Identity(always=True), primary_key=True))
    case_number: str
    reason: str
    placed_by: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    placed_at: datetime = Field(sa_column=moment(now=True))
    lifted_by: dict[str, Any] | None = Field(default=None, sa_column=Column(JSONB(none_as_null=True)))
    lifted_at: datetime | None = Field(default=None, sa_column=moment(nullable=True))
    lifted_reason: str = ""

    __table_args__ = (
        Index("legal_holds_in_force", "case_number", unique=True, postgresql_where=text("lifted_at IS NULL")),
        Index("legal_holds_case", "case_number"),
    )


class CallRow(SQLModel, table=True):
    """That a case was raised by a caller, known by a keyed digest of a telephone number or an address of mail.

    Gone when the case is erased.
    """

    __tablename__ = "calls"

    case_number: str = Field(primary_key=True)
    caller: str = Field(primary_key=True)
    received_at: datetime = Field(sa_column=moment())

    __table_args__ = (Index("calls_caller", "caller", "received_at"),)


class CallerMarkRow(SQLModel, table=True):
    """A caller whom somebody has marked for repeating the same matter without anything new (Art. 9), until a moment."""

    __tablename__ = "caller_marks"

    caller: str = Field(primary_key=True)
    reason: str
    case_number: str
    marked_by: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    marked_at: datetime = Field(sa_column=moment(now=True))
    until: datetime = Field(sa_column=moment())


class KeptCaseRow(SQLModel, table=True):
    """A complaint taken in while the engine was out of reach. `command` is the JSON of its `Receive`, texts sealed.

    It is started as soon as the engine answers; `started_at` tells when it was. Once it is recorded besides, `command`
    is emptied. With a `reason` it has been refused, and is tried again at `try_at`; without that, nobody tries again
    until a person asks.
    """

    __tablename__ = "kept_cases"

    number: str = Field(primary_key=True)
    command: dict[str, Any] | None = Field(default=None, sa_column=Column(JSONB(none_as_null=True)))
    content: str
    priority: int
    kept_at: datetime = Field(sa_column=moment(now=True))
    started_at: datetime | None = Field(default=None, sa_column=moment(nullable=True))
    try_at: datetime | None = Field(default=None, sa_column=moment(nullable=True))
    attempts: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    reason: str = Field(default="", sa_column_kwargs={"server_default": ""})

    __table_args__ = (
        Index("kept_cases_waiting", "priority", "kept_at", postgresql_where=text("started_at IS NULL")),
        Index("kept_cases_held", "number", postgresql_where=text("started_at IS NOT NULL AND command IS NOT NULL")),
    )
