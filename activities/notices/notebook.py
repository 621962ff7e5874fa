"""Taking down that sendings went out: many of them, few transactions."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from cases.errors import UnavailableError

_MOST = 500
_AGAIN_AFTER = 1.0


class Notebook:
    """Writes down together what ends while it writes, however long the register is out of reach."""

    def __init__(self, write: Callable[[Sequence[str]], Awaitable[None]]) -> None:
        self._write = write
        self._waiting: dict[str, asyncio.Future[None]] = {}
        self._writer: asyncio.Task[None] | None = None

    async def note(self, sending: str) -> None:
        """Take one down; it is written once this returns.

        Raises:
            Exception: what writing it raised, but for UnavailableError, after which it is written again.
        """
        loop = asyncio.get_running_loop()
        written = self._waiting.setdefault(sending, loop.create_future())
        if self._writer is None or self._writer.done():
            self._writer = loop.create_task(self._run())
        # Whoever waits may be stopped; what he has told is written all the same.
        await asyncio.shield(written)

    async def _run(self) -> None:
        try:
            while self._waiting:
                await self._write_some()
        finally:
            # Only if this task is stopped does anybody still wait here.
            for written in self._waiting.values():
                written.cancel()
            self._waiting.clear()

    async def _write_some(self) -> None:
        taken = dict(list(self._waiting.items())[:_MOST])
        try:
            await self._write(list(taken))
        except UnavailableError:
            await asyncio.sleep(_AGAIN_AFTER)
        except Exception as error:  # noqa: BLE001 - handed to those who wait
            self._settle(taken, error)
        else:
            self._settle(taken, None)

    def _settle(self, taken: dict[str, "asyncio.Future[None]"], error: Exception | None) -> None:
        for sending, written in taken.items():
            del self._waiting[sending]
            if written.done():
                continue
            if error is None:
                written.set_result(None)
            else:
                written.set_exception(error)
