"""Departments over HTTP: `POST …/orders`, as the hotline sends them."""

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any

from fastapi import FastAPI, Request, Response

from hotline.unit_simulator.department import LARGEST, Department, Reply, content

Shown = Callable[[], Mapping[str, Any]]
Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]


def one(department: Department, shown: Shown, lifespan: Lifespan | None = None) -> FastAPI:
    """A single department: it takes orders at `/orders`, and `/` shows what it holds."""
    app = FastAPI(title=f"The simulated system of {department.unit}", lifespan=lifespan)

    @app.get("/")
    async def held() -> Mapping[str, Any]:
        """What the unit holds."""
        return shown()

    @app.post("/orders")
    async def take(request: Request) -> Response:
        """Take what the hotline tells the unit."""
        return answer(await department.receive(request.headers, await body(request)))

    return app


async def body(request: Request) -> bytes:
    """The bytes of a request, read no further than a message may be long."""
    read = bytearray()
    async for piece in request.stream():
        read += piece
        if len(read) > LARGEST:
            break
    return bytes(read)


def answer(reply: Reply) -> Response:
    """A reply as HTTP has it."""
    kind = "application/json" if reply.status < 400 else "application/problem+json"
    return Response(content(reply), reply.status, media_type=kind if reply.content is not None else None)
