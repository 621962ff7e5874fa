"""Rows of short cells on a terminal, each with a paragraph that belongs to it."""

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

_GAP = 2

_NARROWEST = 48
"""Columns that a paragraph needs beside its row; with fewer it stands below, over the whole width."""

_INDENT = 4


class Ledger:
    """A table whose last column is prose: beside the cells where the terminal is wide enough, else below them.

    Cells are never broken, so that numbers and moments can be read and copied.
    """

    def __init__(self, *headings: str, prose: str = "", at_least: tuple[int, ...] = ()) -> None:
        """Args:
        headings: What the columns of the cells are called; as many as there are cells.
        prose: What the paragraphs are called.
        at_least: How wide the columns are, where several ledgers stand below one another.
        """
        self._headings = headings
        self._prose = prose
        self._at_least = at_least
        self._rows: list[tuple[tuple[Text, ...], Text]] = []

    def add(self, *cells: str | Text, prose: str | Text = "") -> None:
        """Add a row, and what there is to say of it."""
        self._rows.append((tuple(_text(cell) for cell in cells), _text(prose)))

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """The rows in the form that fits the terminal."""
        widths = [self._width(place) for place in range(len(self._headings))]
        if options.max_width - sum(widths) - _GAP * len(widths) >= _NARROWEST:
            yield self._beside(widths)
            return
        if any(self._headings):
            yield _line(tuple(Text(heading, style="bold") for heading in self._headings), widths)
        for cells, prose in self._rows:
            yield _line(cells, widths)
            if prose:
                yield Padding(prose, (0, 0, 0, _INDENT))

    def _beside(self, widths: list[int]) -> Table:
        shown = any(self._headings) or bool(self._prose)
        table = Table(box=None, header_style="bold", padding=(0, _GAP, 0, 0), pad_edge=False, show_header=shown)
        for heading, width in zip(self._headings, widths, strict=True):
            table.add_column(heading, no_wrap=True, min_width=width)
        table.add_column(self._prose, overflow="fold")
        for cells, prose in self._rows:
            table.add_row(*cells, prose)
        return table

    def _width(self, place: int) -> int:
        cells = [cell_len(cells[place].plain) for cells, _ in self._rows]
        least = self._at_least[place] if self._at_least else 0
        return max([least, cell_len(self._headings[place]), *cells])


def _text(written: str | Text) -> Text:
    return written if isinstance(written, Text) else Text(written)


def _line(cells: tuple[Text, ...], widths: list[int]) -> Text:
    line = Text()
    for cell, width in zip(cells, widths, strict=True):
        line.append_text(cell).append(" " * (width - cell_len(cell.plain) + _GAP))
    line.rstrip()
    return line
