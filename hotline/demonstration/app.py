"""The demonstration city's process: one HTTP server for the systems of all its units, with the desk beside it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

import httpx
import uvicorn
from fastapi import FastAPI, Header, HTTPException, Response, status

from activities.messages import OrderForm
from hotline.city import in_force
from hotline.demonstration import complaints, keys
from hotline.demonstration.desk import Desk
from hotline.demonstration.units import Units
from hotline.door import Door
from hotline.errors import NotRunningError
from hotline.settings import Settings

_AT_ONCE = httpx.Limits(max_connections=8)
"""Requests that the whole city makes at once, so that it leaves the service to whoever looks at it."""


def run(settings: Settings) -> None:
    """Serve until the process is told to stop.

    Raises:
        NotRunningError: the demonstration's keys are not there.
    """
    found = keys.read(settings.state)
    if found is None:
        raise NotRunningError(
            f"there are no demonstration keys in {settings.state}; start the demonstration with `hotline up --demo`"
        )
    uvicorn.run(create_app(settings, found), host="127.0.0.1", port=settings.units_port, log_level="warning")


def create_app(settings: Settings, found: keys.DemoKeys) -> FastAPI:
    """The units' side of the order protocol, and a page that lists what they hold."""
    http = httpx.AsyncClient(base_url=f"http://127.0.0.1:{settings.api_port}", limits=_AT_ONCE, timeout=_patient())
    units = Units({code: Door(http, key) for code, key in found.units.items()})
    desk = Desk(Door(http, found.desk), Door(http, found.supervisor), in_force(settings).catalogue)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        work = (units.go_on(), desk.work(), complaints.bring_in(Door(http, found.intake)))
        tasks = [asyncio.create_task(one) for one in work]
        yield
        for task in tasks:
            task.cancel()
        await http.aclose()

    app = FastAPI(title="The demonstration's handling units", lifespan=lifespan)

    @app.get("/")
    async def held() -> dict[str, Any]:
        """What all units hold."""
        shown = [one.shown() for one in units.holdings()]
        return {"units": len(units.codes), "orders": len(shown), "items": shown}

    @app.get("/units/{unit}/orders")
    async def held_by(unit: str) -> dict[str, Any]:
        """What one unit holds."""
        return {"items": [one.shown() for one in units.holdings(unit)]}

    @app.post("/units/{unit}/orders", status_code=status.HTTP_201_CREATED)
    async def take(
        unit: str, order: OrderForm, idempotency_key: Annotated[str, Header()], response: Response
    ) -> dict[str, str]:
        """Take an order. The same order again is the same order."""
        if unit != order.unit or unit not in units.codes:
            raise HTTPException(status.HTTP_404_NOT_FOUND, f"there is no unit {unit} for an order to {order.unit}")
        if not units.take(order):
            response.status_code = status.HTTP_200_OK
        return {"taken": idempotency_key}

    return app


def _patient() -> httpx.Timeout:
    # With as many requests as units waiting for a connection, the wait for one says nothing about the service.
    return httpx.Timeout(30.0, pool=None)
