"""Run by alembic: migrates over the connection that `records.database.migrate` hands it."""

from typing import Any, Literal

from alembic import context
from sqlmodel import SQLModel
from sqlmodel.sql.sqltypes import AutoString

from records.tables import Moment


def plain_type(kind: str, item: Any, _: Any) -> str | Literal[False]:
    """Types as SQLAlchemy has them: a migration must mean the same after our own have changed."""
    if kind == "type" and isinstance(item, Moment):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and isinstance(item, AutoString):
        return "sa.String()"
    return False


context.configure(
    connection=context.config.attributes["connection"], target_metadata=SQLModel.metadata, render_item=plain_type
)
with context.begin_transaction():
    context.run_migrations()
