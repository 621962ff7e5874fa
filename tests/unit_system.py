"""A handling unit's own system, as a real HTTP server in the test's process."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from standardwebhooks import Webhook
from standardwebhooks.webhooks import WebhookVerificationError

from activities.departments import Bounds
from cases.targets import networks
from records.register import Register
from tests.serving import served

ON_THIS_MACHINE = Bounds(networks=networks("127.0.0.0/8, ::1/128"))
"""What the workers of tests are built with: systems of units on the loopback address may be reached."""


class UnitSystem:
    """Keeps what it is sent, if it is rightly signed. `answers` are what it gives first, status codes or
    what it says of the order; then it takes all.

    `requests` are key and form, `bodies` the bytes as they came.
    """

    def __init__(self) -> None:
        self.address = ""
        self.requests: list[tuple[str, dict[str, Any]]] = []
        self.bodies: list[bytes] = []
        self.answers: list[int | dict[str, str]] = []
        self.forged = 0
        self._secret = ""
        self._app = FastAPI()
        self._app.add_api_route("/orders", self._take, methods=["POST"])

    async def connect(self, register: Register, unit: str) -> None:
        """Have a unit's orders posted here."""
        self._secret = await register.systems.new_secret(unit, timedelta(0))
        await register.systems.set(unit, self.address, None, None)

    async def _take(self, request: Request) -> Response:
        body = await request.body()
        try:
            envelope = Webhook(self._secret).verify(body, dict(request.headers))
        except WebhookVerificationError:
            self.forged += 1
            return Response(status_code=401)
        assert request.headers["Idempotency-Key"] == request.headers["webhook-id"] == envelope["data"]["key"]
        self.bodies.append(body)
        self.requests.append((request.headers["Idempotency-Key"], envelope["data"]))
        answer = self.answers.pop(0) if self.answers else 200
        return Response(status_code=answer) if isinstance(answer, int) else JSONResponse(answer)

    @contextmanager
    def running(self) -> Iterator["UnitSystem"]:
        with served(self._app) as self.address:
            yield self
