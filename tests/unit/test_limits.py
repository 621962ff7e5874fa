"""Budgets of time: how they are written, counted over daylight saving, and hastened."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from cases.limits import Anchor, Budget, Limit, Step
from hotline.policies import load

BERLIN, BOSTON, BEIJING = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York"), ZoneInfo("Asia/Shanghai")
UTC = ZoneInfo("UTC")
LENGTH = {
    "second": timedelta(seconds=1),
    "minute": timedelta(minutes=1),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
}

amounts = st.integers(0, 999_999)
units = st.sampled_from(list(LENGTH))
moments = st.datetimes(datetime(2020, 1, 1), datetime(2035, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001


@pytest.mark.parametrize(
    ("text", "budget"),
    [
        ("15 minutes", Budget(15, "minute")),
        ("1 hour", Budget(1, "hour")),
        ("1 hours", Budget(1, "hour")),
        ("24hours", Budget(24, "hour")),
        ("  7 Days ", Budget(7, "day")),
        ("30 seconds", Budget(30, "second")),
        ("0 minutes", Budget(0, "minute")),
    ],
)
def test_a_budget_is_read(text: str, budget: Budget) -> None:
    assert Budget.parse(text) == budget


@pytest.mark.parametrize("text", ["", "7", "days", "-1 days", "1.5 hours", "7 weeks", "7 days 2 hours", "1000000 days"])
def test_what_is_no_budget_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match="write one like '15 minutes'"):
        Budget.parse(text)


@given(amounts, units)
def test_a_budget_is_read_as_it_is_written(amount: int, unit: str) -> None:
    budget = Budget(amount, unit)
    assert Budget.parse(str(budget)) == budget
    assert hash(Budget.parse(str(budget))) == hash(budget)
    adapter = TypeAdapter(Budget)
    assert adapter.validate_json(adapter.dump_json(budget)) == budget


def test_budgets_of_different_units_differ() -> None:
    assert Budget(1, "day") != Budget(24, "hour")
    assert Budget(1, "day") != "1 day"


@given(st.integers(0, 10_000), st.sampled_from(["second", "minute", "hour"]), moments)
def test_hours_and_less_are_elapsed_time(amount: int, unit: str, start: datetime) -> None:
    for zone in (BERLIN, BOSTON, BEIJING):
        due = Budget(amount, unit).after(start, zone)
        assert due.astimezone(UTC) - start == amount * LENGTH[unit]
        assert due.tzinfo == zone


@given(st.integers(0, 400), moments)
def test_days_without_daylight_saving_are_24_hours(days: int, start: datetime) -> None:
    due = Budget(days, "day").after(start, BEIJING)
    assert due.astimezone(UTC) - start == timedelta(days=days)


@pytest.mark.parametrize(
    ("zone", "start", "budget", "due"),
    [
        pytest.param(BERLIN, "2026-03-28T10:00+01:00", "1 day", "2026-03-29T10:00+02:00", id="a day of 23 hours"),
        pytest.param(BERLIN, "2026-10-24T10:00+02:00", "1 day", "2026-10-25T10:00+01:00", id="a day of 25 hours"),
        pytest.param(BERLIN, "2026-03-28T10:00+01:00", "24 hours", "2026-03-29T11:00+02:00", id="24 hours in spring"),
        pytest.param(BERLIN, "2026-10-24T10:00+02:00", "24 hours", "2026-10-25T09:00+01:00", id="24 hours in autumn"),
        pytest.param(BERLIN, "2026-03-28T02:30+01:00", "1 day", "2026-03-29T03:30+02:00", id="due in the skipped hour"),
        pytest.param(BERLIN, "2026-10-24T02:30+02:00", "1 day", "2026-10-25T02:30+02:00", id="due in the doubled hour"),
        pytest.param(BOSTON, "2011-11-01T09:00-04:00", "7 days", "2011-11-08T09:00-05:00", id="Boston in autumn"),
        pytest.param(BEIJING, "2026-02-28T16:30+00:00", "1 day", "2026-03-02T00:30+08:00", id="given in another zone"),
    ],
)
def test_days_end_at_the_same_time_of_day(zone: ZoneInfo, start: str, budget: str, due: str) -> None:
    end = Budget.parse(budget).after(datetime.fromisoformat(start), zone)
    assert end.isoformat(timespec="minutes") == due


@given(moments, st.integers(0, 60), st.integers(0, 60))
def test_a_longer_budget_never_ends_earlier(start: datetime, first: int, second: int) -> None:
    short, long = sorted((first, second))
    for zone in (BERLIN, BOSTON):
        ends = [Budget(days, "day").after(start, zone).astimezone(UTC) for days in (short, long)]
        assert ends == sorted(ends)


@pytest.mark.parametrize(
    ("budget", "factor", "seconds"),
    [("15 minutes", 60, 15), ("7 days", 60, 10_080), ("1 second", 60, 1), ("0 minutes", 60, 0), ("1 day", 86_400, 1)],
)
def test_a_hastened_budget_is_elapsed_seconds(budget: str, factor: int, seconds: int) -> None:
    assert Budget.parse(budget).faster(factor) == Budget(seconds, "second")


@pytest.mark.parametrize("share", [0, 1, -0.5, 1.5])
def test_a_warning_lies_within_the_time(share: float) -> None:
    with pytest.raises(ValidationError, match="warn"):
        Limit(within=Budget(1, "day"), warn=(share,))


def test_a_step_tells_somebody() -> None:
    with pytest.raises(ValidationError, match="tell"):
        Step(after=Budget(0, "minute"), tell=())


def test_a_warning_or_a_step_that_stands_twice_is_refused() -> None:
    with pytest.raises(ValidationError, match="names a share twice"):
        Limit(within=Budget(1, "day"), warn=(0.5, 0.5))
    twice = tuple(Step(after=Budget(2, "day"), tell=(who,)) for who in ("desk", "supervisor"))
    with pytest.raises(ValidationError, match="two steps after 2 days"):
        Limit(within=Budget(1, "day"), ladder=twice)


def test_a_hastened_policy_keeps_its_rules_and_says_so() -> None:
    policy = load("beijing").policy
    fast = policy.faster(60)
    resolve = fast.levels["emergency"].resolve
    assert fast.version == f"{policy.version} x60"
    assert resolve.within == Budget(120, "second")
    assert resolve.counts_from is Anchor.DISPATCH
    assert resolve.warn == policy.levels["emergency"].resolve.warn
    assert [step.after.amount for step in resolve.ladder] == [0, 120]
    assert [step.tell for step in resolve.ladder] == [step.tell for step in policy.levels["emergency"].resolve.ladder]
    assert fast.callback is not None
    assert policy.callback is not None
    assert fast.callback.within == Budget(72 * 60, "second")
    assert (fast.callback.attempts, fast.callback.hours) == (policy.callback.attempts, None)
    assert fast.returns.at_most == policy.returns.at_most
    assert fast.returns.adjudicate is not None
    assert fast.returns.adjudicate.within == Budget(4 * 60, "second")
    assert policy.levels["emergency"].resolve.within == Budget(2, "hour"), "the policy itself is as it was"
