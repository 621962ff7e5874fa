"""The keys at the door: looked up in the register, and remembered for a while; and the tokens of people."""

import hashlib
import time
from collections.abc import Callable
from contextlib import nullcontext
from datetime import UTC, datetime

from api.people import People, no_people
from cases.errors import UnavailableError
from records.keys import Key, Keys
from records.reach import hurried

FRESH = 30.0
"""Seconds for which a key is taken as it was found: so long a revoked one still opens."""
STALE = 86_400.0
"""Seconds for which a key is still taken while PostgreSQL is away: a hotline cannot refuse a call."""
_BRIEFLY = 2.0
"""Seconds that PostgreSQL has to tell of a key that was seen before."""
_MOST = 10_000
_DOTS_OF_A_TOKEN = 2


class KeyRing:
    """Finds keys by their text. What it remembers are digests, not the keys themselves."""

    def __init__(self, keys: Keys, clock: Callable[[], float] = time.monotonic, people: People | None = None) -> None:
        """Args:
        keys: Those of the register.
        clock: Seconds that only grow.
        people: Who finds the holders of tokens; without it there are keys alone.
        """
        self._keys = keys
        self._people = people
        self._clock = clock
        self._found: dict[bytes, tuple[Key, float]] = {}

    async def find(self, text: str, wanted: str | None = None) -> Key | None:
        """The key of a text; none if it is unknown, expired or revoked.

        Args:
            text: The key's text, or a token.
            wanted: Which of their roles the holder of a token acts in; a key has but one.

        Raises:
            ProblemError: a token is no good, or its holder has no role here.
            UnavailableError: PostgreSQL is out of reach, and the key was not seen for a day.
        """
        if text.count(".") == _DOTS_OF_A_TOKEN:
            if self._people is None:
                raise no_people()
            return await self._people.find(text, wanted)
        digest = hashlib.sha256(text.encode()).digest()
        known, at = self._found.get(digest, (None, 0.0))
        age = self._clock() - at
        if known is None or age > FRESH:
            usable = known is not None and age <= STALE
            try:
                # While it is known that PostgreSQL is away, nobody whom the ring knows waits for it.
                with hurried(_BRIEFLY) if usable else nullcontext():
                    known = await self._look_up(digest, text)
            except UnavailableError:
                if not usable:
                    raise
        return known if known is not None and _in_time(known) else None

    async def aclose(self) -> None:
        """Give up what is being fetched from the provider of tokens."""
        if self._people is not None:
            await self._people.provider.aclose()

    async def _look_up(self, digest: bytes, text: str) -> Key | None:
        found = await self._keys.find(text)
        self._found.pop(digest, None)
        if found is not None:
            if len(self._found) >= _MOST:
                del self._found[next(iter(self._found))]
            self._found[digest] = (found, self._clock())
        return found


def _in_time(key: Key) -> bool:
    return key.expires_at is None or key.expires_at > datetime.now(UTC)
