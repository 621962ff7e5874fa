"""Checking the texts of notices: each is filled in with sample cases, and everything wrong with one is told."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import partial
from importlib.resources.abc import Traversable
from typing import Any

from jinja2 import TemplateError, TemplateSyntaxError, meta, nodes

from activities.wording.rendering import Gathered, Wording
from activities.wording.templates import AUDIENCES, CHANNELS, DIGEST, ENVIRONMENT, WORDS, Layer, Place, Text
from activities.wording.variables import variables
from cases.city import City
from cases.notice import Notice
from hotline.notice_samples import samples
from hotline.problem import Problem
from hotline.short_message import segments
from hotline.toml_lines import line_of

MOST_SEGMENTS = 3
"""Parts of a short message; people do not read more of it, and each is paid for."""

_MEMBERS = ("subject", "text", *CHANNELS)
_CHANNEL = re.compile(r"[a-z0-9_-]{1,40}")
_LEFT_OVER = re.compile(r"\{\{|\}\}|\{%|%\}|\{#|#\}|</?[a-z][a-z0-9]*(?:\s[^<>]*)?/?>")
_MISSING = re.compile(r"has no attribute '(\w+)'$")
_FILLED_IN = {"n": 2, "year": 2026, "month": 9, "day": 1, "hour": 9, "minute": 0, "weekday": 2, "time": "09:00"}


@dataclass(frozen=True)
class Sample:
    """A text filled in for people to read."""

    place: Place
    subject: str
    body: str


class Check:
    """The texts of some folders over the shipped ones, filled in once with every sample there is."""

    def __init__(self, folders: Sequence[Traversable], of: City) -> None:
        self.wording = Wording.load(folders)
        self.problems: list[Problem] = []
        self.count = 0
        self._city = of
        self._shipped = self.wording.layers[-1]
        self._sources: dict[tuple[int, str], str] = {}
        self.languages = sorted({language for layer in self.wording.layers for language in layer.languages})
        self._notices = {language: _by_event(samples(language, of), self._shipped) for language in self.languages}
        for layer in self.wording.layers:
            self._look_through(layer)
        for language in self.languages:
            self._find_missing(language)

    def shown(self, event: str) -> Iterator[Sample]:
        """The words about an event to each audience and by each channel that has its own, one for each language."""
        for language in self.languages:
            for (file, about), notices in self._notices[language].items():
                if about != event:
                    continue
                places = {place for layer in self.wording.layers for place in layer.texts}
                for place in sorted(place for place in places if place[:3] == (language, file, about)):
                    member = place.member
                    for found in _different(notices) if member != "subject" else ():
                        words = self.wording.render(found, member, language, self._city)
                        yield Sample(place, words.subject, words.body)

    def events(self) -> set[str]:
        """Everything that notices are about."""
        return {table for file in AUDIENCES for table in self._shipped.tables(file)} - {DIGEST}

    def _look_through(self, layer: Layer) -> None:
        for flaw in layer.flaws:
            self._tell(layer, flaw.file, flaw.path, flaw.detail, flaw.line)
        files: set[tuple[str, str]] = set()
        tables: set[tuple[str, str, str]] = set()
        for place, text in layer.texts.items():
            known = (*AUDIENCES, WORDS)
            if place.file not in known:
                if (place.language, place.file) not in files:
                    files.add((place.language, place.file))
                    self._tell(layer, _file(place), (), f"nobody is called {place.file!r}; {_near(place.file, known)}")
                continue
            there = self._shipped.tables(place.file)
            if place.table not in there:
                if place[:3] not in tables:
                    tables.add(place[:3])
                    told = f"no notice to this audience is about {place.table!r}; {_near(place.table, there)}"
                    self._tell(layer, _file(place), (place.table,), told)
                continue
            members = self._words_of(place.table) if place.file == WORDS else _MEMBERS
            if place.member not in members and not (place.file != WORDS and _may_be_a_channel(place.member)):
                told = f"no member is called so; {_near(place.member, members)}"
                self._tell(layer, _file(place), (place.table, place.member), told)
                continue
            self._try(layer, text)

    def _try(self, layer: Layer, text: Text) -> None:
        place = text.place
        found: list[str] = []
        try:
            template = text.template
        except TemplateSyntaxError as error:
            self._tell(layer, _file(place), place[2:], str(error.message), self._line(layer, place, error.lineno))
            return
        notices = self._filled_in(place)
        found += _unknown(text, notices)
        for values in notices if not found else ():
            try:
                said = template.render(values).strip()
            except (TemplateError, ArithmeticError, LookupError, TypeError, ValueError, AttributeError) as error:
                found.append(_said(error, values))
            else:
                found += _amiss(place, said)
        for detail in dict.fromkeys(found):
            self._tell(layer, _file(place), place[2:], detail)
        self.count += place.file != WORDS and not found

    def _filled_in(self, place: Place) -> list[Mapping[str, Any]]:
        """What a text may have to be filled in with."""
        say = partial(self.wording.word, place.language)
        notices = self._notices[place.language]
        if place.file == WORDS:
            some = next(iter(notices.values()))[0]
            return [{**variables(some, place.language, self._city, say), **_FILLED_IN, "this_year": 2025}]
        if place.table == DIGEST:
            first = next(iter(notices.values()))[0]
            two = [Gathered(first.case_number, "…", first.at), Gathered(first.case_number, "…", first.at)]
            listed = tuple({"number": one.number, "subject": one.subject} for one in two)
            since = variables(first, place.language, self._city, say)["at"]
            return [{"notices": listed, "count": len(two), "since": since}]
        found = notices.get((place.file, place.table), [])
        return [variables(one, place.language, self._city, say) for one in found]

    def _find_missing(self, language: str) -> None:
        """Tell what a language leaves out of the files that it has; a whole audience may be left to another one."""
        places = {place for layer in self.wording.layers for place in layer.texts if place.language == language}
        layer = next(one for one in self.wording.layers if language in one.languages)
        for file in (*AUDIENCES, WORDS):
            label = f"{language}/{file}.toml"
            if not any(place.file == file for place in places):
                if file == WORDS:
                    self._tell(layer, label, (), "is missing; copy it from en and translate it")
                continue
            for table in sorted(self._shipped.tables(file)):
                members = self._words_of(table) if file == WORDS else ["subject", "text"]
                lacking = [one for one in members if Place(language, file, table, one) not in places]
                if lacking:
                    which = "all of it" if lacking == members else ", ".join(lacking)
                    self._tell(layer, label, (table,), f"is missing: {which}; until then it goes in another language")

    def _words_of(self, table: str) -> list[str]:
        there = self._shipped.texts
        return sorted({place.member for place in there if place.file == WORDS and place.table == table})

    def _tell(self, layer: Layer, file: str, path: Sequence[str], detail: str, line: int | None = None) -> None:
        at = line or (line_of(tuple(path), self._source(layer, file)) if path else None)
        self.problems.append(Problem(f"{layer.folder}/{file}", at, ".".join(path) or None, detail))

    def _line(self, layer: Layer, place: Place, within: int) -> int | None:
        source = self._source(layer, _file(place))
        begins = line_of(place[2:], source)
        if begins is None:
            return None
        opened = source.split("\n")[begins - 1].rstrip().endswith(('"""', "'''"))
        return begins + within - (0 if opened else 1)

    def _source(self, layer: Layer, file: str) -> str:
        key = (id(layer), file)
        if key not in self._sources:
            path = layer.folder.joinpath(file)
            self._sources[key] = path.read_bytes().decode("utf-8-sig", "replace") if path.is_file() else ""
        return self._sources[key]


def _by_event(notices: Sequence[Notice], shipped: Layer) -> dict[tuple[str, str], list[Notice]]:
    """Samples by audience and event. What only other rules than the samples' tell somebody is addressed to them."""
    found: dict[tuple[str, str], list[Notice]] = {}
    for one in notices:
        found.setdefault((one.audience, one.about), []).append(one)
    for file in AUDIENCES:
        for table in shipped.tables(file) - {DIGEST}:
            if (file, table) not in found:
                others = [one.model_copy(update={"to": file}) for one in notices if one.about == table]
                found[file, table] = others
    return found


def _may_be_a_channel(member: str) -> bool:
    """Whether a member may be named after a channel that the city calls so, and is no slip of the pen."""
    return bool(_CHANNEL.fullmatch(member)) and not get_close_matches(member, _MEMBERS, n=1, cutoff=0.75)


def _different(notices: Sequence[Notice]) -> list[Notice]:
    """One of each kind: by what has happened, and whether it is told to the unit that holds the case."""
    kinds = {(one.change.type, one.to.partition(":")[2] == one.unit): one for one in reversed(notices)}
    return list(kinds.values())[::-1]


def _unknown(text: Text, values: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Variables and members of the change that no notice of this kind has."""
    parsed = ENVIRONMENT.parse(text.source)
    known = {name for one in values for name in one}
    for name in sorted(meta.find_undeclared_variables(parsed) - known):
        yield f"there is no variable {name!r}; {_near(name, known)}"
    members = {name for one in values for name in one.get("change", ())}
    for found in parsed.find_all(nodes.Getattr):
        if isinstance(found.node, nodes.Name) and found.node.name == "change" and found.attr not in members:
            yield f"there is no variable 'change.{found.attr}' here; {_near(found.attr, members)}"


def _amiss(place: Place, said: str) -> Iterator[str]:
    if not said:
        yield "says nothing for some cases; then another text would take its place"
    if found := _LEFT_OVER.search(said):
        yield f"leaves {found[0]!r} in what people read; notices are plain text, and {{{{ name }}}} fills something in"
    if place.member == "sms" and (parts := segments(said)) > MOST_SEGMENTS:
        yield f"comes to {parts} parts of a short message ({len(said)} characters); {MOST_SEGMENTS} are the most"


def _said(error: Exception, values: Mapping[str, Any]) -> str:
    if missing := _MISSING.search(str(error)):
        change = values.get("change", {})
        told = f"a notice of this kind may have no {missing[1]!r}; write {{% if change.{missing[1]} is defined %}}"
        return told if change else str(error)
    return f"fails: {error}"


def _near(name: str, known: Collection[str]) -> str:
    close = get_close_matches(name, list(known), n=1)
    return f"did you mean {close[0]}?" if close else f"there are: {', '.join(sorted(known))}"


def _file(place: Place) -> str:
    return f"{place.language}/{place.file}.toml"
