"""What was asked of the service and what it answered, written down by those who asked."""

import json
import os
from pathlib import Path
from typing import NamedTuple, Self

from pydantic import BaseModel


def address(reference: str) -> str:
    """Where the complainant of a reference gets mail: each has an address of their own."""
    return f"{reference}@example.org"


class Entry(BaseModel):
    """One attempt to have something done, or what came of it.

    `at` is in seconds since 1970, by the callers' clock. An answer has a `status` (HTTP's), 0 where none came; what it
    promised is the `number`, and the `version` that the case had reached. `rule` is why it was refused.
    """

    at: float
    reference: str
    step: str
    status: int | None = None
    number: str = ""
    version: int = 0
    rule: str = ""

    @property
    def accepted(self) -> bool:
        """Whether this is a promise."""
        return self.status is not None and 200 <= self.status < 300

    @property
    def refused(self) -> bool:
        """Whether the service has definitely said no."""
        return self.status is not None and 400 <= self.status < 500 and self.status not in (404, 408, 425, 429)


class Ledger:
    """A file of entries, a line each; what is entered is on disk before whoever enters it goes on."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        self._path = path

    def enter(self, entry: Entry) -> None:
        """Write one down."""
        os.write(self._file, entry.model_dump_json(exclude_defaults=True).encode() + b"\n")
        os.fdatasync(self._file)

    def entries(self) -> list[Entry]:
        """All of them, in their order."""
        return [Entry.model_validate_json(line) for line in self._path.read_text().splitlines()]


class Arrival(NamedTuple):
    """Something that came to a receiver: under which key, for whom, of which case, and a digest of what it said."""

    key: str
    to: str
    case: str
    said: str

    @classmethod
    def all(cls, path: Path) -> list[Self]:
        """Those in a receiver's own ledger; none if nothing has arrived."""
        if not path.exists():
            return []
        lines = map(json.loads, path.read_text().splitlines())
        return [cls(line["key"], line["unit"], line["case"], line["said"]) for line in lines]
