"""What processes seal and open texts with: the keys of cases, remembered for a while, and a reserve of new ones.

The reserve is why a complaint can be sealed while PostgreSQL is away: its keys are durable before anything needs them.
"""

import asyncio
import logging
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Collection
from contextlib import nullcontext
from typing import Any, TypeVar, cast

from sqlalchemy.ext.asyncio import AsyncEngine

from cases.errors import UnavailableError
from cases.sealed import keys_in
from records import belonging
from records.data_keys import DataKeys
from records.reach import hurried
from vault import sealing
from vault.digests import Digests
from vault.keyfile import KeyFile
from vault.sealing import DataKey, Sealable

FRESH = 60.0
"""Seconds for which a key is used as it was found: so long an erased case may still be read."""
STALE = 86_400.0
"""Seconds for which a key is still used while PostgreSQL is away."""
HELD = 86_400.0
"""Seconds for which a new key is held ready. One that no case has claimed much longer after it was made is nobody's."""
_MOST = 50_000
_RETRY = 5.0
_AT_ONCE = 250
"""New keys that are made at once. A process that is killed leaves the unused ones behind, for months: one that dies
again and again shortly after its start leaves few."""
_BRIEFLY = 2.0
"""Seconds that PostgreSQL has to tell of a key that can be done without."""
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
        self._engine = engine
        self._keys = keys
        self.data_keys = DataKeys(engine, keys.master)
        self.digests = Digests(keys.digest_key)
        self._reserve: deque[tuple[DataKey, float]] = deque()
        self._wanted = reserve
        self._clock = clock
        self._found: OrderedDict[str, tuple[DataKey | None, float]] = OrderedDict()
        self._of_cases: OrderedDict[str, str] = OrderedDict()
        self._filling = asyncio.Lock()

    async def check(self) -> None:
        """See that the service's own keys belong to the database. As `belonging.check`."""
        await belonging.check(self._engine, self._keys)

    async def keep_ready(self) -> None:
        """Fill the reserve by and by, and again whenever it has shrunk; runs until it is cancelled."""
        while True:
            try:
                await self.fill(_AT_ONCE)
            except UnavailableError:
                _log.warning("the reserve of keys cannot be filled while PostgreSQL is away")
            await asyncio.sleep(_RETRY)

    async def fill(self, most: int | None = None) -> None:
        """Fill the reserve, with other keys for those that were held too long.

        Args:
            most: How many keys to make, if not as many as are missing.

        Raises:
            UnavailableError: PostgreSQL is out of reach.
        """
        async with self._filling:
            made_before = self._clock() - HELD
            missing = self._wanted - sum(at >= made_before for _, at in self._reserve)
            left = missing if most is None else min(missing, most)
            while left > 0:
                made = await self.data_keys.make(min(left, 1_000))
                self._reserve.extend((key, self._clock()) for key in made)
                left -= len(made)
            if most is not None and missing > most:
                return
            # Not before there are others: while PostgreSQL is away, nobody drops them there either.
            old = []
            while self._reserve and self._reserve[0][1] < made_before:
                old.append(self._reserve.popleft()[0])
            if old:
                await self.data_keys.give_back(old)

    async def aclose(self) -> None:
        """Give back the reserve."""
        unused, self._reserve = self._reserve, deque()
        try:
            await self.data_keys.give_back([key for key, _ in unused])
        except UnavailableError:
            _log.warning("the reserve of keys could not be given back")

    async def new_key(self, number: str | None = None) -> DataKey:
        """A key for a new case, which is remembered as that of its number, where one is given.

        Raises:
            UnavailableError: the reserve is used up, and PostgreSQL is out of reach.
        """
        key = self._reserve.popleft()[0] if self._reserve else (await self.data_keys.make(1))[0]
        self._remember(key.id, key)
        if number is not None:
            self._belongs(key, number)
        return key

    async def key_for(self, number: str) -> DataKey:
        """The key to seal with what is added to a case; a new one where its own is not at hand.

        Raises:
            UnavailableError: there is none, the reserve is used up, and PostgreSQL is out of reach.
        """
        known, at = self._found.get(self._of_cases.get(number, ""), (None, 0.0))
        age = self._clock() - at
        if known is not None and age <= FRESH:
            return known
        try:
            with hurried(_BRIEFLY):
                key = await self.data_keys.of_case(number)
        except UnavailableError:
            # Not remembered anew: nobody has seen that it is still there.
            if known is not None and age <= STALE:
                return known
            return await self.new_key(number)
        if key is None:
            return await self.new_key(number)
        self._remember(key.id, key)
        self._belongs(key, number)
        return key

    async def seal(self, value: Sealable, number: str) -> Sealable:
        """A value that is added to a case, with its personal texts sealed; one without any needs no key.

        Raises:
            InvalidError: a text looks sealed already; names its field.
            UnavailableError: as `key_for`.
        """
        return sealing.seal(value, await self.key_for(number)) if sealing.has_texts(value) else value

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
        document = sealing.as_document(value)
        needed = keys_in(document)
        if not needed:
            return value
        keys = await self.keys(needed, strictly=strictly)
        return cast(Opened, sealing.read_opened(document, kind, keys))

    async def open_text(self, text: str, *, strictly: bool = False) -> str:
        """A plain text with its sealed parts opened. As `open`."""
        return sealing.open_text(text, await self.keys(keys_in(text), strictly=strictly))

    async def keys(self, ids: Collection[str], *, strictly: bool = False) -> dict[str, DataKey | None]:
        """The keys of ids, none for those that were destroyed. Those out of reach are left out, or as `open` says."""
        now = self._clock()
        unsure = [one for one in ids if one not in self._found or now - self._found[one][1] > FRESH]
        if unsure:
            try:
                with nullcontext() if strictly else hurried(_BRIEFLY):
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

    def _belongs(self, key: DataKey, number: str) -> None:
        self._of_cases[number] = key.id
        self._of_cases.move_to_end(number)
        if len(self._of_cases) > _MOST:
            self._of_cases.popitem(last=False)

    def _remember(self, name: str, key: DataKey | None) -> None:
        self._found[name] = (key, self._clock())
        self._found.move_to_end(name)
        if len(self._found) > _MOST:
            self._found.popitem(last=False)
