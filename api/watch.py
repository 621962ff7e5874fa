"""Waiting for mail: however many wait, one look at the register in a while tells all of them."""

import asyncio
from collections.abc import Collection
from typing import Any

from cases.errors import UnavailableError
from records.mailboxes import Letter, Mailboxes

_EVERY = 0.5
"""Seconds between two looks, while anybody waits."""

_Bell = asyncio.Future[str]
"""Rings when there may be something; with words, when the register is away."""


class MailboxWatch:
    """Reads mailboxes for those who want to wait. Nothing is asked while nobody waits."""

    def __init__(self, mailboxes: Mailboxes) -> None:
        self._mailboxes = mailboxes
        self._bells: dict[str, set[_Bell]] = {}
        self._watching: asyncio.Task[None] | None = None
        self._ready: asyncio.Future[None] | None = None
        self._closed = False

    async def read(self, unit: str, after: int, limit: int, within: float, gone: asyncio.Future[None]) -> list[Letter]:
        """What a unit was told after a place; if there is nothing, wait for it.

        Args:
            unit: Whose mailbox.
            after: The place.
            limit: How much at most.
            within: Seconds to wait.
            gone: Done once whoever waits does so no more.

        Raises:
            InvalidError: `after` or `limit` makes no sense.
            UnavailableError: PostgreSQL is out of reach, or went while this waited.
        """
        if not within:
            return await self._mailboxes.read(unit, after, limit)
        bell: _Bell = asyncio.get_running_loop().create_future()
        self._bells.setdefault(unit, set()).add(bell)
        try:
            # The watch must know its place before this reads: then whatever comes after the reading rings.
            await self._begun()
            if (found := await self._mailboxes.read(unit, after, limit)) or self._closed:
                return found
            either: set[asyncio.Future[Any]] = {bell, gone}
            await asyncio.wait(either, timeout=within, return_when=asyncio.FIRST_COMPLETED)
            if gone.done():
                await gone
                return []
            if bell.done() and (away := bell.result()):
                raise UnavailableError(away)
            return await self._mailboxes.read(unit, after, limit)
        finally:
            self._bells[unit].discard(bell)
            if not self._bells[unit]:
                del self._bells[unit]

    @property
    def waiting(self) -> int:
        """How many wait."""
        return sum(map(len, self._bells.values()))

    def close(self) -> None:
        """Let everybody go: the process is about to end."""
        self._closed = True
        self._ring(list(self._bells))

    async def aclose(self) -> None:
        """Let everybody go, and wait until nothing is asked any more: before the register is closed."""
        self.close()
        if self._watching is not None:
            await asyncio.wait({self._watching})

    async def _begun(self) -> None:
        if self._watching is None or self._watching.done() or self._ready is None:
            self._ready = asyncio.get_running_loop().create_future()
            self._watching = asyncio.create_task(self._watch(self._ready))
        await asyncio.shield(self._ready)

    async def _watch(self, ready: asyncio.Future[None]) -> None:
        away = ""
        try:
            place = await self._mailboxes.last()
            ready.set_result(None)
            while self._bells:
                await asyncio.sleep(_EVERY)
                place, units = await self._mailboxes.news(place)
                self._ring(units)
        except UnavailableError as error:
            away = str(error)
        finally:
            if not ready.done():
                ready.set_result(None)
            self._ring(list(self._bells), away)

    def _ring(self, units: Collection[str], away: str = "") -> None:
        for bell in (bell for unit in units for bell in self._bells.get(unit, ())):
            if not bell.done():
                bell.set_result(away)
