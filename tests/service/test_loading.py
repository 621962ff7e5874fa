"""What a start does with the policy of the settings, when the register has one in force."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from temporalio.testing import WorkflowEnvironment

from cases.errors import InvalidError
from hotline.loading import Loaded, Loading
from hotline.policies import load
from records.register import Register
from tests.service.town import write
from workflows.adoptions import Adoptions


@pytest.fixture
def loading(environment: WorkflowEnvironment, register: Register) -> Iterator[Loading]:
    # Nobody works on this queue: an adoption is begun here, and no more.
    with environment.with_time_skipping_disabled():
        yield Loading(register, Adoptions(environment.client, f"loading-{uuid4().hex}"))


@pytest.fixture
def code() -> str:
    return f"town-{uuid4().hex}"


async def in_force(register: Register, code: str) -> str | None:
    current = await register.policies.in_force(code)
    return current.version if current else None


async def start(loading: Loading, folder: str) -> Loaded:
    return await loading.at_start(load(folder), folder)


async def test_the_first_start_brings_its_policy_into_force_and_the_next_changes_nothing(
    loading: Loading, register: Register, tmp_path: Path, code: str
) -> None:
    folder = write(tmp_path, "1", code)
    loaded = await start(loading, folder)
    assert (loaded.version.version, loaded.adoption, loaded.lines()) == ("1", False, [])
    assert (await start(loading, folder)).version == loaded.version
    assert (await start(loading, folder)).lines() == []


async def test_a_file_with_a_new_version_comes_into_force_at_the_start(
    loading: Loading, register: Register, tmp_path: Path, code: str
) -> None:
    await start(loading, write(tmp_path, "1", code))
    loaded = await start(loading, write(tmp_path, "2", code, "5 days", "adopt"))
    assert await in_force(register, code) == "2"
    assert loaded.adoption
    assert [line.split(";")[0] for line in loaded.lines()] == [
        f"policy {code} 2 replaces 1 for new cases",
        "open cases adopt it for every limit that begins from now on",
    ]


async def test_a_version_loaded_later_is_not_replaced_by_an_older_file(
    loading: Loading, register: Register, tmp_path: Path, code: str
) -> None:
    old, new = write(tmp_path / "old", "1", code), write(tmp_path / "new", "2", code, "5 days")
    await start(loading, old)
    await loading.load(load(new))
    kept = await start(loading, old)
    assert await in_force(register, code) == "2"
    assert kept.city.policy == load(new).policy
    assert kept.lines() == [
        f"policy {code} 2 stays in force: it replaced 1, which HOTLINE_POLICY={old} still holds. "
        f"To go back to that: hotline policy load {old}"
    ]
    await loading.load(load(old))
    assert await in_force(register, code) == "1"
    back = await start(loading, old)
    assert (back.version.version, back.remark) == ("1", "")


async def test_a_version_with_other_content_stops_the_start_and_says_what_to_do(
    loading: Loading, tmp_path: Path, code: str
) -> None:
    await start(loading, write(tmp_path, "1", code))
    changed = write(tmp_path, "1", code, "6 days")
    with pytest.raises(InvalidError) as refused:
        await start(loading, changed)
    for text in (f"HOTLINE_POLICY={changed}", "new version in policy.toml", f"hotline policy diff {changed} 1"):
        assert text in str(refused.value)


async def test_an_adoption_that_a_crash_prevented_begins_at_the_next_start(
    loading: Loading, register: Register, tmp_path: Path, code: str
) -> None:
    await start(loading, write(tmp_path, "1", code))
    folder = write(tmp_path, "2", code, open_cases="adopt")
    await register.policies.put(load(folder))
    await register.policies.put_in_force(code, "2")
    assert (await start(loading, folder)).adoption
    assert not (await start(loading, folder)).adoption
