"""Whether the engine is asked at all: an outage is remembered for a moment, and one at a time finds out its end."""

import asyncio
from contextlib import suppress
from datetime import timedelta

import pytest
from temporalio.service import RPCError, RPCStatusCode

from cases.errors import RefusalError, UnavailableError
from workflows.reach import REMEMBERED, AwayError, KnownAwayError, Outage, told, within

USUAL = timedelta(seconds=9)


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def fail(outage: Outage, error: Exception | None = None, *, anyway: bool = False) -> None:
    with suppress(AwayError, RefusalError), outage.attempt(anyway=anyway):
        raise error or AwayError("the engine does not answer")


def test_after_one_failure_nobody_waits_for_a_while() -> None:
    clock = Clock()
    outage = Outage(clock)
    assert outage.patience(USUAL) == USUAL
    fail(outage)
    assert outage.patience(USUAL) == USUAL / 3
    clock.now += REMEMBERED - 0.1
    with pytest.raises(KnownAwayError), outage.attempt():
        pass
    clock.now += 0.1
    with outage.attempt():
        pass
    with outage.attempt():
        pass
    assert outage.patience(USUAL) == USUAL


def test_one_at_a_time_finds_out_whether_it_is_back() -> None:
    clock = Clock()
    outage = Outage(clock)
    fail(outage)
    clock.now += REMEMBERED
    with suppress(AwayError), outage.attempt():
        with pytest.raises(KnownAwayError), outage.attempt():
            pass
        clock.now += 3
        raise AwayError("still away")
    clock.now += REMEMBERED - 0.1
    with pytest.raises(KnownAwayError), outage.attempt():
        pass


def test_who_must_ask_may_and_an_answer_ends_it() -> None:
    outage = Outage(Clock())
    fail(outage)
    fail(outage, anyway=True)
    with pytest.raises(KnownAwayError), outage.attempt():
        pass
    # A refusal is an answer.
    fail(outage, RefusalError("different_content", "another matter"), anyway=True)
    with outage.attempt():
        pass


def test_somebody_who_gave_up_says_nothing_of_the_engine() -> None:
    outage = Outage(Clock())
    with suppress(asyncio.CancelledError), outage.attempt():
        raise asyncio.CancelledError
    with outage.attempt():
        pass


def test_a_request_that_the_engine_does_not_like_is_not_its_absence() -> None:
    disliked = told(RPCError("names what was said", RPCStatusCode.INVALID_ARGUMENT, b""))
    assert not isinstance(disliked, AwayError)
    assert str(disliked) == "the engine does not take it (INVALID_ARGUMENT)"
    for status in (RPCStatusCode.UNAVAILABLE, RPCStatusCode.DEADLINE_EXCEEDED, RPCStatusCode.PERMISSION_DENIED):
        assert isinstance(told(RPCError("", status, b"")), AwayError)


async def test_what_never_answers_is_away_and_mistakes_of_ours_are_not() -> None:
    with pytest.raises(AwayError):
        async with within(timedelta(seconds=0)):
            await asyncio.Event().wait()
    with pytest.raises(UnavailableError):
        async with within(USUAL):
            raise RuntimeError("Failed client connect: nobody there")
    with pytest.raises(RuntimeError, match="ours"):
        async with within(USUAL):
            raise RuntimeError("ours")
