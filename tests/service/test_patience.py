"""A connection that never says what it wants is closed, on a real socket."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
import uvicorn
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from api import patience
from api.patience import PatientProtocol
from tests.service.free import ports


@pytest_asyncio.fixture
async def port(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[int]:
    monkeypatch.setattr(patience, "HEADERS_WITHIN", 0.3)
    monkeypatch.setattr(patience, "HEADERS_MOST", 4_096)
    app = Starlette(routes=[Route("/", lambda _: PlainTextResponse("here"))])
    (chosen,) = ports(1)
    config = uvicorn.Config(app, port=chosen, http=PatientProtocol, log_config=None, lifespan="off")
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn tells nobody
        await asyncio.sleep(0.01)
    yield chosen
    server.should_exit = True
    await serving


async def told(port: int, *parts: bytes) -> bytes:
    """What the server says until it closes the connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        for part in parts:
            writer.write(part)
            await writer.drain()
        return await reader.read()
    except ConnectionError:
        return b""
    finally:
        writer.close()


async def test_whoever_says_nothing_is_let_go(port: int) -> None:
    assert await told(port) == b""


async def test_whoever_never_ends_the_headers_is_let_go(port: int) -> None:
    assert await told(port, b"GET / HTTP/1.1\r\nHost: here\r\nX-Slow: ") == b""


async def test_headers_without_an_end_are_not_kept(port: int) -> None:
    assert await told(port, b"GET / HTTP/1.1\r\nHost: here\r\n", *[b"X-More: " + b"x" * 1_000 + b"\r\n"] * 8) == b""


async def test_a_request_is_answered_and_so_is_the_next_one(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for _ in range(2):
        writer.write(b"GET / HTTP/1.1\r\nHost: here\r\n\r\n")
        assert b"200" in await reader.readuntil(b"here")
        # Longer than the headers may take: a connection at rest is uvicorn's to close.
        await asyncio.sleep(0.5)
    writer.write(b"GET / HTTP/1.1\r\nHost")
    assert await reader.read() == b""
    writer.close()
