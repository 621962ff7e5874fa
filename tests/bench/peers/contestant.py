"""One way to run the routine case, as the driver sees it, whatever is behind."""

import json
from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import psutil  # type: ignore[import-untyped]
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from hotline.postgres import Postgres
from tests.town import database
from tests.town.part import Part

UNIT = "unit-00"


class Breach(NamedTuple):
    """A limit of the acknowledgment that passed.

    `decided_at` is what the service itself writes for the moment, `fired_at` when PostgreSQL had it in writing.
    """

    due_at: datetime
    decided_at: datetime
    fired_at: datetime


class Contestant(ABC):
    """A running service. Its requests are one attempt each; what it holds is read from PostgreSQL.

    `apps` are the processes that are its own code, `keepers` those besides PostgreSQL that keep its cases, `systems`
    is the units'. None of them is started again but by whoever killed it.
    """

    apps: tuple[Part, ...]
    keepers: tuple[Part, ...] = ()
    systems: Part
    arrivals: Path

    _breaches: str
    _outcomes: str

    def __init__(self, http: httpx.AsyncClient, database: AsyncEngine, postgres: Postgres, folder: Path) -> None:
        self._http = http
        self._database = database
        self._postgres = postgres
        self._postgres_folder = folder

    @abstractmethod
    async def receive(self, reference: str, due_at: datetime | None = None) -> httpx.Response:
        """Bring a case in. `due_at` is when it must be acknowledged; long from now if left out."""

    @abstractmethod
    async def step(self, number: str, step: str) -> httpx.Response:
        """Tell that a step of a case was taken."""

    @abstractmethod
    async def answers(self) -> None:
        """Wait until it can be asked for something."""

    async def numbers(self) -> set[str]:
        """Every case that it knows."""
        return {number for (number,) in await self._rows("SELECT number FROM cases")}

    async def closed(self) -> int:
        """How many cases have come to their end."""
        return int((await self._rows("SELECT count(*) FROM cases WHERE status = 'closed'"))[0][0])

    async def outcomes(self) -> set[tuple[str, str]]:
        """Which steps of which cases it has in writing."""
        return {(number, step) for number, step in await self._rows(self._outcomes)}

    async def breaches(self) -> dict[str, Breach]:
        """The limits of the acknowledgment that it noted as passed, by case."""
        return {number: Breach(*moments) for number, *moments in await self._rows(self._breaches)}

    def delivered(self) -> dict[str, list[tuple[str, float]]]:
        """For each case the orders that reached the unit: key, and seconds since 1970."""
        found = defaultdict(list)
        if self.arrivals.exists():
            for line in self.arrivals.read_text().splitlines():
                arrival = json.loads(line)
                # That a case was closed is told under a key of its own, and is no order.
                if arrival["about"] == "dispatched":
                    found[arrival["case"]].append((arrival["key"], arrival["at"]))
        return found

    def kill_postgres(self) -> None:
        """End PostgreSQL with all its processes, by the signal that nothing can catch."""
        processes = database.processes(self._postgres_folder)
        for one in processes:
            with suppress(psutil.NoSuchProcess):
                one.kill()
        psutil.wait_procs(processes, timeout=10)

    def revive_postgres(self) -> None:
        """Start PostgreSQL again."""
        self._postgres.revive()

    async def _rows(self, query: str) -> list[Any]:
        async with self._database.connect() as connection:
            return list((await connection.execute(text(query))).all())


def told(response: httpx.Response) -> Mapping[str, Any]:
    """What an answer says, if it is a good one.

    Raises:
        RuntimeError: it is not.
    """
    if not response.is_success:
        raise RuntimeError(f"{response.request.url} answered {response.status_code}: {response.text[:300]}")
    found: Mapping[str, Any] = response.json()
    return found
