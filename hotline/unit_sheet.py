"""units.csv: who handles matters, and which districts supervise them (Art. 12)."""

from cases.routing import AREA_KINDS, Unit
from hotline.sheet import Row
from hotline.table import Table

FILE = "units.csv"
COLUMNS = ("code", "kind", "district")
KINDS = (*AREA_KINDS, "department", "enterprise")


def units(table: Table) -> list[Unit]:
    """The units of the city. Lines with a problem are told of and left out."""
    table.check_codes()
    made = [unit for row in table.rows if (unit := _unit(table, row))]
    _check_districts(table)
    return made


def kinds(table: Table) -> dict[str, str]:
    """The kind of every code, also of lines that have a problem: what names them is not wrong for that."""
    return {row.cells["code"]: row.cells["kind"] for row in table.rows}


def _unit(table: Table, row: Row) -> Unit | None:
    code, kind, district = (row.cells[name] for name in COLUMNS)
    if kind and kind not in KINDS:
        table.tell(row, "kind", f"there is no kind {kind!r}; the kinds are: {', '.join(KINDS)}")
    return table.made(row, Unit, code=code, kind=kind, title=table.titles(row), district=district or None)


def _check_districts(table: Table) -> None:
    known = kinds(table)
    for row in table.rows:
        district = row.cells["district"]
        if not district:
            continue
        if row.cells["kind"] == "district":
            detail = "a district lies in no other; leave it empty"
        elif district not in known:
            detail = f"there is no unit {district!r}; add it to units.csv, or correct it"
        elif known[district] != "district":
            detail = f"{district!r} is no district but a {known[district]}"
        else:
            continue
        table.tell(row, "district", detail)
