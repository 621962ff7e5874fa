"""What the engine keeps is read through the codec, by those who may, in Temporal's own protocol."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
import pytest_asyncio
import uvicorn
from fastapi import FastAPI
from google.protobuf.json_format import MessageToDict, ParseDict
from sqlalchemy import text
from temporalio.api.common.v1 import Payload, Payloads
from temporalio.testing import WorkflowEnvironment

from api.app import create_app
from cases.city import City
from cases.events import Received
from cases.vocabulary import Role
from hotline.settings import Settings
from hotline.temporal_server import program
from records.database import transaction
from records.keys import Keys
from records.register import Register
from tests.api.conftest import Headers, headers, started, talking_to, until
from tests.own_keys import KEYS
from vault.keyfile import Ring
from workflows.codec import Locking
from workflows.engine import Engine

DECODE = "/v1/codec/decode"
UI = "http://temporal.city.example"
NAME = "王小明"
CASE = "ACA7-T1N1-2FNG-H"


@pytest_asyncio.fixture
async def auditor(keys: Keys) -> Headers:
    return await headers(keys, Role.AUDITOR)


def payload(content: str) -> Payload:
    return Payload(metadata={"encoding": b"json/plain"}, data=json.dumps({"text": content}).encode())


def locked(*contents: str, ring: Ring = KEYS.payload) -> dict[str, Any]:
    return MessageToDict(Payloads(payloads=[Locking(ring).lock(payload(one)) for one in contents]))


def texts(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [json.loads(one.data)["text"] for one in ParseDict(answer.json(), Payloads()).payloads]


async def noted(register: Register) -> list[dict[str, Any]]:
    asked = text("SELECT actor, case_number, details FROM audit_trail WHERE action = 'payload_read' ORDER BY id")
    async with transaction(register._engine) as connection:
        return [dict(row) for row in (await connection.execute(asked)).mappings()]


async def test_payloads_come_back_open_and_each_look_is_in_the_audit_trail(
    client: httpx.AsyncClient, register: Register, admin: Headers
) -> None:
    named = {"X-Namespace": "default", "X-Workflow-Id": "case-no such case"}
    answer = await client.post(DECODE, json=locked("one", "two"), headers=admin | named)
    assert texts(answer) == ["one", "two"]
    assert answer.headers["Cache-Control"] == "no-store"
    plain = MessageToDict(Payloads(payloads=[payload("three")]))
    assert texts(await client.post(DECODE, json=plain, headers=admin)) == ["three"]
    assert texts(await client.post(DECODE, json={}, headers=admin)) == []
    entries = await noted(register)
    assert [one["details"]["payloads"] for one in entries] == [2, 1, 0]
    assert entries[0]["details"]["namespace"] == "default"
    assert entries[0]["case_number"] is None
    assert entries[0]["actor"]["role"] == "admin"


async def test_an_auditor_reads_what_people_said_and_an_administrator_does_not(
    client: httpx.AsyncClient, register: Register, admin: Headers, auditor: Headers
) -> None:
    key = await register.seals.new_key()
    body = locked(f"called {key.seal(NAME + chr(34))} back")
    case = {"X-Workflow-Id": f"case-{CASE}"}
    read = texts(await client.post(DECODE, json=body, headers=auditor | case))
    assert read == [f'called {NAME}" back']
    kept = texts(await client.post(DECODE, json=body, headers=admin | case))
    assert NAME not in kept[0]
    assert key.id in kept[0]
    by_auditor, by_admin = await noted(register)
    assert by_auditor["case_number"] == by_admin["case_number"] == CASE
    assert (by_auditor["details"]["opened"], by_admin["details"]["opened"]) == (False, False)


async def test_the_look_is_noted_at_the_case_whose_texts_are_read_whatever_is_claimed(
    client: httpx.AsyncClient, register: Register, intake: Headers, auditor: Headers
) -> None:
    number = await started(client, intake)
    async with asyncio.timeout(20):
        while not (events := await register.events(number)):  # noqa: ASYNC110 - the register tells nobody
            await asyncio.sleep(0.05)
    received = events[0].fact
    assert isinstance(received, Received)
    body = locked(received.complaint.description)
    await client.post(DECODE, json=body, headers=auditor | {"X-Workflow-Id": f"case-{CASE}"})
    (entry,) = await noted(register)
    assert (entry["case_number"], entry["details"]["opened"]) == (number, True)


async def test_what_the_service_did_not_lock_is_not_opened(
    client: httpx.AsyncClient, register: Register, auditor: Headers
) -> None:
    key = await register.seals.new_key()
    plain = MessageToDict(Payloads(payloads=[payload(key.seal(NAME))]))
    (told,) = texts(await client.post(DECODE, json=plain, headers=auditor))
    assert NAME not in told
    assert key.id in told


@pytest.mark.parametrize("role", [Role.INTAKE, Role.DESK, Role.SUPERVISOR, Role.EVALUATOR])
async def test_nobody_else_may(client: httpx.AsyncClient, register: Register, keys: Keys, role: Role) -> None:
    assert (await client.post(DECODE, json=locked("x"), headers=await headers(keys, role))).status_code == 403
    assert (await client.post(DECODE, json=locked("x"))).status_code == 401
    assert await noted(register) == []


async def test_what_cannot_be_opened_is_named(client: httpx.AsyncClient, admin: Headers) -> None:
    changed = locked("x")
    data = bytearray(base64.b64decode(changed["payloads"][0]["data"]))
    data[-1] ^= 1
    changed["payloads"][0]["data"] = base64.b64encode(data).decode()
    for body, told in (
        (locked("x", ring=Ring.new()), "is not in the file of keys"),
        (changed, "was changed"),
        ({"payloads": [{"data": "not base64!"}]}, "no payload as Temporal writes them"),
        ({"payloads": [{"who": "knows"}]}, "no payload as Temporal writes them"),
        ({"payloads": ["x"]}, ""),
        ({"payloads": [{}] * 1001}, ""),
    ):
        answer = await client.post(DECODE, json=body, headers=admin)
        assert answer.status_code == 422, answer.text
        assert answer.json()["errors"][0]["field"].startswith("payloads"), answer.text
        assert told in answer.text


async def test_a_browser_may_ask_from_temporals_pages_alone(
    engine: Engine, register: Register, keys: Keys, city: City, admin: Headers
) -> None:
    app = create_app(
        Settings(codec_origins=f"{UI}, http://other"), engine=engine, register=register, keys=keys, city=city
    )
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization,x-namespace"}
    allowed = "Access-Control-Allow-Origin"
    async with talking_to(app) as client:
        before = await client.options(DECODE, headers={"Origin": UI, **asked})
        assert (before.status_code, before.headers[allowed]) == (200, UI)
        answer = await client.post(DECODE, json=locked("x"), headers=admin | {"Origin": UI})
        assert (answer.headers[allowed], texts(answer)) == (UI, ["x"])
        # A page must be able to read why it was refused.
        assert (await client.post(DECODE, json={}, headers={"Origin": UI})).headers[allowed] == UI
        for path, origin in (DECODE, "http://evil.example"), ("/v1/units", UI):
            assert allowed not in (await client.options(path, headers={"Origin": origin, **asked})).headers
            assert allowed not in (await client.get(path, headers=admin | {"Origin": origin})).headers


async def test_temporals_own_command_reads_a_history_through_it(
    environment: WorkflowEnvironment, app: FastAPI, client: httpx.AsyncClient, intake: Headers, auditor: Headers
) -> None:
    number = await started(client, intake, description=NAME)
    address = environment.client.service_client.config.target_host
    async with answering(app) as api:
        without = await temporal("--address", address, "workflow", "show", "-w", f"case-{number}", "--output", "json")
        assert number not in _inputs(without)
        shown = await temporal(
            *("--address", address, "--codec-endpoint", f"{api}/v1/codec", "--codec-auth", auditor["Authorization"]),
            *("workflow", "show", "-w", f"case-{number}", "--output", "json"),
        )
    assert number in _inputs(shown)
    assert NAME in _inputs(shown)


def _inputs(history: str) -> str:
    """What stands in the input of the first event, whether the command shows it as JSON or as payloads."""
    first = json.loads(history)["events"][0]["workflowExecutionStartedEventAttributes"]["input"]
    payloads = first["payloads"] if isinstance(first, dict) else first
    inside = (base64.b64decode(one.get("data", "")).decode(errors="replace") for one in payloads)
    return "".join([json.dumps(first, ensure_ascii=False), *inside])


@asynccontextmanager
async def answering(app: FastAPI) -> AsyncIterator[str]:
    """The address of the API over real HTTP, on the loop that its parts belong to."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error", lifespan="off"))
    serving = asyncio.create_task(server.serve())
    await until(lambda: server.started)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    await serving


async def temporal(*words: str) -> str:
    process = await asyncio.create_subprocess_exec(
        str(program()), *words, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    out, err = await process.communicate()
    assert process.returncode == 0, err.decode()
    return out.decode()
