"""Recording is idempotent, complete and never goes backwards."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from cases.case import Case
from cases.commands import content_fingerprint
from cases.deadlines import running
from cases.errors import InvalidError, UnknownCaseError
from cases.events import Event
from cases.evolve import fold
from records.errors import ConflictError, GapError
from records.register import Register
from tests.own_keys import KEYS
from tests.records.histories import acknowledged, begun, lived, number_of, returned, ticked


@pytest.fixture
def history() -> list[Event]:
    events = begun("1")
    return events + acknowledged(events)


async def test_what_is_recorded_is_read_back(register: Register) -> None:
    case, events = lived()
    await register.record(case.number, events, case)
    assert await register.events(case.number) == events
    assert await register.case(case.number) == case
    assert await register.events(case.number, after=3, limit=2) == events[3:5]
    assert await register.content_fingerprint(case.number) == content_fingerprint(case.complaint)


@pytest.mark.parametrize("with_case", [True, False])
async def test_the_row_tells_where_the_case_stands(register: Register, with_case: bool) -> None:
    case, events = lived()
    before: list[Event] = []
    for event in events:
        before.append(event)
        so_far = fold(before)
        await register.record(case.number, [event], so_far if with_case else None)
        row = await register.row(case.number)
        assert row is not None
        due = next(iter(running(so_far)), None)
        assert (row.version, row.status, row.unit) == (so_far.version, so_far.status, so_far.unit)
        assert (row.due_at, row.due_name) == ((due.due_at, due.name) if due else (None, None))
        assert row.updated_at == event.at
    assert row is not None
    assert (row.outcome, row.closed_at, row.rounds, row.returns) == ("solved", events[-1].at, 2, 0)
    assert (row.breached, row.district, row.source, row.source_ref) == (True, "chaoyang", "test", "1")


async def test_a_returned_case_is_with_the_desk(register: Register) -> None:
    events = returned()
    await register.record(number_of(events), events)
    row = await register.row(number_of(events))
    assert row is not None
    assert (row.status, row.unit, row.district, row.returns, row.due_name) == ("received", None, None, 1, "dispatch")


async def test_the_same_again_changes_nothing(register: Register, history: list[Event]) -> None:
    number = number_of(history)
    for _ in range(2):
        await register.record(number, history)
    assert await register.events(number) == history


async def test_an_overlap_adds_what_is_new(register: Register, history: list[Event]) -> None:
    number = number_of(history)
    await register.record(number, history[:2])
    await register.record(number, history[1:], fold(history))
    assert await register.events(number) == history
    row = await register.row(number)
    assert row is not None
    assert row.status == "acknowledged"


async def test_an_old_batch_never_moves_the_row_back(register: Register, history: list[Event]) -> None:
    number = number_of(history)
    await register.record(number, history, fold(history))
    await register.record(number, history[:2], fold(history[:2]))
    row = await register.row(number)
    assert row is not None
    assert (row.version, row.status) == (3, "acknowledged")


async def test_a_case_that_is_not_the_one_after_the_events_is_not_believed(
    register: Register, history: list[Event]
) -> None:
    number = number_of(history)
    await register.record(number, history[:2], fold(history))
    row = await register.row(number)
    assert row is not None
    assert (row.version, row.status) == (2, "dispatched")


async def test_nothing_to_record_is_no_mistake(register: Register) -> None:
    await register.record("none", [])
    assert await register.row("none") is None
    assert await register.events("none") == []
    assert await register.content_fingerprint("none") is None
    with pytest.raises(UnknownCaseError):
        await register.case("none")


async def test_a_gap_is_refused_and_says_what_is_there(register: Register, history: list[Event]) -> None:
    number = number_of(history)
    with pytest.raises(GapError) as nothing:
        await register.record(number, history[1:])
    assert (nothing.value.number, nothing.value.stored) == (number, 0)
    await register.record(number, history[:1])
    with pytest.raises(GapError) as one:
        await register.record(number, history[2:])
    assert one.value.stored == 1
    assert await register.events(number) == history[:1]


@pytest.mark.parametrize("place", [0, 1])
async def test_another_event_in_the_same_place_is_a_conflict(
    register: Register, history: list[Event], place: int
) -> None:
    number = number_of(history)
    await register.record(number, history[:2])
    other = list(history)
    other[place] = history[place].model_copy(update={"at": history[place].at + timedelta(seconds=1)})
    with pytest.raises(ConflictError, match=f"event {place + 1}"):
        await register.record(number, other)
    assert await register.events(number) == history[:2]


async def test_what_is_no_history_of_the_case_is_invalid(register: Register, history: list[Event]) -> None:
    number = number_of(history)
    begins_later = history[0].model_copy(update={"seq": 2})
    begins_wrong = history[1].model_copy(update={"seq": 1})
    for wrong in ([history[0], history[2]], [history[0], begins_later], [begins_wrong]):
        with pytest.raises(InvalidError, match="events"):
            await register.record(number, wrong)
    with pytest.raises(InvalidError, match="of case"):
        await register.record("another", history)
    assert await register.row(number) is None


async def test_the_same_batch_from_many_sides_at_once(
    register: Register, engine: AsyncEngine, history: list[Event]
) -> None:
    number, other = number_of(history), Register(engine, KEYS)
    sides = [side.record(number, history[:end]) for side in (register, other) for end in (1, 2, 3, 3)]
    await asyncio.gather(*sides)
    assert await register.events(number) == history


async def test_two_processes_record_many_cases_at_once(register: Register, engine: AsyncEngine) -> None:
    histories = [begun(str(index)) for index in range(40)]
    other = Register(engine, KEYS)
    there = [register.record(number_of(events), events, fold(events)) for events in histories]
    back = [other.record(number_of(events), events) for events in reversed(histories)]
    await asyncio.gather(*there, *back)
    assert (await register.count_by_status())["dispatched"] == 40


async def test_one_bad_batch_fails_alone(register: Register, engine: AsyncEngine) -> None:
    histories = [begun(str(index)) for index in range(20)]
    gap, conflict, clash, broken = histories[3], histories[5], histories[7], histories[9]
    await register.record(number_of(conflict), conflict[:1])
    conflict[0] = conflict[0].model_copy(update={"at": conflict[0].at + timedelta(days=1)})
    # Another number under a reference that is taken; and a history that no code can fold.
    await register.record("TAKEN", [_renumbered(begun("taken")[0], "TAKEN")])
    histories[7] = clash = begun("taken")
    broken[1] = broken[1].model_copy(update={"fact": broken[1].fact.model_copy(update={"unit": {"not": "a unit"}})})
    asked = [register.record(number_of(gap), gap[1:])]
    asked += [register.record(fold(events[:1]).number, events) for events in histories if events is not gap]
    results = await asyncio.gather(*asked, return_exceptions=True)
    bad = [result for result in results if result is not None]
    assert isinstance(results[0], GapError)
    assert sorted(type(result).__name__ for result in bad)[:3] == ["ConflictError", "ConflictError", "GapError"]
    assert len(bad) == 4
    assert number_of(clash) != "TAKEN"
    async with engine.connect() as connection:
        written = await connection.execute(text("SELECT count(*) FROM cases WHERE version = 2"))
        assert written.scalar_one() == 16
        orphans = await connection.execute(
            text("SELECT count(*) FROM case_events WHERE case_number NOT IN (SELECT number FROM cases)")
        )
        assert orphans.scalar_one() == 0


async def test_many_at_once_share_commits(register: Register, engine: AsyncEngine) -> None:
    histories = [begun(str(index)) for index in range(200)]
    async with engine.connect() as connection:
        commits = text("SELECT count(DISTINCT xmin::text) FROM case_events")
        await asyncio.gather(*(register.record(number_of(events), events, fold(events)) for events in histories))
        assert (await connection.execute(commits)).scalar_one() <= 3


async def test_a_caller_that_gives_up_leaves_the_others_alone(register: Register) -> None:
    histories = [begun(str(index)) for index in range(10)]
    tasks = [asyncio.create_task(register.record(number_of(events), events)) for events in histories]
    await asyncio.sleep(0)
    for task in tasks[::2]:
        task.cancel()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert results[1::2] == [None] * 5
    assert all(isinstance(result, asyncio.CancelledError) for result in results[::2])
    for events in histories:
        await register.record(number_of(events), events)
        assert await register.events(number_of(events)) == events


async def test_what_postgresql_cannot_hold_does_not_wedge_a_case(register: Register) -> None:
    events = begun("nul", source_ref="nul\x00", subject="a\x00b", description="\x00 and \\u0000 and \U0001f600 急")
    number = number_of(events)
    case: Case = fold(events)
    for _ in range(2):
        await register.record(number, events, case)
    row = await register.row(number)
    assert row is not None
    assert (row.source_ref, row.subject) == ("nul\ufffd", "a\ufffdb")
    assert (await register.case(number)).complaint.description == case.complaint.description.replace("\x00", "\ufffd")
    assert "\\u0000" in (await register.case(number)).complaint.description
    assert await register.content_fingerprint(number) == content_fingerprint(case.complaint)


async def test_alarms_mark_the_row(register: Register) -> None:
    events = begun("1")
    events += ticked(events, timedelta(hours=3))
    assert [event.fact.type for event in events[2:4]] == ["warned", "breached"]
    await register.record(number_of(events), events[:3])
    row = await register.row(number_of(events))
    assert row is not None
    assert not row.breached
    await register.record(number_of(events), events[3:], fold(events))
    row = await register.row(number_of(events))
    assert row is not None
    assert row.breached


def _renumbered(event: Event, number: str) -> Event:
    return event.model_copy(update={"fact": event.fact.model_copy(update={"number": number})})


async def test_a_whole_history_takes_the_place_of_what_never_came_to_be(register: Register) -> None:
    events = begun("1")
    ghost, real = acknowledged(events, timedelta(hours=1)), acknowledged(events, timedelta(hours=2))
    number = number_of(events)
    await register.record(number, events + ghost)
    await register.rewrite(number, events + real)
    assert await register.events(number) == events + real
    row = await register.row(number)
    assert row is not None
    assert row.updated_at == real[-1].at
    shorter = events[:1]
    await register.rewrite(number, shorter)
    assert await register.events(number) == shorter
    with pytest.raises(InvalidError, match="from the receipt on"):
        await register.rewrite(number, real)


async def test_a_record_with_another_receipt_is_not_written_over(register: Register) -> None:
    kept = begun("1")
    number = number_of(kept)
    await register.record(number, kept)
    later = kept[0].model_copy(update={"at": kept[0].at + timedelta(days=900)})
    with pytest.raises(ConflictError, match="another receipt"):
        await register.rewrite(number, [later, *kept[1:]])
    assert await register.events(number) == kept
