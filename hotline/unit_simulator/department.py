"""A unit's side of the order protocol: each message is verified, done once by its key, and answered."""

import asyncio
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from pydantic import ValidationError

from hotline.unit_simulator import faults
from hotline.unit_simulator.faults import Faults
from hotline.unit_simulator.order import Message, Order
from hotline.unit_simulator.signatures import ID, UnsignedError, verify

Answer = Mapping[str, Any]
Take = Callable[[Order], Answer | None]
"""Does what an order asks for; the answer signs for it or disputes it, and none leaves that for later."""

LARGEST = 1_048_576
"""Bytes that a message may have; the largest orders have a third of that."""


@dataclass(frozen=True)
class Reply:
    """What is answered: a status, and JSON if there is anything to say."""

    status: int
    content: Answer | None = None


@dataclass
class _Entry:
    digest: bytes
    reply: Reply | None = None


class Department:
    """One unit. `refused` counts what was not taken, `repeated` what had been done before."""

    def __init__(self, unit: str, secrets: Sequence[str], take: Take, misbehaving: Faults = faults.NONE) -> None:
        self.unit = unit
        self.repeated = 0
        self.refused = 0
        self._secrets = tuple(secrets)
        self._take = take
        self._faults = misbehaving
        self._entries: dict[str, _Entry] = {}

    @property
    def keys(self) -> int:
        """How many different messages were done."""
        return len(self._entries)

    async def receive(self, headers: Mapping[str, str], body: bytes) -> Reply:
        """Do what a message asks for, unless that was done before, and answer it."""
        reply = await self._receive(headers, body)
        self.refused += reply.status >= HTTPStatus.BAD_REQUEST
        return reply

    async def _receive(self, headers: Mapping[str, str], body: bytes) -> Reply:
        if len(body) > LARGEST:
            return _problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"a message may have {LARGEST} bytes")
        # First of all: what is not from the hotline must leave no trace, least of all under a key.
        try:
            verify(self._secrets, headers, body)
        except UnsignedError as error:
            return _problem(HTTPStatus.UNAUTHORIZED, str(error))
        key = headers[ID]
        if headers.get("idempotency-key", key) != key:
            return _problem(HTTPStatus.BAD_REQUEST, "Idempotency-Key and webhook-id differ; only the latter is signed")
        digest = hashlib.sha256(body).digest()
        if (entry := self._entries.get(key)) is not None:
            return self._again(entry, digest)
        try:
            order = Message.model_validate_json(body).data
        except ValidationError as error:
            fields = ", ".join(".".join(map(str, one["loc"])) or "body" for one in error.errors())
            return _problem(HTTPStatus.BAD_REQUEST, f"not an order: see {fields}")
        if order.unit != self.unit:
            return _problem(HTTPStatus.NOT_FOUND, f"this is the system of {self.unit}, not of {order.unit}")
        return await self._work(key, digest, order)

    def _again(self, entry: _Entry, digest: bytes) -> Reply:
        if entry.digest != digest:
            return _problem(HTTPStatus.UNPROCESSABLE_ENTITY, "this key came with another content before")
        self.repeated += 1
        return entry.reply or _problem(HTTPStatus.CONFLICT, "this key is still being worked on")

    async def _work(self, key: str, digest: bytes, order: Order) -> Reply:
        # Entered before anything is waited for, so that the same message cannot be done twice side by side.
        entry = self._entries[key] = _Entry(digest)
        try:
            await asyncio.sleep(self._faults.slow)
            if self._faults.fails_before():
                return _problem(HTTPStatus.INTERNAL_SERVER_ERROR, "simulated failure before the work was done")
            answer = self._take(order)
            entry.reply = Reply(HTTPStatus.OK, answer)
        finally:
            if entry.reply is None:
                del self._entries[key]
        if self._faults.fails_after():
            return _problem(HTTPStatus.INTERNAL_SERVER_ERROR, "simulated failure after the work was done")
        return entry.reply


def content(reply: Reply) -> bytes:
    """A reply's body."""
    return b"" if reply.content is None else json.dumps(reply.content, ensure_ascii=False).encode()


def _problem(status: HTTPStatus, detail: str) -> Reply:
    return Reply(status, {"title": status.phrase, "status": int(status), "detail": detail})
