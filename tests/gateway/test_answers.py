"""What a unit's system may answer, and what becomes of its order then."""

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from fastapi import Response

from activities.messages import Delivery
from cases.sealed import is_sealed
from records.register import Register
from tests.gateway.conftest import Gateway, order
from tests.gateway.receiver import Receiver, connect

TAKEN = Delivery(taken=True)


@pytest.mark.parametrize(
    ("status", "body", "delivery"),
    [
        (200, b"", TAKEN),
        (204, b"", TAKEN),
        (202, b"  \n", TAKEN),
        (200, b"null", TAKEN),
        (200, b"{}", TAKEN),
        (200, b'{"taken": "yes", "id": 7}', TAKEN),
        (200, b'\xef\xbb\xbf{"answer": null}', TAKEN),
        (
            201,
            b'{"answer": "accepted", "note": "On it.", "id": 7}',
            Delivery(taken=True, answer="accepted", note="On it."),
        ),
        (
            200,
            '{"answer":"refused","reason":"不归我管","evidence":"条例","proposed":"water"}'.encode(),
            Delivery(taken=True, answer="refused", reason="不归我管", evidence="条例", proposed="water"),
        ),
    ],
)
async def test_what_counts_as_taken(
    gateway: Gateway, register: Register, roads: Receiver, status: int, body: bytes, delivery: Delivery
) -> None:
    await connect(register, "roads", roads.address)
    roads.says(status, body)
    kept = await gateway.deliver(order())
    assert all(is_sealed(text) for text in (kept.note, kept.reason, kept.evidence) if text)
    assert await register.seals.open(kept, Delivery) == delivery
    assert await register.deliveries.find(order().key) is None


@pytest.mark.parametrize(
    ("status", "body", "told"),
    [
        (200, b"<html><body>Please log in</body></html>", "a web page"),
        (200, b"OK", "some text"),
        (200, b'{"answer": "accepted"', "not with JSON"),
        (200, b"[" * 60_000, "not with JSON"),
        (200, b'{"answer": "\\ud800"}', "not with JSON"),
        (200, b"[]", "no object"),
        (200, b'"accepted"', "no object"),
        (200, b'{"answer": "maybe"}', "`answer`"),
        (200, b'{"answer": true}', "`answer`"),
        (200, b'{"answer": "refused"}', "needs a `reason`"),
        (200, b'{"answer": "refused", "reason": " "}', "needs a `reason`"),
        (200, b'{"answer": "refused", "reason": 12}', "`reason`"),
        (200, b'{"answer": "accepted", "note": "a\\u0000b"}', "`note`"),
        (200, b'{"answer": "refused", "reason": "Not ours.", "proposed": "The Water Board"}', "`proposed`"),
        (200, json.dumps({"answer": "accepted", "note": "x" * 4_001}).encode(), "`note`"),
        (200, b'{"pad": "' + b"x" * 70_000 + b'"}', "more than 64 KiB"),
        (500, b"", "answers 500"),
        (503, b'{"detail": "The database is away."}', "answers 503: The database is away."),
        (408, b"", "in time"),
        (409, b"", "still being taken"),
        (425, b"", "425"),
        (429, b"", "fewer orders"),
        (302, b"", "sends elsewhere"),
        (307, b"", "sends elsewhere"),
    ],
)
async def test_what_is_tried_again(
    gateway: Gateway, register: Register, roads: Receiver, status: int, body: bytes, told: str
) -> None:
    await connect(register, "roads", roads.address)
    roads.says(status, body)
    failure = await gateway.fails(order())
    assert told in await gateway.told(failure)
    assert not failure.non_retryable
    assert failure.next_retry_delay == timedelta(seconds=1)
    assert (await gateway.fails(order())).next_retry_delay == timedelta(seconds=2), "the second time waits longer"
    stuck = await register.deliveries.find(order().key)
    assert stuck is not None
    assert (stuck.state, stuck.row.attempts) == ("retrying", 2)
    assert stuck.row.reason == await gateway.told(failure)
    roads.says(200)
    assert await gateway.deliver(order()) == TAKEN
    assert await register.deliveries.find(order().key) is None


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 410, 413, 422, 301, 308])
async def test_what_does_not_heal_stops_at_once(
    gateway: Gateway, register: Register, roads: Receiver, status: int
) -> None:
    await connect(register, "roads", roads.address)
    roads.says(status, b'{"type": "about:blank", "title": "No", "detail": "Not like this."}')
    failure = await gateway.fails(order())
    assert failure.non_retryable
    told = await gateway.told(failure)
    assert str(status) in told
    assert ("Not like this." in told) == (status >= 400)
    stuck = await register.deliveries.find(order().key)
    assert stuck is not None
    assert (stuck.state, stuck.row.attempts) == ("stopped", 1)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_redirects_are_not_followed(
    gateway: Gateway, register: Register, roads: Receiver, water: Receiver, status: int
) -> None:
    await connect(register, "roads", roads.address)
    roads.says(status, location=f"{water.address}/orders")
    await gateway.fails(order())
    assert (len(roads.posts), len(water.posts)) == (1, 0)


@pytest.mark.parametrize(
    ("header", "least", "most"),
    [
        ("90", 90, 90),
        ("86400", 300, 300),
        ("9" * 400, 300, 300),
        # Named, for a name that holds a moment is another one in each process that collects the tests.
        pytest.param(format_datetime(datetime.now(UTC) + timedelta(days=1), usegmt=True), 300, 300, id="in a day"),
        pytest.param(format_datetime(datetime.now(UTC) - timedelta(days=1), usegmt=True), 1, 1, id="a day ago"),
        ("soon", 1, 1),
        ("Sun, 06 Nov 99999999999 08:49:37 GMT", 1, 1),
        ("-5", 1, 1),
    ],
)
@pytest.mark.parametrize("status", [429, 503])
async def test_a_system_may_say_when_to_come_back(
    gateway: Gateway, register: Register, roads: Receiver, status: int, header: str, least: int, most: int
) -> None:
    await connect(register, "roads", roads.address)
    roads.says(status, retry_after=header)
    delay = (await gateway.fails(order())).next_retry_delay
    assert delay is not None
    assert least <= delay.total_seconds() <= most
    if least > 1:
        other = await gateway.fails(order(ref="2"))
        assert "waits behind others" in other.message
        assert len(roads.posts) == 1, "it wants to be left alone by all orders"


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        (b'{"detail": "a\\nb\\u0007 c"}', "a b c"),
        (b'{"message": "No permit."}', "No permit."),
        ("请稍后再试".encode(), "请稍后再试"),
        (b"\xff\xfe\x00", "\ufffd\ufffd"),
    ],
)
async def test_what_a_system_says_is_shown_in_one_line(
    gateway: Gateway, register: Register, roads: Receiver, body: bytes, shown: str
) -> None:
    await connect(register, "roads", roads.address)
    roads.says(400, body)
    failure = await gateway.fails(order())
    assert await gateway.told(failure) == f"roads answers 400: {shown}"
    assert shown not in failure.message, "it is sealed before anybody keeps it"


async def test_what_a_system_says_is_cut(gateway: Gateway, register: Register, roads: Receiver) -> None:
    await connect(register, "roads", roads.address)
    roads.says(400, json.dumps({"detail": "错误。" * 1_000}))
    failure = await gateway.fails(order())
    assert len((await gateway.told(failure)).encode()) <= 530
    assert len(failure.message) < 1_000, "what the case keeps of it must hold all that is sealed"


async def test_nothing_of_the_complaint_comes_back_with_an_error(
    gateway: Gateway, register: Register, roads: Receiver
) -> None:
    await connect(register, "roads", roads.address)
    form = order()
    assert form.complainant is not None
    secret = [form.complainant.name, form.complainant.phone, form.complainant.email, form.description, "Long Lane 7"]
    said = f"cannot store {secret} of 13912345678, li.hua@mail.example and 110105194912310021"
    for body in (json.dumps({"detail": said}), said):
        roads.says(500, body)
        failure = await gateway.fails(form)
        stuck = await register.deliveries.find(form.key)
        assert stuck is not None
        for text in (await gateway.told(failure), stuck.row.reason):
            assert "cannot store" in text
            for part in (*secret, "13912345678", "li.hua@mail.example", "110105194912310021"):
                assert part is not None
                assert part not in text


async def test_the_search_for_contacts_looks_no_further_back_than_an_address_of_mail_can_be_long(
    gateway: Gateway, register: Register, roads: Receiver
) -> None:
    """Without a bound, 64 KiB of letters would hold up the orders of all units for seconds."""
    await connect(register, "roads", roads.address)
    roads.says(400, b"x" * 200 + b"@example.org")
    assert await gateway.told(await gateway.fails(order())) == f"roads answers 400: {'x' * 136}…"


async def test_a_packed_answer_is_not_unpacked(gateway: Gateway, register: Register, roads: Receiver) -> None:
    await connect(register, "roads", roads.address)
    roads.answer = lambda post: Response(
        b'{"answer": "accepted"}' if post.headers["accept-encoding"] == "identity" else b"packed"
    )
    assert (await gateway.deliver(order())).answer == "accepted"


async def test_a_refusal_by_a_clock_that_is_off_is_no_last_word(
    gateway: Gateway, register: Register, roads: Receiver
) -> None:
    await connect(register, "roads", roads.address)
    off = format_datetime(datetime.now(UTC) - timedelta(hours=1), usegmt=True)
    roads.says(401, date=off)
    failure = await gateway.fails(order())
    assert not failure.non_retryable
    assert "its clock differs" in failure.message
    roads.says(200)
    assert await gateway.until_taken(order()) == TAKEN
