"""Rows and their paragraphs on terminals of every width."""

import pytest
from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from hotline.ledger import Ledger

PROSE = "the water authority looks after the river and its banks, and nobody else does, 水务局 says"


def shown(width: int, *rows: tuple[str, str, str]) -> list[str]:
    ledger = Ledger("number", "unit", prose="why")
    for number, unit, prose in rows:
        ledger.add(number, Text(unit, style="red"), prose=prose)
    console = Console(width=width)
    with console.capture() as capture:
        console.print(ledger)
    return [line.rstrip() for line in capture.get().splitlines()]


def test_where_there_is_room_prose_stands_beside_its_row() -> None:
    lines = shown(140, ("7K3Q-X2WA-HB4M-5", "water", "short"), ("1", "roads", PROSE))
    assert lines == [
        "number            unit   why",
        "7K3Q-X2WA-HB4M-5  water  short",
        f"1                 roads  {PROSE}",
    ]


def test_where_there_is_none_it_stands_below() -> None:
    lines = shown(60, ("7K3Q-X2WA-HB4M-5", "water", "short"), ("1", "roads", ""))
    assert lines == ["number            unit", "7K3Q-X2WA-HB4M-5  water", "    short", "1                 roads"]


@pytest.mark.parametrize("width", range(30, 150, 7))
def test_no_line_is_too_long_and_no_cell_is_broken(width: int) -> None:
    lines = shown(width, ("7K3Q-X2WA-HB4M-5", "水务局", PROSE))
    assert max(map(cell_len, lines)) <= width
    assert any("7K3Q-X2WA-HB4M-5  水务局" in line for line in lines)
    told = "".join(lines)
    assert all(word in told for word in PROSE.split())
