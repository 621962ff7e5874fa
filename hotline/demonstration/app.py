"""The demonstration city's process: the simulated departments of all its units, with the desk beside them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import uvicorn
from fastapi import FastAPI, Request, Response, status

from hotline.city import in_force
from hotline.demonstration import complaints, keys
from hotline.demonstration.desk import Desk
from hotline.demonstration.units import Units
from hotline.door import Door
from hotline.errors import NotRunningError
from hotline.settings import Settings
from hotline.unit_simulator.app import answer, body
from hotline.unit_simulator.department import Department, Reply
from hotline.unit_simulator.mailbox import Mailbox

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
    """The units' side of the order protocol, and a page that lists what they hold.

    Those of the units that share a secret with the service have a system; the others read their mailbox.
    """
    address = f"http://127.0.0.1:{settings.api_port}"
    http = httpx.AsyncClient(base_url=address, limits=_AT_ONCE, timeout=_patient())
    # Connections of their own: a mailbox that waits must not keep the city from its work.
    waiting = httpx.AsyncClient(base_url=address, limits=httpx.Limits(max_connections=None), timeout=_patient())
    units = Units({code: Door(http, key) for code, key in found.units.items()})
    systems = {code: Department(code, [secret], units.take) for code, secret in found.secrets.items()}
    desk = Desk(Door(http, found.desk), Door(http, found.supervisor), in_force(settings).catalogue)

    async def live(unit: str) -> None:
        mailbox = Mailbox(Door(http, found.units[unit]), unit)
        await units.go_on(unit, await mailbox.there())
        if unit not in systems:
            async for order in Mailbox(Door(waiting, found.units[unit]), unit, mailbox.after).coming():
                units.take_letter(order)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        work = (*map(live, units.codes), desk.work(), complaints.bring_in(Door(http, found.intake)))
        tasks = [asyncio.create_task(one) for one in work]
        yield
        for task in tasks:
            task.cancel()
        await http.aclose()
        await waiting.aclose()

    app = FastAPI(title="The demonstration's handling units", lifespan=lifespan)

    @app.get("/")
    async def held() -> dict[str, Any]:
        """What all units hold."""
        shown = [one.shown() for one in units.holdings()]
        counts = {"units": len(units.codes), "with_system": len(systems), "orders": len(shown)}
        sent = {
            "messages": sum(one.keys for one in systems.values()),
            "repeated": sum(one.repeated for one in systems.values()),
            "refused": sum(one.refused for one in systems.values()),
        }
        return {**counts, "sent": sent, "items": shown}

    @app.get("/units/{unit:path}/orders")
    async def held_by(unit: str) -> dict[str, Any]:
        """What one unit holds."""
        return {"items": [one.shown() for one in units.holdings(unit)]}

    @app.post("/units/{unit:path}/orders")
    async def take(unit: str, request: Request) -> Response:
        """Take what the service tells a unit: signed, once by its key, and answered at once by some."""
        if unit not in systems:
            detail = f"{unit} has no system here"
            return answer(Reply(status.HTTP_404_NOT_FOUND, {"title": "Not Found", "status": 404, "detail": detail}))
        return answer(await systems[unit].receive(request.headers, await body(request)))

    return app


def _patient() -> httpx.Timeout:
    # With as many requests as units waiting for a connection, the wait for one says nothing about the service.
    return httpx.Timeout(40.0, pool=None)
