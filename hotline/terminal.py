"""The terminal under `make`: Ctrl-C should stop the service, not make."""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def foreground() -> Iterator[None]:
    """Take the terminal from `make`, as a shell hands it to a job, and give it back at the end.

    A Ctrl-C goes to every process of the terminal's foreground group. make would end with an error of its own while
    the service is still stopping cleanly; in a group of its own, the service alone is told. Does nothing where there
    is no make or no terminal.
    """
    if not _under_make():
        yield
        return
    terminal = sys.stdin.fileno()
    before = os.tcgetpgrp(terminal)
    # The former makes handing the terminal over possible from the background. The latter: make would not notice that
    # its job was suspended, and nobody could wake it.
    for number in (signal.SIGTTOU, signal.SIGTSTP):
        signal.signal(number, signal.SIG_IGN)
    os.setpgid(0, 0)
    os.tcsetpgrp(terminal, os.getpgrp())
    try:
        yield
    finally:
        os.tcsetpgrp(terminal, before)


def _under_make() -> bool:
    if "MAKELEVEL" not in os.environ or not sys.stdin.isatty():
        return False
    try:
        return os.tcgetpgrp(sys.stdin.fileno()) == os.getpgrp() != os.getpid()
    except OSError:
        return False
