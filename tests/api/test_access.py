"""Every route with every role: the answers as they are meant to be, written down once more."""

import httpx
import pytest
from fastapi import APIRouter, FastAPI

from api.access import ACCESS, PUBLIC, SIGNED
from api.guard import GuardedRoute
from api.keyring import FRESH, STALE, KeyRing
from cases import number
from cases.errors import UnavailableError
from cases.vocabulary import Role
from records.database import connect
from records.keys import Key, Keys
from tests.api.conftest import SOURCE, UNIT, Headers, facts, headers, new_case, started

ROLES = (Role.INTAKE, Role.DESK, Role.UNIT_LEAD, Role.SUPERVISOR, Role.ADMIN)

ADMITTED = {
    # route: intake, desk, unit, supervisor, admin
    "POST /v1/cases": "yes yes no no yes",
    "GET /v1/cases": "yes yes yes yes yes",
    "GET /v1/cases/{number}": "yes yes yes yes yes",
    "GET /v1/cases/{number}/events": "yes yes yes yes yes",
    "GET /v1/cases/{number}/explanation": "yes yes yes yes yes",
    "POST /v1/cases/{number}/answer": "no yes no yes yes",
    "POST /v1/cases/{number}/not-dispatch": "no yes no yes yes",
    "POST /v1/cases/{number}/consult": "no yes no yes yes",
    "POST /v1/cases/{number}/dispatch": "no yes no yes yes",
    "POST /v1/cases/{number}/designate": "no no no yes yes",
    "POST /v1/cases/{number}/reassign": "no yes no yes yes",
    "POST /v1/cases/{number}/return": "no no yes no yes",
    "POST /v1/cases/{number}/adjudicate": "no yes no yes yes",
    "POST /v1/cases/{number}/acknowledge": "no no yes no yes",
    "POST /v1/cases/{number}/contact": "no no yes no yes",
    "POST /v1/cases/{number}/progress": "no no yes no yes",
    "POST /v1/cases/{number}/report": "no no yes no yes",
    "POST /v1/cases/{number}/extension": "no no yes no yes",
    "POST /v1/cases/{number}/extension/decision": "no no no yes yes",
    "POST /v1/cases/{number}/wait": "no yes yes yes yes",
    "POST /v1/cases/{number}/hold": "no no no yes yes",
    "POST /v1/cases/{number}/review": "no yes yes yes yes",
    "POST /v1/cases/{number}/resume": "no yes yes yes yes",
    "POST /v1/cases/{number}/escalate": "no no yes no yes",
    "POST /v1/cases/{number}/whistle": "no no yes no yes",
    "POST /v1/cases/{number}/assists/{assist}/acknowledge": "no no yes no yes",
    "POST /v1/cases/{number}/assists/{assist}/refuse": "no no yes no yes",
    "POST /v1/cases/{number}/assists/{assist}/adjudicate": "no yes yes yes yes",
    "POST /v1/cases/{number}/assists/{assist}/progress": "no no yes no yes",
    "POST /v1/cases/{number}/assists/{assist}/report": "no no yes no yes",
    "POST /v1/cases/{number}/callback": "no yes no yes yes",
    "POST /v1/cases/{number}/withdraw": "yes yes no yes yes",
    "POST /v1/cases/{number}/supplement": "yes yes yes yes yes",
    "POST /v1/cases/{number}/urge": "yes yes no yes yes",
    "POST /v1/cases/{number}/rate": "yes yes no yes yes",
    "POST /v1/cases/{number}/reopen": "yes yes no yes yes",
    "POST /v1/cases/{number}/appeal": "yes yes no yes yes",
    "POST /v1/cases/{number}/supervise": "no yes no yes yes",
    "POST /v1/cases/{number}/close": "no no no yes yes",
    "POST /v1/cases/{number}/note": "yes yes yes yes yes",
    "POST /v1/cases/{number}/retry-delivery": "no yes no yes yes",
    "POST /v1/cases/{number}/join": "no yes no yes yes",
    "GET /v1/cases/{number}/candidates": "yes yes no yes yes",
    "POST /v1/candidates": "yes yes no yes yes",
    "GET /v1/units": "yes yes yes yes yes",
    "GET /v1/units/{unit}/orders": "no yes yes yes yes",
    "GET /v1/units/{unit}/system": "no no no no yes",
    "PUT /v1/units/{unit}/system": "no no no no yes",
    "DELETE /v1/units/{unit}/system": "no no no no yes",
    "POST /v1/units/{unit}/system/secrets": "no no no no yes",
    "GET /v1/deliveries": "no yes yes yes yes",
    "GET /v1/notices": "no yes no yes yes",
    "POST /v1/notices/{id}/retry": "no yes no yes yes",
    "GET /v1/categories": "yes yes yes yes yes",
    "GET /v1/route": "yes yes yes yes yes",
}


def routes(app: FastAPI) -> set[str]:
    """Every route that the application tells of."""
    paths = app.openapi()["paths"]
    return {f"{method.upper()} {path}" for path, methods in paths.items() for method in methods}


def address(path: str) -> str:
    """An address of the route: of a case that is not there, or of a unit that is."""
    nowhere = number.derive("nobody", "nothing")
    named = path.replace("{number}", nowhere).replace("{assist}", "1")
    return named.replace("{unit}", UNIT).replace("{id}", "none")


def test_every_route_has_its_line_in_both_tables(app: FastAPI) -> None:
    assert routes(app) == set(ADMITTED) | PUBLIC | SIGNED
    assert set(ACCESS) == set(ADMITTED)


def test_a_route_without_an_entry_cannot_be_made() -> None:
    router = APIRouter(prefix="/v1", route_class=GuardedRoute)
    with pytest.raises(LookupError, match="GET /v1/secrets has no entry"):

        @router.get("/secrets")
        def secrets() -> None: ...


@pytest.mark.parametrize("route", ADMITTED)
async def test_a_route_admits_just_the_roles_it_is_meant_for(client: httpx.AsyncClient, keys: Keys, route: str) -> None:
    method, path = route.split()
    for role, admitted in zip(ROLES, ADMITTED[route].split(), strict=True):
        key = await headers(keys, role, unit=UNIT if role is Role.UNIT_LEAD else None)
        answer = await client.request(method, address(path), headers=key, json={} if method == "POST" else None)
        assert answer.status_code not in (401, 500), answer.text
        assert (answer.status_code != 403) == (admitted == "yes"), f"{role} {route}: {answer.text}"


@pytest.mark.parametrize("route", sorted(set(ADMITTED) | PUBLIC | SIGNED))
async def test_no_route_but_the_public_ones_answers_without_a_key(client: httpx.AsyncClient, route: str) -> None:
    method, path = route.split()
    # Without a key not even the body is looked at.
    answer = await client.request(method, address(path), content=b"{" if method == "POST" else None)
    assert (answer.status_code == 401) == (route not in PUBLIC)


async def test_a_key_may_come_in_either_header(client: httpx.AsyncClient, supervisor: Headers) -> None:
    text = supervisor["Authorization"].removeprefix("Bearer ")
    for header in ({"X-API-Key": text}, {"Authorization": f"bearer {text}"}):
        assert (await client.get("/v1/units", headers=header)).status_code == 200


async def test_a_bound_key_brings_and_sees_its_own_source_alone(
    client: httpx.AsyncClient, intake: Headers, bound_intake: Headers
) -> None:
    foreign = await started(client, intake, source="app")
    own = await started(client, bound_intake, source=SOURCE)
    for path in ("", "/events"):
        assert (await client.get(f"/v1/cases/{foreign}{path}", headers=bound_intake)).status_code == 404
    assert (await client.post(f"/v1/cases/{foreign}/withdraw", headers=bound_intake)).status_code == 404
    assert (await client.get(f"/v1/cases/{own}", headers=bound_intake)).status_code == 200
    answer = await client.post("/v1/cases", json=new_case(source="app"), headers=bound_intake)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "source"
    assert (await client.get("/v1/cases?source=app", headers=bound_intake)).status_code == 403
    assert (await client.post(f"/v1/cases/{own}/withdraw", headers=bound_intake)).status_code == 200


async def test_another_units_case_answers_like_one_that_is_not_there(
    client: httpx.AsyncClient, intake: Headers, unit: Headers, other_unit: Headers
) -> None:
    case = await started(client, intake)
    await client.post(f"/v1/cases/{case}/acknowledge", headers=unit)
    nowhere = number.derive("nobody", "nothing")
    report = {"outcome": "solved", "note": "Done."}
    for method, path, body in (
        ("GET", "", None),
        ("GET", "/events", None),
        ("POST", "/acknowledge", None),
        ("POST", "/contact", None),
        ("POST", "/report", report),
        ("POST", "/return", {"reason": "Not ours."}),
        ("GET", "/explanation", None),
        ("POST", "/progress", {"note": "Found."}),
        ("POST", "/extension", {"by": "1 day", "reason": "Slow."}),
        ("POST", "/wait", {"reason": "The key."}),
        ("POST", "/review", {"note": "Seen."}),
        ("POST", "/resume", {"reason": "Here."}),
        ("POST", "/escalate", {"reason": "Too large."}),
        ("POST", "/whistle", {"calls": [{"unit": UNIT, "task": "Look."}]}),
        ("POST", "/assists/1/acknowledge", None),
        ("POST", "/assists/1/refuse", {"reason": "Not ours."}),
        ("POST", "/assists/1/adjudicate", {"upheld": True, "reason": "So."}),
        ("POST", "/assists/1/progress", {"note": "Found."}),
        ("POST", "/assists/1/report", {"note": "Done."}),
        ("POST", "/supplement", {"channel": "phone", "note": "More."}),
        ("POST", "/note", {"text": "Odd."}),
    ):
        answer = await client.request(method, f"/v1/cases/{case}{path}", headers=other_unit, json=body)
        unknown = await client.request(method, f"/v1/cases/{nowhere}{path}", headers=other_unit, json=body)
        assert answer.status_code == unknown.status_code == 404, path
        assert answer.text.replace(case, nowhere) == unknown.text
    assert len(await facts(client, unit, case)) == 3
    assert (await client.get("/v1/cases", headers=other_unit)).json()["items"] == []
    refused = await client.get(f"/v1/cases?unit={UNIT}", headers=other_unit)
    assert refused.status_code == 403
    assert "unit" in refused.json()["detail"]
    assert (await client.get(f"/v1/units/{UNIT}/orders", headers=other_unit)).status_code == 404


async def test_a_revoked_key_opens_no_more(client: httpx.AsyncClient, keys: Keys) -> None:
    key = await headers(keys, Role.DESK)
    await keys.revoke(key["Authorization"].split("_")[1])
    assert (await client.get("/v1/units", headers=key)).status_code == 401


async def test_a_key_is_remembered_while_postgresql_is_away(keys: Keys, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    ring = KeyRing(keys, clock=lambda: now)
    text = await keys.create(Role.INTAKE)
    found = await ring.find(text)
    assert isinstance(found, Key)
    await keys.revoke(found.prefix)
    assert await ring.find(text) is not None
    now = FRESH + 1
    nowhere = connect("postgresql://nobody@127.0.0.1:1/nothing")
    with monkeypatch.context() as away:
        away.setattr(keys, "_engine", nowhere)
        assert await ring.find(text) is not None
        now = STALE + 1
        with pytest.raises(UnavailableError):
            await ring.find(text)
        with pytest.raises(UnavailableError):
            await ring.find("hl_00000000_" + "x" * 43)
    await nowhere.dispose()
    assert await ring.find(text) is None
