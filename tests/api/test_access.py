"""Every route with every role: the answers as they are meant to be, written down once more."""

import httpx
import pytest
from fastapi.routing import APIRoute

from api.access import OPEN_TO_ALL
from api.app import create_app
from api.services import Services
from cases.vocabulary import Role

NUMBER = "0000-0000-0000-0"
ROLES = (Role.INTAKE, Role.DESK, Role.UNIT, Role.SUPERVISOR, Role.ADMIN)

ADMITTED = {
    # name: intake, desk, unit, supervisor, admin
    "create_case": "yes yes no no yes",
    "read_case": "yes yes yes yes yes",
    "read_events": "yes yes yes yes yes",
    "list_cases": "yes yes yes yes yes",
    "acknowledge": "no no yes no yes",
    "return_order": "no no yes no yes",
    "contact": "no no yes no yes",
    "report": "no no yes no yes",
    "dispatch": "no yes no yes yes",
    "call_back": "no yes no yes yes",
    "withdraw": "yes yes no yes yes",
    "list_units": "yes yes yes yes yes",
    "list_orders": "no yes yes yes yes",
    "list_categories": "yes yes yes yes yes",
}


async def test_every_route_admits_just_the_roles_it_is_meant_for(services: Services, client: httpx.AsyncClient) -> None:
    keys = {role: await services.keys.create(role, unit="chaoyang" if role is Role.UNIT else None) for role in ROLES}
    routes = [one for one in create_app(services).routes if isinstance(one, APIRoute) and one.include_in_schema]
    assert {one.name for one in routes} == set(ADMITTED) | OPEN_TO_ALL
    for route in routes:
        if route.name in OPEN_TO_ALL:
            continue
        path = route.path.replace("{number}", NUMBER).replace("{unit}", "chaoyang")
        for role, admitted in zip(ROLES, ADMITTED[route.name].split(), strict=True):
            (method,) = route.methods
            answer = await client.request(method, path, headers={"Authorization": f"Bearer {keys[role]}"}, json={})
            assert (answer.status_code != 403) == (admitted == "yes"), f"{role} {method} {path}: {answer.text}"


async def test_no_route_but_the_open_ones_answers_without_a_key(services: Services, client: httpx.AsyncClient) -> None:
    for route in create_app(services).routes:
        if isinstance(route, APIRoute) and route.include_in_schema:
            (method,) = route.methods
            path = route.path.replace("{number}", NUMBER).replace("{unit}", "chaoyang")
            answer = await client.request(method, path, json={})
            assert (answer.status_code == 401) == (route.name not in OPEN_TO_ALL), path


@pytest.mark.parametrize("name", ["read_case", "list_cases"])
def test_a_route_without_an_entry_stops_the_application(
    services: Services, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.delitem(__import__("api.access", fromlist=["MAY"]).MAY, name)
    with pytest.raises(RuntimeError, match=name):
        create_app(services)
