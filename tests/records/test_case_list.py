"""Lists of cases: every filter, and pages that hold still."""

import base64
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError
from sqlalchemy import delete, func
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel import col, select
from sqlmodel.sql.expression import SelectOfScalar

from cases.commands import Acknowledge, Called, Join, RequestExtension, Return, Supervise, Wait, Whistle
from cases.errors import InvalidError
from cases.evolve import fold
from cases.limits import Budget
from cases.routing import Route
from cases.vocabulary import Kind, Status
from records.case_list import fitting
from records.cursor import Cursor
from records.register import CaseFilter, Register
from records.tables import CaseRow
from tests.records.histories import acknowledged, begun, lived, number_of, withdrawn
from tests.unit.narrative import DESK, DISTRICT, FULL, NOON, ROADS, WATER, Narrative

NOW = datetime.now(UTC)


@pytest.fixture
async def city(register: Register) -> dict[str, str]:
    """A closed case, and four open ones that differ in one thing each; their numbers by name."""
    signed = begun("signed", NOW - timedelta(hours=10), kind=Kind.HELP)
    closed = begun("closed", NOW - timedelta(days=3))
    histories = {
        "closed": closed + withdrawn(closed),
        "signed": signed + acknowledged(signed),
        "water": begun("water", NOW, unit=WATER, category="water/leak"),
        "desk": begun("desk", NOW - timedelta(hours=1), unit=None, source="other"),
        "urgent": begun("urgent", NOW - timedelta(days=1), level="urgent"),
    }
    for events in histories.values():
        await register.record(number_of(events), events, fold(events))
    return {name: number_of(events) for name, events in histories.items()}


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({}, {"closed", "signed", "water", "desk", "urgent"}),
        ({"status": Status.CLOSED}, {"closed"}),
        ({"status": "acknowledged"}, {"signed"}),
        ({"unit": ROADS}, {"closed", "signed", "urgent"}),
        ({"unit": ROADS, "status": "dispatched"}, {"urgent"}),
        ({"level": "urgent"}, {"urgent"}),
        ({"kind": "help"}, {"signed"}),
        ({"category": "water/leak"}, {"water"}),
        ({"source": "other"}, {"desk"}),
        ({"overdue": True}, {"urgent"}),
        ({"overdue": False}, {"closed", "signed", "water", "desk"}),
        ({"due_before": NOW + timedelta(hours=3)}, {"urgent", "water"}),
        ({"received_from": NOW - timedelta(hours=1)}, {"water", "desk"}),
        ({"received_before": NOW - timedelta(hours=1)}, {"urgent", "closed", "signed"}),
        ({"received_from": NOW - timedelta(hours=2), "received_before": NOW}, {"desk"}),
        ({"unit": "nobody"}, set()),
    ],
    # Neither times nor the order of a set: every process that tests must call a test the same.
    ids=lambda one: " ".join(sorted(one)),
)
async def test_every_filter(register: Register, city: dict[str, str], wanted: dict[str, Any], found: set[str]) -> None:
    for order in ("received_at", "due_at"):
        page = await register.cases(CaseFilter(order=order, **wanted))
        assert {row.number for row in page.items} == {city[name] for name in found}
        assert page.next is None


async def test_what_waits_for_a_decision_or_stands_still_is_found(register: Register) -> None:
    lead = Narrative(policy=FULL, source_ref="lead")
    told = {
        "objected": Narrative(policy=FULL, source_ref="objected"),
        "extension": Narrative(policy=FULL, source_ref="extension"),
        "waiting": Narrative(policy=FULL, source_ref="waiting"),
        "following": Narrative(policy=FULL, source_ref="following"),
        "supervised": Narrative(policy=FULL, source_ref="supervised"),
    }
    told["objected"].do(Return(reason="Not ours."))
    told["extension"].do(RequestExtension(by=Budget.parse("3 days"), reason="Rain."))
    told["waiting"].do(Acknowledge())
    told["waiting"].do(Wait(reason="The key."))
    told["following"].do(Join(incident=lead.case.number, unit=ROADS, reason="The same."), DESK)
    told["supervised"].do(Supervise(reason="The third one this week."), DESK)
    told["calling"] = Narrative(policy=FULL, source_ref="calling")
    told["calling"].do(Acknowledge())
    told["calling"].do(Whistle(calls=(Called(unit=WATER, task="Bring the plans."),)))
    for story in told.values():
        await register.record(story.case.number, story.events, story.case)

    async def found(**wanted: Any) -> set[str]:
        page = await register.cases(CaseFilter(**wanted))
        return {name for name, story in told.items() if story.case.number in [row.number for row in page.items]}

    assert await found(objected=True) == {"objected"}
    assert await found(objected=False) == set(told) - {"objected"}
    assert await found(extension_asked=True) == {"extension"}
    assert await found(paused="complainant") == {"waiting"}
    assert await found(paused="account") == set()
    assert await found(incident=lead.case.number) == {"following"}
    assert await found(assisting=WATER) == {"calling"}
    assert await found(assisting=ROADS) == set()
    assert await found(supervised=True) == {"supervised"}
    assert await found(awaits_supervisor=True) == set()


async def test_art_12_a_districts_cases_are_those_of_its_units_and_those_that_it_leads_itself(
    register: Register,
) -> None:
    led = {
        "by a unit of it": Route(unit=ROADS, copy_to=DISTRICT, reason="line 1"),
        "by itself": Route(unit=DISTRICT, reason="line 2"),
        "elsewhere": Route(unit=WATER, copy_to="haidian", reason="line 3"),
        "by a unit of the city": Route(unit=WATER, reason="line 4"),
        "by nobody": Route(unit=None, reason="no line"),
    }
    told = {name: Narrative(route, source_ref=name) for name, route in led.items()}
    for story in told.values():
        await register.record(story.case.number, story.events, story.case)
    for order in ("received_at", "due_at"):
        page = await register.cases(CaseFilter(district=DISTRICT, order=order))
        found = {row.number for row in page.items}
        assert found == {told[name].case.number for name in ("by a unit of it", "by itself")}


def test_a_filter_that_can_fit_nothing_is_refused() -> None:
    for wrong in ({"status": "open"}, {"unit": "a\x00"}, {"due_before": "2026-01-01T00:00:00"}, {"colour": "red"}):
        with pytest.raises(ValidationError):
            CaseFilter.model_validate(wrong)


async def test_the_newest_comes_first_or_what_is_due_next(register: Register, city: dict[str, str]) -> None:
    newest = await register.cases(CaseFilter())
    received = [row.received_at for row in newest.items]
    assert received == sorted(received, reverse=True)
    due = [row.due_at for row in (await register.cases(CaseFilter(order="due_at"))).items]
    assert due[-1] is None
    assert due[:-1] == sorted(moment for moment in due if moment)


@pytest.mark.parametrize("order", ["received_at", "due_at"])
async def test_pages_hold_still_while_cases_come_in(register: Register, order: str) -> None:
    # Several of the same moment, so that only the number tells them apart; some with nothing due.
    for index in range(12):
        events = begun(f"first-{index}", NOON + timedelta(minutes=index // 4))
        await register.record(number_of(events), events)
    case, history = lived()
    await register.record(case.number, history)
    wanted = CaseFilter.model_validate({"order": order})
    everything = [row.number for row in (await register.cases(wanted, limit=100)).items]
    assert len(everything) == 13
    seen: list[str] = []
    after: str | None = None
    for turn in range(20):
        page = await register.cases(wanted, limit=3, after=after)
        seen += [row.number for row in page.items]
        for place, moment in enumerate((NOON - timedelta(days=1), NOON, NOON + timedelta(days=1))):
            events = begun(f"late-{turn}-{place}", moment)
            await register.record(number_of(events), events)
        after = page.next
        if after is None or set(everything) <= set(seen):
            break
    assert [number for number in seen if number in everything] == everything
    assert len(seen) == len(set(seen))


async def test_the_last_page_has_no_next(register: Register, city: dict[str, str]) -> None:
    whole = await register.cases(CaseFilter(), limit=5)
    assert (len(whole.items), whole.next) == (5, None)
    most = await register.cases(CaseFilter(), limit=4)
    rest = await register.cases(CaseFilter(), limit=4, after=most.next)
    assert (len(rest.items), rest.next) == (1, None)


@pytest.mark.parametrize(
    "after",
    [
        "",
        "?",
        "\x00",
        "é",
        "e30",
        "x" * 10_000,
        base64.urlsafe_b64encode(b'{"order":"received_at","at":"2026-01-01","number":"a"}').decode(),
        base64.urlsafe_b64encode(b'{"order":"received_at","at":"2026-01-01T00:00:00Z","number":"\\u0000"}').decode(),
        Cursor(order="due_at", at=NOON, number="a").text(),
    ],
)
async def test_a_made_up_cursor_is_invalid(register: Register, after: str) -> None:
    with pytest.raises(InvalidError) as refused:
        await register.cases(CaseFilter(), after=after)
    assert refused.value.field == "after"


@pytest.mark.parametrize("at", [None, datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)])
@pytest.mark.parametrize("order", ["received_at", "due_at"])
async def test_any_well_formed_cursor_is_answered(
    register: Register, city: dict[str, str], order: str, at: datetime | None
) -> None:
    after = Cursor(order=order, at=at, number="A").text()
    if order == "received_at" and at is None:
        with pytest.raises(InvalidError):
            await register.cases(CaseFilter(), after=after)
    else:
        await register.cases(CaseFilter.model_validate({"order": order}), after=after)


@pytest.mark.parametrize("limit", [0, -1, 1_001])
async def test_a_page_nobody_can_want_is_invalid(register: Register, limit: int) -> None:
    with pytest.raises(InvalidError, match="limit"):
        await register.cases(CaseFilter(), limit=limit)


async def test_counts_by_status(register: Register, city: dict[str, str]) -> None:
    assert await register.count_by_status() == {
        "received": 1,
        "dispatched": 2,
        "acknowledged": 1,
        "in_progress": 0,
        "reported": 0,
        "closed": 1,
    }


async def test_what_is_counted_is_what_there_is(register: Register, engine: AsyncEngine) -> None:
    """Whatever statement changes the cases: new ones, one that moves on, one made anew, one that is gone."""
    first, second, third = (begun(name) for name in ("first", "second", "third"))
    for events in (first, second, third):
        await register.record(number_of(events), events)
    await register.record(number_of(first), acknowledged(first))
    await register.record(number_of(second), withdrawn(second))
    await register.rewrite(number_of(first), first + withdrawn(first))
    async with engine.begin() as connection:
        await connection.execute(delete(CaseRow).where(col(CaseRow.number) == number_of(third)))
        await connection.execute(delete(CaseRow).where(col(CaseRow.number) == "nobody's"))
        statuses = select(CaseRow.status, func.count()).group_by(col(CaseRow.status))
        there = {row[0]: row[1] for row in await connection.execute(statuses)}
    counted = await register.count_by_status()
    assert {status: count for status, count in counted.items() if count} == there == {"closed": 2}


@pytest.mark.parametrize(
    ("wanted", "order"),
    [
        (wanted, order)
        for wanted in ({}, {"unit": ROADS}, {"district": DISTRICT})
        for order in ("received_at", "due_at")
    ],
    ids=str,
)
async def test_a_page_far_into_a_long_list_is_read_from_the_index(
    register: Register, engine: AsyncEngine, wanted: dict[str, Any], order: str
) -> None:
    events = begun("1")
    await register.record(number_of(events), events)
    copied = "number || '-' || n, received_at + n * interval '1 minute', due_at + n * interval '1 minute', NULL"
    others = "version, status, level, kind, category, channel, source, content_fingerprint, subject, area, unit, "
    others += "district, policy, policy_version, updated_at, breached, returns, rounds"
    asked, *_ = fitting(
        CaseFilter.model_validate({"order": order} | wanted),
        Cursor(order=order, at=NOON + timedelta(days=7), number="A").text(),
    )
    spelled = asked.limit(51).compile(dialect=engine.dialect, compile_kwargs={"literal_binds": True})
    async with engine.begin() as connection:
        await connection.exec_driver_sql(
            f"INSERT INTO cases (number, received_at, due_at, source_ref, {others}) "  # noqa: S608 - fixed text
            f"SELECT {copied}, {others} FROM cases, generate_series(1, 20000) AS n"
        )
        await connection.exec_driver_sql("ANALYZE cases")
        plan = "\n".join((await connection.exec_driver_sql(f"EXPLAIN {spelled}")).scalars())
    assert re.search(r"Index Cond: .*\(ROW\(", plan), plan
    assert "Sort" not in plan


async def test_a_list_of_few_does_not_go_through_the_many(register: Register, engine: AsyncEngine) -> None:
    """Among 20,000 ended cases, three are open, and are all that people look for."""
    events = begun("1")
    await register.record(number_of(events), events)
    others = (
        "version, kind, category, channel, content_fingerprint, unit, district, policy, policy_version, updated_at, "
    )
    others += "breached, returns, rounds"
    own = "status, level, source, paused, supervised, objected, incident, due_at, closed_at"
    ended = "'closed', level, source, NULL, false, false, NULL, NULL::timestamptz, received_at"
    sought = "'dispatched', 'emergency', 'partner', 'account', true, true, 'A', received_at, NULL"
    async with engine.begin() as connection:
        for values, count in ((ended, 20_000), (sought, 3)):
            await connection.exec_driver_sql(
                f"INSERT INTO cases (number, received_at, {own}, {others}) "  # noqa: S608 - fixed text
                f"SELECT '{count}-' || n, received_at - n * interval '10 minutes', {values}, {others} "
                f"FROM cases, generate_series(1, {count}) AS n WHERE source_ref IS NOT NULL"
            )
        await connection.exec_driver_sql("ANALYZE cases")
        for asked in _lists_of_few():
            spelled = asked.limit(51).compile(dialect=engine.dialect, compile_kwargs={"literal_binds": True})
            plan = "\n".join((await connection.exec_driver_sql(f"EXPLAIN (ANALYZE, BUFFERS OFF) {spelled}")).scalars())
            gone_through = re.findall(r"Rows Removed by Filter: (\d+)", plan)
            assert sum(map(int, gone_through)) < 100, plan


def _lists_of_few() -> Iterator[SelectOfScalar[CaseRow]]:
    """In both orders, from the beginning and far inside."""
    places = {"received_at": NOON - timedelta(days=100), "due_at": None}
    for wanted in (
        *(
            {"status": "dispatched"},
            {"overdue": True},
            {"due_before": NOW},
            {"paused": "account"},
            {"supervised": True},
        ),
        *({"objected": True}, {"level": "emergency"}, {"level": "none"}, {"source": "partner"}, {"incident": "A"}),
    ):
        for order, at in places.items():
            for after in (None, Cursor(order=order, at=at, number="A").text()):
                yield from fitting(CaseFilter.model_validate({"order": order} | wanted), after)
