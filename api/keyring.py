"""The keys at the door: looked up in the register, and remembered for a while."""

import hashlib
import time
from collections.abc import Callable
from datetime import UTC, datetime

from cases.errors import UnavailableError
from records.keys import Key, Keys

FRESH = 30.0
"""Seconds for which a key is taken as it was found: so long a revoked one still opens."""
STALE = 86_400.0
"""Seconds for which a key is still taken while PostgreSQL is away: a hotline cannot refuse a call."""
_MOST = 10_000


class KeyRing:
    """Finds keys by their text. What it remembers are digests, not the keys themselves."""

    def __init__(self, keys: Keys, clock: Callable[[], float] = time.monotonic) -> None:
        self._keys = keys
        self._clock = clock
        self._found: dict[bytes, tuple[Key, float]] = {}

    async def find(self, text: str) -> Key | None:
        """The key of a text; none if it is unknown, expired or revoked.

        Raises:
            UnavailableError: PostgreSQL is out of reach, and the key was not seen for a day.
        """
        digest = hashlib.sha256(text.encode()).digest()
        known, at = self._found.get(digest, (None, 0.0))
        age = self._clock() - at
        if known is None or age > FRESH:
            try:
                known = await self._look_up(digest, text)
            except UnavailableError:
                if known is None or age > STALE:
                    raise
        return known if known is not None and _in_time(known) else None

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
