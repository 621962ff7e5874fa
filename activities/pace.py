"""How fast orders go to one unit's system: so many a minute, so many at once, the others each at its own moment."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from activities.failure import LaterError

_MOMENT = 1.0
"""Seconds for which a worker holds an order that is about to go out. What waits longer comes back."""

_LONGEST = 120.0
"""Seconds after which what waits looks again: the system may have become faster meanwhile."""

_PROMPT = 0.1
"""Seconds in which a system usually answers that a case may wait for with everything else that it does."""

_FORGOTTEN_AFTER = 600.0
_MANY = 10_000

_WEIGHT = 0.3
"""What the last exchange counts for in how long they usually take."""


class Lane:
    """The way to one unit's system, in this process. Rates are per minute, moments in seconds of `clock`.

    What cannot go out now is given a moment, and keeps it: moments lie as far apart as the system is fast, so that not
    all come back at once. Of two that wait, the more urgent one does not wait behind the other (a lower `priority` is
    more urgent).
    """

    def __init__(self, per_minute: int, at_once: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.per_minute = per_minute
        self.at_once = at_once
        self._clock = clock
        self._free_from: dict[int, float] = {}
        self._moments: dict[str, float] = {}
        self._next = 0.0
        self._began: list[float] = []
        self._usual = 0.0
        self._changed = asyncio.Condition()

    def later(self, key: str, priority: int, after: float, apart: float = 0.0) -> float:
        """Give an order its moment. The seconds until then.

        Args:
            key: The order.
            priority: How urgent it is; 1 is the most.
            after: The seconds before which its moment makes no sense.
            apart: Seconds until the next order's moment, if that is more than the system's pace.
        """
        now = self._clock()
        at = self._free(priority, now + after)
        if at - now > _LONGEST:
            at = now + random.uniform(_LONGEST / 2, _LONGEST)  # noqa: S311 - spreads load, guards nothing
        else:
            self._free_from[priority] = at + max(apart, self._apart())
        self._moments[key] = at
        self._forget(now)
        return at - now

    def free(self, priority: int) -> bool:
        """Whether an order could go out now and be answered promptly, without taking anybody's turn.

        Of a system that nothing has gone to yet it is not known whether it answers promptly.
        """
        now = self._clock()
        prompt = 0.0 < self._usual <= _PROMPT
        return prompt and len(self._began) < self.at_once and max(self._next, self._free(priority, now)) <= now

    def anew(self) -> None:
        """Forget who waits for how long: the system has changed. Those who come back find a free way."""
        self._free_from.clear()
        self._moments.clear()
        self._usual = 0.0

    @asynccontextmanager
    async def turn(self, key: str, priority: int) -> AsyncIterator[None]:
        """Wait for the order's turn, and have it.

        Raises:
            LaterError: that takes longer than a moment.
        """
        began = await self._wait_for_turn(key, priority)
        try:
            yield
        finally:
            took = self._clock() - began
            self._usual = took if not self._usual else _WEIGHT * took + (1 - _WEIGHT) * self._usual
            self._began.remove(began)
            async with self._changed:
                self._changed.notify_all()

    async def _wait_for_turn(self, key: str, priority: int) -> float:
        now = self._clock()
        known = self._moments.get(key)
        due = self._free(priority, now) if known is None else known
        if self._idle(now):
            # Those who wait may have given up, or know only of a time when the system was slow.
            due = now
        if due - now > _MOMENT:
            raise LaterError(self.later(key, priority, due - now) if known is None else due - now, self._why())
        start = max(now, due, self._next)
        if start - now > _MOMENT:
            raise LaterError(self.later(key, priority, start - now), self._why())
        self._next = start + 60.0 / self.per_minute
        self._moments.pop(key, None)
        await asyncio.sleep(start - now)
        try:
            async with asyncio.timeout(_MOMENT), self._changed:
                await self._changed.wait_for(lambda: len(self._began) < self.at_once)
                began = self._clock()
                self._began.append(began)
                return began
        except TimeoutError:
            raise LaterError(self.later(key, priority, self._apart()), self._why()) from None

    def _idle(self, now: float) -> bool:
        return not self._began and now - self._next > 60.0 / self.per_minute

    def _free(self, priority: int, now: float) -> float:
        return max([now, *(at for level, at in self._free_from.items() if level <= priority)])

    def _apart(self) -> float:
        # What has not ended yet tells as well that the system has become slow.
        slowest = max([self._usual, *(self._clock() - began for began in self._began)])
        return max(60.0 / self.per_minute, slowest / self.at_once)

    def _why(self) -> str:
        return f"waits for its turn: {self.at_once} orders at once, {self.per_minute} a minute"

    def _forget(self, now: float) -> None:
        if len(self._moments) > _MANY:
            self._moments = {key: at for key, at in self._moments.items() if at > now - _FORGOTTEN_AFTER}
