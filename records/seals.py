"""What processes seal and open texts with: the keys of cases, remembered for a while, and a reserve of new ones.

The reserve is why a complaint can be sealed while PostgreSQL is away: its keys are durable before anything needs them.
"""

import asyncio
import logging
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Collection
from typing import Any, TypeVar

from pydantic_core import to_json
from sqlalchemy.ext.asyncio import AsyncEngine

from cases.errors import UnavailableError
from cases.sealed import keys_in
from records.data_keys import DataKeys
from vault import sealing
from vault.digests import Digests
from vault.keyfile import KeyFile
from vault.sealing import DataKey

FRESH = 60.0
"""Seconds for which a key is used as it was found: so long an erased case may still be read."""
STALE = 86_400.0
"""Seconds for which a key is still used while PostgreSQL is away."""
_MOST = 50_000
_RETRY = 5.0
_log = logging.getLogger(__name__)

Opened = TypeVar("Opened")


class Seals:
    """Seals and opens with the keys of cases."""

    def __init__(
        self, engine: AsyncEngine, keys: KeyFile, *, reserve: int = 0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Args:
        engine: PostgreSQL.
        keys: The service's own keys.
        reserve: How many new keys to hold ready; a process that takes no complaints needs none.
        clock: Seconds that only grow.
        """
        self.data_keys = DataKeys(engine, keys.master)
        self.digests = Digests(keys.digest_key)
        self._reserve: deque[DataKey] = deque()
        self._wanted = reserve
        self._clock = clock
        self._found: OrderedDict[str, tuple[DataKey | None, float]] = OrderedDict()
        self._of_cases: OrderedDict[str, str] = OrderedDict()
        self._filling = asyncio.Lock()

    async def keep_ready(self) -> None:
        """Fill the reserve, and fill it again whenever it has shrunk; runs until it is cancelled."""
        while True:
            try:
                await self.fill()
            except UnavailableError:
                _log.warning("the reserve of keys cannot be filled while PostgreSQL is away")
            await asyncio.sleep(_RETRY)

    async def fill(self) -> None:
        """Fill the reserve.

        Raises:
            UnavailableError: PostgreSQL is out of reach.
        """
        async with self._filling:
            while (missing := self._wanted - len(self._reserve)) > 0:
                self._reserve.extend(await self.data_keys.make(min(missing, 1_000)))

    async def aclose(self) -> None:
        """Give back the reserve."""
        unused, self._reserve = self._reserve, deque()
        try:
            await self.data_keys.give_back(unused)
        except UnavailableError:
            _log.warning("the reserve of keys could not be given back")

    async def new_key(self) -> DataKey:
        """A key for a new case.

        Raises:
            UnavailableError: the reserve is used up, and PostgreSQL is out of reach.
        """
        key = self._reserve.popleft() if self._reserve else (await self.data_keys.make(1))[0]
        self._remember(key.id, key)
        return key

    async def key_for(self, number: str) -> DataKey:
        """The key to seal with what is added to a case; a new one where its own is not at hand.

        Raises:
            UnavailableError: there is none, the reserve is used up, and PostgreSQL is out of reach.
        """
        known = self._found.get(self._of_cases.get(number, ""))
        if known is not None and known[0] is not None and self._clock() - known[1] <= FRESH:
            return known[0]
        try:
            key = await self.data_keys.of_case(number)
        except UnavailableError:
            key = known[0] if known is not None else None
        key = key or await self.new_key()
        self._remember(key.id, key)
        self._of_cases[number] = key.id
        if len(self._of_cases) > _MOST:
            self._of_cases.popitem(last=False)
        return key

    async def open(self, value: Opened, kind: Any, *, strictly: bool = False) -> Opened:
        """A value, of a kind that pydantic knows, with its sealed texts opened.

        Args:
            value: The value, which stays as it is.
            kind: Its type, as `Case` or `list[Event]`.
            strictly: Whether every text must be opened, or be known to be erased; otherwise one whose key is out of
                reach reads `UNREADABLE`.

        Raises:
            UnavailableError: only if strictly: a key is out of reach.
        """
        needed = keys_in(to_json(value, inf_nan_mode="constants").decode())
        if not needed:
            return value
        return sealing.open_value(value, kind, await self.keys(needed, strictly=strictly))

    async def open_text(self, text: str, *, strictly: bool = False) -> str:
        """A plain text with its sealed parts opened. As `open`."""
        return sealing.open_text(text, await self.keys(keys_in(text), strictly=strictly))

    async def keys(self, ids: Collection[str], *, strictly: bool = False) -> dict[str, DataKey | None]:
        """The keys of ids, none for those that were destroyed. Those out of reach are left out, or as `open` says."""
        now = self._clock()
        unsure = [one for one in ids if one not in self._found or now - self._found[one][1] > FRESH]
        if unsure:
            try:
                found = await self.data_keys.find(unsure)
            except UnavailableError:
                if strictly and any(one not in self._found or now - self._found[one][1] > STALE for one in unsure):
                    raise
                _log.warning("keys of cases cannot be looked up while PostgreSQL is away")
            else:
                for name, key in found.items():
                    self._remember(name, key)
                if strictly and (lost := set(unsure) - found.keys()):
                    raise UnavailableError(f"the key {min(lost)} of a text cannot be used; is the file of keys whole?")
        usable = {one: self._found[one] for one in ids if one in self._found}
        return {one: key for one, (key, at) in usable.items() if now - at <= STALE}

    def forget(self, number: str) -> None:
        """Forget the keys of a case, since it is erased: what was remembered must not open it any more."""
        self._of_cases.pop(number, None)
        self._found.clear()

    def _remember(self, name: str, key: DataKey | None) -> None:
        self._found[name] = (key, self._clock())
        self._found.move_to_end(name)
        if len(self._found) > _MOST:
            self._found.popitem(last=False)
