"""Whether the engine can be reached: how long anybody waits for it, and remembering for a moment that it is away."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta

from temporalio.client import RPCTimeoutOrCancelledError
from temporalio.service import RPCError, RPCStatusCode

from cases.errors import NotStartedError, UnavailableError

REMEMBERED = 5.0
"""Seconds for which an engine that did not answer counts as away. Longer than one attempt to start a case takes."""

_NOT_CONNECTED = "Failed client connect"

_NOT_ITS_ABSENCE = frozenset(
    {RPCStatusCode.INVALID_ARGUMENT, RPCStatusCode.FAILED_PRECONDITION, RPCStatusCode.OUT_OF_RANGE}
)
"""What the engine says of a request that it has read and does not like."""

_log = logging.getLogger("hotline.engine")


class AwayError(UnavailableError):
    """The engine gave no answer; what it was asked for may have happened all the same."""


class KnownAwayError(AwayError):
    """The engine gave no answer a moment ago, and was not asked."""


@asynccontextmanager
async def within(patience: timedelta) -> AsyncIterator[None]:
    """Bound what is asked of the engine.

    The engine's library keeps trying a server that refuses connections for ten seconds, whatever limit a call names,
    and has none at all for the first connection that a call makes.

    Raises:
        AwayError: the time is up, or there is no way to connect. Errors of the call itself pass as they are.
    """
    try:
        async with asyncio.timeout(patience.total_seconds()):
            yield
    except TimeoutError as error:
        raise AwayError("the engine does not answer") from error
    except RuntimeError as error:
        if not str(error).startswith(_NOT_CONNECTED):
            raise
        raise AwayError("the engine does not answer") from error


def told(error: RPCError | RPCTimeoutOrCancelledError) -> UnavailableError:
    """What an error at the start of a case comes to: that the engine is away, or that it does not take this case."""
    if isinstance(error, RPCError) and error.status in _NOT_ITS_ABSENCE:
        return NotStartedError(f"the engine does not take it ({error.status.name})")
    return AwayError("the engine does not answer")


class Outage:
    """Remembers for some seconds that the engine is away, so that not everybody waits for it to be silent once more.

    After that, one at a time finds out whether it is back, and the others are still told at once. Moments are seconds
    of `clock`.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._until: float | None = None

    def patience(self, usual: timedelta) -> timedelta:
        """How long to wait for an answer: while it is remembered that nobody got one, a third of what is usual."""
        away = self._until is not None and self._clock() < self._until
        return usual / 3 if away else usual

    @contextmanager
    def attempt(self, *, anyway: bool = False) -> Iterator[None]:
        """Something that is asked of the engine; `anyway` asks whatever is remembered.

        Raises:
            KnownAwayError: it gave no answer a moment ago.
        """
        now = self._clock()
        if self._until is not None and not anyway:
            if now < self._until:
                raise KnownAwayError("the engine does not answer")
            # This one finds out; until it has, the others need not.
            self._until = now + REMEMBERED
        try:
            yield
        except AwayError:
            if self._until is None:
                _log.warning("the engine does not answer; complaints are kept in the register until it does")
            self._until = self._clock() + REMEMBERED
            raise
        except asyncio.CancelledError:
            # Whoever asked has gone, and nobody knows more than before.
            raise
        except BaseException:
            self._answered()
            raise
        else:
            self._answered()

    def _answered(self) -> None:
        if self._until is not None:
            _log.info("the engine answers again")
        self._until = None
