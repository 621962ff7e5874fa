"""A town's service: Temporal's server, PostgreSQL, the worker, the API and the units' systems, each a real process."""

import asyncio
import json
import os
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
from pydantic import SecretStr
from temporalio.client import Client
from temporalio.service import RPCError

from hotline import temporal_server
from hotline.demonstration import keys as demo_keys
from hotline.demonstration.keys import DemoKeys
from hotline.loading import Loading
from hotline.policies import load
from hotline.postgres import Postgres
from hotline.settings import Settings
from records.database import connect, migrate
from records.keys import Keys
from records.register import Register
from tests.own_keys import KEYS, written
from tests.service.free import ports
from tests.town.part import Part
from tests.town.rules import UNITS
from workflows.adoptions import Adoptions

HERE = Path(__file__).parents[2]
QUEUE = "hotline"
_PATIENCE = 60.0
_STARTS = 5


@dataclass(frozen=True)
class Ways:
    """Where the parts of the service look for each other; a proxy may stand in a way. Addresses by default direct."""

    temporal: str | None = None
    """host:port"""
    database: str | None = None
    """postgresql://…"""


class Town:
    """One town in one folder. `parts` are its processes by name; PostgreSQL is `postgres`, and not among them."""

    def __init__(self, folder: Path, policy: Path, variables: Mapping[str, str]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder = folder.resolve()
        self.parts: dict[str, Part] = {}
        self.postgres = Postgres(folder / "postgres")
        self.database_url = ""
        self.keys = DemoKeys(intake="", desk="", supervisor="", admin="", units={})
        api, temporal, ui, systems = ports(4)
        self.settings = Settings(
            _env_file=None,
            state=folder,
            policy=str(policy),
            api_port=api,
            temporal_port=temporal,
            temporal_ui_port=ui,
            units_port=systems,
            keys=written(folder / "keys.json"),
            unit_networks="127.0.0.0/8",
            unit_per_minute=60_000,
            unit_at_once=16,
            per_key=1_000_000,
            per_address=1_000_000,
            log_level="WARNING",
        )
        self._variables = dict(variables)
        self.client: Client
        self.register: Register

    @property
    def api(self) -> str:
        """The address of the API."""
        return f"http://127.0.0.1:{self.settings.api_port}"

    @property
    def temporal(self) -> str:
        """Where Temporal's server listens itself."""
        return f"127.0.0.1:{self.settings.temporal_port}"

    @property
    def arrivals(self) -> Path:
        """The ledger of the units' systems; a line for each order that arrived."""
        return self.folder / "arrivals.jsonl"

    def environment(self, ways: Ways = Ways()) -> dict[str, str]:
        """What a process of ours is told of the town."""
        found = {name: value for name, value in os.environ.items() if not name.startswith(("HOTLINE_", "TEMPORAL_"))}
        settings = self.settings.model_copy(update={"database_url": SecretStr(ways.database or self.database_url)})
        for name in Settings.model_fields:
            value = getattr(settings, name)
            if value is not None:
                plain = value.get_secret_value() if isinstance(value, SecretStr) else str(value)
                found[f"HOTLINE_{name.upper()}"] = plain
        found |= {"PYTHONPATH": str(HERE), "TEMPORAL_ADDRESS": ways.temporal or self.temporal}
        return found | self._variables

    def add_worker(self, name: str = "worker", ways: Ways = Ways(), **variables: str) -> Part:
        """A worker, not started yet."""
        return self._add(name, [sys.executable, "-m", "worker"], self.environment(ways) | variables)

    def add_api(self, name: str = "api", ways: Ways = Ways(), **variables: str) -> Part:
        """The API, not started yet; another one needs a `HOTLINE_API_PORT` of its own."""
        return self._add(name, [sys.executable, "-m", "hotline", "api"], self.environment(ways) | variables)

    def add_temporal(self) -> Part:
        """Temporal's server, on its file, not started yet."""
        plain = {name: value for name, value in os.environ.items() if not name.startswith("TEMPORAL_")}
        return self._add("temporal", temporal_server.command(self.settings), plain)

    def add_systems(self) -> Part:
        """The systems of all units, not started yet."""
        secrets = self.folder / "secrets.json"
        secrets.write_text(json.dumps(self.keys.secrets))
        words = ["-m", "tests.town.systems", str(self.settings.units_port), str(secrets), str(self.arrivals)]
        return self._add("systems", [sys.executable, *words], self.environment())

    def _add(self, name: str, command: list[str], environment: Mapping[str, str]) -> Part:
        self.parts[name] = Part(name, command, environment, self.folder / f"logs/{name}.log")
        return self.parts[name]

    async def api_answers(self) -> None:
        """Wait until the API says that it is ready. Raises TimeoutError after a minute."""
        async with httpx.AsyncClient() as http:
            await until(lambda: _is_ready(http, f"{self.api}/readyz"), "the API")

    async def systems_answer(self) -> None:
        """The same for the units' systems."""
        async with httpx.AsyncClient() as http:
            await until(lambda: _is_ready(http, f"http://127.0.0.1:{self.settings.units_port}/"), "the units' systems")

    async def worker_polls(self) -> None:
        """Wait until a worker asks for the cases' work."""
        await until(lambda: temporal_server.worked_on(self.client, QUEUE), "the worker")

    def bytes_on_disk(self) -> dict[str, int]:
        """What Temporal's and PostgreSQL's files take."""
        temporal = sum(path.stat().st_size for path in self.folder.glob("temporal.db*"))
        postgres = 0
        for path in (self.folder / "postgres").rglob("*"):
            with suppress(FileNotFoundError):
                postgres += path.stat().st_size if path.is_file() else 0
        return {"temporal": temporal, "postgres": postgres}


@asynccontextmanager
async def running(
    folder: Path,
    policy: Path,
    *,
    systems: bool = True,
    mailboxes: tuple[str, ...] = (),
    variables: Mapping[str, str] | None = None,
    only_servers: bool = False,
) -> AsyncIterator[Town]:
    """A town whose every part answers, for as long as the context lasts.

    Args:
        folder: Where it keeps everything.
        policy: The folder of its rules, as `rules.write` makes it.
        systems: Whether its units have systems; without, they read mailboxes.
        mailboxes: Units that read theirs all the same.
        variables: Further settings of its processes, as `HOTLINE_CHANNELS`.
        only_servers: Whether to leave worker, API and systems unmade and unstarted.
    """
    town = Town(folder, policy, variables or {})
    async with AsyncExitStack() as stack:
        stack.push_async_callback(asyncio.to_thread, town.postgres.stop)
        stack.callback(_stop_all, town)
        town.database_url = await asyncio.to_thread(town.postgres.start)
        await asyncio.to_thread(migrate, town.database_url)
        town.client = await _temporal(town)
        database = connect(town.database_url)
        stack.push_async_callback(database.dispose)
        town.register = Register(database, KEYS)
        await town.register.seals.check()
        await _settle(town, Keys(database), [unit for unit in UNITS if systems and unit not in mailboxes])
        if not only_servers:
            town.add_systems().start()
            town.add_worker().start()
            town.add_api().start()
            await asyncio.gather(town.api_answers(), town.worker_polls(), town.systems_answer())
        yield town


async def until(
    true: Callable[[], Awaitable[bool]], what: str, patience: float = _PATIENCE, every: float = 0.05
) -> float:
    """Wait until something holds, asked every so many seconds, and tell how many that took.

    Raises:
        TimeoutError: it does not come to hold.
    """
    began = time.monotonic()
    while True:
        with suppress(httpx.TransportError, RPCError, RuntimeError):
            if await true():
                return time.monotonic() - began
        if time.monotonic() - began > patience:
            raise TimeoutError(f"{what} does not answer after {patience:g} s")
        await asyncio.sleep(every)


async def _temporal(town: Town) -> Client:
    """Start Temporal's server. It takes further ports by chance, and ends where one of them is taken meanwhile."""
    server = town.add_temporal()
    for _ in range(_STARTS):
        server.start()
        preparing = asyncio.create_task(temporal_server.prepare(KEYS, town.settings))
        ended = asyncio.create_task(asyncio.to_thread(server.wait))
        await asyncio.wait({preparing, ended}, return_when=asyncio.FIRST_COMPLETED)
        if preparing.done():
            return preparing.result()
        preparing.cancel()
    raise RuntimeError(f"Temporal's server does not start; its log is {server.log}")


async def _settle(town: Town, keys: Keys, having: list[str]) -> None:
    """Enter the policy, the units and their systems, and make keys for everybody."""
    city = load(town.settings.policy)
    await Loading(town.register, Adoptions(town.client, QUEUE)).at_start(city, town.settings.policy)
    here = f"http://127.0.0.1:{town.settings.units_port}/units"
    await town.register.put_units(
        list(city.catalogue.units.values()), {unit: f"{here}/{unit}" if unit in having else "" for unit in UNITS}
    )
    town.keys = await demo_keys.ensure(keys, town.register.systems, town.folder, UNITS, having)


async def _is_ready(http: httpx.AsyncClient, address: str) -> bool:
    return (await http.get(address, timeout=5)).is_success


def _stop_all(town: Town) -> None:
    for part in reversed(list(town.parts.values())):
        part.resume()
        part.stop()
