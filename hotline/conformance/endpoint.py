"""The system that is tested, and what it answers: posted and read by the very code that carries orders."""

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from activities import answers
from activities.failure import NotTakenError
from activities.messages import Delivery
from activities.wire import Reply, Wire
from cases.order_form import OrderForm
from cases.targets import networks, orders_url
from hotline.unit_simulator.signatures import sign

LONGEST = 40.0
"""Seconds that a system may take to answer before the hotline counts it as not answering."""

_ANYWHERE = networks("0.0.0.0/0,::/0")
"""A programmer tests a system where it is; where orders may go is settled when it is connected."""


@dataclass(frozen=True, kw_only=True)
class Got:
    """What came back. Without an answer `status` is 0; unless it was `taken`, `failure` says why."""

    status: int = 0
    failure: str = ""
    location: str = ""
    seconds: float = 0.0
    delivery: Delivery | None = None

    @property
    def taken(self) -> bool:
        """Whether the hotline counts the message as taken."""
        return self.delivery is not None

    @property
    def refused(self) -> bool:
        """Whether the hotline tries no more, and tells a person."""
        return 400 <= self.status < 500 and self.status not in (408, 409, 425, 429)

    def __str__(self) -> str:
        return self.failure or f"answers {self.status}"


class Endpoint:
    """The orders' address of a system, and the secret that it should verify with."""

    def __init__(self, url: str, secret: str, like: OrderForm) -> None:
        """Args:
        url: Below which it serves `/orders`.
        secret: What messages are signed with.
        like: A form like those that are sent; what a system repeats of it is not told.
        """
        self.secret = secret
        self._address = orders_url(url)
        self._like = like
        self._wire = Wire(_ANYWHERE, LONGEST)

    async def post(
        self,
        message: Mapping[str, Any],
        *,
        secrets: Sequence[str] | None = None,
        at: float | None = None,
        without: Sequence[str] = (),
        instead: Mapping[str, str] | None = None,
    ) -> Got:
        """Post a message under the key that its form has.

        Args:
            message: The message.
            secrets: What it is signed with, if not the secret.
            at: When it claims to be sent, in seconds since 1970.
            without: Headers to leave out.
            instead: Headers to send in the place of the right ones.
        """
        key = str(message["data"]["key"])
        body = json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode()
        headers = {"Content-Type": "application/json", "User-Agent": "hotline", "Idempotency-Key": key}
        headers |= sign([self.secret] if secrets is None else secrets, key, body, at)
        headers |= instead or {}
        for name in without:
            headers.pop(name, None)
        began = time.monotonic()
        try:
            reply = await self._wire.post(self._address, body, headers)
        except NotTakenError as error:
            return Got(failure=error.told, seconds=time.monotonic() - began)
        return _got(reply, self._like, time.monotonic() - began)

    async def aclose(self) -> None:
        """Let go of all connections."""
        await self._wire.aclose()


def _got(reply: Reply, like: OrderForm, seconds: float) -> Got:
    location = reply.headers.get("location", "")
    try:
        delivery = answers.read(reply, like)
    except NotTakenError as error:
        return Got(status=reply.status, failure=error.told, location=location, seconds=seconds)
    return Got(status=reply.status, delivery=delivery, seconds=seconds)
