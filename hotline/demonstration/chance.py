"""Chance that falls the same way every time: what becomes of a case depends on its number alone."""

import hashlib
from collections.abc import Sequence
from typing import TypeVar

Item = TypeVar("Item")


class Chance:
    """The dice of one matter."""

    def __init__(self, *matter: object) -> None:
        self._matter = "/".join(map(str, matter))

    def number(self, question: str) -> float:
        """A number from 0 up to 1."""
        digest = hashlib.sha256(f"{self._matter}/{question}".encode()).digest()
        return int.from_bytes(digest[:8], "big") / 2**64

    def between(self, question: str, low: float, high: float) -> float:
        """A number from `low` up to `high`."""
        return low + (high - low) * self.number(question)

    def one_of(self, question: str, items: Sequence[Item]) -> Item:
        """One of several."""
        return items[int(self.number(question) * len(items))]

    def weighted(self, question: str, weights: dict[Item, float]) -> Item:
        """One of several, the heavier ones more often."""
        left = self.number(question) * sum(weights.values())
        for item, weight in weights.items():
            left -= weight
            if left < 0:
                return item
        return next(reversed(weights))
