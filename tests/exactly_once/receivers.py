"""Receivers that fail at random before and after they have done the work, and keep count of everything."""

import random
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from email import message_from_bytes
from email.policy import default

from aiosmtpd.smtp import SMTP, Envelope, Session
from fastapi import FastAPI, Request, Response
from standardwebhooks.webhooks import Webhook

from tests.notices.mail_server import listening
from tests.serving import served

_BEFORE, _AFTER = 0.2, 0.2
"""How often a receiver fails before it has done the work, and after."""


class Work:
    """What was asked of a receiver. One that honours a key does what it stands for once: `done` are those keys.

    `changed` are keys under which another thing arrived later.
    """

    def __init__(self, seed: int) -> None:
        self.bodies: dict[str, bytes] = {}
        self.done: set[str] = set()
        self.arrivals: Counter[str] = Counter()
        self.changed: set[str] = set()
        self._random = random.Random(seed)  # noqa: S311 - to fail at random is no secret

    def arrives(self, key: str, body: bytes) -> bool:
        """Take something in, and tell whether the sender hears that it was taken."""
        self.arrivals[key] += 1
        if self._random.random() < _BEFORE:
            return False
        if self.bodies.setdefault(key, body) != body:
            self.changed.add(key)
        self.done.add(key)
        return self._random.random() >= _AFTER


class FailingSystem:
    """A unit's system behind real HTTP: it checks signatures, and answers 503 or drops the line when it fails."""

    def __init__(self, secret: str, seed: int, *, signs_at_once: bool) -> None:
        self.work = Work(seed)
        self.address = ""
        self.forged = 0
        self._webhook = Webhook(secret)
        self._answer = b'{"answer": "accepted"}' if signs_at_once else b""
        self._app = FastAPI()
        self._app.add_api_route("/orders", self._take, methods=["POST"])

    async def _take(self, request: Request) -> Response:
        body = await request.body()
        try:
            self._webhook.verify(body, dict(request.headers))
        except Exception:  # noqa: BLE001 - whatever is wrong with it, it is forged
            self.forged += 1
        if not self.work.arrives(request.headers["idempotency-key"], body):
            return Response(status_code=503)
        return Response(self._answer, media_type="application/json")

    @contextmanager
    def running(self) -> Iterator["FailingSystem"]:
        """Serve for as long as the context lasts."""
        with served(self._app) as self.address:
            yield self


class FailingMail:
    """A real SMTP server that takes mail in, or says that it cannot just now."""

    def __init__(self, seed: int) -> None:
        self.work = Work(seed)
        self.port = 0

    async def handle_DATA(self, _: SMTP, __: Session, envelope: Envelope) -> str:  # noqa: N802 - as aiosmtpd calls it
        """Take one mail."""
        content = envelope.content
        assert isinstance(content, bytes)
        message = message_from_bytes(content, policy=default)
        taken = self.work.arrives(str(message["Message-ID"]), _without_date(content))
        return "250 OK" if taken else "451 try again later"

    @asynccontextmanager
    async def running(self) -> "AsyncIterator[FailingMail]":
        """Serve for as long as the context lasts."""
        async with listening(self) as self.port:
            yield self


def _without_date(content: bytes) -> bytes:
    """A mail without the time of the attempt, which alone may differ."""
    return b"\n".join(line for line in content.splitlines() if not line.lower().startswith(b"date:"))
