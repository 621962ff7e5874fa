"""A system that takes nothing is left alone, but for one order at a time that finds out whether it does again."""

import pytest

from activities.breaker import Breaker
from activities.failure import LaterError, NotTakenError
from tests.gateway.test_pace import Clock


def fails(breaker: Breaker, wait: float | None = None, *, well: bool = False) -> None:
    with pytest.raises(NotTakenError), breaker.attempt():
        raise NotTakenError("answers 500", wait=wait, well=well)


def works(breaker: Breaker) -> None:
    with breaker.attempt():
        pass


def waits(breaker: Breaker) -> float:
    with pytest.raises(LaterError) as later:
        breaker.look()
    with pytest.raises(LaterError), breaker.attempt():
        raise AssertionError("it is tried all the same")
    assert later.value.behind
    assert later.value.reason == "waits behind others: the system answers 500"
    return later.value.seconds


def broken(clock: Clock) -> Breaker:
    breaker = Breaker(clock)
    for _ in range(5):
        fails(breaker)
    return breaker


def test_some_failures_are_nothing_special() -> None:
    breaker = Breaker(Clock())
    for _ in range(10):
        for _ in range(4):
            fails(breaker)
        works(breaker)
    assert not breaker.failing
    breaker.look()


def test_after_five_in_a_row_pauses_grow_up_to_a_minute() -> None:
    clock = Clock()
    breaker = broken(clock)
    pauses = []
    for _ in range(9):
        pauses.append(waits(breaker))
        clock.now += pauses[-1]
        fails(breaker)
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60, 60]


def test_one_at_a_time_finds_out() -> None:
    clock = Clock()
    breaker = broken(clock)
    clock.now += 1
    with breaker.attempt():
        waits(breaker)
    assert not breaker.failing
    with breaker.attempt(), breaker.attempt():
        breaker.look()


def test_one_that_is_given_up_while_it_finds_out_leaves_it_to_the_next() -> None:
    clock = Clock()
    breaker = broken(clock)
    clock.now += 1
    with pytest.raises(KeyboardInterrupt), breaker.attempt():
        raise KeyboardInterrupt
    assert breaker.failing
    works(breaker)
    assert not breaker.failing


def test_those_that_fail_together_count_for_one_pause() -> None:
    clock = Clock()
    breaker = Breaker(clock)
    for _ in range(4):
        fails(breaker)
    with pytest.raises(NotTakenError), breaker.attempt(), breaker.attempt(), breaker.attempt():
        raise NotTakenError("answers 500")
    assert waits(breaker) == 1


def test_what_is_wrong_with_one_order_is_no_fault_of_the_system() -> None:
    breaker = Breaker(Clock())
    for _ in range(20):
        fails(breaker, well=True)
    breaker.look()


def test_a_system_that_wants_to_be_left_alone_is() -> None:
    clock = Clock()
    breaker = Breaker(clock)
    fails(breaker, wait=90)
    assert waits(breaker) == 90
    clock.now += 90
    works(breaker)
    breaker.look()
