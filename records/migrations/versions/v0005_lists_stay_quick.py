"""Lists and counts stay as quick as they are, however many cases there are."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
# It adds, and puts two indexes in the place of others.
oldest_code = "0004"

# Statement by statement, and in a slot of the connection's own: counting costs one small row for however many cases.
_COUNT_CASES = """
CREATE FUNCTION count_cases() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO case_counts AS kept
        SELECT policy, policy_version, status, mod(pg_backend_pid(), 16), count(*)
        FROM added GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
        ON CONFLICT (policy, policy_version, status, slot) DO UPDATE SET cases = kept.cases + excluded.cases;
    ELSIF TG_OP = 'DELETE' THEN
        INSERT INTO case_counts AS kept
        SELECT policy, policy_version, status, mod(pg_backend_pid(), 16), -count(*)
        FROM gone GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
        ON CONFLICT (policy, policy_version, status, slot) DO UPDATE SET cases = kept.cases + excluded.cases;
    ELSE
        INSERT INTO case_counts AS kept
        SELECT policy, policy_version, status, mod(pg_backend_pid(), 16), sum(change)
        FROM (
            SELECT policy, policy_version, status, 1 AS change FROM added
            UNION ALL
            SELECT policy, policy_version, status, -1 FROM gone
        ) AS changed
        GROUP BY 1, 2, 3 HAVING sum(change) <> 0 ORDER BY 1, 2, 3
        ON CONFLICT (policy, policy_version, status, slot) DO UPDATE SET cases = kept.cases + excluded.cases;
    END IF;
    RETURN NULL;
END
$$
"""

_COUNTED = {
    "INSERT": "REFERENCING NEW TABLE AS added",
    "UPDATE": "REFERENCING OLD TABLE AS gone NEW TABLE AS added",
    "DELETE": "REFERENCING OLD TABLE AS gone",
}


def upgrade() -> None:
    """Go to this version."""
    _count_cases()
    _index_cases()
    _index_sendings()


def _count_cases() -> None:
    op.create_table(
        "case_counts",
        sa.Column("policy", sa.String(), primary_key=True),
        sa.Column("policy_version", sa.String(), primary_key=True),
        sa.Column("status", sa.String(), primary_key=True),
        sa.Column("slot", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("cases", sa.BigInteger(), nullable=False),
    )
    op.execute(_COUNT_CASES)
    # The first of these has all writers wait until this is done: so nothing is missed between them and the count.
    for change, tables in _COUNTED.items():
        op.execute(
            f"CREATE TRIGGER cases_counted_on_{change.lower()} AFTER {change} ON cases {tables} "
            "FOR EACH STATEMENT EXECUTE FUNCTION count_cases()"
        )
    op.execute("INSERT INTO case_counts SELECT policy, policy_version, status, 0, count(*) FROM cases GROUP BY 1, 2, 3")


def _index_cases() -> None:
    due = sa.text("COALESCE(due_at, 'infinity'::timestamptz)")
    # What is due next stands in `cases_running_due`.
    op.drop_index("cases_running", "cases")
    many: dict[str, list[Any]] = {
        "cases_status_due": ["status", due, "number"],
        "cases_source_received": ["source", "received_at", "number"],
        "cases_level_received": ["level", "received_at", "number"],
    }
    for name, columns in many.items():
        op.create_index(name, "cases", columns)
    # These hold few cases each, and cost the others nothing.
    few: dict[str, dict[str, list[Any]]] = {
        "closed_at IS NULL": {"cases_open": ["number"]},
        "COALESCE(due_at, 'infinity'::timestamptz) < 'infinity'::timestamptz": {
            "cases_running_received": ["received_at", "number", due],
            "cases_running_due": [due, "number", "received_at"],
            "cases_level_due": ["level", due, "number"],
            "cases_source_due": ["source", due, "number"],
        },
        "paused IS NOT NULL": {
            "cases_paused_received": ["paused", "received_at", "number"],
            "cases_paused_due": ["paused", due, "number"],
        },
        "supervised": {
            "cases_supervised_received": ["received_at", "number"],
            "cases_supervised_due": [due, "number"],
        },
        "objected OR extension_asked OR awaits_supervisor": {"cases_to_decide_due": [due, "number"]},
        "incident IS NOT NULL": {"cases_incident_due": ["incident", due, "number"]},
    }
    for condition, indexes in few.items():
        for name, columns in indexes.items():
            op.create_index(name, "cases", columns, postgresql_where=sa.text(condition))


def _index_sendings() -> None:
    op.drop_index("sendings_stuck", "sendings")
    op.create_index(
        "sendings_failing",
        "sendings",
        ["state", "failing_since", "id"],
        postgresql_include=["channel"],
        postgresql_where=sa.text("failing_since IS NOT NULL"),
    )
    gathered = sa.text("gathered_in IS NOT NULL")
    op.create_index("sendings_gathered", "sendings", ["gathered_in"], postgresql_where=gathered)
