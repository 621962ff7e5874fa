"""Filling the texts of notices in: pure, and the same words for the same notice however often."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial
from importlib.resources.abc import Traversable
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from activities.wording.templates import DIGEST, WORDS, Flaw, Layer, Place, Text, layers, spoken
from activities.wording.variables import moment, variables
from cases.city import City
from cases.notice import Notice

_log = logging.getLogger("hotline.wording")


class Words(NamedTuple):
    """What a notice says. The subject is one line, for mail and for the digest; the language is that of the text."""

    subject: str
    body: str
    language: str


class Gathered(NamedTuple):
    """A notice as a digest lists it: the case, the subject line it was rendered with, and when it happened."""

    number: str
    subject: str
    at: datetime


class NoWordsError(LookupError):
    """No text fits a notice, in any language that could be tried. It names the event and the audience."""


class Wording:
    """The texts of a city over those that are shipped."""

    def __init__(self, found: Sequence[Layer]) -> None:
        self.layers = tuple(found)

    @classmethod
    def load(cls, folders: Iterable[Traversable] = ()) -> "Wording":
        """Read the shipped texts, and those of folders over them, the last one on top.

        What is wrong with a folder stands in `flaws`, and the text below takes its place: nobody goes without a
        notice for the sake of a comma.
        """
        return cls(layers(folders))

    @property
    def flaws(self) -> list[Flaw]:
        """What could not be read."""
        return [flaw for layer in self.layers for flaw in layer.flaws]

    def render(self, notice: Notice, channel: str, language: str, city: City) -> Words:
        """The words of a notice for a channel: in the language asked for, else the city's, else English.

        A text that fails is logged by its place and the notice's key, and the one below it is taken.

        Args:
            notice: What there is to say.
            channel: Such as `sms` or `mail`; one that has no words of its own gets `text`.
            language: A code such as `zh`, `en` or `zh-hant`; empty for the city's own.
            city: Whose zone, titles and language they are.

        Raises:
            NoWordsError: there is no text for such a notice.
        """
        for spoken_in in spoken(language, city.policy.notices.language):
            if self._has(spoken_in, notice.audience, notice.about):
                values = variables(notice, spoken_in, city, partial(self.word, spoken_in))
                found = self._words(spoken_in, notice.audience, notice.about, channel, values, notice.key)
                if found is not None:
                    return found
        raise NoWordsError(f"there is no text about {notice.about!r} for {notice.audience!r}")

    def digest(
        self, audience: str, items: Sequence[Gathered], language: str, zone: ZoneInfo, channel: str = ""
    ) -> Words:
        """The words of several notices gathered into one, in the order given, with times in a zone.

        Raises:
            NoWordsError: there is no text for a digest to this audience.
            ValueError: there is nothing to gather.
        """
        since, until = min(one.at for one in items), max(one.at for one in items)
        for spoken_in in spoken(language):
            if self._has(spoken_in, audience, DIGEST):
                values = {
                    "notices": tuple({"number": one.number, "subject": one.subject} for one in items),
                    "count": len(items),
                    "since": moment(since, until, zone, partial(self.word, spoken_in)),
                }
                found = self._words(spoken_in, audience, DIGEST, channel, values, "a digest")
                if found is not None:
                    return found
        raise NoWordsError(f"there is no text of a digest for {audience!r}")

    def word(self, language: str, table: str, name: str, **values: Any) -> str | None:
        """What a language calls something, by the table and name in its `words.toml`; none where it has no word."""
        return self._filled([Place(language, WORDS, table, name)], values, "a word")

    def texts(self, place: Place) -> list[Text]:
        """What stands at a place, the topmost first."""
        return [layer.texts[place] for layer in self.layers if place in layer.texts]

    def _has(self, language: str, file: str, table: str) -> bool:
        return bool(self.texts(Place(language, file, table, "text")))

    def _words(
        self, language: str, file: str, table: str, channel: str, values: Mapping[str, Any], key: str
    ) -> Words | None:
        filled = [
            self._filled([Place(language, file, table, one) for one in members], values, key)
            for members in (("subject",), (channel, "text"))
        ]
        subject, body = filled
        # A line break in a subject would be the beginning of another header.
        return Words(" ".join(subject.split()), body, language) if subject and body else None

    def _filled(self, places: Sequence[Place], values: Mapping[str, Any], key: str) -> str | None:
        for text in (text for place in places for text in self.texts(place)):
            try:
                if said := text.template.render(values).strip():
                    return said
                failed = "it says nothing"
            except Exception as error:  # noqa: BLE001 - a text that people wrote can fail in any way
                # Not what the error says: that may be a piece of the case.
                failed = type(error).__name__
            _log.error("text at %s failed for %s: %s", text.place, key, failed)
        return None
