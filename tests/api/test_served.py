"""The API over real connections: what a client meets that a call within the process does not."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator

import httpx
import pytest
import pytest_asyncio
import uvicorn
from fastapi import FastAPI

from tests.api.conftest import Headers, new_case


@pytest.fixture
def listening() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as opened:
        yield opened


@pytest_asyncio.fixture
async def served(app: FastAPI, listening: socket.socket) -> AsyncIterator[str]:
    """The application's address on a real server."""
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False, lifespan="off"))
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    server.should_exit = True
    await serving


async def test_a_description_of_ten_megabytes_gets_its_answer(served: str, intake: Headers) -> None:
    async with httpx.AsyncClient(base_url=served, headers=intake, timeout=30) as client:
        for _ in range(5):
            answer = await client.post("/v1/cases", json=new_case(description="x" * 10_000_000))
            assert answer.status_code == 413
            assert answer.json()["errors"][0]["field"] == "body"
        assert (await client.post("/v1/cases", json=new_case())).status_code == 201


async def test_ten_megabytes_in_pieces_get_their_answer(served: str, intake: Headers) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield b"x" * 100_000

    async with httpx.AsyncClient(base_url=served, headers=intake, timeout=30) as client:
        for _ in range(5):
            kind = {"Content-Type": "application/json"}
            answer = await client.post("/v1/cases", content=pieces(), headers=kind)
            assert answer.status_code == 413
        assert (await client.post("/v1/cases", json=new_case())).status_code == 201


async def test_whoever_hangs_up_halfway_disturbs_nobody(
    served: str, intake: Headers, caplog: pytest.LogCaptureFixture
) -> None:
    host, port = served.removeprefix("http://").split(":")
    head = "".join(f"{name}: {value}\r\n" for name, value in intake.items())
    for sent in (b"", b'{"source": '):
        _, writer = await asyncio.open_connection(host, int(port))
        length = "Content-Type: application/json\r\nContent-Length: 1000\r\n"
        writer.write(f"POST /v1/cases HTTP/1.1\r\nHost: {host}\r\n{head}{length}\r\n".encode() + sent)
        await writer.drain()
        writer.close()
        await writer.wait_closed()
    await asyncio.sleep(0.2)
    async with httpx.AsyncClient(base_url=served, headers=intake) as client:
        assert (await client.get("/healthz")).status_code == 200
    assert "incident" not in caplog.text
