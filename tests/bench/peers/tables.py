"""What the peers keep of a case in PostgreSQL: the least that lists and figures need, the same for both."""

from sqlalchemy import (
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    and_,
    func,
    text,
)

ROUTINE = {"acknowledge": 7_200, "contact": 86_400, "report": 604_800, "callback": 864_000}
"""The steps of a routine case in their order, each with the seconds from the receipt within which it is due."""

metadata = MetaData()

_MOMENT = DateTime(timezone=True)

cases = Table(
    "cases",
    metadata,
    Column("number", String, primary_key=True),
    Column("unit", String, nullable=False),
    Column("description", String, nullable=False),
    Column("status", String, nullable=False, index=True),
    Column("received_at", _MOMENT, nullable=False, server_default=func.now()),
)

steps = Table(
    "steps",
    metadata,
    Column("number", ForeignKey("cases.number"), primary_key=True),
    Column("step", String, primary_key=True),
    Column("note", String, nullable=False),
    Column("at", _MOMENT, nullable=False, server_default=func.clock_timestamp()),
)

breaches = Table(
    "breaches",
    metadata,
    Column("number", ForeignKey("cases.number"), primary_key=True),
    Column("step", String, primary_key=True),
    Column("due_at", _MOMENT, nullable=False),
    Column("fired_at", _MOMENT, nullable=False, server_default=func.clock_timestamp()),
)

deadlines = Table(
    "deadlines",
    metadata,
    Column("number", ForeignKey("cases.number"), primary_key=True),
    Column("step", String, primary_key=True),
    Column("due_at", _MOMENT, nullable=False),
    Column("met_at", _MOMENT),
    Column("breached_at", _MOMENT),
)
"""Of the cron-scan way alone: what is scanned for that fell due."""

Index(
    "deadlines_running",
    deadlines.c.due_at,
    postgresql_where=and_(deadlines.c.met_at.is_(None), deadlines.c.breached_at.is_(None)),
)

orders = Table(
    "orders",
    metadata,
    Column("number", ForeignKey("cases.number"), primary_key=True),
    Column("unit", String, nullable=False),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("try_at", _MOMENT, nullable=False),
    Column("delivered_at", _MOMENT),
)
"""Of the cron-scan way alone: its outbox."""

Index("orders_waiting", orders.c.try_at, postgresql_where=orders.c.delivered_at.is_(None))
