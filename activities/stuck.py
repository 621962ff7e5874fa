"""Keeping the list of stuck deliveries, as far as the register is there: no order waits for it."""

import asyncio
import logging
from collections.abc import Awaitable

from cases.errors import UnavailableError
from cases.order_form import OrderForm
from records.deliveries import Deliveries

_log = logging.getLogger(__name__)

_PATIENCE = 2.0
_MANY = 100_000


class StuckList:
    """Writes down what is stuck. What could not be taken from the list is taken with the next one that arrives."""

    def __init__(self, deliveries: Deliveries) -> None:
        self._deliveries = deliveries
        self._waiting: set[str] = set()
        self._arrived: set[str] = set()

    async def failed(self, form: OrderForm, reason: str, *, stopped: bool) -> None:
        """An attempt has failed."""
        self._waiting.discard(form.key)
        self._arrived.discard(form.key)
        await _try(self._deliveries.failed(form, reason, stopped=stopped))

    async def waits(self, form: OrderForm, reason: str) -> None:
        """An order waits behind others; it is written down once, however often it comes back."""
        if form.key in self._waiting:
            return
        if len(self._waiting) >= _MANY:
            self._waiting.clear()
        if await _try(self._deliveries.waits(form, reason)):
            self._waiting.add(form.key)

    async def arrived(self, form: OrderForm) -> None:
        """An order came through: also one that another process, or this one before its last start, saw fail."""
        self._waiting.discard(form.key)
        self._arrived.add(form.key)
        keys = list(self._arrived)[:1_000]
        if await _try(self._deliveries.arrived(keys)):
            self._arrived.difference_update(keys)


async def _try(writing: Awaitable[None]) -> bool:
    try:
        async with asyncio.timeout(_PATIENCE):
            await writing
    except (UnavailableError, TimeoutError):
        _log.warning("the list of stuck deliveries could not be kept: the register is away")
        return False
    return True
