"""One service to a state folder: a lock that ends with the process that holds it, however it ends."""

import fcntl
import os
import time
from contextlib import suppress
from pathlib import Path
from typing import IO

from hotline.errors import StartError


class StateLock:
    """Holds a state folder for one service.

    Raises:
        StartError: another service runs on this folder.
    """

    def __init__(self, state: Path) -> None:
        self._file = _open(state)
        if not self._locked():
            holder = self._file.read().strip() or "unknown"
            self._file.close()
            raise StartError(
                f"a service runs on the state folder {state} already (process {holder}); "
                "stop it first, or choose another folder with HOTLINE_STATE (and other ports)"
            )
        self._file.truncate(0)
        self._file.write(str(os.getpid()))
        self._file.flush()

    def _locked(self) -> bool:
        # Somebody who only asks whether a service runs holds the lock for an instant.
        for _ in range(3):
            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                time.sleep(0.1)
            else:
                return True
        return False

    def release(self) -> None:
        """Let the folder go."""
        self._file.close()


def held(state: Path) -> bool:
    """Whether a service runs on a state folder now."""
    if not (state / "lock").exists():
        return False
    with _open(state) as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return True
        with suppress(OSError):
            fcntl.flock(file, fcntl.LOCK_UN)
        return False


def _open(state: Path) -> IO[str]:
    path = state / "lock"
    path.touch(mode=0o600, exist_ok=True)
    return path.open("r+")
