"""The log files of the service's processes: begun anew when they have grown large, and watched for errors."""

import re
from collections.abc import Iterator
from pathlib import Path

_LARGE = 10_000_000
"""Bytes from which a log file is set aside at the next start."""

_ERROR = re.compile(r"\b(?:ERROR|CRITICAL|FATAL|panic:|Traceback)\b")
_ENTRY = re.compile(r"^(?:\d{4}-\d\d-\d\d|time=|\{|(?:DEBUG|INFO|WARNING|ERROR|CRITICAL)\b)")


def set_aside(path: Path) -> None:
    """Keep a large log file as the previous one, so that a new one begins."""
    if path.exists() and path.stat().st_size > _LARGE:
        path.replace(path.with_suffix(".log.1"))


class ErrorWatch:
    """Reads what is added to a log file and picks out the errors, each with the lines that belong to it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._position = path.stat().st_size if path.exists() else 0
        self._within = False

    def new_errors(self) -> Iterator[str]:
        """The lines of errors that have come since it was last asked."""
        for line in self._new_lines():
            if _ERROR.search(line):
                self._within = True
            elif _ENTRY.match(line):
                self._within = False
            if self._within:
                yield line

    def _new_lines(self) -> list[str]:
        try:
            with self._path.open("rb") as file:
                file.seek(self._position)
                new = file.read(1_000_000)
        except FileNotFoundError:
            return []
        complete = new[: new.rfind(b"\n") + 1]
        self._position += len(complete)
        return complete.decode(errors="replace").splitlines()


def last_lines(path: Path, count: int = 8) -> list[str]:
    """The end of a log file."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - 20_000))
            return file.read().decode(errors="replace").splitlines()[-count:]
    except FileNotFoundError:
        return []
