"""Whether the service runs, whether it can work, and its figures."""

import asyncio
from collections.abc import Awaitable

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST

from api.guard import GuardedRoute
from api.models import Health
from api.problems import documented, unavailable
from api.services import ServicesDep
from cases.errors import UnavailableError
from records.errors import SchemaError

router = APIRouter(tags=["operation"], route_class=GuardedRoute)

_PATIENCE = 3.0
"""Seconds that a part has to answer."""


@router.get("/healthz", summary="Does the process run?")
async def healthz() -> Health:
    """Always answers while the process does; says nothing of the parts behind it."""
    return Health()


@router.get("/readyz", summary="Can it work?", responses=documented(503))
async def readyz(services: ServicesDep) -> Health:
    """Asks the engine and the register, and names the one that does not answer."""
    engine, register = await asyncio.gather(_asked(services.engine.ping()), _asked(services.register.ping()))
    checks = {"engine": engine, "register": register}
    if away := [name for name, said in checks.items() if said != "ok"]:
        raise unavailable(f"not ready: {' and '.join(away)}", checks=checks)
    return Health(checks=checks)


@router.get("/metrics", summary="Figures for Prometheus", response_class=Response)
async def metrics(services: ServicesDep) -> Response:
    """Requests by route and status, their latencies, cases by status, deliveries and notices that are stuck."""
    return Response(await services.metrics.exposition(services.register), media_type=CONTENT_TYPE_LATEST)


async def _asked(ping: Awaitable[None]) -> str:
    try:
        async with asyncio.timeout(_PATIENCE):
            await ping
    except (UnavailableError, SchemaError) as error:
        return str(error)
    except TimeoutError:
        return "did not answer in time"
    return "ok"
