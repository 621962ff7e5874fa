"""`make drill`: break everything under load, and account for every promise."""

import asyncio
import secrets
import shutil
import signal
import tempfile
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from tests.drill import table
from tests.drill.run import Drill, hold

LIMITS = {"dispatch": 20, "acknowledge": 20, "handle": 40, "resolve": 60}
"""Seconds of each limit of the policy."""


def main(
    seed: Annotated[int | None, typer.Option(help="The same seed has the same go wrong; random if none.")] = None,
    seconds: Annotated[float, typer.Option(help="How long the load lasts.")] = 300.0,
    rate: Annotated[float, typer.Option(help="New cases a second.")] = 3.0,
    json: Annotated[Path, typer.Option(help="Where the account goes as JSON.")] = Path("drill.json"),
) -> None:
    """Hold a drill, print its account, and end with 1 if a promise was broken; then everything it left is kept."""
    # Ended by a signal, it takes everything with it that it has started.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    console = Console(width=120)
    chosen = secrets.randbelow(1_000_000) if seed is None else seed
    console.print(f"seed {chosen}", highlight=False)
    folder = Path(tempfile.mkdtemp(prefix="hotline-drill-"))
    drill = Drill(chosen, seconds, rate, LIMITS)
    result = asyncio.run(hold(drill, folder, lambda line: console.print(line, style="dim", highlight=False)))
    table.show(result, console)
    table.write(result, json)
    if result.broken:
        console.print(f"  what callers asked and were told, and the logs, are in {folder}", highlight=False)
        raise typer.Exit(1)
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    typer.run(main)
