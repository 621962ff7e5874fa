"""What counts against a caller's pace, and for how long."""

from api.windows import LENGTH, Windows


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def test_there_is_room_for_so_many_and_no_more() -> None:
    windows = Windows(Clock())
    assert [windows.take(2, "a") for _ in range(4)] == [True, True, False, False]
    assert not windows.room(2, "a")
    assert windows.room(2, "b")
    assert windows.room(3, "a")


def test_each_counts_for_a_minute_from_its_own_moment() -> None:
    clock = Clock()
    windows = Windows(clock)
    assert windows.take(2, "a")
    clock.now += LENGTH / 2
    assert windows.take(2, "a")
    assert windows.again_in("a") == LENGTH / 2
    clock.now += LENGTH / 2
    # The first has gone, the second has not; nothing that was refused counts.
    assert [windows.take(2, "a") for _ in range(3)] == [True, False, False]
    assert windows.again_in("a") == LENGTH / 2


def test_whoever_asks_for_nothing_for_a_minute_is_forgotten() -> None:
    clock = Clock()
    windows = Windows(clock)
    for number in range(100):
        assert windows.take(1, number)
    clock.now += LENGTH
    assert windows.take(1, "another")
    assert len(windows) == 1
    assert windows.again_in(3) == 0.0
