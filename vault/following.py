"""A running process follows its file of keys: what was turned, added or dropped there holds without a restart."""

import asyncio
import logging
from pathlib import Path

from vault import keyfile
from vault.keyfile import RINGS, KeyFile, KeyFileError, Ring

EVERY = 1.0
"""Seconds between two looks at the file."""

_log = logging.getLogger(__name__)


class Following:
    """Keeps the keys that a process has as they are in the file."""

    def __init__(self, path: Path, keys: KeyFile) -> None:
        """Args:
        path: The file.
        keys: What was read of it. Its rings are what everything in the process locks and opens with.
        """
        self._path = path
        self._keys = keys
        self._seen: tuple[int, int, int] | None = None

    async def run(self) -> None:
        """Look again and again, until it is cancelled."""
        while True:
            self.look()
            await asyncio.sleep(EVERY)

    def look(self) -> bool:
        """Take over what has changed in the file since the last look; whether anything has.

        A file that cannot be used changes nothing: the process goes on with the keys it has, and says so in its log.
        """
        try:
            status = self._path.stat()
            seen = (status.st_mtime_ns, status.st_ino, status.st_size)
            if seen == self._seen:
                return False
            self._seen = seen
            newer = keyfile.read(self._path)
        except OSError as error:
            if self._seen is not None:
                _log.error("the file of keys at %s is gone (%s); going on with the keys read before", self._path, error)
            self._seen = None
            return False
        except KeyFileError as error:
            _log.error("%s; going on with the keys read before", error)
            return False
        if newer.digest != self._keys.digest:
            _log.error("the file of keys at %s is another service's; going on with the keys read before", self._path)
            return False
        changed = [name for name in RINGS if getattr(newer, name) != getattr(self._keys, name)]
        for name in changed:
            _take(getattr(self._keys, name), getattr(newer, name))
            _log.info("the %s keys have changed; the one in use is %s", name, getattr(newer, name).current)
        return bool(changed)


def _take(ring: Ring, newer: Ring) -> None:
    # The ring is shared by all that lock and open, so it changes in its place. They do either within one step of the
    # loop that this runs on, so none of them sees it half changed.
    ring.__dict__.update(keys=newer.keys, current=newer.current)
