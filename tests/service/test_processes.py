"""Processes are kept running, watched and stopped."""

import asyncio
import os
import sys
from collections.abc import Callable
from pathlib import Path

import psutil  # type: ignore[import-untyped]
import pytest

from hotline import processes
from hotline.errors import StartError
from hotline.processes import Child, Program, end_leftovers
from hotline.stack import ChildMark


def child(folder: Path, code: str, told: list[str]) -> Child:
    program = Program(
        name="probe", command=[sys.executable, "-u", "-c", code], environment=os.environ, log=folder / "probe.log"
    )
    return Child(program, told.append)


async def until(fact: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not fact():  # noqa: ASYNC110 - what it waits for happens in another process
            await asyncio.sleep(0.02)


async def test_one_that_dies_is_started_again(tmp_path: Path) -> None:
    told: list[str] = []
    probe = child(tmp_path, "import time; print('begun'); time.sleep(60)", told)
    await probe.start()
    log = tmp_path / "probe.log"
    await until(lambda: log.read_text().count("begun") == 1)
    assert probe.mark is not None
    psutil.Process(probe.mark.pid).kill()
    await until(lambda: log.read_text().count("begun") == 2)
    await probe.stop()
    assert told == ["probe was ended by SIGKILL; starting it again in 0.5 s"]
    assert probe.mark is None


async def test_one_that_cannot_start_ends_the_start(tmp_path: Path) -> None:
    told: list[str] = []
    probe = child(tmp_path, "raise SystemExit('no such luck')", told)
    await probe.start()
    await until(lambda: probe.deaths == 3)
    with pytest.raises(StartError, match=r"probe does not start: no such luck \(all of it in .*probe.log\)"):
        probe.check_start()
    await probe.stop()


async def test_its_errors_are_shown_and_the_rest_is_in_its_log(tmp_path: Path) -> None:
    told: list[str] = []
    lines = ["2026-11-24 INFO all well", "2026-11-24 ERROR oh dear", "  because of this", "2026-11-24 INFO again"]
    probe = child(tmp_path, f"import time; print({chr(10).join(lines)!r}); time.sleep(60)", told)
    await probe.start()
    await until(lambda: bool(told))
    await probe.stop()
    assert told == ["probe: 2026-11-24 ERROR oh dear", "probe:   because of this"]
    assert (tmp_path / "probe.log").read_text().splitlines() == lines
    assert (tmp_path / "probe.log").stat().st_mode & 0o077 == 0


async def test_one_that_does_not_listen_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "_GRACE", 0.3)
    told: list[str] = []
    deaf = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf'); time.sleep(60)"
    probe = child(tmp_path, deaf, told)
    await probe.start()
    await until(lambda: "deaf" in (tmp_path / "probe.log").read_text())
    await probe.stop()
    assert told == ["probe does not end; killing it"]


async def test_what_a_killed_service_has_left_is_ended_and_nothing_else(tmp_path: Path) -> None:
    told: list[str] = []
    left = await asyncio.create_subprocess_exec(sys.executable, "-c", "import time; time.sleep(60)")
    other = await asyncio.create_subprocess_exec(sys.executable, "-c", "import time; time.sleep(60)")
    mark = ChildMark(name="left", pid=left.pid, created_at=psutil.Process(left.pid).create_time())
    later = ChildMark(name="gone", pid=other.pid, created_at=mark.created_at - 1000)
    await end_leftovers([mark, later], told.append)
    assert await left.wait() != 0
    assert other.returncode is None
    other.kill()
    await other.wait()
    assert len(told) == 1
