"""The texts of notices as they are kept: files by language and audience, a table for each event, in layers.

`zh/complainant.toml` holds `[extended]` with `subject`, `text` and, where a channel wants words of its own, `sms` or
whatever that channel is called. `words.toml` beside it names what a language calls kinds, limits, outcomes and times. A
city's folder lies over the shipped one: what it writes goes before, and what it leaves out is there all the same.
"""

import re
import tomllib
from collections.abc import Iterable, Iterator
from functools import cached_property
from importlib import resources
from importlib.resources.abc import Traversable
from typing import NamedTuple

from jinja2 import StrictUndefined, Template
from jinja2.sandbox import ImmutableSandboxedEnvironment

AUDIENCES = ("complainant", "unit", "desk", "supervisor")
CHANNELS = ("sms", "mail", "wecom", "dingtalk", "feishu")
"""What channels are commonly called. Any may have words of its own, by the name it has in the channels file of a city;
one that has none sends `text`."""

WORDS = "words"
"""The file of a language's own words, beside those of the audiences."""

DIGEST = "digest"
"""The table of an audience's file that gathers several notices into one."""

_LANGUAGE = re.compile(r"^[a-z]{2,3}(-[a-z0-9]{2,8})*$")
_TAGS_ALONE = re.compile(r"^\s*(\{%[^%]*%\}\s*)+$")
_AT_LINE = re.compile(r"\s*\(at line (\d+), column \d+\)")


class Place(NamedTuple):
    """Where a text stands: of the file `zh/complainant.toml`, in the table `[extended]`, the member `sms`."""

    language: str
    file: str
    table: str
    member: str

    def __str__(self) -> str:
        return f"{self.language}/{self.file}.toml, {self.table}.{self.member}"


class Flaw(NamedTuple):
    """Something wrong with a folder of texts. `path` is the table and member; `line` the parser told, else none."""

    file: str
    path: tuple[str, ...]
    detail: str
    line: int | None = None


class Text:
    """One text of a file. It is compiled when it is first wanted.

    Raises:
        TemplateSyntaxError: from `template`, where it is none.
    """

    def __init__(self, source: str, place: Place) -> None:
        self.source = source
        self.place = place

    @cached_property
    def template(self) -> Template:
        """What it is filled in with."""
        return ENVIRONMENT.from_string("\n".join(map(_kept_apart, self.source.split("\n"))))


class Layer:
    """The texts of one folder. `flaws` is what could not be read, or will never be asked for."""

    def __init__(self, folder: Traversable) -> None:
        self.folder = folder
        self.texts: dict[Place, Text] = {}
        self.flaws: list[Flaw] = []
        if not folder.is_dir():
            self.flaws.append(Flaw(str(folder), (), "there is no such folder"))
            return
        for entry in sorted(folder.iterdir(), key=lambda one: one.name):
            if entry.name.startswith((".", "_")) or not entry.is_dir():
                continue
            if _LANGUAGE.match(entry.name) is None:
                told = "is no language; name the folder by its code in small letters, as zh, en or zh-hant"
                self.flaws.append(Flaw(entry.name, (), told))
                continue
            for file in sorted(entry.iterdir(), key=lambda one: one.name):
                if file.name.endswith(".toml"):
                    self._read(entry.name, file)

    @property
    def languages(self) -> list[str]:
        """The languages it has a text in."""
        return sorted({place.language for place in self.texts})

    def tables(self, file: str) -> set[str]:
        """The tables that a file has, in any language."""
        return {place.table for place in self.texts if place.file == file}

    def _read(self, language: str, file: Traversable) -> None:
        name, label = file.name.removesuffix(".toml"), f"{language}/{file.name}"
        try:
            tables = tomllib.loads(file.read_bytes().decode("utf-8-sig"))
        except UnicodeDecodeError:
            self.flaws.append(Flaw(label, (), "is not in UTF-8; save it so"))
            return
        except OSError as error:
            self.flaws.append(Flaw(label, (), f"cannot be read: {error.strerror}"))
            return
        except tomllib.TOMLDecodeError as error:
            at = _AT_LINE.search(str(error))
            told = f"is no TOML: {_AT_LINE.sub('', str(error))}"
            self.flaws.append(Flaw(label, (), told, int(at[1]) if at else None))
            return
        for table, members in tables.items():
            if not isinstance(members, dict):
                self.flaws.append(Flaw(label, (table,), "must be a table, as [received]"))
                continue
            for member, source in members.items():
                if isinstance(source, str):
                    place = Place(language, name, table, member)
                    self.texts[place] = Text(source, place)
                else:
                    self.flaws.append(Flaw(label, (table, member), "must be a text; put it in quotation marks"))


def layers(folders: Iterable[Traversable]) -> list[Layer]:
    """The shipped texts and those of the folders over them, the topmost first."""
    return [*(Layer(folder) for folder in reversed(list(folders))), Layer(shipped())]


def shipped() -> Traversable:
    """The folder that comes with the service."""
    return resources.files("policies") / "notices"


def spoken(*languages: str) -> Iterator[str]:
    """The languages to try in turn: each as it is asked for, then without its region or script, and English last."""
    tried: set[str] = set()
    for language in (*languages, "en"):
        code = language.strip().lower().replace("_", "-")
        for one in (code, code.partition("-")[0]):
            if one and one not in tried:
                tried.add(one)
                yield one


def short(text: str, most: int) -> str:
    """A text on one line, cut off with an ellipsis where it is longer than so many characters.

    Of dots, where it has no other signs: a single one that is not of the plain set halves the room of a short message.
    """
    line = " ".join(str(text).split())
    if len(line) <= most:
        return line
    mark = ("..." if line.isascii() else "…")[:most]
    return f"{line[: most - len(mark)].rstrip()}{mark}"


def _kept_apart(line: str) -> str:
    """A line whose end is kept though a tag stands last in it; lines of tags alone leave nothing behind."""
    end = line.rstrip()
    if not end.endswith("%}") or end.endswith(("-%}", "+%}")) or _TAGS_ALONE.match(end):
        return line
    return f"{end[:-2]}+%}}"


def _environment() -> ImmutableSandboxedEnvironment:
    # What goes out is plain text, for which the escapes of a page would be letters in the middle of words.
    made = ImmutableSandboxedEnvironment(
        undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, autoescape=False
    )
    # The same notice reads the same however often it is rendered, so nothing that draws lots or counts along.
    made.globals.clear()
    del made.filters["random"]
    made.filters["short"] = short
    return made


ENVIRONMENT = _environment()
"""Where templates run: without files, Python's own names or the attributes of what they are given."""
