"""The units' systems: set, checked, shown without their secrets, and taken away."""

from http import HTTPStatus
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from api.app import create_app
from cases.routing import Unit
from hotline.policies import City
from hotline.settings import Settings
from records.keys import Keys
from records.register import Register
from tests.api.conftest import UNIT, Headers, started, talking_to
from tests.api.signing_system import System
from workflows.engine import Engine

URL = f"/v1/units/{UNIT}/system"
ENDPOINT = "https://1.1.1.1/hotline"
"""Public, and found without asking anybody for a name."""


async def told(client: httpx.AsyncClient, admin: Headers, method: str, url: str = URL, **body: Any) -> dict[str, Any]:
    answer = await client.request(method, url, json=body or None, headers=admin)
    assert answer.is_success, answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    said: dict[str, Any] = answer.json()
    return said


async def refused(client: httpx.AsyncClient, admin: Headers, url: str, method: str = "PUT", **body: Any) -> str:
    answer = await client.request(method, url, json=body, headers=admin)
    assert answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY, answer.text
    (error,) = answer.json()["errors"]
    return f"{error['field']}: {error['detail']}"


async def test_a_system_is_set_shown_and_taken_away(
    client: httpx.AsyncClient, admin: Headers, register: Register
) -> None:
    assert await told(client, admin, "GET") == {
        "unit": UNIT,
        "endpoint": None,
        "per_minute": None,
        "at_once": None,
        "secrets": 0,
    }
    first = await told(client, admin, "PUT", endpoint=ENDPOINT)
    secret = first.pop("secret")
    assert await register.systems.secrets(UNIT) == [secret]
    assert first == {"unit": UNIT, "endpoint": ENDPOINT, "per_minute": None, "at_once": None, "secrets": 1}
    again = await told(client, admin, "PUT", endpoint=ENDPOINT, per_minute=60, at_once=2)
    assert again["secret"] is None, "it has one, which is shown once only"
    shown = await client.get(URL, headers=admin)
    assert shown.json() == first | {"per_minute": 60, "at_once": 2}
    assert secret not in shown.text
    gone = await told(client, admin, "DELETE")
    assert (gone["endpoint"], gone["per_minute"], gone["secrets"]) == (None, None, 1)
    assert await register.systems.of(UNIT) is None


async def test_a_secret_is_renewed_while_the_old_one_lasts(
    client: httpx.AsyncClient, admin: Headers, intake: Headers
) -> None:
    first = (await told(client, admin, "PUT", endpoint=ENDPOINT))["secret"]
    made = await told(client, admin, "POST", f"{URL}/secrets", keep_old_for="24 hours")
    assert (made["unit"], made["secrets"]) == (UNIT, 2)
    number = await started(client, intake)
    assert (await System(client, first).tell("acknowledge", number)).status_code == HTTPStatus.OK
    assert (await System(client, made["secret"]).tell("contact", number)).status_code == HTTPStatus.OK
    last = await told(client, admin, "POST", f"{URL}/secrets", keep_old_for="0 hours")
    assert last["secrets"] == 1
    assert (await System(client, made["secret"]).tell("contact", number)).status_code == HTTPStatus.UNAUTHORIZED
    assert (await told(client, admin, "POST", f"{URL}/secrets"))["secrets"] == 2, "a day, if nothing is said"


@pytest.mark.parametrize("span", ["soon", "-1 hours", "91 days", "24", "1 working day", 24, None])
async def test_a_span_that_is_none_is_told(client: httpx.AsyncClient, admin: Headers, span: object) -> None:
    says = await refused(client, admin, f"{URL}/secrets", "POST", keep_old_for=span)
    assert says.startswith("keep_old_for: ")
    assert "24 hours" in says


@pytest.mark.parametrize(
    ("body", "field", "says"),
    [
        ({"endpoint": "https://127.0.0.1:8500"}, "endpoint", "loopback"),
        ({"endpoint": "https://10.1.2.3"}, "endpoint", "HOTLINE_UNIT_NETWORKS"),
        ({"endpoint": "https://[::ffff:169.254.169.254]"}, "endpoint", "link-local"),
        ({"endpoint": "http://1.1.1.1"}, "endpoint", "https"),
        ({"endpoint": "orders.example.gov"}, "endpoint", "https://"),
        ({"endpoint": "https://name:word@1.1.1.1"}, "endpoint", "password"),
        ({"endpoint": "https://orders.invalid"}, "endpoint", "orders.invalid"),
        ({}, "endpoint", "missing"),
        ({"endpoint": ENDPOINT, "per_minute": 0}, "per_minute", "1 or more"),
        ({"endpoint": ENDPOINT, "at_once": 101}, "at_once", "100 or less"),
        ({"endpoint": ENDPOINT, "secret": "mine"}, "secret", "not known here"),
    ],
)
async def test_a_system_that_cannot_be_is_told_by_its_field(
    client: httpx.AsyncClient, admin: Headers, register: Register, body: dict[str, Any], field: str, says: str
) -> None:
    error = await refused(client, admin, URL, **body)
    assert error.startswith(f"{field}: ")
    assert says in error
    assert await register.systems.of(UNIT) is None
    assert await register.systems.secrets(UNIT) == []


async def test_networks_of_the_settings_are_open(
    engine: Engine, register: Register, keys: Keys, city: City, admin: Headers
) -> None:
    settings = Settings(unit_networks="10.1.0.0/16")
    app: FastAPI = create_app(settings, engine=engine, register=register, keys=keys, city=city)
    async with talking_to(app) as client:
        assert (await told(client, admin, "PUT", endpoint="http://10.1.2.3/x"))["endpoint"] == "http://10.1.2.3/x"
        assert "10.2.0.1" in await refused(client, admin, URL, endpoint="https://10.2.0.1/x")


async def test_a_unit_that_is_not_there_has_none(client: httpx.AsyncClient, admin: Headers) -> None:
    for method, path, body in (
        ("GET", "system", None),
        ("PUT", "system", {"endpoint": ENDPOINT}),
        ("DELETE", "system", None),
        ("POST", "system/secrets", None),
    ):
        answer = await client.request(method, f"/v1/units/chaoyan/{path}", json=body, headers=admin)
        assert answer.status_code == HTTPStatus.NOT_FOUND, answer.text
        assert "did you mean chaoyang" in answer.json()["errors"][0]["detail"]


async def test_a_code_may_have_a_slash(client: httpx.AsyncClient, admin: Headers, register: Register) -> None:
    await register.put_units([Unit(code="light/north", kind="enterprise", title={"en": "Light"})])
    url = "/v1/units/light/north/system"
    assert (await told(client, admin, "PUT", url, endpoint=ENDPOINT))["unit"] == "light/north"
    assert (await told(client, admin, "POST", f"{url}/secrets"))["secrets"] == 2
    assert (await told(client, admin, "DELETE", url))["endpoint"] is None
