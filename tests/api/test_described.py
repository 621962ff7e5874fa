"""The API does what its description says, whatever it is sent: no error of its own, no answer that is not described."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
import uvicorn
from fastapi import FastAPI

from api.app import create_app
from cases.city import City
from cases.vocabulary import Role
from hotline.settings import Settings
from records.keys import Keys
from records.register import Register
from tests.api.conftest import UNIT, Headers, headers, started, talking_to
from tests.service.free import ports
from workflows.engine import Engine

FUZZING = "HOTLINE_EXAMPLES" in os.environ
EXAMPLES = int(os.environ.get("HOTLINE_EXAMPLES", "3"))
"""Requests that are made up for each address; `make fuzz` makes up many, and others each time."""

PHASES = "examples,coverage,fuzzing,stateful" if FUZZING else "examples,fuzzing"
SEED = [] if FUZZING else ["--seed", "20211"]
CHECKS = (
    "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,"
    "response_schema_conformance,unsupported_method"
)

pytestmark = pytest.mark.timeout(3_600 if FUZZING else 180)


@pytest_asyncio.fixture
async def app(engine: Engine, register: Register, keys: Keys, city: City, tmp_path: Path) -> AsyncIterator[FastAPI]:
    """The application, at a pace at which no request is refused."""
    most = 1_000_000
    own = Settings(attachments=str(tmp_path / "attachments"), per_key=most, per_address=most, failures_per_address=most)
    made = create_app(own, engine=engine, register=register, keys=keys, city=city)
    yield made
    await made.state.services.watch.aclose()


@pytest_asyncio.fixture
async def address(app: FastAPI) -> AsyncIterator[str]:
    (port,) = ports(1)
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_config=None, lifespan="off"))
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn tells nobody
        await asyncio.sleep(0.01)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    await serving


@pytest.mark.parametrize("role", [Role.SUPERVISOR, Role.UNIT_LEAD, Role.ADMIN])
async def test_no_request_meets_what_is_not_described(
    address: str, app: FastAPI, keys: Keys, intake: Headers, role: Role, tmp_path: Path
) -> None:
    async with talking_to(app) as client:
        number = await started(client, intake)
    unit = UNIT if role.of_unit else None
    key = (await headers(keys, role, unit=unit))["Authorization"]
    settings = tmp_path / "schemathesis.toml"
    settings.write_text(
        f'[parameters]\n"path.number" = "{number}"\n"path.unit" = "{UNIT}"\n"query.wait" = 0\n'
        f'[generation]\nmax-examples = {EXAMPLES}\ndatabase = "none"\n'
    )
    command = [sys.executable, "-m", "schemathesis.cli", "--config-file", str(settings)]
    command += ["run", f"{address}/openapi.json", "--header", f"Authorization: {key}", "--checks", CHECKS]
    command += ["--phases", PHASES, "--no-color", "--request-timeout", "20", *SEED]
    running = await asyncio.create_subprocess_exec(
        *command, cwd=tmp_path, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    said, _ = await running.communicate()
    assert running.returncode == 0, said.decode()[-6_000:]
