"""Proof that entries of the audit trail stand as they were written: seals, each over its entry and the seal before.

Whoever has the database but not the proof keys can make no seal: whatever they change, take out, put in or move shows.
"""

import hmac
import json
from hashlib import sha256
from typing import NamedTuple

from vault.keyfile import Ring

_KEYED = "."


class MissingKeyError(Exception):
    """The file of keys lacks a proof key that something was sealed with.

    Args:
        name: The key's.
    """

    def __init__(self, name: str) -> None:
        super().__init__(
            f"the file of keys lacks the proof key {name!r}; restore the file that belongs to this database"
        )
        self.name = name


class Entry(NamedTuple):
    """All that a seal proves of an entry: every column that tells something, and its place.

    `at` is in microseconds since 1970, in UTC; `actor` and `details` are JSON in PostgreSQL's one way of writing it.
    """

    position: int
    id: int
    at: int
    actor: str
    origin: str
    action: str
    case_number: str | None
    seq: int | None
    reason: str
    content: str
    details: str


class Head(NamedTuple):
    """The last entry of a chain. Whoever keeps it elsewhere can tell later that nothing before it is gone."""

    position: int
    seal: str

    def __str__(self) -> str:
        return f"{self.position}:{self.seal}"


BEGINNING = Head(0, "")
"""What the first entry follows."""


def seal(ring: Ring, name: str, entry: Entry, before: str) -> str:
    """The seal of an entry after the one that has the seal `before`.

    Raises:
        MissingKeyError: the ring has no key of this name.
    """
    return _keyed(ring, name, json.dumps(["entry", before, name, *entry]))


def digest(content: str) -> str:
    """A digest of something that holds no open text, so that anybody may have it."""
    return sha256(content.encode()).hexdigest()


def keyed_digest(ring: Ring, content: str) -> str:
    """A digest of something that may hold open texts: without the key, nobody can try out what they were."""
    return f"{ring.current}{_KEYED}{_keyed(ring, ring.current, json.dumps(['content', content]))}"


def agrees(ring: Ring, stated: str, content: str) -> bool:
    """Whether a digest, of either kind, is that of a content.

    Raises:
        MissingKeyError: the ring lacks the digest's key.
    """
    name, keyed, _ = stated.partition(_KEYED)
    own = _keyed(ring, name, json.dumps(["content", content])) if keyed else digest(content)
    return hmac.compare_digest(stated.removeprefix(f"{name}{_KEYED}") if keyed else stated, own)


def _keyed(ring: Ring, name: str, text: str) -> str:
    key = ring.key(name)
    if key is None:
        raise MissingKeyError(name)
    return hmac.digest(key, text.encode(), "sha256").hex()
