"""A handling unit's own system, as a real HTTP server in the test's process."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from fastapi import FastAPI, Request, Response

from tests.serving import served


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
        with served(self._app) as self.address:
            yield self
