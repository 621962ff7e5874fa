"""A text in the plainest form of its characters, in which people's names and numbers are found however they are typed.

Full-width, circled and foreign digits are the digits that they stand for, letters lose their accents, and what takes no
room (zero-width characters, combining marks) is left out. Every place leads back to the text as it was written.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple, Self

_NO_ROOM = frozenset({"Mn", "Me", "Cf"})
_OWN_LETTERS = dict(
    zip("đĐłŁøØıæÆœŒßþÞ", ("d", "D", "l", "L", "o", "O", "i", "ae", "AE", "oe", "OE", "ss", "th", "TH"), strict=True)
)
"""Letters that are no accented ones, and are written so where a keyboard lacks them."""


class Span(NamedTuple):
    """A piece of the folded text, and what is to stand in its place."""

    begin: int
    end: int
    mask: str


Find = Callable[[str], Iterable[Span]]
"""Finds pieces in a folded text, from left to right."""


class _Plain(dict[int, str]):
    """The plain form of every character met so far."""

    def __missing__(self, code: int) -> str:
        self[code] = found = _plain(chr(code))
        return found


def _plain(character: str) -> str:
    if character in _OWN_LETTERS:
        return _OWN_LETTERS[character]
    if (digit := unicodedata.digit(character, None)) is not None:
        return str(digit)
    # A syllable of Korean is taken apart else, and every letter of it is one more character.
    syllable = "\uac00" <= character <= "\ud7a3"
    parts = character if syllable else unicodedata.normalize("NFKD", character)
    kept = "".join(one for one in parts if unicodedata.category(one) not in _NO_ROOM)
    return "".join(str(unicodedata.decimal(one, one)) for one in kept)


_PLAIN = _Plain()


class Folded:
    """A text and its plain form."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.plain = fold(text)
        self._even = text.isascii() or all(len(_PLAIN[ord(one)]) == 1 for one in set(text))

    def put(self, find: Find) -> Self:
        """The text with masks in place of what was found."""
        spans = list(find(self.plain))
        if not spans:
            return self
        return type(self)("".join(self._pieces(spans)))

    def _pieces(self, spans: Iterable[Span]) -> Iterator[str]:
        places, done = self._places(), 0
        for begin, end, mask in spans:
            # What takes no room behind the last character goes with it.
            start, stop = places[begin], max(places[end], places[end - 1] + 1)
            yield self.text[done : max(start, done)]
            yield mask
            done = stop
        yield self.text[done:]

    def _places(self) -> range | list[int]:
        """Where each character of the plain form stands in the text, and the end of it."""
        if self._even:
            return range(len(self.text) + 1)
        places = [index for index, one in enumerate(self.text) for _ in _PLAIN[ord(one)]]
        return [*places, len(self.text)]


def fold(text: str) -> str:
    """The plain form of a text."""
    return text if text.isascii() else text.translate(_PLAIN)


def each(pattern: re.Pattern[str], mask: Callable[[str], str]) -> Find:
    """Finds what a pattern matches; its mask is made of that."""
    return lambda plain: (Span(*found.span(), mask(found[0])) for found in pattern.finditer(plain))
