"""The processes that make up the service: kept running, watched, and stopped in order."""

import asyncio
import os
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil  # type: ignore[import-untyped]

from hotline.errors import StartError
from hotline.logs import ErrorWatch, appending, last_lines, set_aside
from hotline.stack import ChildMark

Tell = Callable[[str], None]

_GRACE = 12.0
"""Seconds that a process has to end by itself before it is killed."""

_LONGEST_PAUSE = 30.0
_STEADY = 60.0
"""Seconds after which a process counts as running well, and its next death as its first."""

_DEATHS_AT_START = 3


@dataclass(frozen=True, kw_only=True)
class Program:
    """What a process runs, and where it writes what it has to say."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    log: Path


class Child:
    """A program that is started again whenever it dies, with growing pauses.

    It runs in a session of its own, so that a Ctrl-C on the terminal reaches the service alone, which then stops its
    processes in order.
    """

    def __init__(self, program: Program, tell: Tell) -> None:
        self.program = program
        self.deaths = 0
        self._tell = tell
        self._process: asyncio.subprocess.Process | None = None
        self._stopping = False
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Start it, and watch over it from now on."""
        self.program.log.parent.mkdir(parents=True, exist_ok=True)
        set_aside(self.program.log)
        watch = ErrorWatch(self.program.log)
        await self._spawn()
        self._tasks = [asyncio.create_task(self._keep_running()), asyncio.create_task(self._show_errors(watch))]

    async def stop(self) -> None:
        """End it: asked first, killed if it does not listen."""
        self._stopping = True
        for task in self._tasks:
            task.cancel()
        process = self._process
        if process is None or process.returncode is not None:
            return
        _signal(process.pid, signal.SIGTERM)
        try:
            await asyncio.wait_for(process.wait(), _GRACE)
        except TimeoutError:
            self._tell(f"{self.program.name} does not end; killing it")
            self.kill()
            await process.wait()

    def kill(self) -> None:
        """End it at once, with whatever it has started."""
        self._stopping = True
        if self._process is not None and self._process.returncode is None:
            _signal(self._process.pid, signal.SIGKILL)

    @property
    def mark(self) -> ChildMark | None:
        """By which a later service can find it, should this one be killed."""
        if self._process is None or self._process.returncode is not None:
            return None
        with suppress(psutil.Error):
            created = psutil.Process(self._process.pid).create_time()
            return ChildMark(name=self.program.name, pid=self._process.pid, created_at=created)
        return None

    def check_start(self) -> None:
        """See that it is not failing again and again while the service starts.

        Raises:
            StartError: it is.
        """
        if self.deaths >= _DEATHS_AT_START:
            last = next((line for line in reversed(last_lines(self.program.log)) if line.strip()), "it said nothing")
            raise StartError(f"{self.program.name} does not start: {last} (all of it in {self.program.log})")

    async def _spawn(self) -> None:
        with appending(self.program.log) as log:
            self._process = await asyncio.create_subprocess_exec(
                *self.program.command,
                env=dict(self.program.environment),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                # Temporal's file tells of complainants.
                umask=0o077,
            )

    async def _keep_running(self) -> None:
        failures = 0
        while self._process is not None:
            began = time.monotonic()
            status = await self._process.wait()
            if self._stopping:
                return
            self.deaths += 1
            failures = 1 if time.monotonic() - began > _STEADY else failures + 1
            pause = min(2.0 ** (failures - 1) / 2, _LONGEST_PAUSE)
            self._tell(f"{self.program.name} {_ended(status)}; starting it again in {pause:g} s")
            await asyncio.sleep(pause)
            await self._spawn()

    async def _show_errors(self, watch: ErrorWatch) -> None:
        while True:
            await asyncio.sleep(0.5)
            for line in watch.new_errors():
                self._tell(f"{self.program.name}: {line}")


async def end_leftovers(marks: Sequence[ChildMark], tell: Tell) -> None:
    """End what a killed service left running, so that its ports are free again."""
    left = [process for mark in marks if (process := _still(mark))]
    for process in left:
        tell(f"ending process {process.pid}, left over from a service that was killed")
        with suppress(psutil.Error):
            process.terminate()
    _, alive = await asyncio.to_thread(psutil.wait_procs, left, _GRACE)
    for process in alive:
        with suppress(psutil.Error):
            process.kill()
    await asyncio.to_thread(psutil.wait_procs, alive, _GRACE)


def _still(mark: ChildMark) -> psutil.Process | None:
    with suppress(psutil.Error):
        process = psutil.Process(mark.pid)
        if abs(process.create_time() - mark.created_at) < 1:
            return process
    return None


def _signal(pid: int, number: signal.Signals) -> None:
    # The child leads a session of its own, so its process group has its own id.
    with suppress(ProcessLookupError):
        os.killpg(pid, number)


def _ended(status: int) -> str:
    return f"was ended by {signal.Signals(-status).name}" if status < 0 else f"ended with exit status {status}"
