"""The tables of the register. Times are UTC; what is a list or a document inside is JSON."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import BigInteger, Column, DateTime, Dialect, Index, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeDecorator
from sqlmodel import Field, SQLModel


class Moment(TypeDecorator[datetime]):
    """A moment, read back in UTC whatever the zone of the session."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse a time without a zone, which PostgreSQL would take for the session's own."""
        if value is not None and value.tzinfo is None:
            raise ValueError(f"{value} has no zone")
        return value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Turn what the session's zone shows into UTC."""
        return None if value is None else value.astimezone(UTC)


def moment(*, nullable: bool = False, now: bool = False) -> "Column[datetime]":
    """A column for a moment; with `now`, the database's own clock fills it in."""
    return Column(Moment, nullable=nullable, server_default=func.now() if now else None)


_DUE = text("COALESCE(due_at, 'infinity'::timestamptz)")
"""By what lists of what is due next are in order: without a deadline comes last."""
_RUNNING = text("COALESCE(due_at, 'infinity'::timestamptz) < 'infinity'::timestamptz")
"""With a deadline. Said so, the planner takes it for the same condition, and not for a second one."""


class CaseRow(SQLModel, table=True):
    """A case as lists show it: projected from its events whenever some are written.

    `version` is the last event. `content_fingerprint` tells whether a second complaint under the same reference is the
    same. `due_at` is the next running deadline, `due_name` its name; `breached` says that any deadline ever was.
    `rounds` counts the reports. `unit` and `district` lead and supervise it now, or did last. `ground` says why it was
    not dispatched, `paused` why its limits stand still, `incident` through which case it is handled. `objected` and
    `extension_asked` say that a unit waits for a decision. `assisting` are the units called in whose reports are
    outstanding; `involved` are units that an open case has asked, and districts of units called in. `unit_times` are
    the seconds for which each unit held it and waited for the complainant, as of its last event. `confidential` and
    `accused` are as in the complaint; `subject` is sealed. An erased case has `erased` for its fingerprint.
    """

    __tablename__ = "cases"

    number: str = Field(primary_key=True)
    version: int
    status: str
    level: str
    kind: str
    category: str
    channel: str
    source: str
    source_ref: str | None = None
    content_fingerprint: str
    subject: str | None = None
    area: str | None = None
    unit: str | None = None
    district: str | None = None
    policy: str
    policy_version: str
    received_at: datetime = Field(sa_column=moment())
    updated_at: datetime = Field(sa_column=moment())
    closed_at: datetime | None = Field(default=None, sa_column=moment(nullable=True))
    outcome: str | None = None
    due_at: datetime | None = Field(default=None, sa_column=moment(nullable=True))
    due_name: str | None = None
    breached: bool
    returns: int
    rounds: int
    ground: str | None = None
    paused: str | None = None
    incident: str | None = None
    stage: int = Field(default=1, sa_column_kwargs={"server_default": "1"})
    reopened: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    urges: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    supervised: bool = Field(default=False, sa_column_kwargs={"server_default": text("false")})
    awaits_supervisor: bool = Field(default=False, sa_column_kwargs={"server_default": text("false")})
    objected: bool = Field(default=False, sa_column_kwargs={"server_default": text("false")})
    extension_asked: bool = Field(default=False, sa_column_kwargs={"server_default": text("false")})
    satisfaction: str | None = None
    confidential: bool = Field(default=False, sa_column_kwargs={"server_default": text("false")})
    accused: list[str] = Field(
        default_factory=list, sa_column=Column(JSONB, nullable=False, server_default=text("'[]'::jsonb"))
    )
    assisting: list[str] = Field(
        default_factory=list, sa_column=Column(JSONB, nullable=False, server_default=text("'[]'::jsonb"))
    )
    involved: list[str] = Field(
        default_factory=list, sa_column=Column(JSONB, nullable=False, server_default=text("'[]'::jsonb"))
    )
    unit_times: dict[str, Any] = Field(
        default_factory=dict, sa_column=Column(JSONB, nullable=False, server_default=text("'{}'::jsonb"))
    )

    __table_args__ = (
        Index("cases_source_ref", "source", "source_ref", unique=True, postgresql_where=text("source_ref IS NOT NULL")),
        Index("cases_received", "received_at", "number"),
        Index("cases_status_received", "status", "received_at", "number"),
        Index("cases_unit_received", "unit", "received_at", "number"),
        Index("cases_due", _DUE, "number"),
        Index("cases_unit_due", "unit", _DUE, "number"),
        Index("cases_area_received", "area", "received_at", "number"),
        Index("cases_category_received", "category", "received_at", "number"),
        Index("cases_incident", "incident", "number", postgresql_where=text("incident IS NOT NULL")),
        Index("cases_incident_due", "incident", _DUE, "number", postgresql_where=text("incident IS NOT NULL")),
        Index("cases_involved", "involved", postgresql_using="gin", postgresql_where=text("involved <> '[]'::jsonb")),
        Index("cases_district_received", text("COALESCE(district, unit)"), "received_at", "number"),
        Index(
            "cases_district_due",
            text("COALESCE(district, unit)"),
            _DUE,
            "number",
        ),
        Index(
            "cases_to_decide",
            "received_at",
            "number",
            postgresql_where=text("objected OR extension_asked OR awaits_supervisor"),
        ),
        Index(
            "cases_to_decide_due",
            _DUE,
            "number",
            postgresql_where=text("objected OR extension_asked OR awaits_supervisor"),
        ),
        Index(
            "cases_assisting",
            "assisting",
            postgresql_using="gin",
            postgresql_where=text("assisting <> '[]'::jsonb"),
        ),
        Index("cases_open_policy", "policy", "policy_version", "number", postgresql_where=text("closed_at IS NULL")),
        Index(
            "cases_ended",
            "policy",
            "closed_at",
            "number",
            postgresql_where=text("closed_at IS NOT NULL AND content_fingerprint <> 'erased'"),
        ),
        Index("cases_open", "number", postgresql_where=text("closed_at IS NULL")),
        Index("cases_status_due", "status", _DUE, "number"),
        Index("cases_source_received", "source", "received_at", "number"),
        Index("cases_level_received", "level", "received_at", "number"),
        Index("cases_running_received", "received_at", "number", _DUE, postgresql_where=_RUNNING),
        Index("cases_running_due", _DUE, "number", "received_at", postgresql_where=_RUNNING),
        Index("cases_level_due", "level", _DUE, "number", postgresql_where=_RUNNING),
        Index("cases_source_due", "source", _DUE, "number", postgresql_where=_RUNNING),
        Index("cases_paused_received", "paused", "received_at", "number", postgresql_where=text("paused IS NOT NULL")),
        Index("cases_paused_due", "paused", _DUE, "number", postgresql_where=text("paused IS NOT NULL")),
        Index("cases_supervised_received", "received_at", "number", postgresql_where=text("supervised")),
        Index("cases_supervised_due", _DUE, "number", postgresql_where=text("supervised")),
    )


class CaseCountRow(SQLModel, table=True):
    """How many cases stand somewhere, held to a version of a policy: the sum over the slots, which may be negative.

    The database keeps it, as `cases` changes. A connection counts in one slot, so that it hardly ever waits for others.
    """

    __tablename__ = "case_counts"

    policy: str = Field(primary_key=True)
    policy_version: str = Field(primary_key=True)
    status: str = Field(primary_key=True)
    slot: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    cases: int = Field(sa_column=Column(BigInteger, nullable=False))


class EventRow(SQLModel, table=True):
    """One event of a case, written once and never changed. `type` is that of its fact."""

    __tablename__ = "case_events"

    case_number: str = Field(primary_key=True)
    seq: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    type: str
    at: datetime = Field(sa_column=moment())
    actor: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    cause: dict[str, Any] | None = Field(default=None, sa_column=Column(JSONB(none_as_null=True)))
    fact: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    recorded_at: datetime = Field(sa_column=moment(now=True))


class UnitRow(SQLModel, table=True):
    """A handling unit. `endpoint` is the address of its system; a unit without one takes its orders from the API.

    `per_minute` is how many orders its system takes a minute, `at_once` how many at a time; none leaves that to the
    settings.
    """

    __tablename__ = "units"

    code: str = Field(primary_key=True)
    kind: str
    title: dict[str, str] = Field(sa_column=Column(JSONB, nullable=False))
    district: str | None = None
    endpoint: str | None = None
    per_minute: int | None = None
    at_once: int | None = None


class PolicyRow(SQLModel, table=True):
    """A policy in one version, which never changes. `digest` tells its content.

    `tables` are its units, categories and dispatch catalogue. The version of a policy that came into force last is the
    one that new cases are received under.
    """

    __tablename__ = "policies"

    policy: str = Field(primary_key=True)
    version: str = Field(primary_key=True)
    content: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    digest: str
    loaded_at: datetime = Field(sa_column=moment(now=True))
    tables: dict[str, Any] | None = Field(default=None, sa_column=Column(JSONB(none_as_null=True)))
    in_force_since: datetime | None = Field(default=None, sa_column=moment(nullable=True))


class KeyRow(SQLModel, table=True):
    """An API key. Of its secret only the SHA-256 is kept. `replaces` is the prefix of the key before it."""

    __tablename__ = "api_keys"

    prefix: str = Field(primary_key=True)
    secret_hash: str
    role: str
    unit: str | None = None
    source: str | None = None
    label: str = ""
    created_at: datetime = Field(sa_column=moment(now=True))
    expires_at: datetime | None = Field(default=None, sa_column=moment(nullable=True))
    revoked_at: datetime | None = Field(default=None, sa_column=moment(nullable=True))
    last_used_at: datetime | None = Field(default=None, sa_column=moment(nullable=True))
    replaces: str | None = None
