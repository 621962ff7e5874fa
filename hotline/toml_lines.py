"""Finding the line of a TOML file that a field stands in; the parser does not tell it."""

import re

_TABLE = re.compile(r"^\s*(\[\[?)\s*([^\[\]]+?)\s*\]\]?\s*(?:#.*)?$")
_KEY = re.compile(r"""^\s*([\w."'-]+(?:\s*\.\s*[\w."'-]+)*)\s*=""")


def line_of(path: tuple[str, ...], text: str) -> int | None:
    """The line (from 1) of the field at this path, else of the nearest thing around it; None where nothing is.

    Places in an array of tables count from 0, as in `("ladder", "0", "tell")`.
    """
    table: tuple[str, ...] = ()
    counts: dict[tuple[str, ...], int] = {}
    best: tuple[int, int | None] = (0, None)
    for number, line in enumerate(text.split("\n"), start=1):
        if head := _TABLE.match(line):
            table = place = _keys(head[2])
            if head[1] == "[[":
                counts[place] = counts.get(place, -1) + 1
                table = place = (*place, str(counts[place]))
        elif key := _KEY.match(line):
            place = table + _keys(key[1])
        else:
            continue
        if path[: len(place)] == place and len(place) > best[0]:
            best = (len(place), number)
    return best[1]


def _keys(dotted: str) -> tuple[str, ...]:
    return tuple(part.strip().strip("\"'") for part in dotted.split("."))
