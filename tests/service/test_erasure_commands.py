"""`hotline erase` and `hotline hold`, as an operator types them."""

import asyncio
import json
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from cases.city import City
from cases.retention import Age, Retention
from cases.routing import Catalogue
from hotline.cli import app
from records.database import connect
from records.erasures import ON_REQUEST
from records.register import Register
from tests.own_keys import KEYS, written
from tests.records.erased import NAME, PHONE, lived, receipt, recorded
from tests.unit.narrative import INTAKE, POLICY

Run = Callable[..., Result]


@pytest.fixture
def run(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("HOTLINE_DATABASE_URL", database_url)
    monkeypatch.setenv("HOTLINE_STATE", str(tmp_path))
    monkeypatch.setenv("HOTLINE_KEYS", str(written(tmp_path / "keys.json")))
    return lambda *words: CliRunner().invoke(app, list(words))


@pytest.fixture
def register_does(database_url: str) -> Callable[[Callable[[Register], Coroutine[Any, Any, Any]]], Any]:
    """Does something with the register besides the commands, which have a loop of their own."""

    def does(work: Callable[[Register], Coroutine[Any, Any, Any]]) -> Any:
        async def run() -> Any:
            engine = connect(database_url, pool_size=2)
            try:
                return await work(Register(engine, KEYS))
            finally:
                await engine.dispose()

        return asyncio.run(run())

    return does


async def a_case(register: Register) -> str:
    policy = POLICY.model_copy(update={"retention": Retention(default=Age.parse("1 day"))})
    await register.policies.put(City(policy, Catalogue([], [], [])))
    return await recorded(register, lived(receipt("1", policy), await register.seals.new_key()))


def test_holds_are_placed_listed_and_lifted(run: Run, register_does: Any) -> None:
    number = register_does(a_case)
    assert "is under hold" in run("hold", "place", number, "--reason", f"{NAME} sues").output
    listed = json.loads(run("hold", "list", "--json").output)
    assert [(one["case_number"], one["reason"]) for one in listed] == [(number, "O*** F*** sues")]
    assert NAME not in run("hold", "list").output
    assert json.loads(run("erase", "due", "--dry-run", "--json").output) == []
    assert "is lifted" in run("hold", "lift", number, "--reason", "settled").output
    assert json.loads(run("hold", "list", "--json").output) == []
    empty = run("hold", "place", number, "--reason", " ")
    assert (empty.exit_code, "--reason" in empty.output) == (2, True)


def test_what_is_due_is_shown_and_nothing_is_done(run: Run, register_does: Any) -> None:
    number = register_does(a_case)
    (due,) = json.loads(run("erase", "due", "--dry-run", "--json").output)
    assert (due["number"], due["rule"]) == (number, "1 day after its end, by policy test-city 1")
    told = run("erase", "due", "--dry-run").output
    assert "1 cases: 1 day after its end" in told
    assert register_does(lambda register: register.erasures.find(number)) is None


def test_an_erasure_is_proven(run: Run, register_does: Any) -> None:
    number = register_does(a_case)
    unknown = run("erase", "show", number)
    assert (unknown.exit_code, "was not erased" in unknown.output) == (2, True)
    register_does(lambda register: register.erasures.erase(number, rule=ON_REQUEST, reason="asked", actor=INTAKE))
    proof = json.loads(run("erase", "show", number, "--json").output)
    assert (proof["rule"], proof["reason"], proof["by"]) == ("on request", "asked", "key:intake")
    assert (proof["keys_destroyed"], proof["keys_left"], proof["texts_that_open"]) == (1, 0, 0)
    assert proof["audit_entry"] != "none"
    assert number in run("erase", "list").output


@pytest.mark.parametrize(
    "reason",
    [f"{NAME} asked for it", f"asked from {PHONE}", "asked by somebody@example.org", "x" * 501, "[erased]"],
)
def test_a_reason_that_tells_of_the_person_is_refused_while_it_can_still_be_told(
    run: Run, register_does: Any, reason: str
) -> None:
    number = register_does(a_case)
    refused = run("erase", "case", number, "--reason", reason)
    assert (refused.exit_code, refused.output.count("\n")) == (2, 1)
    assert "--reason: " in refused.output
    assert NAME not in refused.output
    assert register_does(lambda register: register.erasures.find(number)) is None
