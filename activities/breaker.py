"""Leaving a unit's system alone while it takes nothing: one order at a time finds out whether it does again."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from activities.failure import LaterError, NotTakenError

_IN_A_ROW = 5
"""So many failures one after the other mean that the next will fail as well."""

_FIRST_PAUSE = 1.0
_LONGEST_PAUSE = 60.0


class Breaker:
    """Whether a unit's system is spoken to, in this process. Moments are seconds of `clock`."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failures = 0
        self._pause = 0.0
        self._closed_until = 0.0
        self._probing = False
        self._reason = ""

    @property
    def failing(self) -> bool:
        """Whether the system has failed so often that only one order at a time is tried."""
        return self._failures >= _IN_A_ROW

    def look(self) -> None:
        """Go on if an order may be tried now.

        Raises:
            LaterError: none may, or another one is being tried.
        """
        now = self._clock()
        if now < self._closed_until:
            raise self._later(self._closed_until - now)
        if self.failing and self._probing:
            raise self._later(max(self._pause, _FIRST_PAUSE))

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """One attempt. What it raises counts against the system, unless the fault is in the order.

        Raises:
            LaterError: no order may be tried now.
        """
        self.look()
        probes = self.failing
        self._probing = self._probing or probes
        try:
            yield
            self._well()
        except NotTakenError as failure:
            if failure.well:
                self._well()
            else:
                self._failed(failure)
            raise
        finally:
            if probes:
                self._probing = False

    def _well(self) -> None:
        self._failures = 0
        self._pause = 0.0
        self._closed_until = 0.0

    def _failed(self, failure: NotTakenError) -> None:
        now = self._clock()
        self._failures += 1
        self._reason = failure.reason
        if self.failing and now >= self._closed_until:
            # Of several that fail together, only the first lengthens the pause.
            self._pause = min(max(self._pause * 2, _FIRST_PAUSE), _LONGEST_PAUSE)
            self._closed_until = now + self._pause
        if failure.wait is not None:
            self._closed_until = max(self._closed_until, now + failure.wait)

    def _later(self, seconds: float) -> LaterError:
        return LaterError(seconds, f"waits behind others: the system {self._reason}", behind=True)
