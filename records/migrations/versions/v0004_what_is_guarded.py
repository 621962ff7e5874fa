"""What is guarded: keys of cases, the audit trail, erasures and holds, callers, complaints kept back."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0004"
down_revision = "0003"

# An entry gets its place in the chain once; apart from that nobody changes one or takes it away, by mistake or by a
# statement that slipped in. Whoever owns the database can switch this off: then the chain tells.
_KEEP_AUDIT = """
CREATE FUNCTION keep_audit_trail() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    chained audit_trail%ROWTYPE;
BEGIN
    IF TG_OP = 'UPDATE' THEN
        chained := OLD;
        chained.position := NEW.position;
        chained.proof_key := NEW.proof_key;
        chained.seal := NEW.seal;
        IF OLD.position IS NULL AND OLD.seal IS NULL AND chained IS NOT DISTINCT FROM NEW THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION 'the audit trail is only ever added to' USING ERRCODE = 'insufficient_privilege';
END
$$
"""


def upgrade() -> None:
    """Go to this version."""
    _change_what_is_there()
    _create_keys()
    _create_audit()
    _create_erasure()
    _create_intake()


def _change_what_is_there() -> None:
    op.add_column("cases", sa.Column("confidential", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.add_column("cases", sa.Column("accused", JSONB(), server_default=sa.text("'[]'::jsonb"), nullable=False))
    op.add_column("api_keys", sa.Column("replaces", sa.String(), nullable=True))
    # A district's cases are those that its units lead and those that it leads itself.
    of_district, due = sa.text("COALESCE(district, unit)"), sa.text("COALESCE(due_at, 'infinity'::timestamptz)")
    op.drop_index("cases_district_received", "cases")
    op.create_index("cases_district_received", "cases", [of_district, "received_at", "number"])
    op.create_index("cases_district_due", "cases", [of_district, due, "number"])
    # A key of a unit did all that its lead may do.
    op.execute("UPDATE api_keys SET role = 'unit_lead' WHERE role = 'unit'")


def _create_keys() -> None:
    op.create_table(
        "data_keys",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("wrapped", sa.LargeBinary(), nullable=True),
        sa.Column("master", sa.String(), nullable=False),
        sa.Column("case_number", sa.String(), nullable=True),
        _moment("made_at", now=True),
        _moment("destroyed_at", nullable=True),
    )
    op.create_index("data_keys_case", "data_keys", ["case_number"], postgresql_where=sa.text("case_number IS NOT NULL"))
    op.create_index("data_keys_master", "data_keys", ["master", "id"], postgresql_where=sa.text("wrapped IS NOT NULL"))
    op.create_index("data_keys_unclaimed", "data_keys", ["made_at"], postgresql_where=sa.text("case_number IS NULL"))


def _create_audit() -> None:
    op.create_table(
        "audit_trail",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), primary_key=True),
        _moment("at", now=True),
        sa.Column("actor", JSONB(), nullable=False),
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("case_number", sa.String(), nullable=True),
        sa.Column("seq", sa.Integer(), nullable=True),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("content", sa.String(), nullable=False),
        sa.Column("details", JSONB(), server_default=sa.text("'{}'::jsonb"), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=True, unique=True),
        sa.Column("proof_key", sa.String(), nullable=True),
        sa.Column("seal", sa.String(), nullable=True),
    )
    op.create_index("audit_trail_unchained", "audit_trail", ["id"], postgresql_where=sa.text("position IS NULL"))
    op.create_index("audit_trail_case", "audit_trail", ["case_number", "id"])
    op.create_index("audit_trail_at", "audit_trail", ["at", "id"])
    op.create_index("audit_trail_actor", "audit_trail", [sa.text("(actor ->> 'id')"), "at", "id"])
    op.create_index("audit_trail_action", "audit_trail", ["action", "at", "id"])
    op.execute(_KEEP_AUDIT)
    op.execute(
        "CREATE TRIGGER audit_trail_kept BEFORE UPDATE OR DELETE ON audit_trail "
        "FOR EACH ROW EXECUTE FUNCTION keep_audit_trail()"
    )
    op.execute(
        "CREATE TRIGGER audit_trail_kept_whole BEFORE TRUNCATE ON audit_trail "
        "FOR EACH STATEMENT EXECUTE FUNCTION keep_audit_trail()"
    )


def _create_erasure() -> None:
    op.create_table(
        "erasures",
        sa.Column("case_number", sa.String(), primary_key=True),
        _moment("at", now=True),
        sa.Column("rule", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("actor", JSONB(), nullable=False),
        sa.Column("keys", sa.Integer(), nullable=False),
        _moment("settled_at", nullable=True),
    )
    op.create_index("erasures_at", "erasures", ["at", "case_number"])
    op.create_index("erasures_unsettled", "erasures", ["case_number"], postgresql_where=sa.text("settled_at IS NULL"))
    op.create_index(
        "cases_ended",
        "cases",
        ["policy", "closed_at", "number"],
        postgresql_where=sa.text("closed_at IS NOT NULL AND content_fingerprint <> 'erased'"),
    )
    op.create_table(
        "legal_holds",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), primary_key=True),
        sa.Column("case_number", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("placed_by", JSONB(), nullable=False),
        _moment("placed_at", now=True),
        sa.Column("lifted_by", JSONB(), nullable=True),
        _moment("lifted_at", nullable=True),
        sa.Column("lifted_reason", sa.String(), nullable=False),
    )
    op.create_index(
        "legal_holds_in_force",
        "legal_holds",
        ["case_number"],
        unique=True,
        postgresql_where=sa.text("lifted_at IS NULL"),
    )
    op.create_index("legal_holds_case", "legal_holds", ["case_number"])


def _create_intake() -> None:
    op.create_table(
        "calls",
        sa.Column("case_number", sa.String(), primary_key=True),
        sa.Column("caller", sa.String(), primary_key=True),
        _moment("received_at"),
    )
    op.create_index("calls_caller", "calls", ["caller", "received_at"])
    op.create_table(
        "caller_marks",
        sa.Column("caller", sa.String(), primary_key=True),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("case_number", sa.String(), nullable=False),
        sa.Column("marked_by", JSONB(), nullable=False),
        _moment("marked_at", now=True),
        _moment("until"),
    )
    op.create_table(
        "kept_cases",
        sa.Column("number", sa.String(), primary_key=True),
        sa.Column("command", JSONB(), nullable=True),
        sa.Column("content", sa.String(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        _moment("kept_at", now=True),
        _moment("started_at", nullable=True),
        _moment("try_at", nullable=True),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("reason", sa.String(), server_default="", nullable=False),
    )
    op.create_index(
        "kept_cases_waiting", "kept_cases", ["priority", "kept_at"], postgresql_where=sa.text("started_at IS NULL")
    )
    held = sa.text("started_at IS NOT NULL AND command IS NOT NULL")
    op.create_index("kept_cases_held", "kept_cases", ["number"], postgresql_where=held)


def _moment(name: str, *, nullable: bool = False, now: bool = False) -> "sa.Column[object]":
    default = sa.func.now() if now else None
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable, server_default=default)
