"""How often each of many did something within the last minute."""

import time
from collections import deque
from collections.abc import Callable, Hashable

LENGTH = 60.0
"""Seconds that something counts."""


class Windows:
    """Counts in windows that slide: each thing counts for a minute from its own moment.

    It lives on every request's way, and never waits for anything. Moments are seconds of `clock`, which only grow.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._moments: dict[Hashable, deque[float]] = {}
        self._tidied = clock()

    def room(self, most: int, whose: Hashable) -> bool:
        """Whether fewer than `most` things count."""
        return len(self._counting(whose)) < most

    def take(self, most: int, whose: Hashable) -> bool:
        """Count one more thing, if there is room for it; whether there was."""
        counting = self._counting(whose)
        if len(counting) >= most:
            return False
        counting.append(self._clock())
        self._moments[whose] = counting
        return True

    def again_in(self, whose: Hashable) -> float:
        """Seconds until the oldest thing that counts does so no more; 0 if none counts."""
        counting = self._counting(whose)
        return counting[0] + LENGTH - self._clock() if counting else 0.0

    def __len__(self) -> int:
        """How many are remembered."""
        return len(self._moments)

    def _counting(self, whose: Hashable) -> deque[float]:
        now = self._clock()
        if now - self._tidied >= LENGTH:
            self._tidied = now
            # Whoever did nothing for so long is forgotten, or every address that ever asked would be remembered.
            self._moments = {one: moments for one, moments in self._moments.items() if moments[-1] > now - LENGTH}
        counting = self._moments.get(whose)
        if counting is None:
            return deque()
        while counting and counting[0] <= now - LENGTH:
            counting.popleft()
        if not counting:
            del self._moments[whose]
        return counting
