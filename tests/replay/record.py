"""Records the histories of every kind of case, as today's code makes them: `python -m tests.replay.record`.

What is recorded stays: only lives that this release has no history of yet are led. `--again` leads those that are named
once more, or all, before a release is out; afterwards its histories belong to the cases that it has begun.
"""

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path

from temporalio.client import Client, WorkflowExecutionStatus, WorkflowHistory

from tests.replay.kept import RELEASE, histories, write
from tests.replay.lives import LIVES
from tests.replay.town import Town, town
from tests.workflow.office import until


async def record(names: list[str]) -> None:
    """Lead the lives of these names on servers of their own, and keep the history of each run that they began."""
    with tempfile.TemporaryDirectory(prefix="hotline-histories-") as folder:
        async with town(Path(folder)) as led:
            for name in names:
                led.begun.clear()
                led.system.answers.clear()
                led.system.requests.clear()
                await LIVES[name](led)
                for stale in RELEASE.glob(f"{name}-*.json.gz"):
                    stale.unlink()
                found = [run for begun in led.begun for run in await _runs(led, begun)]
                for place, history in enumerate(found, 1):
                    write(RELEASE / f"{name}-{place}.json.gz", history)
                print(f"{name}: {len(found)} runs", flush=True)  # noqa: T201


async def _runs(led: Town, begun: str) -> list[WorkflowHistory]:
    """The histories of all runs of a workflow, the first one first."""
    client: Client = led.environment.client
    latest = await client.get_workflow_handle(begun).describe()

    async def listed() -> list[tuple[str, WorkflowExecutionStatus | None]]:
        runs = [one async for one in client.list_workflows(f"WorkflowId = '{begun}'")]
        return [(one.run_id, one.status) for one in sorted(runs, key=lambda one: one.start_time)]

    # The engine's list lags behind.
    runs = await until(listed, lambda runs: latest.run_id in {run for run, _ in runs})
    return [await client.get_workflow_handle(begun, run_id=run).fetch_history() for run, _ in runs]


def main() -> None:
    """Record what is missing, or what is asked for."""
    asked = argparse.ArgumentParser(prog="python -m tests.replay.record", description=__doc__)
    asked.add_argument("--again", nargs="*", metavar="LIFE", help="lead these again, or all if none is named")
    given = asked.parse_args().again
    if given and (unknown := sorted(set(given) - LIVES.keys())):
        sys.exit(f"--again: there is no life called {unknown[0]!r}; the lives are {', '.join(LIVES)}")
    there = {file.name.rpartition("-")[0] for file in histories() if file.parent == RELEASE}
    missing = [name for name in LIVES if name not in there]
    names = missing if given is None else given or list(LIVES)
    if names:
        asyncio.run(record(names))


if __name__ == "__main__":
    main()
