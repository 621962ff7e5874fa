"""The relay: starts the cases that were taken in while the engine was out of reach, for as long as the worker runs."""

import asyncio
import logging
from collections.abc import Callable, Collection
from datetime import UTC, datetime, timedelta
from typing import NoReturn, Protocol

from cases.commands import Command
from cases.errors import NotStartedError, RefusalError, UnavailableError
from records.kept_cases import Claimed, KeptCases

_LOOKS_EVERY = 1.0
"""Seconds between two looks when nothing is kept: one short query, by an index."""

_LONGEST_WITHOUT_ENGINE = 5.0
"""Seconds between two looks at most while the engine is away: so much later than the engine a case may come."""

_AFTER_AN_ERROR = 5.0

_AT_ONCE = 20
"""Cases that are started side by side: while one worker clears up after an outage, the engine has others to serve."""

_SHORTEST, _LONGEST = timedelta(seconds=1), timedelta(minutes=5)

_log = logging.getLogger("hotline.relay")

Clock = Callable[[], datetime]


class Cases(Protocol):
    """Whoever can start a case."""

    async def begin(self, command: Command, known_as: Collection[str] = ()) -> bool:
        """Start the case of a receipt; whether it is new. The same one may be started again."""

    async def ping(self) -> None:
        """Whether the engine answers."""


class Relay:
    """Several of them, each in a worker of its own, start everything: what one is at, the others leave alone.

    A relay that dies between starting a case and noting it leaves it to be started again, and then it is found.
    """

    def __init__(self, kept: KeptCases, cases: Cases, clock: Clock = lambda: datetime.now(UTC)) -> None:
        self._kept = kept
        self._cases = cases
        self._clock = clock
        self._away = False

    async def run(self) -> NoReturn:
        """Work until it is cancelled. No error ends it: people were told that their complaints are taken in."""
        pause = _LOOKS_EVERY
        while True:
            try:
                pause = 0.0 if await self.look() else _LOOKS_EVERY
            except UnavailableError:
                pause = min(_LONGEST_WITHOUT_ENGINE, max(_LOOKS_EVERY, pause * 2))
            except Exception as error:  # noqa: BLE001 - whatever it is, the next look may do better
                # Without its text, which may hold what a complaint says.
                _log.error("kept complaints wait: a look failed (%s)", type(error).__name__)
                pause = _AFTER_AN_ERROR
            await asyncio.sleep(pause)

    async def look(self) -> bool:
        """Start some of those that are kept, the most urgent first.

        Returns:
            Whether there may be more at once.

        Raises:
            UnavailableError: the engine or the register is out of reach. Nothing is lost.
        """
        if self._away:
            # One question instead of a whole batch of them.
            await self._cases.ping()
            self._away = False
        async with self._kept.claimed(_AT_ONCE, self._clock()) as claimed:
            outcomes = await asyncio.gather(*(self._start(claimed, number) for number in claimed.numbers))
            unanswered = 0
            for number, outcome in zip(claimed.numbers, outcomes, strict=True):
                if isinstance(outcome, UnavailableError) and not isinstance(outcome, NotStartedError):
                    unanswered += 1
                else:
                    await self._note(claimed, number, outcome)
        # An engine that has answered some of them is busy, and not away: there is no need to wait for long.
        self._away = 0 < unanswered == len(outcomes)
        if self._away:
            _log.warning("kept complaints wait: the engine does not answer")
            raise UnavailableError("the engine does not answer")
        if unanswered:
            return False
        if len(outcomes) == _AT_ONCE:
            return True
        await self._kept.let_go()
        return False

    async def _start(self, claimed: Claimed, number: str) -> Exception | None:
        try:
            await self._cases.begin(claimed.command(number), {claimed.content(number)})
        except Exception as error:  # noqa: BLE001 - one that cannot be started must not hold up the others
            return error
        return None

    async def _note(self, claimed: Claimed, number: str, error: Exception | None) -> None:
        if error is None:
            await claimed.started(number, self._clock())
            _log.info("case %s, which was kept, is started", number)
            return
        again_at: datetime | None = None
        if isinstance(error, RefusalError):
            reason = f"{error.rule}: the number belongs to another complaint since; a person must see to this one"
        else:
            told = str(error) if isinstance(error, NotStartedError) else f"it failed ({type(error).__name__})"
            reason = f"it could not be started: {told}"
            again_at = self._clock() + min(_LONGEST, _SHORTEST * 2 ** min(claimed.attempts(number), 20))
        await claimed.failed(number, reason, again_at)
        _log.error("case %s is kept and does not start, attempt %d: %s", number, claimed.attempts(number) + 1, reason)
