"""A unit's system that answers as a test wants it to, over real HTTP."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta

from fastapi import FastAPI, Request, Response

from records.register import Register
from tests.serving import served


@dataclass(frozen=True)
class Post:
    """One request as it came."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def key(self) -> str:
        return self.headers["idempotency-key"]


@dataclass
class Receiver:
    """Answers everything with what `answer` gives at the time, and counts how many it answers at once."""

    answer: Callable[[Post], Response | Awaitable[Response]] = lambda _: Response(status_code=200)
    posts: list[Post] = field(default_factory=list)
    at_once: int = 0
    most_at_once: int = 0
    address: str = ""

    def says(self, status: int, body: str | bytes = b"", **headers: str) -> None:
        """Answer everything alike from now on."""
        told = {name.replace("_", "-"): value for name, value in headers.items()}
        self.answer = lambda _: Response(body, status_code=status, headers=told)

    async def _take(self, request: Request) -> Response:
        post = Post(str(request.url).removeprefix(self.address), dict(request.headers), await request.body())
        self.posts.append(post)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            given = self.answer(post)
            return given if isinstance(given, Response) else await given
        finally:
            self.at_once -= 1

    @contextmanager
    def running(self) -> Iterator["Receiver"]:
        app = FastAPI()
        app.add_api_route("/{path:path}", self._take, methods=["POST", "GET"])
        with served(app) as self.address:
            yield self


async def connect(
    register: Register, unit: str, address: str, per_minute: int | None = None, at_once: int | None = None
) -> str:
    """Have a unit's orders posted to an address. The secret that they are signed with."""
    secret = await register.systems.new_secret(unit, timedelta(hours=1))
    await register.systems.set(unit, address, per_minute, at_once)
    return secret


Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def listening(talk: Talk) -> AsyncIterator[str]:
    """The address of a server that speaks whatever it likes."""

    async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await talk(reader, writer)
        except ConnectionError:
            # Whoever asked has had enough.
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(meet, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
