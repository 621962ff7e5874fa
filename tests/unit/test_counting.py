"""Clocks that stand still: a due time is counted over afresh, whatever the breaks, the calendar and the clocks do."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cases.calendar import Calendar, Window
from cases.counting import Break, Counter, run_out
from cases.deadlines import next_alarm
from cases.limits import Budget, Limit
from tests.unit.narrative import NOON, POLICY, Narrative

LONDON = ZoneInfo("Europe/London")
OFFICE = Calendar(
    windows=(Window(opens=time(9), closes=time(12)), Window(opens=time(13, 30), closes=time(17, 30))),
    holidays=(date(2026, 5, 4),),
    workdays=(date(2026, 5, 9),),
)
"""Seven hours a day; the first Monday of May is a holiday, and the Saturday after it is worked."""

BY_CLOSE = OFFICE.model_copy(update={"day_ends": "close_of_day"})


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=LONDON)


def break_(begins: str, ends: str) -> Break:
    return Break(why="waiting", begins=at(begins), ends=at(ends), over=True)


def due(budget: str, start: str, *breaks: Break, calendar: Calendar = OFFICE) -> str:
    end = run_out(Budget.parse(budget), at(start), LONDON, calendar, breaks)
    return end.isoformat(timespec="minutes")


@pytest.mark.parametrize(
    ("budget", "breaks", "expected"),
    [
        pytest.param("2 working hours", [], "2026-05-01T14:00", id="over lunch, without a break"),
        pytest.param("2 working hours", [("2026-05-01T11:00", "2026-05-01T14:00")], "2026-05-01T15:30", id="at lunch"),
        pytest.param("2 working hours", [("2026-05-01T12:00", "2026-05-01T13:30")], "2026-05-01T14:00", id="all lunch"),
        pytest.param("1 working day", [("2026-05-01T16:00", "2026-05-05T10:00")], "2026-05-05T14:30", id="holiday too"),
        pytest.param("1 working day", [("2026-05-01T18:00", "2026-05-05T08:00")], "2026-05-05T10:30", id="not counted"),
        pytest.param("24 hours", [("2026-05-01T18:00", "2026-05-03T18:00")], "2026-05-04T10:30", id="a weekend"),
        pytest.param("5 days", [("2026-05-02T09:00", "2026-05-03T21:00")], "2026-05-07T22:30", id="a day and a half"),
        pytest.param(
            "24 hours",
            [("2026-05-01T12:00", "2026-05-01T15:00"), ("2026-05-01T14:00", "2026-05-01T16:00")],
            "2026-05-02T14:30",
            id="overlapping breaks count once",
        ),
        pytest.param("24 hours", [("2026-05-01T08:00", "2026-05-01T11:30")], "2026-05-02T11:30", id="from before it"),
        pytest.param("24 hours", [("2026-05-02T10:30", "2026-05-03T10:30")], "2026-05-02T10:30", id="due as it begins"),
        pytest.param("24 hours", [("2026-05-02T10:29", "2026-05-03T10:29")], "2026-05-03T10:30", id="due within it"),
    ],
)
def test_a_break_moves_the_due_time(budget: str, breaks: list[tuple[str, str]], expected: str) -> None:
    found = due(budget, "2026-05-01T10:30", *(break_(*one) for one in breaks))
    assert found == f"{expected}+01:00"


@pytest.mark.parametrize(
    ("breaks", "expected"),
    [
        pytest.param([], "2026-05-07", id="none: Wednesday and Thursday"),
        pytest.param([("2026-05-06T09:00", "2026-05-06T12:00")], "2026-05-07", id="a morning is no day"),
        pytest.param([("2026-05-05T11:00", "2026-05-06T10:00")], "2026-05-08", id="over the close of the first day"),
        pytest.param([("2026-05-05T11:00", "2026-05-07T10:00")], "2026-05-09", id="two closes, and a worked Saturday"),
        pytest.param([("2026-05-05T17:30", "2026-05-06T09:00")], "2026-05-07", id="a night"),
        pytest.param([("2026-05-07T17:29", "2026-05-10T12:00")], "2026-05-11", id="over the due time and the weekend"),
        pytest.param(
            [("2026-05-06T11:00", "2026-05-06T18:00"), ("2026-05-06T16:00", "2026-05-06T20:00")],
            "2026-05-08",
            id="two over one close put it off by one day",
        ),
    ],
)
def test_days_that_end_at_the_close_are_put_off_by_each_close_missed(
    breaks: list[tuple[str, str]], expected: str
) -> None:
    found = due("2 working days", "2026-05-05T10:00", *(break_(*one) for one in breaks), calendar=BY_CLOSE)
    assert found == f"{expected}T17:30+01:00"


def test_where_days_close_at_midnight_the_next_begins_with_it() -> None:
    days = Calendar(day_ends="close_of_day")
    first = due("1 working day", "2026-05-05T10:00", calendar=days)
    assert first == "2026-05-07T00:00+01:00"
    assert due("1 working day", "2026-05-07T00:00", calendar=days) == "2026-05-08T00:00+01:00"


@pytest.mark.parametrize(
    ("budget", "start", "breaks", "expected"),
    [
        # In the night to 29 March 2026 the clocks skip the hour after 01:00, in that to 25 October they repeat it.
        ("1 day", "2026-03-28T10:00", [], "2026-03-29T10:00+01:00"),
        ("1 day", "2026-03-27T10:00", [("2026-03-28T09:00", "2026-03-29T09:00")], "2026-03-29T10:00+01:00"),
        ("24 hours", "2026-03-27T10:00", [("2026-03-28T09:00", "2026-03-29T09:00")], "2026-03-29T10:00+01:00"),
        ("24 hours", "2026-03-28T20:00", [("2026-03-28T22:00", "2026-03-29T08:00")], "2026-03-30T06:00+01:00"),
        ("24 hours", "2026-10-24T20:00", [("2026-10-24T22:00", "2026-10-25T08:00")], "2026-10-26T06:00+00:00"),
        ("1 day", "2026-10-24T20:00", [("2026-10-24T22:00", "2026-10-25T08:00")], "2026-10-26T06:00+00:00"),
        ("1 working day", "2026-10-23T16:00", [("2026-10-23T17:00", "2026-10-26T10:00")], "2026-10-26T17:30+00:00"),
    ],
)
def test_breaks_over_a_change_of_daylight_saving(
    budget: str, start: str, breaks: list[tuple[str, str]], expected: str
) -> None:
    assert due(budget, start, *(break_(*one) for one in breaks)) == expected


def test_a_working_day_is_a_day_also_when_the_clocks_change_in_it() -> None:
    always = Calendar(weekdays=(0, 1, 2, 3, 4, 5, 6))
    assert due("1 working day", "2026-03-28T10:00", calendar=always) == "2026-03-29T10:00+01:00"
    assert due("24 working hours", "2026-03-28T10:00", calendar=always) == "2026-03-29T11:00+01:00"
    assert due("1 working day", "2026-10-24T10:00", calendar=always) == "2026-10-25T10:00+00:00"
    assert due("24 working hours", "2026-10-24T10:00", calendar=always) == "2026-10-25T09:00+00:00"


def test_times_of_one_zone_are_told_apart_by_what_has_passed() -> None:
    # Python subtracts two times of the same zone as their clocks read; here an hour lies between them unseen.
    before, after = at("2026-10-25T00:30"), at("2026-10-25T03:00")
    assert Counter("hour", LONDON, None).counted(before, after, ()) == timedelta(hours=3.5)
    wait = Break(why="waiting", begins=before, ends=after, over=True)
    assert due("6 hours", "2026-10-24T23:30", wait) == "2026-10-25T08:00+00:00"


def test_clocks_set_back_during_a_break_give_nothing_back() -> None:
    back = Break(
        why="waiting",
        begins=datetime(2026, 10, 25, 0, 30, tzinfo=UTC),
        ends=datetime(2026, 10, 25, 1, 10, tzinfo=UTC),
        over=True,
    )
    assert due("1 day", "2026-10-24T10:00", back) == due("1 day", "2026-10-24T10:00") == "2026-10-25T10:00+00:00"
    assert due("1 day", "2026-10-24T01:45", back) == "2026-10-25T01:45+00:00"


def test_the_next_alarm_in_the_doubled_hour_is_the_one_that_comes_first() -> None:
    first, second = datetime(2026, 10, 25, 0, 30, tzinfo=UTC), datetime(2026, 10, 25, 1, 10, tzinfo=UTC)
    assert first.astimezone(LONDON).time() > second.astimezone(LONDON).time(), "half past one comes before ten past one"
    seconds = [int((at - NOON).total_seconds()) for at in (first, second)]
    limits = [Limit(within=Budget(amount, "second")) for amount in seconds]
    general = POLICY.levels["general"].model_copy(
        update={"acknowledge": limits[0], "handle": limits[1], "resolve": limits[1]}
    )
    story = Narrative(policy=POLICY.model_copy(update={"zone": "Europe/London", "levels": {"general": general}}))
    alarm = next_alarm(story.case)
    assert alarm is not None
    assert alarm.astimezone(UTC) == first


def test_working_time_needs_a_calendar() -> None:
    for unit in ("working day", "working hour"):
        with pytest.raises(ValueError, match=f"{unit}s? cannot be counted without a calendar"):
            run_out(Budget(1, unit), at("2026-05-01T10:00"), LONDON, None)
        with pytest.raises(ValueError, match=f"{unit}s? cannot be counted without a calendar"):
            Counter(unit, LONDON, None)


moments = st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001
lengths = st.timedeltas(timedelta(minutes=1), timedelta(days=20))
breaks = st.lists(
    st.builds(
        lambda begins, length: Break(why="waiting", begins=begins, ends=begins + length, over=True), moments, lengths
    ),
    max_size=4,
)
units = st.sampled_from(["minute", "hour", "day", "working hour", "working day"])
amounts = st.integers(0, 60)
calendars = st.sampled_from([OFFICE, BY_CLOSE])
any_number = settings(deadline=None)


@any_number
@given(units, amounts, moments, breaks, calendars)
def test_a_break_never_makes_a_due_time_earlier(
    unit: str, amount: int, start: datetime, paused: Sequence[Break], calendar: Calendar
) -> None:
    budget = Budget(amount, unit)
    assert _utc(budget, start, paused, calendar) >= _utc(budget, start, (), calendar)


@any_number
@given(units, amounts, amounts, moments, breaks, calendars)
def test_a_longer_budget_is_never_due_earlier(
    unit: str, one: int, other: int, start: datetime, paused: Sequence[Break], calendar: Calendar
) -> None:
    short, long = sorted((one, other))
    assert _utc(Budget(short, unit), start, paused, calendar) <= _utc(Budget(long, unit), start, paused, calendar)


@any_number
@given(st.sampled_from(["minute", "hour", "working hour"]), st.integers(1, 60), moments, breaks)
def test_what_is_counted_until_a_due_time_is_the_budget(
    unit: str, amount: int, start: datetime, paused: Sequence[Break]
) -> None:
    end = _utc(Budget(amount, unit), start, paused, OFFICE)
    passed = timedelta(**{f"{unit.removeprefix('working ')}s": amount})
    assert Counter(unit, LONDON, OFFICE).counted(start, end, paused) == passed


@any_number
@given(st.sampled_from(["day", "working day"]), st.integers(1, 60), moments, breaks)
def test_the_same_holds_for_days_where_the_clocks_never_change(
    unit: str, amount: int, start: datetime, paused: Sequence[Break]
) -> None:
    zone = ZoneInfo("Asia/Shanghai")
    end = run_out(Budget(amount, unit), start, zone, OFFICE, paused)
    day = OFFICE.day_length if unit == "working day" else timedelta(days=1)
    assert Counter(unit, zone, OFFICE).counted(start, end, paused) == amount * day


@any_number
@given(st.sampled_from(["working hour", "working day"]), st.integers(1, 60), moments, st.data(), calendars)
def test_a_break_in_which_nobody_works_changes_nothing(
    unit: str, amount: int, start: datetime, data: st.DataObject, calendar: Calendar
) -> None:
    days = data.draw(st.lists(st.dates(date(2026, 1, 1), date(2026, 12, 31)), min_size=1, max_size=4))
    nights = [
        Break(
            why="waiting",
            begins=datetime.combine(day, time(17, 30), LONDON),
            ends=datetime.combine(day + timedelta(days=1), time(9), LONDON),
            over=True,
        )
        for day in days
    ]
    budget = Budget(amount, unit)
    assert _utc(budget, start, nights, calendar) == _utc(budget, start, (), calendar)


@any_number
@given(units, st.integers(1, 60), moments, breaks, st.permutations(range(4)))
def test_the_order_in_which_breaks_are_told_does_not_matter(
    unit: str, amount: int, start: datetime, paused: list[Break], order: list[int]
) -> None:
    shuffled = [paused[place] for place in order if place < len(paused)]
    assert _utc(Budget(amount, unit), start, shuffled, OFFICE) == _utc(Budget(amount, unit), start, paused, OFFICE)


@any_number
@given(units, st.integers(1, 60), moments, breaks, st.floats(0.1, 0.9), calendars)
def test_a_warning_comes_in_its_share_of_the_time_and_not_after_the_due_time(
    unit: str, amount: int, start: datetime, paused: list[Break], share: float, calendar: Calendar
) -> None:
    counter = Counter(unit, LONDON, calendar)
    end = _utc(Budget(amount, unit), start, paused, calendar)
    warned = counter.run_out(counter.counted(start, end, paused) * share, start, paused)
    assert start <= warned.astimezone(UTC) <= end


def _utc(budget: Budget, start: datetime, paused: Sequence[Break], calendar: Calendar) -> datetime:
    return run_out(budget, start, LONDON, calendar, paused).astimezone(UTC)
