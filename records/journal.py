"""Many writers, few commits: batches that come in while one transaction runs share the next."""

import asyncio
from collections import deque
from typing import NamedTuple

from sqlalchemy.ext.asyncio import AsyncEngine

from cases.errors import UnavailableError
from records.batch import Batch
from records.posting import RacedError, post

_MOST = 256
"""How many cases one transaction writes."""

_ATTEMPTS = 3
"""How often a batch is tried when other processes write the same case at the same time."""


class _Waiting(NamedTuple):
    batch: Batch
    done: "asyncio.Future[None]"


class Journal:
    """Writes batches in the order in which they came; every caller gets the result of its own."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._queue: deque[_Waiting] = deque()
        self._writer: asyncio.Task[None] | None = None

    async def write(self, batch: Batch) -> None:
        """Write a batch, together with whatever others wait.

        Raises:
            GapError: the register lacks events before these.
            ConflictError: the register holds other events in their place.
            UnavailableError: PostgreSQL is out of reach.
        """
        loop = asyncio.get_running_loop()
        waiting = _Waiting(batch, loop.create_future())
        self._queue.append(waiting)
        if self._writer is None or self._writer.done():
            self._writer = loop.create_task(self._run())
        await waiting.done

    async def _run(self) -> None:
        taken: list[_Waiting] = []
        try:
            while self._queue:
                taken = self._take()
                await self._write_together(taken)
        finally:
            # Only if this task is stopped from outside does anybody still wait here.
            for waiting in (*taken, *self._queue):
                waiting.done.cancel()
            self._queue.clear()

    def _take(self) -> list[_Waiting]:
        """What goes into the next transaction: of each case one batch, so that none can spoil another's."""
        taken: dict[str, _Waiting] = {}
        rest: deque[_Waiting] = deque()
        for waiting in self._queue:
            if waiting.done.done():
                continue
            if len(taken) < _MOST and waiting.batch.number not in taken:
                taken[waiting.batch.number] = waiting
            else:
                rest.append(waiting)
        self._queue = rest
        return list(taken.values())

    async def _write_together(self, taken: list[_Waiting]) -> None:
        if not taken:
            return
        try:
            left_out = await post(self._engine, [waiting.batch for waiting in taken])
        except UnavailableError as error:
            for waiting in taken:
                _settle(waiting, error)
        except Exception:  # noqa: BLE001 - whose batch it is shows when each is written by itself
            for waiting in taken:
                await self._write_alone(waiting)
        else:
            for waiting in taken:
                _settle(waiting, left_out.get(waiting.batch.number))

    async def _write_alone(self, waiting: _Waiting) -> None:
        try:
            _settle(waiting, await self._insist(waiting.batch))
        except Exception as error:  # noqa: BLE001 - handed to the caller
            _settle(waiting, error)

    async def _insist(self, batch: Batch) -> Exception | None:
        for _ in range(_ATTEMPTS):
            try:
                return (await post(self._engine, [batch])).get(batch.number)
            except RacedError:
                continue
        raise UnavailableError(f"case {batch.number} is being written by others all the time; try again")


def _settle(waiting: _Waiting, error: Exception | None) -> None:
    # A caller that was cancelled no longer asks.
    if waiting.done.done():
        return
    if error is None:
        waiting.done.set_result(None)
    else:
        waiting.done.set_exception(error)
