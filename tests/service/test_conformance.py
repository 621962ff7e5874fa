"""`hotline unit test`: what is right is found right, and each thing that can be wrong is named."""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest
from fastapi import FastAPI, Request, Response
from typer.testing import CliRunner

from hotline.cli import app
from hotline.conformance.checks import Verdict
from hotline.conformance.testing import CHECKS, examine
from hotline.unit_simulator.app import answer, body
from hotline.unit_simulator.clerk import Clerk, Habit
from hotline.unit_simulator.department import Department, Reply
from hotline.unit_simulator.running import Simulation, made_up
from hotline.unit_simulator.running import app as simulated
from hotline.unit_simulator.signatures import sign
from tests.serving import served

UNIT = "water-group"
SECRET = made_up()


async def wrong(url: str, secret: str = SECRET) -> dict[str, str]:
    """What is wrong with a system, and what to do."""
    found = [one async for one in examine(url, secret, UNIT)]
    return {one.what: one.finding.advice for one in found if one.finding.verdict is Verdict.WRONG}


@pytest.mark.parametrize("habit", Habit)
async def test_the_simulator_does_everything_right_whatever_it_answers(habit: Habit) -> None:
    with served(simulated(Simulation(unit=UNIT, secrets=(SECRET,), habit=habit))) as address:
        found = [one async for one in examine(address, SECRET, UNIT)]
    assert [one for one in found if one.finding.verdict is not Verdict.RIGHT] == []
    assert [one.what for one in found] == [check.what for check in CHECKS]


Handler = Callable[[Department, Mapping[str, str], bytes], Any]


@contextmanager
def system(handler: Handler, habit: Habit = Habit.ACCEPT) -> Iterator[str]:
    """A department's system of somebody's own making, with a right one to ask."""
    department = Department(UNIT, [SECRET], Clerk(habit, 0).take)
    made = FastAPI()

    @made.post("/orders")
    async def take(request: Request) -> Response:
        reply = handler(department, dict(request.headers), await body(request))
        replied = await reply if hasattr(reply, "__await__") else reply
        return replied if isinstance(replied, Response) else answer(replied)

    with served(made) as address:
        yield address


def believing(department: Department, headers: Mapping[str, str], body: bytes) -> Any:
    """Verifies nothing."""
    key = headers["webhook-id"]
    return department.receive(sign([SECRET], key, body), body)


def forgetful(_: Department, headers: Mapping[str, str], body: bytes) -> Any:
    """Signs for everything, with another number each time."""
    forgetful.count = getattr(forgetful, "count", 0) + 1  # type: ignore[attr-defined]
    return Reply(200, {"answer": "accepted", "note": f"no. {forgetful.count}"})  # type: ignore[attr-defined]


def strict(department: Department, headers: Mapping[str, str], body: bytes) -> Any:
    """Takes plain orders alone."""
    if b'"about":"dispatched"' not in body or b"not_invented" in body:
        return Reply(400, {"detail": "unknown"})
    return department.receive(headers, body)


def small(department: Department, headers: Mapping[str, str], body: bytes) -> Any:
    """Takes no more than 64 KiB."""
    return department.receive(headers, body) if len(body) < 65_536 else Reply(413)


def ageless(department: Department, headers: Mapping[str, str], body: bytes) -> Any:
    """Looks at the signature, and not at the time."""
    fresh = sign([SECRET], headers["webhook-id"], body)
    stamp = {"webhook-timestamp": headers["webhook-timestamp"]}
    own = sign([SECRET], headers["webhook-id"], body, float(headers["webhook-timestamp"]))
    good = own["webhook-signature"] in headers.get("webhook-signature", "").split(" ")
    return department.receive(fresh if good else dict(headers) | stamp, body)


def one_signature(department: Department, headers: Mapping[str, str], body: bytes) -> Any:
    """Looks at the first signature alone."""
    first = headers.get("webhook-signature", "").split(" ")[0]
    return department.receive(dict(headers) | {"webhook-signature": first}, body)


class Remembering:
    """Remembers each key before it looks at the signature."""

    def __init__(self) -> None:
        self.seen: dict[str, bytes] = {}

    def __call__(self, department: Department, headers: Mapping[str, str], body: bytes) -> Any:
        digest = hashlib.sha256(body).digest() + headers.get("webhook-signature", "").encode()
        if self.seen.setdefault(headers["webhook-id"], digest) != digest:
            return Reply(422)
        return department.receive(headers, body)


class Careless:
    """Answers a key again, whatever its body is."""

    def __init__(self) -> None:
        self.answers: dict[str, Reply] = {}

    async def __call__(self, department: Department, headers: Mapping[str, str], body: bytes) -> Reply:
        reply = await department.receive(headers, body)
        return self.answers.setdefault(headers["webhook-id"], reply) if reply.status in (200, 422) else reply


TRUST = {check.what for check in CHECKS if "refuses" in check.what and "key" not in check.what}


@pytest.mark.parametrize(
    ("handler", "named"),
    [
        (believing, TRUST),
        (strict, {check.what for check in CHECKS if check.what.startswith("takes") and "change" in check.what}
            | {"takes a call to report in (Art. 16)", "takes what it does not know", "ignores members it does not know",
               "takes a copy, which has no order"}),
        (small, {"takes a large order"}),
        (ageless, {"refuses an old message", "refuses a message from the future"}),
        (one_signature, {"takes either secret while it rotates"}),
        (Remembering(), {"remembers nothing of a forged message"}),
        (Careless(), {"refuses a key with another body"}),
    ],
)  # fmt: skip
async def test_what_is_wrong_is_named_and_nothing_else(handler: Handler, named: set[str]) -> None:
    with system(handler) as address:
        found = await wrong(address)
    assert set(found) == named
    assert all(found.values())


async def test_a_system_that_does_not_know_its_keys_is_found_out() -> None:
    with system(forgetful) as address:
        found = await wrong(address)
    assert found.keys() >= {"answers a repeated key the same", "refuses a key with another body", *TRUST}


@pytest.mark.parametrize(
    ("reply", "told"),
    [
        (Response("<html>Log in</html>", media_type="text/html"), "a web page and not with JSON"),
        (Response('{"answer": "yes"}'), "`answer`"),
        (Response('{"answer": "refused"}'), "`reason`"),
        (Response('{"answer": "accepted", "note": 7}'), "`note`"),
        (Response("[]"), "JSON that is no object"),
        (Response("x" * 70_000), "more than 64 KiB"),
        (Response(status_code=302, headers={"Location": "https://elsewhere.example/"}), "sends elsewhere"),
        (Response("out of order", status_code=503), "answers 503: out of order"),
        (Response(status_code=401), "answers 401"),
    ],
)
async def test_without_a_plain_order_nothing_else_is_tried(reply: Response, told: str) -> None:
    with system(lambda *_: reply) as address:
        found = [one async for one in examine(address, SECRET, UNIT)]
    assert [(one.what, one.finding.verdict) for one in found] == [("takes an order", Verdict.WRONG)]
    assert told in found[0].finding.told
    assert found[0].finding.advice


async def test_everything_that_was_given_is_taken_back() -> None:
    held: list[int] = []
    clerk = Clerk(Habit.NONE, 0)
    department = Department(UNIT, [SECRET], clerk.take)

    def watching(_: Department, headers: Mapping[str, str], body: bytes) -> Any:
        held.append(len(clerk.book.held))
        return department.receive(headers, body)

    with system(watching) as address:
        assert await wrong(address) == {}
    assert max(held) > 5
    assert clerk.book.held == []


def run(*words: str) -> Any:
    return CliRunner().invoke(app, ["unit", "test", *words])


def test_the_command_tells_each_check_and_fails_where_one_does() -> None:
    with served(simulated(Simulation(unit=UNIT, secrets=(SECRET,)))) as address:
        good = run(address, "--secret", SECRET, "--unit", UNIT)
        bad = run(address, "--secret", made_up(), "--unit", UNIT)
    assert good.exit_code == 0, good.stdout
    assert f"{len(CHECKS)} checks: all is right" in good.stdout
    assert bad.exit_code == 1
    assert "verifies with the same secret" in bad.stdout
    away = run("http://127.0.0.1:9", "--secret", SECRET, "--unit", UNIT)
    assert away.exit_code == 1
    assert "does not answer" in away.stdout


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("http://127.0.0.1:9", "--secret", "whsec_x", "--unit", UNIT), "--secret:"),
        (("http://127.0.0.1:9", "--unit", UNIT), "--secret:"),
        (("ftp://127.0.0.1", "--secret", SECRET, "--unit", UNIT), "URL:"),
        (("http://127.0.0.1:9", "--secret", SECRET, "--unit", "Water Group"), "--unit:"),
    ],
)
def test_mistakes_are_told_in_one_line(words: tuple[str, ...], told: str) -> None:
    result = run(*words)
    assert result.exit_code == 2
    assert told in result.stderr
    assert result.stderr.count("\n") == 1
