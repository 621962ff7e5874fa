"""Many rows by one statement: given as one JSON array, so that it is prepared once, however many they are."""

from collections.abc import Iterable

from sqlalchemy import FromClause, Table, Text, bindparam, cast, column, func, select, true
from sqlalchemy.dialects.postgresql import JSONB, Insert, insert


def insert_rows(
    table: Table, *, but: Iterable[str] = (), given: str = "rows", after: FromClause | None = None
) -> Insert:
    """An insert of the rows that a parameter holds, as `array` makes it, in their order.

    Args:
        table: Where to.
        but: The columns that the database fills.
        given: What the parameter is called.
        after: What yields one row before the first is inserted, and has the database fill no column earlier.
    """
    columns = [one for one in table.columns if one.name not in but]
    rows = (
        func.jsonb_to_recordset(cast(bindparam(given, type_=Text), JSONB))
        .table_valued(*(column(one.name, one.type) for one in columns), name="given")
        .render_derived(with_types=True)
    )
    chosen = select(rows)
    if after is not None:
        chosen = chosen.join(after, true())
    return insert(table).from_select([one.name for one in columns], chosen)


def array(rows: Iterable[bytes]) -> str:
    """Rows, each the JSON of an object, as one array."""
    return f"[{','.join(row.decode() for row in rows)}]"
