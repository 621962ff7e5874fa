"""Whether PostgreSQL can be reached: how long anybody waits for it, and remembering for a moment that it is silent.

A server that refuses connections says so at once, and costs nobody any time. One that hangs, or whose machine is gone,
lets everybody wait for as long as they can: that is remembered, so that not each of them waits for the same silence.
"""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import NamedTuple
from weakref import WeakKeyDictionary

from sqlalchemy.ext.asyncio import AsyncEngine

from cases.errors import UnavailableError

REMEMBERED = 5.0
"""Seconds for which a PostgreSQL that was silent counts as away."""
BRIEF = 3.0
"""Seconds that it has to answer meanwhile, for those who cannot do without."""
_SILENT = 1.0
"""Seconds from which on a failure was a silence, and no answer."""

_log = logging.getLogger("hotline.register")


class SilentError(UnavailableError):
    """PostgreSQL is out of reach; whether it did what it was asked for is unknown."""

    def __init__(self) -> None:
        super().__init__("the register's PostgreSQL is out of reach; nothing is lost, ask again in a moment")


class _Hurry(NamedTuple):
    until: float
    anyway: bool


_hurry: ContextVar[_Hurry | None] = ContextVar("hurry", default=None)


@contextmanager
def hurried(seconds: float, *, anyway: bool = False) -> Iterator[None]:
    """Have all that is asked of PostgreSQL inside take no longer than so many seconds together, or fail.

    Args:
        seconds: How long.
        anyway: Whether to ask it also while it is remembered to be away, for what nobody can do without.
    """
    until, outer = time.monotonic() + seconds, _hurry.get()
    token = _hurry.set(_Hurry(min(until, outer.until) if outer else until, anyway))
    try:
        yield
    finally:
        _hurry.reset(token)


class Outage:
    """Remembers for some seconds that PostgreSQL is silent.

    After that, one at a time waits for it as long as ever, and finds out whether it is back. Moments are seconds of
    `clock`.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._until: float | None = None

    @property
    def known(self) -> bool:
        """Whether it was silent a moment ago."""
        return self._until is not None and self._clock() < self._until

    @contextmanager
    def attempt(self, usual: float) -> Iterator[float]:
        """Something that is asked of PostgreSQL, and for how many seconds it may take; `usual` where nothing presses.

        Raises:
            SilentError: there is no time left, or it was silent a moment ago and can be done without.
        """
        began, hurry, known = self._clock(), _hurry.get(), self.known
        patience = min(usual, BRIEF) if known else usual
        if hurry is not None:
            patience = min(patience, hurry.until - time.monotonic())
            if patience <= 0 or (known and not hurry.anyway):
                raise SilentError
        if self._until is not None and not known:
            # This one finds out; until it has, the others need not.
            self._until = began + REMEMBERED
        try:
            yield patience
        except SilentError:
            # Whoever could wait for a moment only has found out nothing new.
            if not known and self._clock() - began >= _SILENT:
                if self._until is None:
                    _log.warning("PostgreSQL does not answer; what can be done without it is")
                self._until = self._clock() + REMEMBERED
            raise
        else:
            if self._until is not None:
                _log.info("PostgreSQL answers again")
            self._until = None


_outages: WeakKeyDictionary[AsyncEngine, Outage] = WeakKeyDictionary()


def outage_of(engine: AsyncEngine) -> Outage:
    """What is remembered of the PostgreSQL behind a pool of connections."""
    return _outages.setdefault(engine, Outage())
