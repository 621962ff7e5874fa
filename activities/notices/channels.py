"""The channels of a city: a file that says by which services whom notices reach. docs/channels.md is its page."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from activities.notices import gateway
from activities.notices.channel import Letter, NotSentError
from activities.notices.gateway import Gateways
from activities.notices.log_channel import LogChannel
from activities.notices.mail import SCHEMES, Mail
from cases.errors import InvalidError

COMPLAINANT, UNIT, UNITS = "complainant", "unit", "units"
AUDIENCES = (COMPLAINANT, "desk", "supervisor", UNIT)

_NAME = re.compile(r"[a-z0-9_-]{1,40}")
_PLACE = re.compile(r"\{([^{}]*)\}")
_MAY_STAND = {COMPLAINANT: ("phone", "email"), UNIT: ("unit",)}
"""What an entry of a table may be filled with, besides {id}."""

_SAMPLES = {"phone": "+8613800000000", "email": "somebody@example.org", "unit": "roads"}
_LOG = "log"


@dataclass(frozen=True)
class Entry:
    """One entry of the file: by which service an audience is reached. `channel` is what it is called there.

    `filled_with` is what must be known of somebody to reach them by it; none where the entry says it all.
    """

    route: str
    channel: str
    url: str
    filled_with: str | None = None

    def address(self, url_value: str, sending: str) -> str:
        """The URL for one address and one sending."""
        values = {self.filled_with: url_value, "id": sending}
        return _PLACE.sub(lambda found: quote(values.get(found[1], ""), safe=""), self.url)


class Channels:
    """Sends by the entries of a file; without one, all that is sent is noted in the log."""

    def __init__(self, tables: Mapping[str, tuple[Entry, ...]] | None = None) -> None:
        logged = (Entry(_LOG, _LOG, f"{_LOG}://"),)
        self._tables: Mapping[str, tuple[Entry, ...]] = tables or {}
        if tables is None:
            self._tables = dict.fromkeys(AUDIENCES, logged)
        self._entries = {entry.route: entry for table in self._tables.values() for entry in table}
        self._gateways = Gateways()

    @classmethod
    def load(cls, path: Path | None, called: str | None = None) -> "Channels":
        """Read a channels file, and see that every entry of it could be sent by.

        Args:
            path: The file; without one, all that is sent is noted in the log.
            called: What errors call the file, where it is not the setting that named it.

        Raises:
            InvalidError: it cannot be used; the text has a line for every table and entry that is wrong, and no secret.
        """
        if path is None:
            return cls()
        setting = called or f"HOTLINE_CHANNELS={path}"
        try:
            written = tomllib.loads(path.read_text(encoding="utf-8-sig"))
        except OSError as error:
            raise InvalidError(setting, f"cannot be read: {error.strerror}") from None
        except UnicodeDecodeError:
            raise InvalidError(setting, "is not in UTF-8; save it so") from None
        except tomllib.TOMLDecodeError as error:
            raise InvalidError(setting, f"is no TOML: {error}") from None
        problems: list[str] = []
        tables = {name: tuple(_entries(name, table, problems)) for name, table in _tables(written, problems)}
        if problems:
            # Each line names the file, for the start of the whole service shows the last line alone.
            raise InvalidError(setting, f"\n{setting}: ".join(problems))
        return cls(tables)

    def entries(self, to: str) -> tuple[Entry, ...]:
        """The entries for whom a notice is to: `complainant`, `desk`, `supervisor`, or `unit:` and a code."""
        audience, _, unit = to.partition(":")
        own = self._tables.get(f"{UNITS}.{unit}") if unit else None
        return self._tables.get(audience, ()) if own is None else own

    def services(self) -> dict[str, str]:
        """What stands behind every entry, by its route: several may name the same server."""
        return {route: _service(entry) for route, entry in self._entries.items()}

    def audiences(self) -> dict[str, tuple[Entry, ...]]:
        """All entries, by table."""
        return dict(self._tables)

    async def send(self, route: str, address: str, letter: Letter) -> None:
        """Send something by an entry.

        Raises:
            NotSentError: it did not go out, or nobody knows whether it did.
        """
        entry = self._entries.get(route)
        if entry is None:
            raise NotSentError(f"the channels file has no entry {route}; put it there, or leave this to fail")
        url = entry.address(address, letter.id)
        scheme = urlsplit(url).scheme
        if scheme == _LOG:
            await LogChannel().send(letter)
        elif scheme in SCHEMES:
            await _mail(url).send(letter)
        else:
            await self._gateways.send(url, letter)

    def close(self) -> None:
        """Begin nothing more."""
        self._gateways.close()


def _service(entry: Entry) -> str:
    """The server that an entry names, whoever logs in there."""
    sample = _sample(entry)
    parts = urlsplit(sample)
    if parts.scheme in SCHEMES:
        mail = Mail.of(sample)
        return f"mail {mail.host}:{mail.port}"
    return f"{parts.scheme} {parts.netloc.rpartition('@')[2]}"


def _sample(entry: Entry) -> str:
    return entry.address(_SAMPLES.get(entry.filled_with or "", ""), "sample")


def _mail(url: str) -> Mail:
    try:
        return Mail.of(url)
    except ValueError:
        # The file was checked, so it is what the entry was filled with.
        raise NotSentError("the address is none that mail can be sent to", for_good=True) from None


def _tables(written: Mapping[str, Any], problems: list[str]) -> Iterator[tuple[str, Any]]:
    for name, table in written.items():
        if name == UNITS and isinstance(table, dict):
            yield from ((f"{UNITS}.{unit}", entries) for unit, entries in table.items())
        elif name in AUDIENCES:
            yield name, table
        else:
            problems.append(f"[{name}]: there is no such audience, but {', '.join((*AUDIENCES, UNITS))}")


def _entries(table: str, written: Any, problems: list[str]) -> Iterator[Entry]:
    shown = f'{UNITS}."{table.partition(".")[2]}"' if table.startswith(f"{UNITS}.") else table
    if not isinstance(written, dict):
        problems.append(f"{shown}: must be a table of entries, as [{shown}]")
        return
    for name, url in written.items():
        try:
            yield _entry(table, name, url)
        except ValueError as error:
            problems.append(f"[{shown}] {name}: {error}")


def _entry(table: str, name: str, url: Any) -> Entry:
    if not _NAME.fullmatch(name):
        raise ValueError("call it by small letters, digits, - and _, as mail or sms")
    if not isinstance(url, str) or not urlsplit(url).scheme:
        raise ValueError("must be a URL in quotation marks, as mailto://… or another that Apprise knows")
    places = set(_PLACE.findall(url)) - {"id"}
    allowed = _MAY_STAND.get(table, ())
    if unknown := sorted(places - set(allowed)):
        may = " or ".join(f"{{{one}}}" for one in (*allowed, "id"))
        raise ValueError(f"{{{unknown[0]}}} is not known here; it may hold {may}")
    if table == COMPLAINANT and not places:
        raise ValueError("must say where a complainant is reached: by {phone} or by {email}")
    if len(places) > 1:
        raise ValueError("can be filled with one of {phone} and {email}, not with both")
    entry = Entry(f"{table}.{name}", name, url, next(iter(places), None))
    sample = _sample(entry)
    scheme = urlsplit(sample).scheme
    if scheme in SCHEMES:
        Mail.of(sample)
    elif scheme != _LOG and not gateway.known(sample):
        raise ValueError(f"Apprise knows no service {scheme}://, or the URL lacks a part that this one needs")
    return entry
