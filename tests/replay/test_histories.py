"""Histories that releases have begun are gone through by today's code, command for command, and asking for the same."""

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from temporalio.client import WorkflowHistory

import workflows
from cases.sealed import keys_in
from tests.replay.fingerprints import Replayed, advice, defined, difference, kept, replay
from tests.replay.kept import RELEASE, histories, name_of, read
from tests.replay.lives import LIVES
from workflows.messages import LAYOUT, WORKFLOW

HISTORIES = histories()
FINGERPRINTS = kept()
BY_NAME = pytest.mark.parametrize("file", HISTORIES, ids=name_of)

_replayed: dict[Path, Replayed] = {}


async def gone_through(file: Path) -> Replayed:
    """How today's code goes through a history, which it does once for all tests."""
    if file not in _replayed:
        _replayed[file] = await replay(file)
    return _replayed[file]


@BY_NAME
async def test_an_open_case_goes_on_under_todays_code(file: Path) -> None:
    one = await gone_through(file)
    if one.failure is not None:
        before = FINGERPRINTS.get(one.name)
        pytest.fail(f"{difference(one, before)}\n\n{advice(one, before)}", pytrace=False)


@BY_NAME
async def test_the_code_asks_for_what_it_asked_for_before(file: Path) -> None:
    one = await gone_through(file)
    before = FINGERPRINTS.get(one.name)
    if found := difference(one, before):
        pytest.fail(f"{found}\n\n{advice(one, before)}", pytrace=False)


def test_every_fingerprint_is_of_a_history() -> None:
    assert set(FINGERPRINTS) - set(map(name_of, HISTORIES)) == set(), "run `make fingerprints`"


def test_every_kind_of_case_has_a_history() -> None:
    told = {file.name.rpartition("-")[0] for file in HISTORIES}
    assert set(LIVES) - told == set(), "run `make histories`"


@cache
def _all() -> dict[str, WorkflowHistory]:
    return {name_of(file): read(file) for file in HISTORIES}


def _started() -> Iterator[tuple[str, dict[str, object]]]:
    for history in _all().values():
        start = history.events[0].workflow_execution_started_event_attributes
        yield start.workflow_type.name, json.loads(start.input.payloads[0].data)


def test_every_workflow_has_a_history() -> None:
    names = {kind.__name__ for kind in defined()}
    assert names - {name for name, _ in _started()} == set(), (
        "give it a life in tests/replay/lives, run `make histories`"
    )


def test_every_layout_has_a_history() -> None:
    found = {start.get("layout", 1) for name, start in _started() if name == WORKFLOW}
    assert found == set(range(1, LAYOUT + 1)), "run `make histories`"


def test_every_patch_has_a_history_that_goes_the_new_way() -> None:
    source = "\n".join(file.read_text("utf-8") for file in Path(workflows.__path__[0]).glob("*.py"))
    patches = set(re.findall(r"""(?<!deprecate_)\bpatched\(\s*["']([^"']+)""", source))
    told = {line.strip() for lines in FINGERPRINTS.values() for line in lines}
    missing = {patch for patch in patches if f"patch {patch}" not in told}
    assert missing == set(), "give the new way a life in tests/replay/lives, run `make histories`"


def test_what_people_said_is_sealed_in_them() -> None:
    recorded = [history for name, history in _all().items() if name.startswith(f"{RELEASE.name}/")]
    kept = b"".join(event.SerializeToString() for history in recorded for event in history.events)
    assert keys_in(kept.decode("latin-1"))
    for said in ("A pothole as deep as a bucket.", "Filled and rolled.", "A gas main.", "The office of works"):
        assert said.encode() not in kept
    assert b'File "' not in kept, "nor what machine they were made on"


def test_they_stay_small() -> None:
    assert sum(file.stat().st_size for file in HISTORIES) < 1_500_000
