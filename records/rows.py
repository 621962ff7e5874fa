"""Many rows by one statement: given as one JSON array, so that it is prepared once, however many they are."""

from collections.abc import Iterable

from sqlalchemy import Table, Text, bindparam, cast, column, func, select
from sqlalchemy.dialects.postgresql import JSONB, Insert, insert


def insert_rows(table: Table, *, but: Iterable[str] = (), given: str = "rows") -> Insert:
    """An insert of the rows that a parameter holds, as `array` makes it, in their order.

    Args:
        table: Where to.
        but: The columns that the database fills.
        given: What the parameter is called.
    """
    columns = [one for one in table.columns if one.name not in but]
    rows = (
        func.jsonb_to_recordset(cast(bindparam(given, type_=Text), JSONB))
        .table_valued(*(column(one.name, one.type) for one in columns), name="given")
        .render_derived(with_types=True)
    )
    return insert(table).from_select([one.name for one in columns], select(rows))


def array(rows: Iterable[bytes]) -> str:
    """Rows, each the JSON of an object, as one array."""
    return f"[{','.join(row.decode() for row in rows)}]"
