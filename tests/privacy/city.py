"""The service as processes of its own, as a city runs it, and everybody who calls it."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
from temporalio.testing import WorkflowEnvironment

from cases.vocabulary import Role
from hotline.policies import load
from records.database import connect
from records.keys import Keys
from records.register import Register
from tests.notices.mail_server import MailServer
from tests.own_keys import written
from tests.service.free import ports

WITH_SYSTEM, WITHOUT_SYSTEM, CALLED_IN = "chaoyang", "haidian", "haidian-shangdi"
"""Units: two districts, and a subdistrict of the second."""

CALLERS = {
    "intake": (Role.INTAKE, None),
    "desk": (Role.DESK, None),
    "unit with a system": (Role.UNIT_LEAD, WITH_SYSTEM),
    "unit without one": (Role.UNIT_LEAD, WITHOUT_SYSTEM),
    "clerk": (Role.UNIT_CLERK, WITHOUT_SYSTEM),
    "unit called in": (Role.UNIT_LEAD, CALLED_IN),
    "district": (Role.DISTRICT, WITHOUT_SYSTEM),
    "supervisor": (Role.SUPERVISOR, None),
    "evaluator": (Role.EVALUATOR, None),
    "auditor": (Role.AUDITOR, None),
    "admin": (Role.ADMIN, None),
}


@dataclass
class City:
    """The service as its own processes, with whoever calls it, and everything that they were answered."""

    client: httpx.AsyncClient
    keys: dict[str, str]
    answers: list[tuple[str, str]] = field(default_factory=list)

    async def ask(self, who: str | None, method: str, path: str, body: Any = None) -> httpx.Response:
        """Ask for something, and keep what is answered: headers and all."""
        headers = {"Authorization": f"Bearer {self.keys[who]}"} if who else {}
        answer = await self.client.request(method, path, json=body, headers=headers)
        kept = f"{answer.status_code} {dict(answer.headers)} {answer.text}"
        self.answers.append((f"{method} {path} by {who}", kept))
        return answer

    async def do(self, who: str, path: str, **body: Any) -> dict[str, Any]:
        """Ask for something that is granted."""
        answer = await self.ask(who, "POST", path, body)
        assert answer.is_success, f"{path}: {answer.text}"
        told: dict[str, Any] = answer.json()
        return told


@asynccontextmanager
async def running(module: str, environment: dict[str, str], log: Path) -> AsyncIterator[None]:
    """A process of the service, with all that it writes in a file."""
    with log.open("wb") as file:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", module, env=environment, stdout=file, stderr=file
        )
        try:
            yield
        finally:
            if process.returncode is None:
                process.terminate()
            await process.wait()


@asynccontextmanager
async def served(
    environment: WorkflowEnvironment, register: Register, database_url: str, folder: Path, mail: MailServer
) -> AsyncIterator[City]:
    """A worker and an API, with their logs in a folder, and a key for everybody."""
    await register.put_units(list(load("beijing").catalogue.units.values()))
    (folder / "channels.toml").write_text(
        f'[complainant]\nmail = "{mail.url("{email}")}"\n[desk]\nmail = "{mail.url("desk@city.example")}"\n'
        f'[supervisor]\nmail = "{mail.url("supervisor@city.example")}"\n'
        f'[unit]\nmail = "{mail.url("{unit}@city.example")}"\n',
        encoding="utf-8",
    )
    (port,) = ports(1)
    settings = {
        "HOTLINE_STATE": str(folder / "state"),
        "HOTLINE_KEYS": str(written(folder / "keys.json")),
        "HOTLINE_KEY_RESERVE": "20",
        "HOTLINE_DATABASE_URL": database_url,
        "HOTLINE_TASK_QUEUE": f"privacy-{uuid4().hex}",
        "HOTLINE_CHANNELS": str(folder / "channels.toml"),
        "HOTLINE_UNIT_NETWORKS": "127.0.0.0/8",
        "HOTLINE_API_PORT": str(port),
        "HOTLINE_LOG_LEVEL": "DEBUG",
        "TEMPORAL_ADDRESS": environment.client.service_client.config.target_host,
        "PYTHONPATH": str(Path(__file__).parents[2]),
        "PATH": os.environ["PATH"],
    }
    database = connect(database_url, pool_size=2)
    keys = {who: await Keys(database).create(role, unit=unit) for who, (role, unit) in CALLERS.items()}
    await database.dispose()
    async with (
        running("worker", settings, folder / "worker.log"),
        running("api.app", settings, folder / "api.log"),
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=60) as client,
    ):
        async with asyncio.timeout(60):
            while not await _answers(client):  # noqa: ASYNC110 - another process has no event for it
                await asyncio.sleep(0.2)
        yield City(client, keys)


async def _answers(client: httpx.AsyncClient) -> bool:
    try:
        return (await client.get("/readyz")).is_success
    except httpx.TransportError:
        return False
