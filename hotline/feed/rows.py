"""The rows of a file, one after the other, each with the line that it begins at; bad ones among them, told as such."""

import csv
import gzip
import hashlib
import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

from hotline.errors import HotlineError, UsageError
from hotline.feed.mapping import Mapping, RowError

_CSV, _JSON_LINES = (".csv",), (".jsonl", ".ndjson")
_BLOCK = 1 << 20


@dataclass(frozen=True)
class Row:
    """A row: its place counting from 1, its first and last line, and its complaint, or why it has none."""

    index: int
    line: int
    last_line: int
    body: dict[str, Any] | None
    reason: str = ""
    raw: str = ""


@dataclass(frozen=True)
class Extent:
    """What a file holds: a digest of it, and its number of lines."""

    digest: str
    lines: int


def measure(path: Path) -> Extent:
    """Read a file once through.

    Raises:
        UsageError: it cannot be read.
    """
    digest, lines, last = hashlib.sha256(), 0, b"\n"
    with _opened(path) as file:
        while block := file.read(_BLOCK):
            digest.update(block)
            lines += block.count(b"\n")
            last = block
    return Extent(digest.hexdigest(), lines + (not last.endswith(b"\n")))


def read(path: Path, mapping: Mapping | None) -> Iterator[Row]:
    """The rows of a file.

    Raises:
        UsageError: the file cannot be read, is of no known kind, or lacks columns that the mapping names.
    """
    kind = path.name.removesuffix(".gz")
    if kind.endswith(_JSON_LINES):
        return _json_rows(path, mapping)
    if not kind.endswith(_CSV):
        known = ", ".join((*_CSV, *_JSON_LINES))
        raise UsageError(
            f"{path}: what kind of file is this? Its name must end in one of {known}, also with .gz behind"
        )
    if mapping is None:
        raise UsageError(f"{path}: a CSV file needs --mapping, which says what column is what field")
    return _csv_rows(path, mapping)


def _csv_rows(path: Path, mapping: Mapping) -> Iterator[Row]:
    with _opened(path) as file:
        # A byte that is no UTF-8 must spoil its own row only, so it is carried through and found there.
        text = io.TextIOWrapper(file, encoding="utf-8-sig", errors="surrogateescape", newline="")
        reader = csv.reader(text, strict=True)
        columns = _heading(path, reader, mapping)
        index = 0
        while True:
            line = reader.line_num + 1
            cells: list[str] = []
            try:
                cells = next(reader)
                if not cells:
                    continue
                body, reason = mapping.body(_named(columns, cells)), ""
            except StopIteration:
                return
            except csv.Error as error:
                body, reason = None, f"unreadable CSV: {error}"
            except RowError as error:
                body, reason = None, str(error)
            index += 1
            yield Row(index, line, reader.line_num, body, reason, "" if body else _shown(",".join(cells)))


def _heading(path: Path, reader: Any, mapping: Mapping) -> list[str]:
    try:
        columns = [name.strip() for name in next(reader, [])]
    except csv.Error as error:
        raise UsageError(f"{path}: its heading is unreadable: {error}") from None
    if missing := sorted(mapping.reads - set(columns)):
        raise UsageError(
            f"{path}: has no column {', '.join(map(repr, missing))}, which the mapping names; "
            f"it has: {_shown(', '.join(columns)) or 'no heading'}"
        )
    return columns


def _named(columns: list[str], cells: list[str]) -> dict[str, str]:
    if len(cells) != len(columns):
        raise RowError(f"has {len(cells)} columns where the heading has {len(columns)}")
    for name, cell in zip(columns, cells, strict=True):
        try:
            cell.encode()
        except UnicodeEncodeError as error:
            byte = ord(cell[error.start]) - 0xDC00
            raise RowError(f"column {name!r} is not UTF-8: byte 0x{byte:02x} at character {error.start + 1}") from None
    return dict(zip(columns, cells, strict=True))


def _json_rows(path: Path, mapping: Mapping | None) -> Iterator[Row]:
    with _opened(path) as file:
        index = 0
        for line, content in enumerate(file, start=1):
            if not content.strip():
                continue
            index += 1
            try:
                body = _parsed(content)
                if mapping is not None:
                    body = mapping.body(_flat(body, mapping))
            except RowError as error:
                yield Row(index, line, line, None, str(error), _shown(content.decode(errors="replace").strip()))
            else:
                yield Row(index, line, line, body)


def _parsed(content: bytes) -> dict[str, Any]:
    try:
        body = json.loads(content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise RowError(f"is not UTF-8: byte 0x{content[error.start]:02x} at byte {error.start + 1}") from None
    except json.JSONDecodeError as error:
        raise RowError(f"is no JSON: {error.msg} at character {error.pos + 1}") from None
    except RecursionError:
        raise RowError("is no complaint: it is nested too deeply") from None
    if not isinstance(body, dict):
        raise RowError("is no JSON object; a complaint is one, with the fields of POST /v1/cases")
    return body


def _flat(body: dict[str, Any], mapping: Mapping) -> dict[str, str]:
    return {name: "" if body.get(name) is None else str(body[name]) for name in mapping.reads}


def _shown(text: str) -> str:
    return text.encode(errors="replace").decode()[:500]


@contextmanager
def _opened(path: Path) -> Iterator[IO[bytes]]:
    try:
        with path.open("rb") as file:
            yield cast(IO[bytes], gzip.GzipFile(fileobj=file)) if path.name.endswith(".gz") else file
    except (EOFError, gzip.BadGzipFile) as error:
        raise HotlineError(f"{path}: is a damaged gzip file: {error}") from None
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror or error}") from None
