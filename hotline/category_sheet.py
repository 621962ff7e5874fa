"""categories.csv: what matters there are, and how urgent each is."""

from collections.abc import Collection

from cases.routing import Category
from hotline.sheet import Row
from hotline.table import Table

FILE = "categories.csv"
COLUMNS = ("code", "level")


def categories(table: Table, levels: Collection[str] | None) -> list[Category]:
    """The categories of the city, checked against the policy's levels where those are known.

    Lines with a problem are told of and left out.
    """
    table.check_codes()
    return [category for row in table.rows if (category := _category(table, row, levels))]


def _category(table: Table, row: Row, levels: Collection[str] | None) -> Category | None:
    code, level = (row.cells[name] for name in COLUMNS)
    if levels is not None and level and level not in levels:
        detail = f"the policy has no level {level!r}; its levels are: {', '.join(levels)}"
        table.tell(row, "level", detail)
    return table.made(row, Category, code=code, title=table.titles(row), level=level)
