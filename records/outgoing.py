"""The tables of what goes out: the units' mailboxes, deliveries that are stuck, secrets, notices and their sending."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Column, Identity, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from records.tables import moment


class MailboxRow(SQLModel, table=True):
    """One thing that a unit was told of an order, whether or not it has a system. `id` grows in the order of commits.

    `form` is the JSON of an `OrderForm`, and never changes.
    """

    __tablename__ = "unit_orders"

    id: int | None = Field(default=None, sa_column=Column(BigInteger, Identity(always=True), primary_key=True))
    unit: str
    key: str = Field(unique=True)
    about: str
    case_number: str
    form: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    written_at: datetime = Field(sa_column=moment(now=True))

    __table_args__ = (Index("unit_orders_unit", "unit", "id"),)


class DeliveryRow(SQLModel, table=True):
    """A delivery to a unit's system that has failed and not come through since.

    `expected_by` is when it should have arrived: for an order, its acknowledgment limit. `stopped` says that nobody
    tries on. `order_index` and `assist` are the order, and the call, that it is about.
    """

    __tablename__ = "deliveries"

    key: str = Field(primary_key=True)
    unit: str
    case_number: str
    sequence: int
    about: str
    level: str
    order_index: int | None = None
    assist: int | None = None
    attempts: int
    reason: str
    since: datetime = Field(sa_column=moment())
    last_tried_at: datetime = Field(sa_column=moment())
    expected_by: datetime | None = Field(default=None, sa_column=moment(nullable=True))
    stopped: bool = Field(default=False, sa_column_kwargs={"server_default": text("false")})

    __table_args__ = (Index("deliveries_since", "since", "key"), Index("deliveries_unit", "unit", "since", "key"))


class SecretRow(SQLModel, table=True):
    """A secret that a unit and the service sign with, wrapped by a master key. One that is replaced stays valid until
    `expires_at`.
    """

    __tablename__ = "unit_secrets"

    id: int | None = Field(default=None, sa_column=Column(BigInteger, Identity(always=True), primary_key=True))
    unit: str = Field(index=True)
    secret: str
    created_at: datetime = Field(sa_column=moment(now=True))
    expires_at: datetime | None = Field(default=None, sa_column=moment(nullable=True))


class NoticeRow(SQLModel, table=True):
    """A notice that somebody is owed. `content` is the JSON of a `Notice`, emptied once all of it has been planned.

    `planned_at` is none until it is settled who gets it by which channel.
    """

    __tablename__ = "notices"

    key: str = Field(primary_key=True)
    about: str
    audience: str
    case_number: str
    priority: int
    content: dict[str, Any] | None = Field(default=None, sa_column=Column(JSONB(none_as_null=True)))
    owed_at: datetime = Field(sa_column=moment(now=True))
    planned_at: datetime | None = Field(default=None, sa_column=moment(nullable=True))

    __table_args__ = (
        Index("notices_unplanned", "priority", "owed_at", postgresql_where=text("planned_at IS NULL")),
        Index("notices_case", "case_number"),
    )


class SendingRow(SQLModel, table=True):
    """One message to one address: a notice, or several gathered into one. What it says is settled when it is planned.

    `state` is `waiting`, `sent`, `failed` (nobody tries on) or `gathered` (it went out within the sending that
    `gathered_in` names). `route` names the entry of the channels file, `address` whom that entry is filled with, empty
    where the entry says it itself. `address`, `subject` and `body` are sealed, and emptied once it is sent, or has
    failed for long; one that gathers others has none, and its members keep theirs until then.
    """

    __tablename__ = "sendings"

    id: str = Field(primary_key=True)
    notice: str | None = Field(default=None, index=True)
    about: str
    audience: str
    case_number: str | None = None
    route: str
    channel: str
    language: str
    address: str
    addressee: str = Field(
        description="A keyed digest of route and address, by which sendings to the same one are known."
    )
    subject: str
    body: str
    state: str
    urgent: bool
    send_after: datetime = Field(sa_column=moment())
    claimed_until: datetime | None = Field(default=None, sa_column=moment(nullable=True))
    gathered_in: str | None = None
    attempts: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    reason: str | None = None
    failing_since: datetime | None = Field(default=None, sa_column=moment(nullable=True))
    planned_at: datetime = Field(sa_column=moment(now=True))
    sent_at: datetime | None = Field(default=None, sa_column=moment(nullable=True))

    __table_args__ = (
        Index("sendings_waiting", "urgent", "send_after", "id", postgresql_where=text("state = 'waiting'")),
        Index("sendings_gathering", "addressee", "send_after", "id", postgresql_where=text("state = 'waiting'")),
        Index("sendings_addressee", "addressee", "planned_at"),
        Index(
            "sendings_failing",
            "state",
            "failing_since",
            "id",
            postgresql_include=["channel"],
            postgresql_where=text("failing_since IS NOT NULL"),
        ),
        Index("sendings_gathered", "gathered_in", postgresql_where=text("gathered_in IS NOT NULL")),
        Index("sendings_case", "case_number"),
    )
