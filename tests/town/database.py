"""The processes of a town's PostgreSQL, which its library starts and nobody holds in hand."""

from contextlib import suppress
from pathlib import Path

import psutil  # type: ignore[import-untyped]


def processes(folder: Path) -> list[psutil.Process]:
    """Those of the server whose files lie in a folder, the one that starts the others first; none if it is dead."""
    with suppress(psutil.Error, OSError, ValueError, IndexError):
        top = psutil.Process(int((folder / "postmaster.pid").read_text().splitlines()[0]))
        return [top, *top.children(recursive=True)]
    return []
