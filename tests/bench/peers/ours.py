"""Hotline itself, measured as its peers are."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path

import httpx

from records.database import connect
from tests.bench.peers.contestant import UNIT, Contestant
from tests.town import rules, town
from tests.town.caller import Caller
from tests.town.town import Town

_LIMIT = timedelta(hours=2)
"""The limit of the acknowledgment, from the receipt."""


class Ours(Contestant):
    """A whole town."""

    _breaches = (
        "SELECT case_number, (fact->>'due_at')::timestamptz, at, recorded_at FROM case_events "
        "WHERE type = 'breached' AND fact->>'deadline' LIKE 'acknowledgment%'"
    )
    _outcomes = (
        "SELECT case_number, CASE type WHEN 'acknowledged' THEN 'acknowledge' WHEN 'contacted' THEN 'contact' "
        "WHEN 'reported' THEN 'report' ELSE 'callback' END FROM case_events "
        "WHERE type IN ('acknowledged', 'contacted', 'reported', 'answered')"
    )

    def __init__(self, running: Town, http: httpx.AsyncClient) -> None:
        super().__init__(http, connect(running.database_url, 3), running.postgres, running.folder / "postgres")
        self._town = running
        self._caller = Caller(http, running.keys)
        parts = running.parts
        self.apps = (parts["worker"], parts["api"])
        self.keepers = (parts["temporal"],)
        self.systems = parts["systems"]
        self.arrivals = running.arrivals

    async def receive(self, reference: str, due_at: datetime | None = None) -> httpx.Response:
        more = {} if due_at is None else {"received_at": (due_at - _LIMIT).isoformat()}
        return await self._caller.receive(UNIT, reference, **more)

    async def step(self, number: str, step: str) -> httpx.Response:
        return await self._caller.step(number, step, UNIT)

    async def answers(self) -> None:
        await self._town.api_answers()
        await self._town.worker_polls()

    async def close(self) -> None:
        """Let go of the database."""
        await self._database.dispose()


@asynccontextmanager
async def running(folder: Path) -> AsyncIterator[Contestant]:
    """A town that takes cases, for as long as the context lasts."""
    # As the peers do, this town counts from the receipt, and warns nobody beforehand.
    policy = rules.write(folder / "policy", anchors=dict.fromkeys(("acknowledge", "handle", "resolve"), "receipt"))
    written = policy / "policy.toml"
    written.write_text(re.sub(r"^warn = .*\n", "", written.read_text(), flags=re.MULTILINE))
    async with (
        town.running(folder / "town", policy) as made,
        httpx.AsyncClient(base_url=made.api, timeout=30) as http,
    ):
        ours = Ours(made, http)
        try:
            yield ours
        finally:
            await ours.close()
