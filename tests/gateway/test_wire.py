"""Bounds of the connection itself: where it leads, how long it takes, how much is read, whom it believes."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
import pytest_asyncio
import trustme

from activities.departments import Bounds
from activities.failure import NotTakenError
from activities.wire import Wire
from cases.targets import networks
from records.addresses import Resolver
from records.register import Register
from tests.gateway.conftest import Gateway, order
from tests.gateway.receiver import Receiver, Talk, connect, listening
from tests.unit_system import ON_THIS_MACHINE

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


async def drips(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answers a byte at a time, for ever."""
    await reader.readuntil(b"\r\n\r\n")
    writer.write(HEAD + b"Content-Length: 60000\r\n\r\n")
    while True:
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(0.02)


async def drips_headers(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\nX-Long: ")
    while True:
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(0.02)


async def is_silent(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    await reader.read()
    await asyncio.sleep(60)


async def hangs_up(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")


async def speaks_something_else(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"220 mail.example ESMTP\r\n")
    await writer.drain()


async def breaks_off(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(HEAD + b'Content-Length: 60000\r\n\r\n{"answer"')
    await writer.drain()


@pytest.mark.parametrize(
    ("talk", "told"),
    [
        (drips, "has not answered in whole"),
        (drips_headers, "has not answered in whole"),
        (is_silent, "has not answered in whole"),
        (hangs_up, "breaks"),
        (speaks_something_else, "not HTTP"),
        (breaks_off, "breaks off"),
    ],
)
async def test_a_system_that_does_not_answer_in_order_is_left_and_asked_again(
    register: Register, gateway: Gateway, talk: Talk, told: str
) -> None:
    short = Gateway(register, replace(ON_THIS_MACHINE, within=0.5))
    async with listening(talk) as address:
        await connect(register, "roads", address)
        failure = await short.fails(order())
    await short.departments.aclose()
    assert told in failure.message
    assert not failure.non_retryable


async def test_of_an_endless_answer_no_more_is_read_than_may_be(register: Register, gateway: Gateway) -> None:
    left = asyncio.Event()

    async def never_ends(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
        try:
            while True:
                writer.write(b"400\r\n" + b" " * 1024 + b"\r\n")
                await writer.drain()
        finally:
            left.set()

    async with listening(never_ends) as address:
        await connect(register, "roads", address)
        failure = await gateway.fails(order())
        assert "more than 64 KiB" in failure.message
        async with asyncio.timeout(10):
            await left.wait()


async def test_nobody_there(register: Register, gateway: Gateway) -> None:
    async with listening(hangs_up) as address:
        pass
    await connect(register, "roads", address)
    failure = await gateway.fails(order())
    assert "nobody takes the connection" in failure.message
    assert not failure.non_retryable


async def test_a_name_that_leads_nowhere_is_asked_again(register: Register, gateway: Gateway) -> None:
    await connect(register, "roads", "https://nowhere.invalid")
    failure = await gateway.fails(order())
    assert "leads nowhere" in failure.message
    assert not failure.non_retryable


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "0x7f.1", "[::ffff:127.0.0.1]"])
async def test_a_name_that_means_this_machine_by_now_is_not_connected_to(
    register: Register, roads: Receiver, gateway: Gateway, host: str
) -> None:
    closed = Gateway(register, Bounds())
    for scheme in ("http", "https"):
        await connect(register, "roads", f"{scheme}://{host}:{roads.address.rpartition(':')[2]}")
        failure = await closed.fails(order())
        assert failure.non_retryable
        assert "HOTLINE_UNIT_NETWORKS" in failure.message
    await closed.departments.aclose()
    assert roads.posts == []


class Town(Resolver):
    """Knows a name that nobody else knows, and what it leads to from one time to the next."""

    def __init__(self, *answers: tuple[str, ...]) -> None:
        super().__init__()
        self.answers = list(answers)

    async def look_up(self, host: str, port: int) -> tuple[str, ...]:
        assert host == "orders.example.test"
        return self.answers.pop(0)


@pytest_asyncio.fixture
async def wires() -> AsyncIterator[list[Wire]]:
    made: list[Wire] = []
    yield made
    for wire in made:
        await wire.aclose()


async def test_the_connection_goes_to_the_very_address_that_was_checked(roads: Receiver, wires: list[Wire]) -> None:
    port = roads.address.rpartition(":")[2]
    town = Town(("127.0.0.1",), ("127.0.0.1", "10.0.0.1"))
    wire = Wire(networks("127.0.0.0/8"), 5, resolver=town)
    wires.append(wire)
    url = f"http://orders.example.test:{port}/orders"
    await wire.post(url, b"{}", {"Idempotency-Key": "1", "Connection": "close"})
    assert [post.headers["host"] for post in roads.posts] == [f"orders.example.test:{port}"]
    with pytest.raises(NotTakenError, match="cannot be reached: its address"):
        await wire.post(url, b"{}", {"Idempotency-Key": "2"})
    assert len(roads.posts) == 1


async def test_the_next_address_of_a_name_is_tried_where_one_does_not_answer(
    roads: Receiver, wires: list[Wire]
) -> None:
    port = roads.address.rpartition(":")[2]
    wire = Wire(networks("127.0.0.0/8, ::1/128"), 5, resolver=Town(("::1", "127.0.0.2", "127.0.0.1")))
    wires.append(wire)
    reply = await wire.post(f"http://orders.example.test:{port}/orders", b"{}", {"Idempotency-Key": "1"})
    assert reply.status == 200


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def trusting(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


@pytest.mark.parametrize(
    ("certified", "trusts", "told"),
    [
        ("orders.example.test", True, None),
        ("other.example.test", True, "certificate that does not hold"),
        ("127.0.0.1", True, "certificate that does not hold"),
        ("orders.example.test", False, "certificate that does not hold"),
    ],
)
async def test_an_encrypted_connection_asks_for_the_name_and_not_for_the_address(
    authority: trustme.CA, trusting: ssl.SSLContext, wires: list[Wire], certified: str, trusts: bool, told: str | None
) -> None:
    shown = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(certified).configure_cert(shown)

    async def takes(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(HEAD + b"Content-Length: 2\r\n\r\n{}")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(takes, "127.0.0.1", 0, ssl=shown)
    url = f"https://orders.example.test:{server.sockets[0].getsockname()[1]}/orders"
    wire = Wire(networks("127.0.0.0/8"), 5, trusting if trusts else None, Town(("127.0.0.1",)))
    wires.append(wire)
    try:
        if told is None:
            assert (await wire.post(url, b"{}", {})).body == b"{}"
        else:
            with pytest.raises(NotTakenError, match=told) as failure:
                await wire.post(url, b"{}", {})
            assert not failure.value.for_good
    finally:
        server.close()


async def test_proxies_of_the_environment_are_not_used(
    register: Register, gateway: Gateway, roads: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    direct = Gateway(register, ON_THIS_MACHINE)
    await connect(register, "roads", roads.address)
    assert (await direct.deliver(order())).taken
    await direct.departments.aclose()
