"""Parts that are away: what still works, what is told, and that nothing unexpected shows its inside."""

import asyncio
import logging
import tempfile
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

import httpx
import pytest
import pytest_asyncio
from fastapi import FastAPI
from temporalio.client import Client
from temporalio.testing import WorkflowEnvironment

from api.app import create_app
from api.keyring import FRESH
from cases.number import draw
from cases.vocabulary import Role
from hotline.policies import City
from hotline.settings import Settings
from records.database import connect, migrate
from records.keys import Keys
from records.register import Register
from tests.api.conftest import UNIT, Headers, headers, listed, new_case, started, talking_to
from tests.own_keys import KEYS
from tests.records.test_outage import Server
from vault.keyfile import Ring
from workflows.codec import converter
from workflows.engine import Engine


@pytest_asyncio.fixture
async def no_engine(environment: WorkflowEnvironment, register: Register) -> Engine:
    """An engine whose server answered at first and then no more, as behind a cable that was cut."""
    host, port = environment.client.service_client.config.target_host.split(":")
    passing: list[asyncio.StreamWriter] = []

    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        onward, back = await asyncio.open_connection(host, int(port))
        passing.extend((writer, back))
        await asyncio.gather(_copy(reader, back), _copy(onward, writer))

    cable = await asyncio.start_server(pass_on, "127.0.0.1", 0)
    address = cable.sockets[0].getsockname()
    client = await Client.connect(f"127.0.0.1:{address[1]}", data_converter=converter(KEYS.payload))
    cable.close()
    for writer in passing:
        writer.close()
    return Engine(client, "nowhere", register.history)


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while piece := await reader.read(65_536):
            writer.write(piece)
            await writer.drain()


@pytest_asyncio.fixture
async def no_register() -> AsyncIterator[Register]:
    """A register whose PostgreSQL answered at first, so that keys are held ready, and then no more."""
    with tempfile.TemporaryDirectory(prefix="hotline-away-") as folder:
        server = Server(Path(folder) / "postgres")
        database = connect(server.url)
        try:
            await asyncio.to_thread(migrate, server.url)
            register = Register(database, KEYS, reserve=10)
            await register.seals.fill()
            await asyncio.to_thread(server.stop)
            yield register
        finally:
            await database.dispose()
            # It is stopped for good only by who has started it.
            await asyncio.to_thread(server.start)
            server.close()


async def test_without_the_engine_cases_are_told_from_their_record(
    client: httpx.AsyncClient,
    no_engine: Engine,
    register: Register,
    keys: Keys,
    city: City,
    intake: Headers,
    unit: Headers,
    other_unit: Headers,
) -> None:
    number = await started(client, intake)
    await listed(client, unit, "/v1/cases", 1)
    app = create_app(Settings(), engine=no_engine, register=register, keys=keys, city=city)
    # One that the register has not heard of yet may be there: none is denied, and a foreign one looks the same.
    unseen = [(number, other_unit), (draw(), unit), (draw(), intake)]
    async with talking_to(app) as talking:
        # All at once, because each waits for the engine as long as it may.
        told, happened, received, ready, *asked = await asyncio.gather(
            talking.get(f"/v1/cases/{number}", headers=unit),
            talking.get(f"/v1/cases/{number}/events?limit=1", headers=unit),
            talking.post("/v1/cases", json=new_case(), headers=intake),
            talking.get("/readyz"),
            *(
                talking.get(f"/v1/cases/{one}{path}", headers=key)
                for one, key in unseen
                for path in ("", "/events", "/explanation")
            ),
        )
    case, events = told.json(), happened.json()
    assert (case["number"], case["unit"], case["as_of_source"]) == (number, UNIT, "record")
    assert (len(events["items"]), events["next"], events["as_of_source"]) == (1, 1, "record")
    for answer in asked:
        assert answer.status_code == 503
        assert int(answer.headers["Retry-After"]) > 0
        assert answer.json()["detail"].endswith("; ask again")
    assert received.status_code == 201
    assert ready.status_code == 503
    assert int(ready.headers["Retry-After"]) > 0
    assert ready.headers["Content-Type"] == "application/problem+json"
    assert ready.json()["checks"]["register"] == "ok"
    assert "engine" in ready.json()["detail"]


async def test_without_the_register_complaints_are_still_taken(
    engine: Engine, no_register: Register, register: Register, keys: Keys, city: City, intake: Headers
) -> None:
    app = create_app(Settings(), engine=engine, register=no_register, keys=keys, city=city)
    async with talking_to(app) as talking:
        body = new_case()
        taken = await talking.post("/v1/cases", json=body, headers=intake)
        again = await talking.post("/v1/cases", json=body, headers=intake)
        assert (taken.status_code, again.status_code) == (201, 200)
        case = await talking.get(f"/v1/cases/{taken.json()['number']}", headers=intake)
        assert case.json()["as_of_source"] == "workflow"
        assert (await talking.get("/v1/cases", headers=intake)).status_code == 503
        assert (await talking.get("/metrics")).status_code == 200
        ready = await talking.get("/readyz")
        assert (ready.status_code, ready.json()["checks"]["engine"]) == (503, "ok")


async def test_with_a_register_that_hangs_complaints_are_taken_at_once_and_nothing_is_lost(
    engine: Engine, city: City
) -> None:
    with tempfile.TemporaryDirectory(prefix="hotline-hung-") as folder:
        server = Server(Path(folder) / "postgres")
        database = connect(server.url)
        try:
            await asyncio.to_thread(migrate, server.url)
            register, keys = Register(database, KEYS, reserve=10), Keys(database)
            await register.seals.fill()
            app = create_app(Settings(), engine=engine, register=register, keys=keys, city=city)
            intake = await headers(keys, Role.INTAKE)
            seconds = 0.0
            app.state.services.keyring._clock = lambda: seconds
            async with talking_to(app) as talking:
                await started(talking, intake)
                # The key must be looked up again, as it must every half a minute.
                seconds = FRESH + 1
                bodies = [new_case(complainant={"phone": f"1390013800{one}"}) for one in range(3)]
                with server.hung():
                    # One look at it alone may take twenty seconds, and a complaint needs four.
                    async with asyncio.timeout(15):
                        taken = [await talking.post("/v1/cases", json=body, headers=intake) for body in bodies]
                        case = await talking.get(f"/v1/cases/{taken[0].json()['number']}", headers=intake)
                    assert [one.status_code for one in taken] == [201] * 3
                    assert case.json()["as_of_source"] == "workflow"
                    assert case.json()["complaint"]["description"] == bodies[0]["description"]
                again = [await talking.post("/v1/cases", json=body, headers=intake) for body in bodies]
                assert [one.status_code for one in again] == [200] * 3
                numbers = [one.json()["number"] for one in taken]
                assert [one.json()["number"] for one in again] == numbers
                for _ in range(300):
                    noted = [len(await register.callers.of_case(number)) for number in numbers]
                    if all(noted):
                        break
                    await asyncio.sleep(0.1)
                assert noted == [1] * 3
            await app.state.services.calls.aclose()
        finally:
            await database.dispose()
            server.close()


async def test_what_other_keys_have_locked_is_no_mistake_of_ours_and_is_in_the_log(
    client: httpx.AsyncClient,
    environment: WorkflowEnvironment,
    engine: Engine,
    register: Register,
    keys: Keys,
    city: City,
    intake: Headers,
    caplog: pytest.LogCaptureFixture,
) -> None:
    number = await started(client, intake)
    strange = await Client.connect(
        environment.client.service_client.config.target_host, data_converter=converter(Ring.new())
    )
    other = Engine(strange, engine._task_queue, register.history)
    app = create_app(Settings(), engine=other, register=register, keys=keys, city=city)
    async with talking_to(app) as talking:
        answer = await talking.get(f"/v1/cases/{number}", headers=intake)
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0
    assert KEYS.payload.current not in answer.text
    assert f"the payload key '{KEYS.payload.current}'" in caplog.text
    assert "HOTLINE_KEYS" in caplog.text


async def test_a_mistake_of_ours_is_an_incident_in_the_log_and_no_trace_in_the_answer(
    app: FastAPI, supervisor: Headers, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def mistaken(*_: object) -> NoReturn:
        raise ZeroDivisionError("a secret of ours")

    monkeypatch.setattr(app.state.services.register, "cases", mistaken)
    with caplog.at_level(logging.ERROR):
        async with talking_to(app) as talking:
            answer = await talking.get("/v1/cases", headers=supervisor)
            assert (await talking.get("/v1/units", headers=supervisor)).status_code == 200
    assert answer.status_code == 500
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert "secret" not in answer.text
    assert "ZeroDivision" not in answer.text
    assert answer.json()["incident"] in caplog.text
    assert "ZeroDivisionError" in caplog.text
