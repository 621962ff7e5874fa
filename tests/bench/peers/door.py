"""The HTTP door that both peers have: what is sent there, and how an order goes out to a unit's system."""

import asyncio
import json
import os
from datetime import UTC, datetime, timedelta
from typing import Annotated

import httpx
import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from pydantic import AwareDatetime, BaseModel, Field
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from standardwebhooks import Webhook

from tests.bench.peers.tables import ROUTINE

OUTAGES = (DBAPIError, PoolTimeoutError)
"""What says that PostgreSQL did not do what it was asked."""


class NewCase(BaseModel):
    """A complaint. `acknowledge_by` replaces the usual limit of the acknowledgment."""

    reference: Annotated[str, Field(max_length=100)]
    unit: str
    description: Annotated[str, Field(max_length=10_000)]
    acknowledge_by: AwareDatetime | None = None

    def due(self) -> dict[str, datetime]:
        """When each step is due, counted from now."""
        now = datetime.now(UTC)
        found = {step: now + timedelta(seconds=seconds) for step, seconds in ROUTINE.items()}
        return found | ({"acknowledge": self.acknowledge_by} if self.acknowledge_by else {})


class StepBody(BaseModel):
    """What is told with a step."""

    note: Annotated[str, Field(max_length=10_000)] = ""


class Units:
    """The way to the units' systems."""

    def __init__(self, address: str, secrets: dict[str, str]) -> None:
        self._http = httpx.AsyncClient(base_url=address, timeout=5, limits=httpx.Limits(max_connections=16))
        self._hooks = {unit: Webhook(secret) for unit, secret in secrets.items()}

    @classmethod
    def of_environment(cls) -> "Units":
        """As `PEER_UNITS` and `PEER_SECRETS` say."""
        return cls(os.environ["PEER_UNITS"], json.loads(os.environ["PEER_SECRETS"]))

    async def post(self, number: str, unit: str, description: str) -> None:
        """Post the order of a case, under a key that is the same each time.

        Raises:
            httpx.HTTPError: the system did not take it.
        """
        key, now = f"order-{number}", datetime.now(UTC)
        body = json.dumps({"data": {"case_number": number, "about": "dispatched", "description": description}})
        headers = {
            "idempotency-key": key,
            "webhook-id": key,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": self._hooks[unit].sign(key, now, body),
            "content-type": "application/json",
        }
        (await self._http.post(f"/units/{unit}/orders", content=body, headers=headers)).raise_for_status()


def engine() -> AsyncEngine:
    """Connections to the database that `PEER_DATABASE` names."""
    url = os.environ["PEER_DATABASE"].replace("postgresql://", "postgresql+psycopg://", 1)
    return create_async_engine(url, pool_size=10, max_overflow=0, pool_timeout=10, pool_pre_ping=True)


def guard(app: FastAPI) -> None:
    """Have outages of the database told as such, and the service say that it is there."""

    async def unavailable(request: Request, error: Exception) -> JSONResponse:
        return JSONResponse({"title": "The database is out of reach"}, status_code=503)

    async def there() -> dict[str, bool]:
        return {"ready": True}

    for kind in OUTAGES:
        app.add_exception_handler(kind, unavailable)
    app.add_api_route("/readyz", there)


def serve(app: FastAPI) -> None:
    """Serve at `PEER_PORT` until told to stop."""
    config = uvicorn.Config(app, host="127.0.0.1", port=int(os.environ["PEER_PORT"]), log_level="warning")
    asyncio.run(uvicorn.Server(config).serve())
