"""`make bench`: everything in one run, one table after the other, and JSON beside them."""

import asyncio
import tempfile
from collections.abc import Awaitable, Callable
from importlib import import_module
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from tests.bench import report
from tests.bench.report import Section

PARTS = ("routine", "holding", "storm", "lists", "peers")

Measure = Callable[[Path, bool], Awaitable[list[Section]]]
"""Measures in an empty folder; the flag asks for a short form, which proves that it runs and no figure."""


def main(
    parts: Annotated[list[str] | None, typer.Argument(help=f"Some of {', '.join(PARTS)}; all if none.")] = None,
    short: Annotated[bool, typer.Option(help="Small sizes: to see that it runs.")] = False,
    json: Annotated[Path, typer.Option(help="Where the figures go as JSON.")] = Path("bench.json"),
) -> None:
    """Measure, print, and end with 1 if a target was missed."""
    console = Console(width=140)
    sections: list[Section] = []
    for part in parts or PARTS:
        console.print(f"measuring: {part}", style="dim")
        measure: Measure = import_module(f"tests.bench.{part}").measure
        with tempfile.TemporaryDirectory(prefix=f"hotline-bench-{part}-") as folder:
            sections += asyncio.run(measure(Path(folder), short))  # type: ignore[arg-type]
    command = "make bench" + (f" PARTS='{' '.join(parts)}'" if parts else "") + (" (short)" if short else "")
    report.show(sections, console, command)
    report.write(sections, json, command)
    lines = [] if short else report.missed(sections)
    for line in lines:
        console.print(f"missed: {line}", style="red", highlight=False)
    raise typer.Exit(1 if lines else 0)


if __name__ == "__main__":
    typer.run(main)
