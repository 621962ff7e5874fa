"""How much of the service one caller can take, and that an emergency comes through all the same."""

import asyncio
from collections.abc import Callable

import httpx
import pytest
from fastapi import FastAPI

from api.app import create_app
from cases.city import City
from hotline.settings import Settings
from records.keys import Keys
from records.register import Register
from tests.api.conftest import Headers, new_case, talking_to
from workflows.engine import Engine

Making = Callable[..., FastAPI]
UNKNOWN = {"Authorization": "Bearer hl_00000000_" + "x" * 43}


@pytest.fixture
def making(engine: Engine, register: Register, keys: Keys, city: City) -> Making:
    def made(**settings: int) -> FastAPI:
        return create_app(Settings.model_validate(settings), engine=engine, register=register, keys=keys, city=city)

    return made


async def test_a_key_has_its_pace(making: Making, desk: Headers, intake: Headers) -> None:
    async with talking_to(making(per_key=5)) as client:
        # The first answer shows that the key is valid; from then on it is counted.
        answers = [await client.get("/v1/categories", headers=desk) for _ in range(7)]
        assert [one.status_code for one in answers] == [200] * 6 + [429]
        told = answers[-1].json()
        assert told["type"] == "urn:hotline:problem:too-many-requests"
        assert "5 requests under this key" in told["detail"]
        assert 1 <= int(answers[-1].headers["Retry-After"]) <= 60
        assert (await client.get("/v1/categories", headers=intake)).status_code == 200


async def test_an_emergency_comes_through_at_any_pace(making: Making, intake: Headers) -> None:
    async with talking_to(making(per_key=2)) as client:
        statuses = [(await client.post("/v1/cases", json=new_case(), headers=intake)).status_code for _ in range(4)]
        assert statuses == [201, 201, 201, 429]
        urgent = await client.post("/v1/cases", json=new_case(level="emergency"), headers=intake)
        assert urgent.status_code == 201, urgent.text


async def test_a_flood_is_not_even_read(making: Making, intake: Headers) -> None:
    async with talking_to(making(per_key=1)) as client:
        bodies = [new_case(level="emergency") for _ in range(7)]
        statuses = [(await client.post("/v1/cases", json=body, headers=intake)).status_code for body in bodies]
        assert statuses == [201] * 6 + [429]


async def test_a_key_is_the_same_however_it_is_written(making: Making, desk: Headers) -> None:
    key = desk["Authorization"].removeprefix("Bearer ")
    async with talking_to(making(per_key=2)) as client:
        spelt = [{"Authorization": f"Bearer{' ' * n}{key}"} for n in range(1, 5)] + [{"X-API-Key": key}]
        statuses = [(await client.get("/v1/categories", headers=headers)).status_code for headers in spelt]
        assert statuses == [200, 200, 200, 429, 429]


async def test_guessing_elsewhere_shuts_out_no_source_that_was_not_heard_before(
    making: Making, intake: Headers
) -> None:
    async with talking_to(making(failures_per_address=2)) as client:
        assert [(await client.get("/v1/categories", headers=UNKNOWN)).status_code for _ in range(3)] == [401, 401, 429]
        assert (await client.post("/v1/cases", json=new_case(), headers=intake)).status_code == 201


async def test_an_address_has_its_pace_whatever_its_keys(making: Making, desk: Headers, intake: Headers) -> None:
    async with talking_to(making(per_address=4)) as client:
        answers = [await client.get("/v1/categories", headers=key) for key in (desk, intake) * 3]
        assert [one.status_code for one in answers] == [200] * 4 + [429] * 2
        assert "from this address" in answers[-1].json()["detail"]


async def test_guessing_at_keys_ends_soon_and_hurts_nobody_with_a_good_one(making: Making, desk: Headers) -> None:
    async with talking_to(making(failures_per_address=3)) as client:
        assert (await client.get("/v1/categories", headers=desk)).status_code == 200
        guesses = [await client.get("/v1/categories", headers=UNKNOWN) for _ in range(5)]
        assert [one.status_code for one in guesses] == [401] * 3 + [429] * 2
        assert (await client.get("/v1/categories")).status_code == 429
        assert (await client.get("/v1/categories", headers=desk)).status_code == 200


async def test_health_and_figures_are_told_at_any_pace(making: Making) -> None:
    async with talking_to(making(per_address=1, failures_per_address=1)) as client:
        assert {(await client.get("/healthz")).status_code for _ in range(5)} == {200}


async def test_every_answer_is_guarded_against_browsers(client: httpx.AsyncClient, desk: Headers) -> None:
    for path in ("/v1/categories", "/v1/cases/none", "/nowhere", "/healthz"):
        headers = (await client.get(path, headers=desk)).headers
        assert headers["X-Content-Type-Options"] == "nosniff", path
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"], path
        assert headers["Cache-Control"] == "no-store", path
        assert "Server" not in headers, path
    page = (await client.get("/docs")).headers
    assert "script-src 'self' 'unsafe-inline'" in page["Content-Security-Policy"]


async def test_other_origins_are_let_in_by_name_only(
    engine: Engine, register: Register, keys: Keys, city: City, desk: Headers
) -> None:
    own = Settings(cors_origins="https://desk.example.org, https://two.example.org")
    app = create_app(own, engine=engine, register=register, keys=keys, city=city)
    async with talking_to(app) as client:
        for origin, allowed in (("https://two.example.org", "https://two.example.org"), ("https://evil.test", None)):
            asked = await client.options(
                "/v1/cases", headers={"Origin": origin, "Access-Control-Request-Method": "POST"}
            )
            assert asked.headers.get("Access-Control-Allow-Origin") == allowed
            answer = await client.get("/v1/categories", headers=desk | {"Origin": origin})
            assert answer.headers.get("Access-Control-Allow-Origin") == allowed


async def test_a_body_that_never_ends_is_given_up(
    app: FastAPI, intake: Headers, monkeypatch: pytest.MonkeyPatch
) -> None:
    from api.patience import BodyPatience

    async def dripping() -> object:
        return await asyncio.Future()

    sent: list[dict[str, object]] = []

    async def send(message: object) -> None:
        assert isinstance(message, dict)
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/v1/cases",
        "raw_path": b"/v1/cases",
        "root_path": "",
        "scheme": "http",
        "http_version": "1.1",
        "query_string": b"",
        "server": ("hotline", 80),
        "client": ("192.0.2.1", 4),
        "headers": [(b"authorization", intake["Authorization"].encode()), (b"content-type", b"application/json")],
    }
    await BodyPatience(app, within=0.05)(scope, dripping, send)  # type: ignore[arg-type]
    assert sent[0]["status"] == 408
