"""A change of a workflow that open cases would not survive, or would meet with, fails, and the failure says what to do.

Each change is made to a copy of the workflows, and the copy goes through histories in a process of its own.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import workflows

ROOT = Path(workflows.__path__[0]).parent.resolve()
ROUTINE, BY_SYSTEM = "0.1.0/routine-1", "0.1.0/routine_by_a_system-1"
AT_FIRST = "a_case_of_the_first_release_delivered"

ONE_MORE = 'await workflow.execute_activity("look", start_to_close_timeout=PATIENTLY)'


def gone_through(folder: Path, file: str, *changes: tuple[str, str], history: str = ROUTINE) -> tuple[int, str]:
    """How a changed copy of the workflows goes through a history: exit status, and what is told."""
    shutil.copytree(ROOT / "workflows", folder / "workflows", ignore=shutil.ignore_patterns("__pycache__"))
    changed = folder / "workflows" / file
    text = changed.read_text("utf-8")
    for old, new in changes:
        assert text.count(old) == 1, f"{file} has {text.count(old)} times {old!r}; this test must change with it"
        text = text.replace(old, new)
    changed.write_text(text, "utf-8")
    # The folder comes first, and lends its workflows; everything else is the repository's.
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-m", "tests.replay.fingerprints", history],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stderr


IMPORTED = ("from workflows.outside import history,", "from workflows.outside import PATIENTLY, history,")


def test_the_code_as_it_is_goes_through(tmp_path: Path) -> None:
    assert gone_through(tmp_path, "complaint_case.py")[0] == 0


def test_an_activity_more_before_the_timer(tmp_path: Path) -> None:
    before = "            if self._alarm <= workflow.now() or"
    status, told = gone_through(tmp_path, "complaint_case.py", IMPORTED, (before, f"            {ONE_MORE}\n{before}"))
    assert status == 1
    assert "+  activity look: start to close 30 s" in told
    assert "today's code stops in it: [TMPRL1100] Nondeterminism" in told
    assert 'workflow.patched("what-is-new")' in told
    assert "raise LAYOUT in workflows/messages.py" in told
    assert "make histories" in told


def test_an_activity_more_that_only_new_runs_have(tmp_path: Path) -> None:
    before = "            if self._alarm <= workflow.now() or"
    guarded = f'            if workflow.patched("look-first"):\n                {ONE_MORE}\n{before}'
    assert gone_through(tmp_path, "complaint_case.py", IMPORTED, (before, guarded)) == (0, "")


def test_the_timer_after_what_came_after_it(tmp_path: Path) -> None:
    timer = "        timer = asyncio.create_task("
    waiting = f"        await workflow.wait_condition(lambda: self._recorded > 0)\n{timer}"
    status, told = gone_through(tmp_path, "complaint_case.py", (timer, waiting))
    assert status == 1
    assert "-  timer (next alarm) of 1 h 30 min\n   local activity record: start to close 4 s, once" in told
    assert "+  timer (next alarm) of 1 h 30 min" in told
    assert 'workflow.patched("what-is-new")' in told


@pytest.mark.parametrize(
    ("file", "old", "history", "name"),
    [
        ("outside.py", "            RECORD, request, result_type", ROUTINE, "local activity keep_record"),
        (
            "delivering.py",
            "            DELIVER_ORDER,\n            form,\n            task_queue",
            BY_SYSTEM,
            "activity keep_record",
        ),
    ],
    ids=["a local one", "one of its own queue"],
)
def test_an_activity_of_another_name(tmp_path: Path, file: str, old: str, history: str, name: str) -> None:
    status, told = gone_through(
        tmp_path, file, (old, old.replace(old.split(",")[0].strip(), '"keep_record"')), history=history
    )
    assert status == 1
    assert f"+  {name}" in told
    assert "today's code stops in it: [TMPRL1100] Nondeterminism" in told


def test_a_limit_of_time_that_no_replay_would_notice(tmp_path: Path) -> None:
    change = ("_ATTEMPT = timedelta(seconds=60)", "_ATTEMPT = timedelta(seconds=90)")
    status, told = gone_through(tmp_path, "delivering.py", change, history=BY_SYSTEM)
    assert status == 1
    assert "start to close 1 min" in told
    assert "start to close 1 min 30 s" in told or "start to close 90 s" in told
    assert "open cases go on" in told
    assert "make fingerprints" in told


def test_a_change_that_only_cases_of_an_earlier_release_would_meet_with(tmp_path: Path) -> None:
    change = (
        "start_to_close_timeout=PATIENTLY,\n            schedule_to_close_timeout=_AFTERWARDS",
        "start_to_close_timeout=_ATTEMPT,\n            schedule_to_close_timeout=_AFTERWARDS",
    )
    today, first = tmp_path / "today", tmp_path / "first"
    assert gone_through(today, "delivering.py", change, history=BY_SYSTEM) == (0, "")
    status, told = gone_through(first, "delivering.py", change, history=AT_FIRST)
    assert status == 1
    assert "start to close 1 min" in told
