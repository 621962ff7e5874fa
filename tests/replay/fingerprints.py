"""Every history replayed by today's code, and what the code asked of the engine held against what it asked before.

`python -m tests.replay.fingerprints` tells what differs, and what to do about it; with `--renew` it takes the code for
right. CONTRIBUTING.md tells more, under "Changing a workflow".
"""

import argparse
import asyncio
import difflib
import importlib
import inspect
import pkgutil
import re
import sys
from dataclasses import dataclass
from pathlib import Path

from temporalio import workflow
from temporalio.worker import Replayer

import workflows
from tests.replay.commands import Watching
from tests.replay.kept import CONVERTER, histories, name_of, read

FILE = Path(__file__).parent / "fingerprints.txt"
_MOST = 60
"""How many lines of a difference are shown."""

STUCK = """\
A case that is open now, and where such a history stops, would be stuck as soon as a worker of the new code takes it up.
Keep the old way for the runs that began with it, and let new ones go the new way:

    if workflow.patched("what-is-new"):
        ...  # the new way
    else:
        ...  # as it was; may go once no run that lacks the patch is open

or, where the whole order of work changes, raise LAYOUT in workflows/messages.py, and ask for `self._layout`, as the
first layout has it. Then give tests/replay/lives/ a life that goes the new way, and run `make histories`."""

CHANGED = """\
The engine takes both for the same run, so open cases go on; but they meet with the new ways in their middle. If that
is what you mean (another limit of time, retry, priority, queue or name for people), and a case that began the old way
may well end the new way, run `make fingerprints` and commit the difference with your change.

If open cases must go on as they began, keep the old way for them: `if workflow.patched("what-is-new"): ... else: ...`,
or a new LAYOUT in workflows/messages.py; then `make histories`."""

NEW = """\
These histories are new. Read what they ask for, run `make fingerprints`, and commit it with them."""

HEADING = """\
# What each workflow asks of the engine, and upon what, in every history under histories/. Made by `make fingerprints`;
# CONTRIBUTING.md tells what to do when it differs, under "Changing a workflow".
"""


@dataclass(frozen=True)
class Replayed:
    """How today's code went through a history: what it asked for, and why it could not go on, if it could not."""

    name: str
    lines: tuple[str, ...]
    failure: str | None


def defined() -> list[type]:
    """Every workflow that there is."""
    found = []
    for module in pkgutil.iter_modules(workflows.__path__):
        members = inspect.getmembers(importlib.import_module(f"workflows.{module.name}"), inspect.isclass)
        found += [kind for _, kind in members if kind.__module__ == f"workflows.{module.name}" and _is_workflow(kind)]
    return found


def _is_workflow(kind: type) -> bool:
    return workflow._Definition.from_class(kind) is not None


async def replay(file: Path) -> Replayed:
    """Have today's code go through one history, in the sandbox."""
    watching = Watching()
    replayer = Replayer(workflows=defined(), data_converter=CONVERTER, workflow_runner=watching)
    history = read(file)
    result = await replayer.replay_workflow(history, raise_on_replay_failure=False)
    failure = _told(str(result.replay_failure)) if result.replay_failure else None
    kind = history.events[0].workflow_execution_started_event_attributes.workflow_type.name
    return Replayed(name_of(file), (kind, *watching.lines), failure)


def _told(failure: str) -> str:
    """What the engine's library says of why it stopped, without the rest of its record."""
    said = [one for one in re.findall(r'message: "((?:[^"\\]|\\.)*)"', failure) if one != "Encoded failure"]
    return (said[0] if said else failure)[:600]


def kept() -> dict[str, tuple[str, ...]]:
    """The fingerprints in the repository, by the names of their histories."""
    found: dict[str, tuple[str, ...]] = {}
    blocks = FILE.read_text("utf-8").split("\n\n") if FILE.exists() else []
    for block in blocks:
        name, *lines = [line for line in block.splitlines() if not line.startswith("#")] or [""]
        if name:
            found[name] = tuple(lines)
    return found


def renew(replayed: list[Replayed]) -> None:
    """Take what the code asked for as what it is to ask for."""
    blocks = ["\n".join((one.name, *one.lines)) for one in sorted(replayed, key=lambda one: one.name)]
    FILE.write_text(HEADING + "\n" + "\n\n".join(blocks) + "\n", "utf-8")


def difference(one: Replayed, before: tuple[str, ...] | None) -> str | None:
    """How the code went through a history otherwise than before; none if it did not."""
    if one.failure is None and one.lines == before:
        return None
    if before is None:
        return f"{one.name}: no fingerprint yet"
    # Where it stops, nothing that comes after tells anything.
    compared = before if one.failure is None else before[: len(one.lines) + 2]
    diff = list(difflib.unified_diff(compared, one.lines, "as it was", "today", lineterm="", n=2))
    shown = [*diff[:_MOST], *([f"... and {len(diff) - _MOST} lines more"] if len(diff) > _MOST else [])]
    why = "today's code asks for something else" if one.failure is None else f"today's code stops in it: {one.failure}"
    return "\n".join([f"{one.name}: {why}", *shown])


def advice(one: Replayed, before: tuple[str, ...] | None) -> str:
    """What to do about a difference."""
    if one.failure is not None:
        return STUCK
    return CHANGED if before is not None else NEW


async def _replayed(names: list[str]) -> list[Replayed]:
    return [await replay(file) for file in histories() if not names or name_of(file) in names]


def main() -> None:
    """Tell what differs, or renew."""
    asked = argparse.ArgumentParser(prog="python -m tests.replay.fingerprints", description=__doc__)
    asked.add_argument("history", nargs="*", help="only these, as 0.1.0/routine-1")
    asked.add_argument("--renew", action="store_true", help="take the code for right")
    given = asked.parse_args()
    names = [name_of(file) for file in histories()]
    if unknown := [name for name in given.history if name not in names]:
        sys.exit(f"there is no history called {unknown[0]!r}; they are called like {names[-1]!r}")
    replayed = asyncio.run(_replayed([] if given.renew else given.history))
    before = kept()
    if given.renew and not any(one.failure for one in replayed):
        renew(replayed)
        return
    found = [(one, text) for one in replayed if (text := difference(one, before.get(one.name)))]
    if found:
        advised = dict.fromkeys(advice(one, before.get(one.name)) for one, _ in found)
        sys.exit("\n\n".join([*(text for _, text in found), *advised]))


if __name__ == "__main__":
    main()
