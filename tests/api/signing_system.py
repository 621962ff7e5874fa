"""A unit's system as it tells what it does: by callbacks that it signs."""

import json
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx
from standardwebhooks import Webhook

from tests.api.conftest import UNIT


def signed(secret: str, body: bytes, message: str | None = None, at: datetime | None = None) -> dict[str, str]:
    """The headers of a message."""
    message, moment = message or uuid4().hex, at or datetime.now(UTC)
    return {
        "Content-Type": "application/json",
        "webhook-id": message,
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": Webhook(secret).sign(message, moment, body.decode()),
    }


def written(act: str, number: str, **data: Any) -> bytes:
    """The body of a message."""
    told = {"type": act, "timestamp": "2026-03-02T09:12:00+08:00", "data": {"case_number": number, **data}}
    return json.dumps(told, ensure_ascii=False).encode()


class System:
    """A unit's system, which tells what it does."""

    def __init__(self, client: httpx.AsyncClient, secret: str, unit: str = UNIT) -> None:
        self.client = client
        self.secret = secret
        self.unit = unit

    async def tell(self, act: str, number: str, message: str | None = None, **data: Any) -> httpx.Response:
        body = written(act, number, **data)
        return await self.client.post(
            f"/v1/callbacks/{self.unit}", content=body, headers=signed(self.secret, body, message)
        )
