"""The town that a drill is held in: all its parts as processes, and a way that can be cut between each two of them."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import psutil  # type: ignore[import-untyped]

from tests.drill import clock, quota
from tests.drill.clock import Clock
from tests.drill.plan import Kind
from tests.drill.proxy import Way, to_port, to_socket
from tests.drill.quota import Quota
from tests.service.free import ports
from tests.town import database, rules, town
from tests.town.part import Part
from tests.town.rules import UNITS
from tests.town.town import HERE, Town, Ways


class Database:
    """PostgreSQL, all of whose processes are hit as if they were one."""

    def __init__(self, town: Town) -> None:
        self._town = town

    @property
    def running(self) -> bool:
        """Whether it lives."""
        return bool(self._processes())

    def start(self) -> None:
        """Begin again."""
        self._town.postgres.revive()

    def kill(self) -> None:
        """End it by the signal that nothing can catch."""
        processes = self._processes()
        self._signal(processes, signal.SIGKILL)
        psutil.wait_procs(processes, 10)

    def suspend(self) -> None:
        """Have it stand still."""
        self._signal(self._processes(), signal.SIGSTOP)

    def resume(self) -> None:
        """Have it go on."""
        self._signal(self._processes(), signal.SIGCONT)

    def _processes(self) -> list[psutil.Process]:
        # The one that starts the others comes first: it must not start any in the place of those that go.
        return database.processes(self._town.folder / "postgres")

    @staticmethod
    def _signal(processes: list[psutil.Process], number: signal.Signals) -> None:
        for one in processes:
            with suppress(psutil.Error, ProcessLookupError):
                os.kill(one.pid, number)


@dataclass(frozen=True)
class Scene:
    """A town, and all by which something can go wrong in it; the keys are what the plan calls them."""

    town: Town
    parts: Mapping[str, Part | Database]
    ways: Mapping[str, Way]
    quotas: Mapping[str, Quota]
    clock: Clock
    mail: Path

    async def ready(self) -> bool:
        """Whether the API says that it reaches everything, the units' systems answer, and nobody is dead."""
        if not all(part.running for part in self.parts.values()):
            return False
        async with httpx.AsyncClient(timeout=1.0) as http:
            for address in (f"{self.town.api}/readyz", f"http://127.0.0.1:{self.town.settings.units_port}/"):
                try:
                    if not (await http.get(address)).is_success:
                        return False
                except httpx.TransportError:
                    return False
        return True


def impossible() -> dict[Kind, str]:
    """The faults that this machine does not allow, and why."""
    found: dict[Kind, str] = {}
    if not quota.possible():
        found["fill"] = "to mount a small file system needs root on Linux"
    if not clock.possible():
        found["clock"] = "the package libfaketime is not installed"
    return found


@asynccontextmanager
async def scene(folder: Path, limits: Mapping[str, str]) -> AsyncIterator[Scene]:
    """A scene in a folder, every part of which answers, for as long as the context lasts.

    Args:
        folder: Where it keeps everything; an absolute path, and nothing there yet.
        limits: The policy's.
    """
    home = folder / "town"
    home.mkdir(parents=True)
    (mail_port,) = ports(1)
    mail = folder / "mail.jsonl"
    channels = folder / "channels.toml"
    channels.write_text(
        f'[complainant]\nmail = "mailto://127.0.0.1:{mail_port}?from=hotline@city.example&to={{email}}"\n'
    )
    async with AsyncExitStack() as stack:
        quotas = {
            name: made
            for name, where in (("temporal", "engine"), ("postgres", "postgres"))
            if (made := stack.enter_context(quota.mounted(home / where)))
        }
        # SQLite keeps its journal beside the file that a link leads to.
        (home / "temporal.db").symlink_to(home / "engine" / "temporal.db")
        policy = _rules(folder / "rules", limits)
        variables = {"HOTLINE_CHANNELS": str(channels)}
        place = await stack.enter_async_context(town.running(home, policy, variables=variables, only_servers=True))
        ways = await _ways(place, stack)
        clocks = Clock(folder / "clock")
        systems = place.add_systems()
        # Together with a unit's system, the mail server is away: both are what the service tells something to.
        postbox = place.parts["postbox"] = Part(
            "postbox",
            [sys.executable, "-m", "tests.drill.postbox", str(mail_port), str(mail)],
            os.environ | {"PYTHONPATH": str(HERE)},
            home / "logs/postbox.log",
        )
        worker = place.add_worker(ways=_seen_by("worker", ways))
        api = place.add_api(ways=_seen_by("api", ways))
        for part in (systems, postbox, worker, api):
            part.start()
        for unit in UNITS:
            await place.register.systems.set(
                unit, f"http://127.0.0.1:{ways['worker-units'].port}/units/{unit}", per_minute=60_000, at_once=16
            )
        await asyncio.gather(place.api_answers(), place.worker_polls(), place.systems_answer())
        database = Database(place)
        stack.callback(database.resume)
        parts: dict[str, Part | Database] = {
            "worker": worker,
            "api": api,
            "temporal": place.parts["temporal"],
            "postgres": database,
            "units": systems,
            "postbox": postbox,
        }
        yield Scene(place, parts, ways, quotas, clocks, mail)


def _rules(folder: Path, limits: Mapping[str, str]) -> Path:
    written = rules.write(folder, limits)
    with (written / "policy.toml").open("a") as policy:
        policy.write('[urging]\napart = "1 second"\nat_most = 3\n')
    return written


async def _ways(made: Town, stack: AsyncExitStack) -> dict[str, Way]:
    folder = parse_qs(urlsplit(made.database_url).query)["host"][0]
    found = {}
    for who in ("worker", "api"):
        found[f"{who}-temporal"] = Way(to_port(made.temporal))
        found[f"{who}-postgres"] = Way(to_socket(f"{folder}/.s.PGSQL.5432"))
    found["worker-units"] = Way(to_port(f"127.0.0.1:{made.settings.units_port}"))
    for way in found.values():
        await stack.enter_async_context(way)
    return found


def _seen_by(who: str, ways: Mapping[str, Way]) -> Ways:
    port = ways[f"{who}-postgres"].port
    return Ways(
        temporal=f"127.0.0.1:{ways[f'{who}-temporal'].port}",
        database=f"postgresql://postgres@127.0.0.1:{port}/hotline",
    )
