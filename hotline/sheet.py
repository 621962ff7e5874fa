"""A table that people keep in a spreadsheet, saved as CSV: rows with the lines they stand in.

A byte order mark, Windows line ends, blank lines and trailing empty cells are what spreadsheets write; they are no
problems.
"""

import csv
import io
import re
import unicodedata
from collections.abc import Callable, Collection, Iterator
from itertools import zip_longest
from typing import NamedTuple

from hotline.problem import Problem

Tell = Callable[[Problem], None]

_SEPARATORS = {";": "semicolons", "\t": "tabs"}

_TITLE = re.compile(r"^title_([a-z]{2,3})$")


class Row(NamedTuple):
    """One line of a table; every column has its cell, stripped of blanks around it."""

    line: int
    cells: dict[str, str]

    def titles(self) -> dict[str, str]:
        """The titles by language: `title_en` is the one in English. Empty ones are left out."""
        found = {name: _TITLE.match(name) for name in self.cells}
        return {match[1]: self.cells[name] for name, match in found.items() if match and self.cells[name]}


def decode(file: str, content: bytes, tell: Tell) -> str | None:
    """The text of a file, or a problem told and None."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        tell(
            Problem(
                file, line, None, "is not UTF-8; save it again with the encoding UTF-8 (in a spreadsheet: CSV UTF-8)"
            )
        )
        return None


def read(
    file: str,
    text: str,
    columns: Collection[str],
    tell: Tell,
    *,
    optional: Collection[str] = (),
    titled: bool = False,
) -> list[Row] | None:
    """The rows of a table with these columns, and with columns of titles where it is `titled`.

    Columns that are `optional` may be left out of the file; their cells then are empty.

    Every problem is told. A row with a problem is given all the same, as far as it can be read, so that what refers to
    it does not seem wrong too. None means that the table cannot be read as a whole.
    """
    found = _lines(file, text, tell)
    if found is None:
        return None
    header_line, header = found[0] if found else (1, [])
    if between := _separator(header):
        detail = f"has {between} between its cells; save it again with commas"
        tell(Problem(file, header_line, None, detail))
        return None
    names = [name.lower() for name in header]
    if problems := list(_header_problems(file, header_line, names, columns, optional, titled=titled)):
        for problem in problems:
            tell(problem)
        return None
    absent = dict.fromkeys((name for name in optional if name not in names), "")
    rows = []
    for line, cells in found[1:]:
        if wrong := _row_problem(file, line, names, cells):
            tell(wrong)
        rows.append(Row(line, dict(zip_longest(names, cells[: len(names)], fillvalue="")) | absent))
    return rows


def _lines(file: str, text: str, tell: Tell) -> list[tuple[int, list[str]]] | None:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    lines = []
    begun = 1
    try:
        for raw in reader:
            cells = [cell.strip() for cell in raw]
            while cells and not cells[-1]:
                cells.pop()
            if cells:
                lines.append((begun, cells))
            begun = reader.line_num + 1
    except csv.Error as error:
        tell(Problem(file, begun, None, f"is no CSV from here on: {error}; is a quotation mark left open?"))
        return None
    return lines


def _separator(header: list[str]) -> str | None:
    """What stands between the cells of a file that some spreadsheets call CSV as well."""
    found = (between for sign, between in _SEPARATORS.items() if len(header) == 1 and sign in header[0])
    return next(found, None)


def _header_problems(
    file: str, line: int, names: list[str], columns: Collection[str], optional: Collection[str], *, titled: bool
) -> Iterator[Problem]:
    titles = [name for name in names if titled and _TITLE.match(name)]
    for name in columns:
        if name not in names:
            detail = "this column is missing; the first line names the columns, with commas between them"
            yield Problem(file, line, name, detail)
    if titled and not titles:
        yield Problem(file, line, "title_en", "a column of titles is missing: title_ and a language, as title_en")
    for place, name in enumerate(names):
        if name in names[:place]:
            yield Problem(file, line, name, "this column is there twice; remove one")
        elif name not in (*columns, *optional, *titles):
            known = ", ".join([*columns, *optional, *(["title_en, title_zh, …"] if titled else [])])
            yield Problem(file, line, name or "(no name)", f"there is no such column; the columns are: {known}")


def _row_problem(file: str, line: int, names: list[str], cells: list[str]) -> Problem | None:
    if len(cells) > len(names):
        detail = f"{len(cells)} cells under {len(names)} columns; put a cell that holds a comma in quotation marks"
        return Problem(file, line, None, detail)
    for name, cell in zip(names, cells, strict=False):
        if any(unicodedata.category(character) == "Cc" for character in cell):
            return Problem(file, line, name, "holds a line break or another control character; remove it")
    return None
