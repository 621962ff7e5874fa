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
    ],
)
def test_a_calendar_that_makes_no_sense_is_refused(wrong: dict[str, object], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        Calendar.model_validate(wrong)


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
