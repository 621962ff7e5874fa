"""Who called, noted a moment after the complaint was taken in: nobody who waits on the telephone waits for it."""

import asyncio
import logging
from collections import deque
from collections.abc import Collection
from datetime import datetime

from cases.errors import UnavailableError
from records.callers import Callers
from records.reach import hurried

_MOST = 10_000
"""Calls that wait to be noted. While PostgreSQL is away for longer, the oldest are not counted."""
_BRIEFLY = 0.5
"""Seconds that whoever is answered waits at most, so that the next call of the same caller already finds this one."""
_PATIENCE = 10.0
_AGAIN = 5.0
_log = logging.getLogger("hotline.intake")


class Calls:
    """Notes who raised which case, by digests (Art. 9), one after the other and again until it is done."""

    def __init__(self, callers: Callers) -> None:
        self._callers = callers
        self._waiting: deque[tuple[str, Collection[str], datetime]] = deque(maxlen=_MOST)
        self._writing: asyncio.Task[None] | None = None
        self._silent = False

    async def note(self, number: str, callers: Collection[str], received_at: datetime) -> None:
        """Have it noted who raised a case, by digests; while PostgreSQL is away, later."""
        if not callers:
            return
        self._waiting.append((number, callers, received_at))
        if self._writing is None or self._writing.done():
            self._silent = False
            self._writing = asyncio.create_task(self._write())
        if not self._silent:
            await asyncio.wait({self._writing}, timeout=_BRIEFLY)

    async def aclose(self) -> None:
        """Note what still waits if that can be done at once, and give up what cannot."""
        if self._writing is not None and not self._silent:
            await asyncio.wait({self._writing}, timeout=_BRIEFLY)
        if self._writing is not None:
            self._writing.cancel()
            await asyncio.wait({self._writing})
        if self._waiting:
            _log.warning("of %d calls it is not noted who made them", len(self._waiting))

    async def _write(self) -> None:
        while self._waiting:
            call = self._waiting[0]
            try:
                with hurried(_PATIENCE):
                    await self._callers.note(*call)
            except UnavailableError:
                self._silent = True
                await asyncio.sleep(_AGAIN)
                continue
            except Exception:  # noqa: BLE001 - see below
                # It must not keep all later ones from being noted.
                _log.exception("of case %s it is not noted who called", call[0])
            self._silent = False
            # While it was written, the oldest may have had to make room.
            if self._waiting and self._waiting[0] is call:
                self._waiting.popleft()
