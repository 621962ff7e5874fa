"""The two peers as running services: PostgreSQL, their own processes, and the same system of a unit."""

import asyncio
import base64
import json
import os
import secrets
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx

from hotline.postgres import Postgres
from records.database import connect
from tests.bench.peers.contestant import UNIT, Contestant
from tests.bench.peers.tables import metadata
from tests.service.free import ports
from tests.town.part import Part
from tests.town.town import HERE, until

_DESCRIPTION = "The surface has broken up since the winter, in front of number {}."


class Rival(Contestant):
    """A peer."""

    _breaches = "SELECT number, due_at, fired_at, fired_at FROM breaches WHERE step = 'acknowledge'"
    _outcomes = "SELECT number, step FROM steps"

    async def receive(self, reference: str, due_at: datetime | None = None) -> httpx.Response:
        body: dict[str, Any] = {"reference": reference, "unit": UNIT, "description": _DESCRIPTION.format(reference)}
        if due_at is not None:
            body["acknowledge_by"] = due_at.isoformat()
        return await self._http.post("/cases", json=body)

    async def step(self, number: str, step: str) -> httpx.Response:
        return await self._http.post(f"/cases/{number}/{step}", json={"note": "Rang, and agreed on a visit."})

    async def answers(self) -> None:
        async def ready() -> bool:
            return (await self._http.get("/readyz")).is_success

        await until(ready, "the peer")


@asynccontextmanager
async def dbos(folder: Path) -> AsyncIterator[Contestant]:
    """The DBOS way, for as long as the context lasts."""
    async with _running(folder, [("dbos", ["tests.bench.peers.dbos_case"])], {}) as rival:
        yield rival


@asynccontextmanager
async def cron(folder: Path, every: float) -> AsyncIterator[Contestant]:
    """The cron-scan way; its scheduler looks every so many seconds."""
    module = "tests.bench.peers.cron_case"
    processes = [("door", [module, "door"]), ("scheduler", [module, "scheduler"])]
    async with _running(folder, processes, {"PEER_EVERY": str(every)}) as rival:
        yield rival


def _secrets(folder: Path) -> Path:
    """Make the folder, and the unit's secret in it."""
    folder.mkdir(parents=True)
    path = folder / "secrets.json"
    path.write_text(json.dumps({UNIT: f"whsec_{base64.b64encode(secrets.token_bytes(24)).decode()}"}))
    return path


@asynccontextmanager
async def _running(
    folder: Path, processes: list[tuple[str, list[str]]], more: dict[str, str]
) -> AsyncIterator[Contestant]:
    port, units = ports(2)
    hooks = _secrets(folder)
    async with AsyncExitStack() as stack:
        postgres = Postgres(folder / "postgres")
        stack.push_async_callback(asyncio.to_thread, postgres.stop)
        url = await asyncio.to_thread(postgres.start)
        database = connect(url, 3)
        stack.push_async_callback(database.dispose)
        async with database.begin() as connection:
            await connection.run_sync(metadata.create_all)
        environment = {**os.environ, "PYTHONPATH": str(HERE)} | {
            "PEER_DATABASE": url,
            "PEER_PORT": str(port),
            "PEER_UNITS": f"http://127.0.0.1:{units}",
            "PEER_SECRETS": hooks.read_text(),
            **more,
        }

        def part(name: str, *words: str) -> Part:
            made = Part(name, [sys.executable, "-m", *words], environment, folder / f"logs/{name}.log")
            stack.callback(made.stop)
            made.start()
            return made

        http = await stack.enter_async_context(httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=30))
        rival = Rival(http, database, postgres, folder / "postgres")
        rival.arrivals = folder / "arrivals.jsonl"
        rival.systems = part("systems", "tests.town.systems", str(units), str(hooks), str(rival.arrivals))
        rival.apps = tuple(part(name, *words) for name, words in processes)
        await rival.answers()
        yield rival
