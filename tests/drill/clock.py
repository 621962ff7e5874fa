"""The clock of one process, wrong by as much as is asked for, while it runs.

libfaketime stands before the C library in the process, and reads from a file how far the clock is off. Timers that
count seconds are left alone, as they are where a machine's clock is set. Go asks the kernel without the C library:
Temporal's own server cannot be led astray so.
"""

from importlib.util import find_spec
from pathlib import Path

_LIBRARY = "vendor/libfaketime/src/libfaketime.so.1"


class Clock:
    """The clock of the processes that are started with `variables`; it is right at first."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.set_off(0)

    @property
    def variables(self) -> dict[str, str]:
        """What a process must be started with."""
        library = _library()
        if library is None:
            return {}
        return {
            "LD_PRELOAD": str(library),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_CACHE_DURATION": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "DONT_FAKE_MONOTONIC": "1",
        }

    def set_off(self, seconds: int) -> None:
        """Have it run so many seconds ahead, or behind; the process notices within a second."""
        new = self._file.with_suffix(".new")
        new.write_text(f"{seconds:+d}\n")
        new.replace(self._file)


def possible() -> bool:
    """Whether libfaketime is installed."""
    return _library() is not None


def _library() -> Path | None:
    found = find_spec("libfaketime")
    if found is None or found.origin is None:
        return None
    library = Path(found.origin).parent / _LIBRARY
    return library if library.exists() else None
