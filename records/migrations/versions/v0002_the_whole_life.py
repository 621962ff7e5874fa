"""The whole life of a case in its row; policies with their tables, and since when one is in force."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0002"
down_revision = "0001"

_CASES: tuple[sa.Column[Any], ...] = (
    sa.Column("ground", sa.String(), nullable=True),
    sa.Column("paused", sa.String(), nullable=True),
    sa.Column("incident", sa.String(), nullable=True),
    sa.Column("stage", sa.Integer(), server_default="1", nullable=False),
    sa.Column("reopened", sa.Integer(), server_default="0", nullable=False),
    sa.Column("urges", sa.Integer(), server_default="0", nullable=False),
    sa.Column("supervised", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    sa.Column("awaits_supervisor", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    sa.Column("objected", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    sa.Column("extension_asked", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    sa.Column("satisfaction", sa.String(), nullable=True),
    sa.Column("assisting", JSONB(), server_default=sa.text("'[]'::jsonb"), nullable=False),
    sa.Column("involved", JSONB(), server_default=sa.text("'[]'::jsonb"), nullable=False),
    sa.Column("unit_times", JSONB(), server_default=sa.text("'{}'::jsonb"), nullable=False),
)
_POLICIES: tuple[sa.Column[Any], ...] = (
    sa.Column("tables", JSONB(), nullable=True),
    sa.Column("in_force_since", sa.DateTime(timezone=True), nullable=True),
)


def upgrade() -> None:
    """Go to this version."""
    for added in _CASES:
        op.add_column("cases", added)
    for added in _POLICIES:
        op.add_column("policies", added)
    op.create_index("cases_area_received", "cases", ["area", "received_at", "number"])
    op.create_index("cases_category_received", "cases", ["category", "received_at", "number"])
    op.create_index("cases_incident", "cases", ["incident", "number"], postgresql_where=sa.text("incident IS NOT NULL"))
    op.create_index(
        "cases_assisting",
        "cases",
        ["assisting"],
        postgresql_using="gin",
        postgresql_where=sa.text("assisting <> '[]'::jsonb"),
    )
    op.create_index(
        "cases_involved",
        "cases",
        ["involved"],
        postgresql_using="gin",
        postgresql_where=sa.text("involved <> '[]'::jsonb"),
    )
    op.create_index("cases_district_received", "cases", ["district", "received_at", "number"])
    op.create_index(
        "cases_to_decide",
        "cases",
        ["received_at", "number"],
        postgresql_where=sa.text("objected OR extension_asked OR awaits_supervisor"),
    )
    op.create_index(
        "cases_open_policy",
        "cases",
        ["policy", "policy_version", "number"],
        postgresql_where=sa.text("closed_at IS NULL"),
    )


def downgrade() -> None:
    """Go back to the version before."""
    for name in (
        "cases_open_policy",
        "cases_to_decide",
        "cases_district_received",
        "cases_involved",
        "cases_assisting",
        "cases_incident",
        "cases_category_received",
        "cases_area_received",
    ):
        op.drop_index(name, "cases")
    for added in _POLICIES:
        op.drop_column("policies", added.name)
    for added in _CASES:
        op.drop_column("cases", added.name)
