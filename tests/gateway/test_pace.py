"""Orders for one system go out at its pace, and what waits comes back at a moment of its own."""

import asyncio

import pytest

from activities.failure import LaterError
from activities.pace import Lane


class Clock:
    """Moves on when it is told to."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


async def goes(lane: Lane, key: str, priority: int = 3) -> float | None:
    """Try an order once. None if it went out, else the seconds after which it is to come back."""
    try:
        async with lane.turn(key, priority):
            return None
    except LaterError as later:
        return None if later.behind else later.seconds


async def test_what_is_too_fast_comes_back_each_at_its_own_moment() -> None:
    clock = Clock()
    lane = Lane(per_minute=30, at_once=100, clock=clock)
    waits = [await goes(lane, str(place)) for place in range(10)]
    assert waits[0] is None
    assert waits[1:] == [pytest.approx(2.0 * place) for place in range(1, 10)]
    assert [await goes(lane, str(place)) for place in range(1, 10)] == waits[1:], "a moment is kept"
    for place in range(1, 10):
        clock.now += 2.0
        assert await goes(lane, str(place)) is None, "and it is its own"


async def test_no_more_go_out_in_a_minute_than_may_whenever_they_come() -> None:
    clock = Clock()
    lane = Lane(per_minute=30, at_once=1_000, clock=clock)
    came = {str(place): clock.now for place in range(120)}
    went: list[float] = []
    while came and clock.now < 1_000.0 + 3_600:
        for key, at in list(came.items()):
            if at <= clock.now:
                wait = await goes(lane, key)
                if wait is None:
                    went.append(clock.now)
                    del came[key]
                else:
                    came[key] = clock.now + wait
        clock.now += 2.0
    assert not came
    assert all(later - earlier >= 59 for earlier, later in zip(went, went[30:], strict=False))
    assert went[-1] - went[0] <= 2.2 * 120, "nor much fewer"


async def test_an_emergency_does_not_wait_behind_what_is_less_urgent() -> None:
    clock = Clock()
    lane = Lane(per_minute=6, at_once=10, clock=clock)
    for place in range(12):
        await goes(lane, str(place))
    urgent, other = await goes(lane, "fire", priority=1), await goes(lane, "street lamp")
    assert urgent is not None
    assert other is not None
    assert urgent <= 10
    assert other >= 110


async def test_no_more_are_under_way_than_may_be() -> None:
    lane = Lane(per_minute=60_000, at_once=2)
    running, most, done = 0, 0, asyncio.Event()

    async def takes_its_time(key: str) -> bool:
        nonlocal running, most
        try:
            async with lane.turn(key, 3):
                running += 1
                most = max(most, running)
                await done.wait()
                running -= 1
                return True
        except LaterError:
            return False

    tasks = [asyncio.create_task(takes_its_time(str(place))) for place in range(6)]
    while len(finished := [task for task in tasks if task.done()]) < 4:  # noqa: ASYNC110 - nothing is signalled
        await asyncio.sleep(0.01)
    assert [task.result() for task in finished] == [False] * 4, "they do not hold the worker"
    waiting = [task for task in tasks if not task.done()]
    assert len(waiting) == 2
    done.set()
    assert await asyncio.gather(*waiting) == [True, True]
    assert most == 2
    assert await goes(lane, "next") is None, "where nobody is under way, nobody waits"


async def test_one_that_is_given_up_makes_room() -> None:
    lane = Lane(per_minute=60_000, at_once=1)
    entered = asyncio.Event()

    async def never_ends() -> None:
        async with lane.turn("a", 3):
            entered.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(never_ends())
    await entered.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert await goes(lane, "b") is None


async def test_behind_a_slow_system_orders_come_back_as_slowly_as_it_takes_them() -> None:
    clock = Clock()
    lane = Lane(per_minute=600, at_once=4, clock=clock)
    for place in range(20):
        async with lane.turn(f"done {place}", 3):
            clock.now += 30.0
    waits = sorted(lane.later(str(place), 3, 0.0) for place in range(40))
    assert waits[1] - waits[0] == pytest.approx(30.0 / 4)
    assert waits[-1] <= 120.0, "it may have become faster meanwhile"
    lane.anew()
    assert await goes(lane, "39") is None, "then nobody waits for what is past"
