"""A unit without a system: it reads its mailbox, and waits there for more."""

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Any

from pydantic import ValidationError

from hotline.door import Door, problem
from hotline.unit_simulator.order import Message, Order

_log = logging.getLogger(__name__)

_PAGE = 100
_PATIENCE = 20
"""Seconds that one request waits for something to come."""

_PAUSE = 5.0


class Mailbox:
    """What a unit was told, in order. `after` is how far it has read."""

    def __init__(self, door: Door, unit: str, after: str = "") -> None:
        self.after = after
        self._door = door
        self._unit = unit

    async def there(self) -> list[Order]:
        """Everything that stands there beyond what was read, without waiting for more."""
        found: list[Order] = []
        while page := await self._page(wait=0):
            found += page
        return found

    async def coming(self) -> AsyncIterator[Order]:
        """What stands there and what comes, for ever."""
        while True:
            for order in await self._page(wait=_PATIENCE):
                yield order

    async def _page(self, wait: int) -> list[Order]:
        place = {"after": self.after} if self.after else {}
        told = ""
        while True:
            page = await self._door.get(f"/v1/units/{self._unit}/orders", limit=_PAGE, wait=wait, **place)
            if page.is_success:
                break
            if told != (told := problem(page)):
                _log.error("unit %s cannot read its mailbox: %s", self._unit, told)
            if not wait:
                return []
            await asyncio.sleep(_PAUSE)
        read = page.json()
        self.after = str(read["next"])
        return [order for item in read["items"] if (order := self._read(item))]

    def _read(self, item: dict[str, Any]) -> Order | None:
        try:
            return Message.model_validate(item).data
        except ValidationError as error:
            # One letter that cannot be read must not stop all that come after it.
            _log.error("unit %s cannot read a letter: %s", self._unit, error.errors()[0]["loc"])
            return None
