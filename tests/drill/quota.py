"""A file system of its own for the files of one server, that can be full."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_ROOM = "1g"
"""What there is room for; memory is used for what is really written."""


class Quota:
    """A mounted folder. Filled, it holds what it has and not a page more: no space is left for whoever writes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def fill(self) -> None:
        """Leave no room."""
        # Between the two something may be written, and the size would then be less than what is used.
        for _ in range(20):
            figures = os.statvfs(self.folder)
            used = (figures.f_blocks - figures.f_bfree) * figures.f_frsize
            if _resized(self.folder, str(used)):
                return
        raise OSError(f"{self.folder} cannot be filled")

    def lift(self) -> None:
        """Give all the room again."""
        _resized(self.folder, _ROOM)


@contextmanager
def mounted(folder: Path) -> Iterator[Quota | None]:
    """A quota on a new folder for as long as the context lasts; none where this user may not mount."""
    folder.mkdir(parents=True)
    if not possible() or not _done(
        "mount", "-t", "tmpfs", "-o", f"size={_ROOM},mode=755", "hotline-drill", str(folder)
    ):
        yield None
        return
    try:
        yield Quota(folder)
    finally:
        # Lazily: a process that is just ending may hold a file still.
        _done("umount", "--lazy", str(folder))


def possible() -> bool:
    """Whether it is worth trying."""
    return sys.platform == "linux" and os.geteuid() == 0


def _resized(folder: Path, size: str) -> bool:
    return _done("mount", "-o", f"remount,size={size}", str(folder))


def _done(*words: str) -> bool:
    try:
        return subprocess.run(words, capture_output=True, check=False).returncode == 0  # noqa: S603
    except OSError:
        return False
