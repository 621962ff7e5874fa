"""The statements that multiply the rows of the stories: each row once for every case that is drawn.

In them `d` is the case that is drawn, `s` the case of its story, and `t` a row of the story. What is the case's own
stands in a row's JSON as a gap, so that PostgreSQL fills a row in one go.
"""

from collections.abc import Iterator, Sequence

from sqlmodel import SQLModel

from cases.vocabulary import Kind
from tests.bench.drawing import KEY_LENGTH
from tests.bench.stories import AREA, CATEGORY, SOURCE
from tests.unit.narrative import DISTRICT, NOON, ROADS, WATER

_KEPT_EACH = 1_000
"""Of so many cases one was kept while the engine was away, and started later."""

_GAPS = {
    "s.number": "d.number",
    f"'\"{ROADS}\"'": "to_json(d.unit)",
    f"'key:{ROADS}'": "'key:' || d.unit",
    f"'.{ROADS}\"'": "'.' || d.unit || '\"'",
    f"'\"{WATER}\"'": "to_json(d.other)",
    f"'\"{DISTRICT}\"'": "to_json(d.district)",
    f"'\"{CATEGORY}\"'": "to_json(d.category)",
    f"'\"{AREA}\"'": "to_json(d.area)",
    '\'"level": "general"\'': "'\"level\": \"' || d.level || '\"'",
    f'\'"kind": "{Kind.COMPLAINT}"\'': "'\"kind\": \"' || d.kind || '\"'",
    f'\'"source": "{SOURCE}"\'': "'\"source\": \"' || d.source || '\"'",
    "coalesce(s.source_ref, s.number)": "d.ref",
    f"'{NOON:%Y-%m-%dT%H:%M:%SZ}'": "trim('\"' FROM to_json(d.received)::text)",
}
"""What a story says of itself, and what a case says there."""

_SHIFT = "(d.received - t.story_at)"
_CALLER = "encode(sha256(convert_to(d.caller, 'UTF8')), 'hex')"
_UNIT = f"CASE t.unit WHEN '{ROADS}' THEN d.unit WHEN '{WATER}' THEN d.other WHEN '{DISTRICT}' THEN d.district END"
_KEY = f"replace(replace(t.key, t.case_number, d.number), '.{ROADS}', '.' || d.unit)"


def statements() -> Iterator[str]:
    """All of them, the longest first."""
    own = {"case_number": "d.number"}
    yield _copy("case_events", own | _moved("at"), gaps=["fact"], of_ended="t.seq = 1")
    first = "t.id = (SELECT min(id) FROM unit_orders WHERE case_number = s.number)"
    letters = own | {"key": _KEY, "unit": _UNIT, "written_at": "d.received"}
    yield _copy("unit_orders", letters, but=["id"], gaps=["form"], of_ended=first)
    yield _copy("cases", _case(), gaps=["assisting", "involved", "unit_times"])
    placed = {"position": "(SELECT max(position) FROM audit_trail) + row_number() OVER ()", "at": "d.received"}
    yield _copy("audit_trail", own | placed, but=["id"], gaps=["actor"], of_ended="t.seq = 1")
    notices = own | {"key": _KEY, "owed_at": "d.received", "planned_at": "d.received"}
    yield _copy("notices", notices, of_ended="t.about = 'received'")
    yield _sendings()
    yield _copy("data_keys", own | {"id": f"left(md5(d.number), {KEY_LENGTH})", "made_at": "d.received"})
    yield _copy("calls", own | {"caller": _CALLER} | _moved("received_at"))
    yield _copy("erasures", own | {"at": "least(now(), d.received + interval '3 years')"})
    yield _copy("legal_holds", own, but=["id"])
    stuck = own | {"key": _KEY, "unit": _UNIT, "since": "d.received", "last_tried_at": "now()"}
    yield _copy("deliveries", stuck | _moved("expected_by"))
    kept = "number, content, priority, kept_at, started_at"
    which = f"FROM drawn WHERE n % {_KEPT_EACH} = 0"
    yield f"INSERT INTO kept_cases ({kept}) SELECT number, md5(number), 3, received, received {which}"


def _case() -> dict[str, str]:
    its = {"number": "number", "source": "source", "level": "level", "category": "category"}
    row = {name: f"d.{column}" for name, column in its.items()} | {"unit": _UNIT}
    # An erased case has lost some of them, and one at the desk never had a district.
    for name, column in (("source_ref", "ref"), ("area", "area"), ("district", "district")):
        row[name] = f"CASE WHEN t.{name} IS NOT NULL THEN d.{column} END"
    row["kind"] = f"CASE t.kind WHEN '{Kind.COMPLAINT}' THEN d.kind ELSE t.kind END"
    return row | _moved("received_at", "updated_at", "closed_at", "due_at")


def _sendings() -> str:
    given = {
        "id": "d.number || '.' || d.sending || '.sms'",
        "notice": "CASE WHEN t.notice IS NOT NULL THEN d.number || '.' || d.sending END",
        "case_number": "CASE WHEN t.case_number IS NOT NULL THEN d.number END",
        "addressee": _CALLER,
        "gathered_in": "CASE WHEN t.gathered_in IS NOT NULL THEN d.caller || '.digest' END",
        **dict.fromkeys(("send_after", "planned_at"), "d.received"),
        **{name: f"CASE WHEN t.{name} IS NOT NULL THEN d.received END" for name in ("sent_at", "failing_since")},
    }
    names, values = _columns("sendings", given, but=())
    which = "FROM drawn d JOIN sendings t ON t.id = 'story-' || d.sending"
    return f"INSERT INTO sendings ({names}) SELECT {values} {which}"


def _moved(*columns: str) -> dict[str, str]:
    return {one: f"t.{one} + {_SHIFT}" for one in columns}


def _copy(
    table: str, given: dict[str, str], *, but: Sequence[str] = (), gaps: Sequence[str] = (), of_ended: str = "true"
) -> str:
    """Copy the stories' rows of a table, with some columns otherwise, and of ended cases only some rows.

    Args:
        table: The table.
        given: The columns that are otherwise, by what they are then.
        but: Columns that fill themselves.
        gaps: Columns of JSON.
        of_ended: Which rows of a case that has ended.
    """
    filled = {one: _filled(one) for one in gaps}
    names, values = _columns(table, given | filled, but)
    mine = "t.number" if table == "cases" else "t.case_number"
    with_gaps = "".join(f", {_with_gaps(one)} AS {one}_with_gaps" for one in gaps)
    return (
        f"WITH t AS MATERIALIZED (SELECT t.*, s.number AS story, s.received_at AS story_at{with_gaps} "  # noqa: S608
        f"FROM cases s JOIN {table} t ON {mine} = s.number WHERE s.closed_at IS NULL OR {of_ended}) "
        f"INSERT INTO {table} ({names}) SELECT {values} FROM drawn d JOIN t ON t.story = d.story "
        f"WHERE d.whole OR NOT {bool(gaps) and table != 'cases'}"
    )


def _columns(table: str, given: dict[str, str], but: Sequence[str]) -> tuple[str, str]:
    names = [column.name for column in SQLModel.metadata.tables[table].columns if column.name not in but]
    return ", ".join(names), ", ".join(given.get(name, f"t.{name}") for name in names)


def _filled(column: str) -> str:
    given = f"format(t.{column}_with_gaps, {', '.join(_GAPS.values())})::jsonb"
    return f"CASE WHEN strpos(t.{column}_with_gaps, '%') = 0 THEN t.{column} ELSE {given} END"


def _with_gaps(column: str) -> str:
    text = f"replace(t.{column}::text, '%', '%%')"
    for place, told in enumerate(_GAPS, start=1):
        text = f"replace({text}, {told}, '%{place}$s')"
    return text
