"""Two releases of the workers, and what an operator types to have one of them do the work."""

import asyncio
import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from hotline import temporal_server
from tests.town.part import Part
from tests.town.town import HERE, QUEUE, Town, until
from workflows import deployment

DEPLOYMENT = "town"

A_LIMIT = ("_ATTEMPT = timedelta(seconds=60)", "_ATTEMPT = timedelta(seconds=61)")
"""What the next release does otherwise: another limit for an attempt to deliver, as open cases may meet with."""


def add(town: Town, build: str, code: Path | None = None) -> Part:
    """A worker of a release, not started yet; without a build, one of a time before there were versions.

    Args:
        town: The town that it works for.
        build: What the engine calls it.
        code: A folder whose packages go before those of this repository.
    """
    part = town.add_worker(
        f"worker-{build or 'first'}",
        HOTLINE_DEPLOYMENT=DEPLOYMENT if build else "",
        HOTLINE_BUILD_ID=build,
        PYTHONPATH=os.pathsep.join(str(one) for one in (code, HERE) if one),
    )
    # Else the folder that it is started in would go before all others.
    part.command = [sys.executable, "-P", "-m", "worker"]
    return part


def next_release(folder: Path) -> Path:
    """The code of a release that does one harmless thing otherwise, in a folder."""
    shutil.copytree(HERE / "workflows", folder / "workflows", ignore=shutil.ignore_patterns("__pycache__"))
    changed = folder / "workflows" / "delivering.py"
    text = changed.read_text("utf-8")
    assert text.count(A_LIMIT[0]) == 1, f"{changed.name} has no {A_LIMIT[0]!r} any more; this test must change with it"
    changed.write_text(text.replace(*A_LIMIT), "utf-8")
    return folder


async def make_current(town: Town, build: str) -> None:
    """Have all work go to a release, once its workers ask for some, and wait until it does."""
    await _told(town, "set-current-version", build)

    async def so() -> bool:
        found = await deployment.routing(town.client, QUEUE)
        return found.current is not None and found.current.build_id == build and not found.percentage

    await until(so, f"release {build}")


async def ramp(town: Town, build: str, percentage: int) -> None:
    """Have a part of the workflows go to a release."""
    await _told(town, "set-ramping-version", build, "--percentage", str(percentage))

    async def so() -> bool:
        return (await deployment.routing(town.client, QUEUE)).percentage == percentage

    await until(so, f"release {build}")


async def _told(town: Town, command: str, build: str, *more: str) -> None:
    async def done() -> bool:
        words = [command, "--deployment-name", DEPLOYMENT, "--build-id", build, "--yes", *more]
        return await _temporal(town, words) == 0

    await until(done, f"release {build}")


async def _temporal(town: Town, words: Sequence[str]) -> int:
    process = await asyncio.create_subprocess_exec(
        *(str(temporal_server.program()), "worker", "deployment", *words, "--address", town.temporal),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    return await process.wait()
