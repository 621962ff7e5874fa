"""The department to develop against: it takes, answers, forgets nothing, and misbehaves as it is told."""

import asyncio
import itertools
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from fastapi import FastAPI, Request, Response
from typer.testing import CliRunner

from hotline.cli import app
from hotline.conformance.checks import message
from hotline.conformance.samples import Sample
from hotline.unit_simulator.answering import ByCallback
from hotline.unit_simulator.book import Book
from hotline.unit_simulator.clerk import Clerk, Habit
from hotline.unit_simulator.department import Department, Reply
from hotline.unit_simulator.faults import Faults
from hotline.unit_simulator.order import Order
from hotline.unit_simulator.running import Simulation, made_up, read
from hotline.unit_simulator.signatures import UnsignedError, sign, verify
from tests.serving import served

UNIT = "water-group"
SECRET = made_up()
AT = datetime(2026, 9, 1, 4, 0, tzinfo=UTC)


def posted(about: str = "dispatched", reference: str = "1", *, called: bool = False) -> tuple[dict[str, str], bytes]:
    """A message as it comes: its headers and its bytes."""
    told = message(Sample(UNIT, reference, AT, called=called).form(about))
    body = json.dumps(told).encode()
    return sign([SECRET], told["data"]["key"], body), body


def told(about: str, sequence: int, *, order: int | None = 1, assist: int | None = None) -> Order:
    return Order(
        about=about, key=f"k{sequence}", sequence=sequence, case_number="c", unit=UNIT, order=order, assist=assist
    )


def department(habit: Habit = Habit.ACCEPT, faults: Faults | None = None) -> tuple[Department, Clerk]:
    clerk = Clerk(habit, 0)
    return Department(UNIT, [SECRET], clerk.take, faults or Faults()), clerk


@pytest.mark.parametrize(
    ("habit", "answer"), [(Habit.ACCEPT, "accepted"), (Habit.REFUSE, "refused"), (Habit.NONE, None)]
)
async def test_an_order_is_answered_by_habit_and_a_repeat_with_the_same(habit: Habit, answer: str | None) -> None:
    system, clerk = department(habit)
    first = await system.receive(*posted())
    assert (first.status, (first.content or {}).get("answer")) == (200, answer)
    assert await system.receive(*posted()) == first
    assert (system.keys, system.repeated, len(clerk.book.held)) == (1, 1, 1)


async def test_a_key_with_another_body_is_refused_and_changes_nothing() -> None:
    system, clerk = department()
    headers, body = posted()
    await system.receive(headers, body)
    other = body.replace(b'"unit": ', b'"unit":')
    assert (await system.receive(sign([SECRET], headers["webhook-id"], other), other)).status == 422
    assert len(clerk.book.held) == 1


async def test_the_same_key_at_once_is_done_once_and_put_off_meanwhile() -> None:
    system, clerk = department(faults=Faults(slow=0.05))
    replies = await asyncio.gather(*(system.receive(*posted()) for _ in range(3)))
    assert [reply.status for reply in replies] == [200, 409, 409]
    assert clerk.entered == {"dispatched": 1}


@pytest.mark.parametrize(("before", "after", "done"), [(1.0, 0.0, 0), (0.0, 1.0, 1)])
async def test_a_failure_leaves_the_work_done_or_not(before: float, after: float, done: int) -> None:
    system, clerk = department(faults=Faults(before=before, after=after))
    assert (await system.receive(*posted())).status == 500
    assert len(clerk.book.held) == done
    again = await system.receive(*posted())
    # What was done is answered as if nothing had happened; what was not fails anew.
    assert again.status == (200 if done else 500)
    assert clerk.entered == ({"dispatched": 1} if done else {})


async def test_what_is_not_from_the_hotline_leaves_no_trace() -> None:
    system, clerk = department()
    headers, body = posted()
    forged = sign([made_up()], headers["webhook-id"], body)
    for wrong in (forged, {}, headers | {"webhook-signature": "v1,"}, headers | {"webhook-timestamp": "yesterday"}):
        assert (await system.receive(wrong, body)).status == 401
    assert (await system.receive(headers | {"idempotency-key": "other"}, body)).status == 400
    assert (system.keys, clerk.entered) == (0, {})
    assert (await system.receive(headers, body)).status == 200


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"type":"x","data":{}}', b"\xff"])
async def test_what_is_no_order_is_a_problem_and_never_a_crash(body: bytes) -> None:
    system, _ = department()
    headers = sign([SECRET], "k", body) if body != b"\xff" else {}
    assert (await system.receive(headers, body)).status in (400, 401)


async def test_anothers_order_is_not_taken() -> None:
    system = Department("gas-group", [SECRET], Clerk(Habit.ACCEPT, 0).take)
    assert (await system.receive(*posted())).status == 404


def test_a_book_is_the_same_in_whatever_order_the_news_come() -> None:
    news = [told("dispatched", 2), told("urged", 3), told("withdrawn", 4), told("dispatched", 6, order=2)]
    for shuffled in itertools.permutations(news):
        book = Book()
        for one in shuffled:
            book.enter(one)
            book.enter(one)
        assert [one.order for one in book.held] == [2]
        assert book.latest(news[0].place) == news[2]


def test_a_call_and_an_order_of_one_case_are_two_things() -> None:
    book = Book()
    assert book.enter(told("dispatched", 2))
    assert book.enter(told("assist", 5, assist=1))
    assert not book.enter(told("assist_withdrawn", 7, assist=1))
    assert [one.about for one in book.held] == ["dispatched"]
    assert not book.enter(told("copied", 8, order=None))


def test_a_refusal_that_is_upheld_ends_the_call_and_not_the_order_of_the_unit_that_called() -> None:
    called, calling = Book(), Book()
    called.enter(told("assist", 5, assist=1))
    called.enter(told("refusal_upheld", 6, assist=1))
    calling.enter(told("dispatched", 2))
    calling.enter(told("refusal_upheld", 6))
    assert (len(called.held), len(calling.held)) == (0, 1)


def test_either_of_two_secrets_will_do() -> None:
    old, new = made_up(), made_up()
    headers = sign([new, old], "k", b"{}")
    for secret in (old, new):
        verify([secret], headers, b"{}")
        verify([made_up(), secret], headers, b"{}")
    with pytest.raises(UnsignedError):
        verify([made_up()], headers, b"{}")
    with pytest.raises(UnsignedError):
        verify([], headers, b"{}")


class Service:
    """The hotline's doors for a unit, as a real HTTP server. `away` is how often it is out of order first."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.away = 0
        self.letters: list[dict[str, Any]] = []
        self._app = FastAPI()
        self._app.add_api_route("/v1/callbacks/{unit}", self._callback, methods=["POST"])
        self._app.add_api_route("/v1/cases/{number}/{act:path}", self._step, methods=["POST"])
        self._app.add_api_route("/v1/units/{unit}/orders", self._mailbox, methods=["GET"])

    async def _callback(self, unit: str, request: Request) -> Response:
        body = await request.body()
        if self.away:
            self.away -= 1
            return Response(status_code=503)
        verify([SECRET], request.headers, body)
        told = json.loads(body)
        self.asked.append((f"{unit} {told['type']}", told["data"]))
        return Response(status_code=200)

    async def _step(self, number: str, act: str, request: Request) -> Response:
        assert request.headers["Authorization"] == "Bearer hl_key"
        self.asked.append((act, await request.json() | {"case_number": number}))
        return Response(status_code=200)

    async def _mailbox(self, after: int = 0, wait: int = 0) -> dict[str, Any]:
        if after >= len(self.letters):
            await asyncio.sleep(min(wait, 0.05))
        return {"items": self.letters[after : after + 2], "next": min(after + 2, len(self.letters))}

    @contextmanager
    def running(self) -> Iterator[str]:
        with served(self._app) as address:
            yield address


async def until(fact: Any) -> None:
    async with asyncio.timeout(20):
        while not fact():  # noqa: ASYNC110 - what is waited for happens in another thread
            await asyncio.sleep(0.02)


async def test_later_answers_go_by_signed_callbacks_and_wait_for_a_service_that_is_away() -> None:
    service = Service()
    service.away = 1
    with service.running() as address:
        async with httpx.AsyncClient(base_url=address) as http:
            clerk = Clerk(Habit.LATER, 0, ByCallback(http, UNIT, [SECRET]), handles=True)
            system = Department(UNIT, [SECRET], clerk.take)
            assert await system.receive(*posted()) == Reply(200)
            await until(lambda: len(service.asked) == 3)
            await system.receive(*posted("assist", "2", called=True))
            await until(lambda: len(service.asked) == 5)
    acts = [act for act, _ in service.asked]
    assert acts == [
        f"{UNIT} {act}" for act in ("acknowledge", "contact", "report", "assist_acknowledge", "assist_report")
    ]
    assert service.asked[2][1]["outcome"] == "solved"
    assert service.asked[4][1]["assist"] == 1
    assert {data["case_number"] for _, data in service.asked[:3]} == {Sample(UNIT, "1").number}


async def test_a_unit_without_a_system_reads_its_mailbox_page_by_page() -> None:
    service = Service()
    service.letters = [message(Sample(UNIT, str(number)).form("dispatched")) for number in range(3)]
    service.letters.insert(1, {"type": "order.broken", "data": {}})
    service.letters.append(message(Sample(UNIT, "9", called=True).form("assist")))
    with service.running() as address:
        simulation = Simulation(unit=UNIT, habit=Habit.ACCEPT, api=address, key="hl_key")
        reading = asyncio.create_task(read(simulation))
        await until(lambda: len(service.asked) == 4)
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
    assert [act for act, _ in service.asked].count("acknowledge") == 3
    assert "assists/1/acknowledge" in [act for act, _ in service.asked]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--unit", "Water"), "--unit:"),
        (("--unit", UNIT, "--secret", "abc"), "--secret:"),
        (("--unit", UNIT, "--answer", "later"), "--callback or --key"),
        (("--unit", UNIT, "--mailbox"), "--mailbox: needs --key"),
        (("--unit", UNIT, "--callback", "http://127.0.0.1:8000"), "--callback: needs the --secret"),
    ],
)
def test_mistakes_are_told_in_one_line(words: tuple[str, ...], says: str) -> None:
    result = CliRunner().invoke(app, ["unit", "simulate", *words])
    assert result.exit_code == 2
    assert says in result.stderr
    assert result.stderr.count("\n") == 1
