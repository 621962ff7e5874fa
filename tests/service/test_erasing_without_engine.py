"""`hotline erase case` while Temporal hangs: the person does not have to wait until it is back."""

import asyncio
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cases.case import Case
from cases.sealed import ERASED
from hotline.cli import app
from records.register import Register
from tests.own_keys import written
from tests.records.erased import NAME, lived, receipt, recorded


@pytest.fixture
def silent() -> Iterator[int]:
    """The port of a server that takes connections, and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


async def test_a_case_is_erased_and_the_engine_forgets_it_at_night(
    register: Register, database_url: str, tmp_path: Path, silent: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOTLINE_DATABASE_URL", database_url)
    monkeypatch.setenv("HOTLINE_STATE", str(tmp_path))
    monkeypatch.setenv("HOTLINE_KEYS", str(written(tmp_path / "keys.json")))
    monkeypatch.setenv("HOTLINE_TEMPORAL_PORT", str(silent))
    number = await recorded(register, lived(receipt("1"), await register.seals.new_key()))
    attached = tmp_path / "attachments" / number
    attached.mkdir(parents=True)
    (attached / "photo").write_bytes(b"a photo")
    ran = await asyncio.to_thread(CliRunner().invoke, app, ["erase", "case", number, "--reason", "asked in person"])
    assert ran.exit_code == 0, ran.output
    assert "is erased, 1 keys destroyed" in ran.stdout
    assert "the next night" in ran.stderr
    assert not (attached / "photo").exists()
    erasure = await register.erasures.find(number)
    assert erasure is not None
    assert erasure.settled_at is None
    assert await register.erasures.unsettled() == [number]
    register.seals.forget(number)
    case = await register.seals.open(await register.case(number), Case)
    assert case.complaint.description == ERASED
    assert NAME not in str(case)
