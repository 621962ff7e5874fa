"""What is remembered of a PostgreSQL that was silent."""

from contextlib import suppress

import pytest

from cases.errors import UnavailableError
from records.reach import BRIEF, REMEMBERED, Outage, SilentError, hurried
from tests.records.clock import Clock

USUAL = 20.0


@pytest.fixture
def outage(clock: Clock) -> Outage:
    return Outage(clock)


def fails(outage: Outage, clock: Clock, after: float, error: UnavailableError | None = None) -> float:
    """An attempt that gets no answer for so many seconds; how many it had."""
    had = []
    with suppress(UnavailableError), outage.attempt(USUAL) as patience:
        had.append(patience)
        clock.now += after
        raise error or SilentError
    return had[0]


def test_a_refusal_is_an_answer_and_a_silence_is_remembered(outage: Outage, clock: Clock) -> None:
    fails(outage, clock, 0.1)
    assert not outage.known
    fails(outage, clock, USUAL)
    assert outage.known
    clock.now += REMEMBERED
    assert not outage.known


def test_meanwhile_nobody_waits_for_long_and_nobody_in_a_hurry_at_all(outage: Outage, clock: Clock) -> None:
    fails(outage, clock, USUAL)
    assert fails(outage, clock, 1.0) == BRIEF
    with hurried(60), pytest.raises(SilentError), outage.attempt(USUAL):
        pytest.fail("it was asked")
    with hurried(60, anyway=True), outage.attempt(USUAL) as patience:
        assert patience == BRIEF


def test_brief_failures_do_not_put_off_that_somebody_finds_out(outage: Outage, clock: Clock) -> None:
    fails(outage, clock, USUAL)
    for _ in range(2):
        clock.now += REMEMBERED / 2 - 1
        fails(outage, clock, 1.0)
    with hurried(60), outage.attempt(USUAL) as patience:
        assert patience == USUAL
        # The others need not, until this one has.
        with hurried(60), pytest.raises(SilentError), outage.attempt(USUAL):
            pytest.fail("it was asked")
    assert not outage.known


def test_an_answer_ends_it_and_a_mistake_of_the_asker_is_none(outage: Outage, clock: Clock) -> None:
    other = UnavailableError("something else does not answer")
    fails(outage, clock, USUAL)
    fails(outage, clock, 2, other)
    assert outage.known
    with outage.attempt(USUAL):
        pass
    assert not outage.known
    fails(outage, clock, 2, other)
    assert not outage.known


def test_one_budget_is_shared_by_all_that_is_asked_within(outage: Outage) -> None:
    with hurried(5):
        with outage.attempt(USUAL) as patience:
            assert patience <= 5
        with hurried(60), outage.attempt(USUAL) as patience:
            assert patience <= 5
    with hurried(0), pytest.raises(SilentError), outage.attempt(USUAL):
        pytest.fail("it was asked")
    with outage.attempt(USUAL) as patience:
        assert patience == USUAL
