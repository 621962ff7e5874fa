"""The register: cases and their events, units, policies, keys."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0001"
down_revision = None

_DUE = sa.text("COALESCE(due_at, 'infinity'::timestamptz)")


def upgrade() -> None:
    """Go to this version."""
    op.create_table(
        "api_keys",
        sa.Column("prefix", sa.String(), nullable=False),
        sa.Column("secret_hash", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("unit", sa.String(), nullable=True),
        sa.Column("source", sa.String(), nullable=True),
        sa.Column("label", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("prefix"),
    )
    op.create_table(
        "case_events",
        sa.Column("case_number", sa.String(), nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", JSONB(), nullable=False),
        sa.Column("cause", JSONB(), nullable=True),
        sa.Column("fact", JSONB(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("case_number", "seq"),
    )
    op.create_table(
        "cases",
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("level", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("category", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("source_ref", sa.String(), nullable=True),
        sa.Column("content_fingerprint", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=True),
        sa.Column("area", sa.String(), nullable=True),
        sa.Column("unit", sa.String(), nullable=True),
        sa.Column("district", sa.String(), nullable=True),
        sa.Column("policy", sa.String(), nullable=False),
        sa.Column("policy_version", sa.String(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.String(), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("due_name", sa.String(), nullable=True),
        sa.Column("breached", sa.Boolean(), nullable=False),
        sa.Column("returns", sa.Integer(), nullable=False),
        sa.Column("rounds", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_index("cases_due", "cases", [_DUE, "number"])
    op.create_index("cases_received", "cases", ["received_at", "number"])
    op.create_index("cases_running", "cases", ["due_at"], postgresql_where=sa.text("due_at IS NOT NULL"))
    op.create_index(
        "cases_source_ref",
        "cases",
        ["source", "source_ref"],
        unique=True,
        postgresql_where=sa.text("source_ref IS NOT NULL"),
    )
    op.create_index("cases_status_received", "cases", ["status", "received_at", "number"])
    op.create_index("cases_unit_due", "cases", ["unit", _DUE, "number"])
    op.create_index("cases_unit_received", "cases", ["unit", "received_at", "number"])
    op.create_table(
        "policies",
        sa.Column("policy", sa.String(), nullable=False),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("content", JSONB(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("loaded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("policy", "version"),
    )
    op.create_table(
        "units",
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("title", JSONB(), nullable=False),
        sa.Column("district", sa.String(), nullable=True),
        sa.Column("endpoint", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("code"),
    )


def downgrade() -> None:
    """Go back to the version before."""
    op.drop_table("units")
    op.drop_table("policies")
    op.drop_table("cases")
    op.drop_table("case_events")
    op.drop_table("api_keys")
