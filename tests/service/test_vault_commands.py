"""`hotline vault`, on a real register and beside running processes."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import psycopg
import pytest
from temporalio.api.common.v1 import Payload
from temporalio.client import Client
from temporalio.testing import WorkflowEnvironment
from typer.testing import CliRunner, Result

from cases.routing import Unit
from hotline import locked_by, vault_commands
from hotline.cli import app
from hotline.settings import Settings
from records.database import connect
from records.register import Register
from tests.own_keys import KEYS, written
from vault import keyfile
from vault.following import Following
from vault.keyfile import KeyFile, Ring
from vault.sealing import DataKey
from workflows.codec import Locking, converter

Done = TypeVar("Done")
OLD = KEYS.master.current
PAYLOAD = Payload(metadata={"encoding": b"json/plain"}, data=b"1")
WATER = Unit(code="water", kind="enterprise", title={"en": "Water"})


@pytest.fixture(autouse=True)
def path(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOTLINE_DATABASE_URL", database_url)
    monkeypatch.setenv("HOTLINE_STATE", str(tmp_path))
    # A port where nothing answers.
    monkeypatch.setenv("HOTLINE_TEMPORAL_PORT", "1")
    monkeypatch.setattr(vault_commands, "_PAUSE", 0.0)
    return written(tmp_path / "keys.json")


def run(*words: str) -> Result:
    return CliRunner().invoke(app, ["vault", *words])


def done(*words: str) -> str:
    result = run(*words)
    assert result.exit_code == 0, result.stderr
    return result.stdout


def in_register(database_url: str, keys: KeyFile, work: Callable[[Register], Awaitable[Done]]) -> Done:
    async def working() -> Done:
        engine = connect(database_url)
        try:
            return await work(Register(engine, keys))
        finally:
            await engine.dispose()

    return asyncio.run(working())


async def filled(register: Register) -> list[DataKey]:
    """Keys of cases and a secret of a unit, all by the master key in use."""
    await register.put_units([WATER])
    await register.systems.new_secret("water", timedelta(0))
    return await register.seals.data_keys.make(3)


def trail(database_url: str) -> list[str]:
    with psycopg.connect(database_url) as connection:
        return [str(row[0]) for row in connection.execute("SELECT action FROM audit_trail ORDER BY id").fetchall()]


def test_an_old_master_key_goes_once_nothing_is_wrapped_by_it(database_url: str, path: Path) -> None:
    made = in_register(database_url, KEYS, filled)
    assert "0 keys of cases and 3 in reserve, 1 secrets of units" in " ".join(done("status").split())
    assert "is in use" in done("turn", "master")
    turned = keyfile.read(path)
    assert turned.master.current != OLD
    assert (turned.payload, turned.proof, turned.digest) == (KEYS.payload, KEYS.proof, KEYS.digest)
    refused = run("drop", "master", OLD)
    assert refused.exit_code == 1
    assert (
        "it wraps 0 keys of cases and 3 in reserve, 1 secrets of units; run `hotline vault rewrap` first"
        in refused.stderr
    )
    assert "wrapped 3 keys and 1 secrets of units" in done("rewrap")
    assert "wrapped 0 keys and 0 secrets of units" in done("rewrap")
    done("drop", "master", OLD)
    kept = keyfile.read(path)
    assert list(kept.master.keys) == [turned.master.current]

    async def still(register: Register) -> tuple[Any, list[str]]:
        return await register.seals.data_keys.find([one.id for one in made]), await register.systems.secrets("water")

    found, secrets = in_register(database_url, kept, still)
    assert found == {one.id: one for one in made}
    assert len(secrets) == 1
    assert trail(database_url) == ["vault_turned", "vault_rewrapped", "vault_rewrapped", "vault_dropped"]


def test_a_copy_of_the_database_is_worthless_once_the_key_it_was_wrapped_by_is_gone(
    database_url: str, path: Path
) -> None:
    made = in_register(database_url, KEYS, filled)
    with psycopg.connect(database_url, autocommit=True) as connection:
        copied = connection.execute("SELECT id, wrapped, master FROM data_keys").fetchall()
        for command in (("turn", "master"), ("rewrap",), ("drop", "master", OLD)):
            done(*command)
        for name, wrapped, master in copied:
            connection.execute("UPDATE data_keys SET wrapped = %s, master = %s WHERE id = %s", (wrapped, master, name))

    async def tried(register: Register) -> Any:
        return await register.seals.data_keys.find([one.id for one in made])

    assert in_register(database_url, keyfile.read(path), tried) == {}
    assert len(in_register(database_url, KEYS, tried)) == 3, "with the old file it would open"


def test_keys_that_the_file_lacks_are_told_of_and_not_lost(database_url: str, path: Path) -> None:
    in_register(database_url, KEYS.with_ring("master", Ring.new()), filled)
    result = run("rewrap")
    assert result.exit_code == 1
    assert "1 more are wrapped by master keys that the file lacks" in result.stderr


def test_a_key_is_announced_to_other_machines_before_it_locks(path: Path) -> None:
    done("turn", "payload", "--announce")
    announced = keyfile.read(path)
    assert announced.payload.current == KEYS.payload.current
    assert len(announced.payload.keys) == 2
    assert "announced" in done("status")
    assert run("turn", "payload", "--announce").exit_code == 2
    done("turn", "payload")
    turned = keyfile.read(path)
    assert turned.payload.keys == announced.payload.keys
    assert turned.payload.current == list(announced.payload.keys)[-1]


def test_an_announced_key_can_be_dropped_again_without_asking_the_engine(path: Path) -> None:
    done("turn", "payload", "--announce")
    done("drop", "payload", list(keyfile.read(path).payload.keys)[-1])
    assert keyfile.read(path) == KEYS


def test_whether_histories_need_a_payload_key_must_be_seen_or_forced(path: Path) -> None:
    done("turn", "payload")
    refused = run("drop", "payload", KEYS.payload.current)
    assert refused.exit_code == 1
    assert "cannot be seen" in refused.stderr
    assert KEYS.payload.current in keyfile.read(path).payload.keys
    done("drop", "payload", KEYS.payload.current, "--force")
    assert KEYS.payload.current not in keyfile.read(path).payload.keys


async def test_the_histories_that_need_a_payload_key_are_counted(environment: WorkflowEnvironment, path: Path) -> None:
    host, _, port = environment.client.service_client.config.target_host.partition(":")
    chosen = Settings(_env_file=None, state=path.parent, temporal_port=int(port))
    assert host in ("127.0.0.1", "localhost")
    first = KEYS.payload
    second = first.turned()
    third = second.turned()
    before = await in_ring_of(third, path, chosen, environment, first)
    after = await in_ring_of(third, path, chosen, environment, second)

    # A run that began under the first key may have something of the second; one of the second has nothing of the first.
    assert after[first.current] == before[first.current]
    assert after[second.current] == before[second.current] + 1


async def in_ring_of(
    known: Ring, path: Path, chosen: Settings, environment: WorkflowEnvironment, ring: Ring
) -> dict[str, int]:
    """What is counted for each key after a run began under one."""
    keyfile.replace(path, KEYS.with_ring("payload", known))
    client = Client(environment.client.service_client, data_converter=converter(ring))
    name = f"aged-{ring.current}-{os.urandom(4).hex()}"
    handle = await client.start_workflow("Nobody", id=name, task_queue=name, memo={"content": "x"})
    listed = 0
    while not listed:
        listed = (await client.count_workflows(f"WorkflowId = '{name}'")).count
    counted = {key: await locked_by.histories(chosen, key) for key in known.keys}
    await handle.terminate()
    return counted


def test_a_proof_key_stays_as_long_as_an_entry_is_sealed_by_it(database_url: str, path: Path) -> None:
    done("turn", "proof")
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("UPDATE audit_trail SET position = id, proof_key = %s, seal = 'x'", (KEYS.proof.current,))
    refused = run("drop", "proof", KEYS.proof.current)
    assert refused.exit_code == 1
    assert "1 entries of the audit trail can be verified" in refused.stderr


def test_a_copy_is_private_whole_and_never_written_over(path: Path, tmp_path: Path) -> None:
    kept = tmp_path / "copy.json"
    assert str(kept) in done("copy", str(kept))
    assert keyfile.read(kept) == KEYS
    assert kept.stat().st_mode & 0o777 == 0o600
    before = kept.read_bytes()
    done("turn", "proof")
    assert run("copy", str(kept)).exit_code == 2
    assert kept.read_bytes() == before
    assert "there is no folder" in run("copy", str(tmp_path / "nowhere" / "copy.json")).stderr


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("turn", "silver"), "the rings are: master, payload, proof"),
        (("drop", "master", OLD), "is in use; turn the ring first"),
        (("drop", "master", "ffffffff"), "is not in the ring"),
    ],
)
def test_mistakes_are_told_in_one_line(words: tuple[str, ...], told: str) -> None:
    result = run(*words)
    assert result.exit_code == 2
    assert told in result.stderr
    assert result.stderr.count("\n") == 1


def test_without_a_register_keys_can_still_be_turned(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOTLINE_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/nothing")
    result = run("turn", "payload")
    assert result.exit_code == 0
    assert "does not stand in the audit trail" in result.stderr
    assert keyfile.read(path).payload.current != KEYS.payload.current
    assert "not known" in run("status").stderr


def test_no_command_shows_a_key(path: Path) -> None:
    secrets = [key for ring in (KEYS.master, KEYS.payload, KEYS.proof) for key in ring.keys.values()] + [KEYS.digest]
    for words in (("status",), ("turn", "master"), ("status",)):
        result = run(*words)
        assert not any(secret in result.stdout + result.stderr for secret in secrets)


def test_a_running_process_takes_over_what_changes_in_the_file(path: Path) -> None:
    mine = keyfile.read(path)
    following, locking = Following(path, mine), Locking(mine.payload)
    following.look()
    assert not following.look()
    keyfile.replace(path, mine.with_ring("payload", turned := mine.payload.turned()))
    assert following.look()
    assert mine.payload.current == turned.current
    assert locking.unlock(Locking(turned).lock(PAYLOAD)) == PAYLOAD
    assert locking.lock(PAYLOAD).metadata["hotline-key"] == turned.current.encode()
    keyfile.replace(path, mine.with_ring("payload", turned.without(KEYS.payload.current)))
    assert following.look()
    assert list(mine.payload.keys) == [turned.current]


def test_a_process_keeps_its_keys_when_the_file_is_gone_or_wrong(path: Path) -> None:
    mine = keyfile.read(path)
    following = Following(path, mine)
    following.look()
    for spoil in (
        lambda: path.write_text("{"),
        lambda: keyfile.replace(path, KeyFile.new()),
        path.unlink,
    ):
        spoil()
        assert not following.look()
        assert mine == KEYS
    written(path)
    keyfile.replace(path, KEYS.with_ring("proof", Ring.new()))
    assert following.look(), "it goes on looking"
