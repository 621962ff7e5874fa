"""How far a file has been fed: kept in the state folder, so that a stopped feed goes on where it was."""

import json
import time
from pathlib import Path

from pydantic import BaseModel, Field, ValidationError

from hotline.stack import write_private

_SAVED_EVERY = 1.0
"""Seconds. What a kill may lose is fed again, and found to be there already."""


class Done(BaseModel):
    """The rows that are done: all up to `through`, and those `beyond` it. Rows are finished out of order."""

    through: int = 0
    beyond: set[int] = Field(default_factory=set)
    created: int = 0
    repeated: int = 0
    rejected: int = 0

    def add(self, index: int) -> None:
        """A row is done."""
        self.beyond.add(index)
        while self.through + 1 in self.beyond:
            self.through += 1
            self.beyond.remove(self.through)

    def __contains__(self, index: int) -> bool:
        return index <= self.through or index in self.beyond

    @property
    def rows(self) -> int:
        """How many rows are done."""
        return self.through + len(self.beyond)


class Progress:
    """The progress of one file."""

    def __init__(self, path: Path, *, restart: bool) -> None:
        self._path = path
        self._saved_at = time.monotonic()
        self.done = Done() if restart else _kept(path)

    def note(self, index: int) -> None:
        """A row is done; written down now and then."""
        self.done.add(index)
        if time.monotonic() - self._saved_at > _SAVED_EVERY:
            self.save()

    def save(self) -> None:
        """Write down how far it is."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        write_private(self._path, self.done.model_dump_json())
        self._saved_at = time.monotonic()


class Rejects:
    """The rows that could not be fed, as JSON lines: each with its line, the reason and what was posted or read."""

    def __init__(self, path: Path, *, fresh: bool) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._lines = set() if fresh else _lines(path)
        self._file = path.open("w" if fresh else "a", encoding="utf-8")

    def add(self, line: int, reason: str, row: object) -> None:
        """Note a row; one that an interrupted feed has noted already stays noted once."""
        if line not in self._lines:
            self._lines.add(line)
            self._file.write(json.dumps({"line": line, "reason": reason, "row": row}, ensure_ascii=False) + "\n")
            self._file.flush()

    def close(self) -> None:
        """Close the file, and take it away if nothing was rejected."""
        self._file.close()
        if not self._lines:
            self.path.unlink(missing_ok=True)


def _kept(path: Path) -> Done:
    try:
        return Done.model_validate_json(path.read_text())
    except (OSError, ValidationError):
        return Done()


def _lines(path: Path) -> set[int]:
    found = set()
    if path.exists():
        for written in path.read_text(encoding="utf-8").splitlines():
            try:
                found.add(int(json.loads(written)["line"]))
            except (ValueError, KeyError, TypeError):
                # The last line of a killed feed may be half a line.
                continue
    return found
