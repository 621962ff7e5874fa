"""Working days and hours: windows, holidays, make-up workdays, and what a policy makes of them."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

from cases.calendar import Calendar, Window
from cases.deadlines import running
from cases.limits import Budget
from cases.policy import Policy
from tests.unit.narrative import POLICY, Narrative, limit

CITY = ZoneInfo("Asia/Shanghai")
OFFICE = (Window(opens=time(9), closes=time(12)), Window(opens=time(13, 30), closes=time(17, 30)))
"""Seven hours a day."""

FRIDAY = date(2026, 9, 4)


def at(day: date, hour: int, minute: int = 0) -> datetime:
    return datetime.combine(day, time(hour, minute), CITY)


def after(days: int) -> date:
    return FRIDAY + timedelta(days=days)


def due(amount: str, start: datetime, calendar: Calendar) -> datetime:
    return Budget.parse(amount).after(start, CITY, calendar)


def test_one_working_day_from_friday_is_what_the_policy_says_it_is() -> None:
    start = at(FRIDAY, 16)
    assert due("1 working day", start, Calendar(windows=OFFICE)) == at(after(3), 16)
    assert due("1 working day", start, Calendar(windows=OFFICE, day_ends="close_of_day")) == at(after(3), 17, 30)


def test_working_hours_skip_lunch_nights_and_weekends() -> None:
    office = Calendar(windows=OFFICE)
    assert due("2 working hours", at(FRIDAY, 11), office) == at(FRIDAY, 14, 30)
    assert due("2 working hours", at(FRIDAY, 16, 30), office) == at(after(3), 10)
    assert due("2 working hours", at(after(1), 10), office) == at(after(3), 11)


def test_holidays_do_not_count_and_make_up_workdays_do() -> None:
    calendar = Calendar(windows=OFFICE, holidays=(after(3), after(4)), workdays=(after(1),))
    assert due("1 working day", at(FRIDAY, 16), calendar) == at(after(1), 16)
    assert due("2 working days", at(FRIDAY, 16), calendar) == at(after(5), 16)


def test_twenty_four_hours_are_twenty_four_hours_whatever_the_calendar() -> None:
    assert due("24 hours", at(FRIDAY, 16), Calendar(windows=OFFICE)) == at(after(1), 16)


def test_between_and_after_agree() -> None:
    calendar = Calendar(windows=OFFICE, holidays=(after(3),))
    start = at(FRIDAY, 10)
    for hours in range(1, 40):
        amount = timedelta(hours=hours)
        assert calendar.between(start, calendar.after_hours(start, amount, CITY), CITY) == amount


def test_working_hours_are_true_over_a_change_of_daylight_saving() -> None:
    boston = ZoneInfo("America/New_York")
    nights = Calendar(weekdays=(0, 1, 2, 3, 4, 5, 6))
    start = datetime(2026, 3, 8, 0, 0, tzinfo=boston)
    assert Budget.parse("24 working hours").after(start, boston, nights) == datetime(2026, 3, 9, 1, tzinfo=boston)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"weekdays": ()}, "at least one day"),
        ({"windows": (OFFICE[1], OFFICE[0])}, "in order"),
        ({"windows": ({"opens": "12:00", "closes": "09:00"},)}, "not after"),
        ({"windows": ({"opens": "09:00", "closes": "12:00"}, {"opens": "11:00", "closes": "17:00"})}, "in order"),
        ({"windows": ({"opens": "12:00", "closes": "00:00"}, {"opens": "01:00", "closes": "02:00"})}, "in order"),
        ({"windows": ({"opens": "09:00", "closes": "09:30"},)}, "an hour at least"),
        ({"holidays": (FRIDAY,), "workdays": (FRIDAY,)}, "2026-09-04 is among the holidays too"),
    ],
)
def test_a_calendar_that_makes_no_sense_is_refused(wrong: dict[str, object], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        Calendar.model_validate(wrong)


def test_several_windows_a_day_up_to_midnight() -> None:
    shifts = Calendar(
        windows=(
            Window(opens=time(6), closes=time(9)),
            Window(opens=time(12), closes=time(14)),
            Window(opens=time(20), closes=time(0)),
        )
    )
    assert shifts.day_length == timedelta(hours=9)
    assert due("3 working hours", at(FRIDAY, 8), shifts) == at(FRIDAY, 14)
    assert due("4 working hours", at(FRIDAY, 8), shifts) == at(FRIDAY, 21)
    assert due("7 working hours", at(FRIDAY, 8), shifts) == at(after(1), 0), "midnight on Friday, not on Sunday"
    assert due("8 working hours", at(FRIDAY, 8), shifts) == at(after(3), 7)
    assert due("1 working day", at(FRIDAY, 13), shifts) == at(after(3), 13)


def test_a_week_of_holidays_and_a_worked_saturday_shift_a_due_time() -> None:
    # National Day 2026: off from Thursday the 1st to Wednesday the 7th, worked on Saturday the 10th.
    week = tuple(date(2026, 10, day) for day in range(1, 8))
    national = Calendar(windows=OFFICE, holidays=week, workdays=(date(2026, 10, 10),))
    start = at(date(2026, 9, 30), 16)
    assert due("3 working hours", start, national) == at(date(2026, 10, 8), 10, 30)
    assert due("3 working days", start, national) == at(date(2026, 10, 10), 16)
    assert due("4 working days", start, national) == at(date(2026, 10, 12), 16)
    by_close = national.model_copy(update={"day_ends": "close_of_day"})
    assert due("3 working days", start, by_close) == at(date(2026, 10, 10), 17, 30)
    assert due("7 days", start, national) == at(date(2026, 10, 7), 16), "days of the calendar know no holiday"


@pytest.mark.parametrize("day_ends", ["same_time", "close_of_day"])
def test_no_time_is_over_at_once(day_ends: str) -> None:
    calendar = Calendar.model_validate({"windows": OFFICE, "day_ends": day_ends})
    for amount in ("0 working days", "0 working hours"):
        assert due(amount, at(after(1), 10), calendar) == at(after(1), 10)


@pytest.mark.parametrize(
    ("start", "same_time", "close_of_day"),
    [
        pytest.param((FRIDAY, 7), (FRIDAY, 17, 30), (after(3), 17, 30), id="before the office opens"),
        pytest.param((FRIDAY, 20), (after(3), 17, 30), (after(3), 17, 30), id="after it has closed"),
        pytest.param((after(1), 10), (after(3), 17, 30), (after(3), 17, 30), id="on a weekend"),
    ],
)
def test_a_working_day_that_begins_outside_working_hours(
    start: tuple[date, int], same_time: tuple[date, int, int], close_of_day: tuple[date, int, int]
) -> None:
    assert due("1 working day", at(*start), Calendar(windows=OFFICE)) == at(*same_time)
    assert due("1 working day", at(*start), Calendar(windows=OFFICE, day_ends="close_of_day")) == at(*close_of_day)


def test_more_working_time_than_can_be_counted_is_refused_as_it_is_written() -> None:
    weekly = Calendar(weekdays=(2,), windows=(Window(opens=time(9), closes=time(10)),))
    assert due("1000 working days", at(FRIDAY, 16), weekly) > at(FRIDAY, 16)
    for amount in ("1001 working days", "1001 working hours"):
        with pytest.raises(ValueError, match=r"1000 working (day|hour)s are the most"):
            Budget.parse(amount)


def test_a_case_of_a_day_carries_the_holidays_around_it_and_knows_how_far_they_reach() -> None:
    days = tuple(date(year, 10, 1) for year in range(2024, 2030))
    around = Calendar(holidays=days, known_until=date(2029, 12, 31)).around(FRIDAY)
    assert around.holidays == (date(2026, 10, 1), date(2027, 10, 1))
    assert around.knows(date(2027, 10, 9))
    assert not around.knows(date(2027, 10, 10))
    assert Calendar(known_until=FRIDAY).around(FRIDAY).known_until == FRIDAY
    assert Calendar(holidays=days).around(FRIDAY).known_until is None, "whoever says nothing of it knows them all"


def with_working_days(calendar: Calendar | None) -> Policy:
    general = POLICY.levels["general"].model_copy(update={"resolve": limit("10 working days")})
    return Policy.model_validate(POLICY.model_dump() | {"levels": {"general": general}, "calendar": calendar})


def test_working_time_without_a_calendar_is_refused_by_name() -> None:
    with pytest.raises(ValidationError, match=r"levels\.general\.resolve\.within counts working time"):
        with_working_days(None)


def test_a_case_carries_the_calendar_its_limits_need_and_warns_by_working_time() -> None:
    assert POLICY.terms("general").calendar is None
    told = Narrative(policy=with_working_days(Calendar(windows=OFFICE)))
    resolution = next(one for one in running(told.case) if one.name == "resolution")
    # From Tuesday noon, ten working days on: Tuesday fortnight, where the morning closes.
    assert resolution.due_at == datetime(2026, 9, 15, 12, 0, tzinfo=CITY)
    warning = resolution.rungs[0].at
    calendar = Calendar(windows=OFFICE)
    assert calendar.between(told.now, warning, CITY) == timedelta(hours=52.5)
    assert "10 working days from dispatch" in resolution.explanation
    assert "by the working calendar" in resolution.explanation
