"""What a running service leaves written for the other commands, and for the next one."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from hotline import stack
from hotline.errors import NotRunningError, StartError
from hotline.lock import StateLock, held
from hotline.settings import Settings
from hotline.stack import Stack

RUNNING = Stack(demo=True, demo_speed=7, database_url="postgresql://embedded/hotline", temporal_port=4711)


def settings(state: Path, database_url: str | None = None) -> Settings:
    return Settings(state=state, database_url=SecretStr(database_url) if database_url else None)


def test_what_is_open_is_filled_in_from_the_running_service(tmp_path: Path) -> None:
    lock = StateLock(tmp_path)
    RUNNING.write(tmp_path)
    found = stack.resolve(settings(tmp_path))
    lock.release()
    assert stack.database_url(found) == "postgresql://embedded/hotline"
    assert (found.temporal_port, found.demo, found.demo_speed) == (4711, True, 7)


def test_what_is_set_stays(tmp_path: Path) -> None:
    lock = StateLock(tmp_path)
    RUNNING.write(tmp_path)
    found = stack.resolve(settings(tmp_path, "postgresql://mine/hotline"))
    lock.release()
    assert stack.database_url(found) == "postgresql://mine/hotline"


def test_a_service_that_was_killed_fills_nothing_in(tmp_path: Path) -> None:
    RUNNING.write(tmp_path)
    open_settings = settings(tmp_path)
    assert stack.resolve(open_settings) == open_settings
    with pytest.raises(NotRunningError, match="start it with `hotline up`"):
        stack.database_url(open_settings)


def test_nobody_else_reads_it(tmp_path: Path) -> None:
    RUNNING.write(tmp_path)
    assert (tmp_path / "service.json").stat().st_mode & 0o777 == 0o600


def test_half_a_record_is_none(tmp_path: Path) -> None:
    (tmp_path / "service.json").write_text('{"pid": 1')
    assert stack.read(tmp_path) is None


def test_a_state_folder_has_one_service(tmp_path: Path) -> None:
    assert not held(tmp_path)
    lock = StateLock(tmp_path)
    assert held(tmp_path)
    with pytest.raises(StartError, match=r"a service runs on the state folder .* HOTLINE_STATE"):
        StateLock(tmp_path)
    lock.release()
    assert not held(tmp_path)
    StateLock(tmp_path).release()
