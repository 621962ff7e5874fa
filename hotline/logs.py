"""The log files of the service's processes: begun anew when they have grown large, and watched for errors."""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

_LARGE = 10_000_000
"""Bytes from which a log file is set aside at the next start."""

_LONGEST_LINE = 400
_AT_A_TIME = 20
"""Lines shown of what came at once. A storm of errors is for the log file."""

_ENTRY = re.compile(r"^(?:\d{4}-\d\d-\d\d|time=|\{|(?:DEBUG|INFO|WARNING|ERROR|CRITICAL)\b)")
_ERROR = re.compile(r"\b(?:ERROR|CRITICAL|FATAL)\b|^panic:")
_HARMLESS = re.compile(r"\bWARN")
_TRACEBACK = "Traceback (most recent call last):"


def set_aside(path: Path) -> None:
    """Keep a large log file as the previous one, so that a new one begins."""
    if path.exists() and path.stat().st_size > _LARGE:
        path.replace(path.with_suffix(".log.1"))


def appending(path: Path) -> BinaryIO:
    """A log file to write on, for its owner's eyes only."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "ab")


class ErrorWatch:
    """Reads what is added to a log file and picks out the errors, each with the lines that belong to it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._position = path.stat().st_size if path.exists() else 0
        self._within_error = False
        self._within_warning = False

    def new_errors(self) -> list[str]:
        """The lines of errors that have come since it was last asked; of many, the first ones."""
        found = list(self._errors())
        if len(found) > _AT_A_TIME:
            found[_AT_A_TIME:] = [f"… and {len(found) - _AT_A_TIME} lines more in {self._path}"]
        return found

    def _errors(self) -> Iterator[str]:
        for line in self._new_lines():
            if _ENTRY.match(line) or _ERROR.search(line):
                self._within_error = bool(_ERROR.search(line))
                self._within_warning = bool(_HARMLESS.search(line))
            elif line == _TRACEBACK and not self._within_warning:
                # A process that ends by an exception writes it without a level.
                self._within_error = True
            if self._within_error:
                yield line[:_LONGEST_LINE]

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
