"""Files are kept on a disk and in an S3 alike; that an S3 takes and gives them is tried by hand: none comes with us."""

from pathlib import Path

import pytest

from cases.errors import UnavailableError
from records.attachments import Attachments, GoneError, opened
from vault.sealing import new_key

NUMBER, FILE = "7K3Q-X2WA-HB4M-5", "a" * 26


async def test_a_file_comes_back_and_goes_with_its_case(tmp_path: Path) -> None:
    store, key = Attachments(tmp_path / "files"), new_key()
    await store.put(NUMBER, FILE, b"picture", key)
    await store.put(NUMBER, "b" * 26, b"another", key)
    name, locked = await store.locked(NUMBER, FILE)
    assert (name, opened(NUMBER, FILE, locked, key)) == (key.id, b"picture")
    assert await store.delete_all(NUMBER) == 2
    with pytest.raises(GoneError):
        await store.locked(NUMBER, FILE)
    assert await store.delete_all(NUMBER) == 0
    await store.delete(NUMBER, FILE)


async def test_an_s3_that_is_away_is_told_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (
        ("AWS_ENDPOINT", "http://127.0.0.1:9"),
        ("AWS_ALLOW_HTTP", "true"),
        ("AWS_REGION", "here"),
        ("AWS_ACCESS_KEY_ID", "id"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
    ):
        monkeypatch.setenv(name, value)
    store = Attachments("s3://cases/hotline")
    with pytest.raises(UnavailableError, match="out of reach"):
        await store.put(NUMBER, FILE, b"picture", new_key())


async def test_a_place_that_is_none_is_named(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match="HOTLINE_ATTACHMENTS"):
        await Attachments("nowhere://cases").put(NUMBER, FILE, b"picture", new_key())
