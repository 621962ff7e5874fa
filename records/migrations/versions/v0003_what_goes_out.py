"""What goes out: mailboxes, deliveries that are stuck, the units' secrets and pace, notices and their sending."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Go to this version."""
    op.add_column("units", sa.Column("per_minute", sa.Integer(), nullable=True))
    op.add_column("units", sa.Column("at_once", sa.Integer(), nullable=True))
    op.create_table(
        "unit_orders",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), primary_key=True),
        sa.Column("unit", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False, unique=True),
        sa.Column("about", sa.String(), nullable=False),
        sa.Column("case_number", sa.String(), nullable=False),
        sa.Column("form", JSONB(), nullable=False),
        _moment("written_at", now=True),
    )
    op.create_index("unit_orders_unit", "unit_orders", ["unit", "id"])
    op.create_table(
        "deliveries",
        sa.Column("key", sa.String(), primary_key=True),
        sa.Column("unit", sa.String(), nullable=False),
        sa.Column("case_number", sa.String(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("about", sa.String(), nullable=False),
        sa.Column("level", sa.String(), nullable=False),
        sa.Column("order_index", sa.Integer(), nullable=True),
        sa.Column("assist", sa.Integer(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        _moment("since"),
        _moment("last_tried_at"),
        _moment("expected_by", nullable=True),
        sa.Column("stopped", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    )
    op.create_index("deliveries_since", "deliveries", ["since", "key"])
    op.create_index("deliveries_unit", "deliveries", ["unit", "since", "key"])
    op.create_table(
        "unit_secrets",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), primary_key=True),
        sa.Column("unit", sa.String(), nullable=False),
        sa.Column("secret", sa.String(), nullable=False),
        _moment("created_at", now=True),
        _moment("expires_at", nullable=True),
    )
    op.create_index("ix_unit_secrets_unit", "unit_secrets", ["unit"])
    op.create_table(
        "notices",
        sa.Column("key", sa.String(), primary_key=True),
        sa.Column("about", sa.String(), nullable=False),
        sa.Column("audience", sa.String(), nullable=False),
        sa.Column("case_number", sa.String(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("content", JSONB(), nullable=True),
        _moment("owed_at", now=True),
        _moment("planned_at", nullable=True),
    )
    unplanned = sa.text("planned_at IS NULL")
    op.create_index("notices_unplanned", "notices", ["priority", "owed_at"], postgresql_where=unplanned)
    op.create_index("notices_case", "notices", ["case_number"])
    op.create_table(
        "sendings",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("notice", sa.String(), nullable=True),
        sa.Column("about", sa.String(), nullable=False),
        sa.Column("audience", sa.String(), nullable=False),
        sa.Column("case_number", sa.String(), nullable=True),
        sa.Column("route", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("addressee", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("urgent", sa.Boolean(), nullable=False),
        _moment("send_after"),
        _moment("claimed_until", nullable=True),
        sa.Column("gathered_in", sa.String(), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        _moment("failing_since", nullable=True),
        _moment("planned_at", now=True),
        _moment("sent_at", nullable=True),
    )
    op.create_index("ix_sendings_notice", "sendings", ["notice"])
    waiting = sa.text("state = 'waiting'")
    op.create_index("sendings_waiting", "sendings", ["urgent", "send_after", "id"], postgresql_where=waiting)
    op.create_index("sendings_gathering", "sendings", ["addressee", "send_after", "id"], postgresql_where=waiting)
    op.create_index("sendings_addressee", "sendings", ["addressee", "planned_at"])
    op.create_index(
        "sendings_stuck", "sendings", ["failing_since", "id"], postgresql_where=sa.text("failing_since IS NOT NULL")
    )
    op.create_index("sendings_case", "sendings", ["case_number"])


def _moment(name: str, *, nullable: bool = False, now: bool = False) -> "sa.Column[object]":
    default = sa.func.now() if now else None
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable, server_default=default)
