"""`hotline up`: the whole service as one command that starts its parts, keeps them running and stops them in order."""

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, suppress

import httpx
from pydantic import SecretStr
from rich.console import Console
from temporalio.client import Client

from hotline import banner, own_keys, ports, stack, temporal_server
from hotline.city import at_pace, speed_of
from hotline.demonstration import keys as demo_keys
from hotline.demonstration.conduct import reads_mailbox
from hotline.errors import StartError
from hotline.loading import Loading
from hotline.lock import StateLock
from hotline.policies import City, load
from hotline.postgres import Postgres
from hotline.processes import Child, Program, end_leftovers
from hotline.settings import Settings
from hotline.terminal import foreground
from records.database import connect, migrate
from records.keys import Keys
from records.register import Register
from workflows import deployment
from workflows.adoptions import Adoptions

_PATIENCE = 120.0
"""Seconds that a part has to answer before the start counts as failed."""

_WATCH = 2.0


def up(settings: Settings) -> None:
    """Run the service until it is told to stop.

    Raises:
        StartError: it could not be started; what had started by then was stopped again.
        InvalidError: the register has this version of the policy with other content.
    """
    settings = settings.model_copy(update={"state": settings.state.absolute()})
    try:
        settings.state.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = StateLock(settings.state)
    except OSError as error:
        raise StartError(f"the state folder HOTLINE_STATE={settings.state} cannot be used: {error.strerror}") from error
    try:
        with foreground():
            asyncio.run(Service(settings, Console()).run())
    finally:
        lock.release()


class Service:
    """The parts of one running service."""

    def __init__(self, settings: Settings, console: Console) -> None:
        self._settings = settings
        self._console = console
        self._record = stack.Stack(demo=settings.demo, demo_speed=settings.demo_speed)
        self._written: stack.Stack | None = None
        self._children: list[Child] = []
        self._postgres: Postgres | None = None
        self._stop = asyncio.Event()

    async def run(self) -> None:
        """Start everything, watch over it, and stop it in reverse order at the first signal."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            asyncio.get_running_loop().add_signal_handler(number, self._told_to_stop)
        async with AsyncExitStack() as parts:
            running = asyncio.create_task(self._run(parts))
            stopping = asyncio.create_task(self._stop.wait())
            await asyncio.wait({running, stopping}, return_when=asyncio.FIRST_COMPLETED)
            stopping.cancel()
            running.cancel()
            with suppress(asyncio.CancelledError):
                await running
            self._tell("stopping")
        self._tell("stopped")

    def _told_to_stop(self) -> None:
        if self._stop.is_set():
            for child in self._children:
                child.kill()
        self._stop.set()

    async def _run(self, parts: AsyncExitStack) -> None:
        before = stack.read(self._settings.state)
        await end_leftovers(before.children if before else (), self._tell)
        parts.callback(stack.forget, self._settings.state)
        self._claim_ports()
        named = load(self._settings.policy)
        with self._console.status("starting"):
            temporal = await self._start_servers(parts)
            city, keys = await self._fill_register(named, temporal)
            await self._start_processes(parts)
            await self._answers(temporal)
        banner.show(
            self._console, self._record, f"{city.policy.policy} {city.policy.version}", str(self._settings.state), keys
        )
        await self._watch()

    def _claim_ports(self) -> None:
        chosen, local = self._settings, "127.0.0.1"
        wanted = [ports.Wanted(part="the API", host=chosen.host, port=chosen.api_port, setting="HOTLINE_API_PORT")]
        if not temporal_server.named_elsewhere():
            wanted += [
                ports.Wanted(part="Temporal", host=local, port=chosen.temporal_port, setting="HOTLINE_TEMPORAL_PORT"),
                ports.Wanted(
                    part="Temporal's web UI",
                    host=local,
                    port=chosen.temporal_ui_port,
                    setting="HOTLINE_TEMPORAL_UI_PORT",
                ),
            ]
        if chosen.demo:
            units = ports.Wanted(
                part="the handling units", host=local, port=chosen.units_port, setting="HOTLINE_UNITS_PORT"
            )
            wanted.append(units)
        ports.claim(wanted)

    async def _start_servers(self, parts: AsyncExitStack) -> Client:
        if own_keys.there(self._settings):
            self._keys = own_keys.load(self._settings)
            temporal, _ = await asyncio.gather(self._start_temporal(parts), self._start_database(parts))
            return temporal
        # Whether keys may be made, only the database can tell.
        await self._start_database(parts)
        self._keys = await own_keys.make(self._settings, stack.database_url(self._settings))
        return await self._start_temporal(parts)

    async def _start_database(self, parts: AsyncExitStack) -> None:
        if self._settings.database_url is None:
            self._postgres = Postgres(self._settings.state / "postgres")
            parts.push_async_callback(asyncio.to_thread, self._postgres.stop)
            url = await asyncio.to_thread(self._postgres.start)
            self._settings = self._settings.model_copy(update={"database_url": SecretStr(url)})
        url = stack.database_url(self._settings)
        await asyncio.to_thread(migrate, url)
        self._record.database_url = url

    async def _start_temporal(self, parts: AsyncExitStack) -> Client:
        if address := temporal_server.named_elsewhere():
            return await temporal_server.check_named(self._keys, address)
        child = await self._start(parts, "temporal", temporal_server.command(self._settings))
        prepared = asyncio.create_task(temporal_server.prepare(self._keys, self._settings))
        try:
            await self._until("Temporal", [child], lambda: _done(prepared))
        finally:
            prepared.cancel()
        self._record.temporal_port = self._settings.temporal_port
        self._record.temporal_ui = f"http://127.0.0.1:{self._settings.temporal_ui_port}"
        return prepared.result()

    async def _fill_register(self, named: City, temporal: Client) -> tuple[City, demo_keys.DemoKeys | None]:
        """Enter the policy and its units; in the demonstration with the address of their simulation, and with keys."""
        engine = connect(stack.database_url(self._settings), pool_size=2)
        try:
            register = Register(engine, self._keys)
            await register.seals.check()
            city = await self._load(named, register, temporal)
            units = list(city.catalogue.units.values())
            simulated = {one.code: f"http://127.0.0.1:{self._settings.units_port}/units/{one.code}" for one in units}
            here = {
                row.code for row in await register.units() if row.endpoint and row.endpoint == simulated.get(row.code)
            }
            having = [one.code for one in units if self._settings.demo and not reads_mailbox(one.code, one.kind)]
            # A unit that was simulated the last time, and is not now, has no system any more.
            ended = dict.fromkeys(here - set(having), "")
            await register.put_units(units, ended | {code: simulated[code] for code in having})
            if not self._settings.demo:
                return city, None
            self._record.units = f"http://127.0.0.1:{self._settings.units_port}"
            keys = Keys(engine)
            districts = [one.code for one in units if one.kind == "district"]
            return city, await demo_keys.ensure(
                keys, register.systems, self._settings.state, list(simulated), having, districts
            )
        finally:
            await engine.dispose()

    async def _load(self, named: City, register: Register, temporal: Client) -> City:
        loading = Loading(register, Adoptions(temporal, self._settings.task_queue), speed_of(self._settings))
        loaded = await loading.at_start(named, self._settings.policy)
        for line in loaded.lines():
            self._tell(line)
        return at_pace(loaded.city, self._settings)

    async def _start_processes(self, parts: AsyncExitStack) -> None:
        python = [sys.executable, "-m"]
        await self._start(parts, "worker", [*python, "worker"])
        await self._start(parts, "api", [*python, "hotline", "api"])
        if self._settings.demo:
            await self._start(parts, "units", [*python, "hotline.demonstration"])

    async def _start(self, parts: AsyncExitStack, name: str, command: list[str]) -> Child:
        program = Program(
            name=name, command=command, environment=self._environment(), log=self._settings.state / f"logs/{name}.log"
        )
        child = Child(program, self._tell)
        self._children.append(child)
        parts.push_async_callback(child.stop)
        await child.start()
        self._write_record()
        return child

    async def _answers(self, temporal: Client) -> None:
        """Wait until every part does what it is there for."""
        queue = self._settings.task_queue
        await self._until("the worker", self._children, lambda: temporal_server.worked_on(temporal, queue))
        if not temporal_server.named_elsewhere():
            # Nobody else works for this engine. Which release worked for it the last time is of no account.
            own = deployment.version(self._settings.deployment, self._settings.build_id)
            await self._until("the worker", self._children, lambda: deployment.made_current(temporal, queue, own))
        self._record.api = _reached_at(self._settings.host, self._settings.api_port)
        async with httpx.AsyncClient(timeout=5) as http:
            await self._until("the API", self._children, lambda: _ready(http, f"{self._record.api}/readyz"))
            if self._record.units:
                await self._until("the handling units", self._children, lambda: _ready(http, f"{self._record.units}/"))
        self._write_record()

    async def _until(self, part: str, children: list[Child], ready: Callable[[], Awaitable[bool]]) -> None:
        try:
            async with asyncio.timeout(_PATIENCE):
                while not await ready():
                    for child in children:
                        child.check_start()
                    await asyncio.sleep(0.1)
        except TimeoutError as error:
            raise StartError(
                f"{part} does not answer after {_PATIENCE:g} s; see the logs in {self._settings.state / 'logs'}"
            ) from error

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(_WATCH)
            self._write_record()
            try:
                if self._postgres is not None and await asyncio.to_thread(self._postgres.revive):
                    self._tell("PostgreSQL had died and runs again")
            except StartError as error:
                self._tell(str(error))

    def _write_record(self) -> None:
        current = self._record.model_copy(
            update={"children": [mark for child in self._children if (mark := child.mark)]}
        )
        if current != self._written:
            current.write(self._settings.state)
            self._written = current

    def _environment(self) -> dict[str, str]:
        """The settings as every process of this service must see them, whatever `.env` lies about."""
        environment = dict(os.environ) | {"PYTHONUNBUFFERED": "1"}
        for name in type(self._settings).model_fields:
            value = getattr(self._settings, name)
            if value is not None:
                plain = value.get_secret_value() if isinstance(value, SecretStr) else str(value)
                environment[f"HOTLINE_{name.upper()}"] = plain
        return environment

    def _tell(self, line: str) -> None:
        self._console.print(f"hotline: {line}", markup=False, highlight=False, soft_wrap=True)


def _reached_at(host: str, port: int) -> str:
    if host in ("0.0.0.0", "::", ""):  # noqa: S104 - this binds nothing
        host = "127.0.0.1"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


async def _done(task: asyncio.Task[Client]) -> bool:
    if task.done():
        task.result()
    return task.done()


async def _ready(http: httpx.AsyncClient, address: str) -> bool:
    try:
        return (await http.get(address)).is_success
    except httpx.TransportError:
        return False
