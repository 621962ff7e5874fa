"""One process of a town: started, killed as nothing can catch, suspended, and measured."""

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import psutil  # type: ignore[import-untyped]

_GRACE = 15.0


class Use(NamedTuple):
    """What a process and its children have used: seconds of processor since it began, and bytes of memory now."""

    cpu: float
    memory: int


@dataclass
class Part:
    """A process that runs until it is told otherwise. Nobody starts it again but whoever killed it."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    log: Path
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    def start(self) -> None:
        """Begin, or begin again; whether it answers yet is another question."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603
                list(self.command),
                env=dict(self.environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    @property
    def running(self) -> bool:
        """Whether the process lives."""
        return self._process is not None and self._process.poll() is None

    def wait(self) -> None:
        """Wait until it has ended."""
        if self._process is not None:
            self._process.wait()

    def kill(self) -> None:
        """End it, with all that it has started, by the signal that nothing can catch."""
        self._signal(signal.SIGKILL)
        if self._process is not None:
            self._process.wait()

    def suspend(self) -> None:
        """Have it stand still: it holds its connections, and answers nothing."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Have it go on."""
        self._signal(signal.SIGCONT)

    def stop(self) -> None:
        """Ask it to end, and kill it if it does not."""
        if self._process is None or self._process.poll() is not None:
            return
        self._signal(signal.SIGTERM)
        try:
            self._process.wait(_GRACE)
        except subprocess.TimeoutExpired:
            self.kill()

    def use(self) -> Use:
        """What it uses; nothing if it does not run."""
        if self._process is None:
            return Use(0.0, 0)
        cpu, memory = 0.0, 0
        with suppress(psutil.Error):
            top = psutil.Process(self._process.pid)
            for one in (top, *top.children(recursive=True)):
                with suppress(psutil.Error):
                    times = one.cpu_times()
                    cpu += times.user + times.system
                    memory += one.memory_info().rss
        return Use(cpu, memory)

    def _signal(self, number: int) -> None:
        if self._process is not None and self._process.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, number)
