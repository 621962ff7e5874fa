"""A handling unit's own system, as a real HTTP server in the test's process."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from fastapi import FastAPI, Request, Response


class UnitSystem:
    """Keeps what it is sent. `answers` are the status codes it gives first; then it takes everything."""

    def __init__(self) -> None:
        self.address = ""
        self.requests: list[tuple[str, dict[str, Any]]] = []
        self.answers: list[int] = []
        self._app = FastAPI()
        self._app.add_api_route("/orders", self._take, methods=["POST"])

    async def _take(self, request: Request) -> Response:
        body = await request.json()
        self.requests.append((request.headers["Idempotency-Key"], body))
        return Response(status_code=self.answers.pop(0) if self.answers else 200)

    @contextmanager
    def running(self) -> Iterator["UnitSystem"]:
        server = uvicorn.Server(uvicorn.Config(self._app, port=0, log_level="error", lifespan="off"))
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        until = time.monotonic() + 10
        while not server.started:
            if time.monotonic() > until:
                raise TimeoutError("the unit's system did not start")
            time.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        self.address = f"http://127.0.0.1:{port}"
        yield self
        server.should_exit = True
        thread.join()
