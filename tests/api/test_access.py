"""Every route with every role, and what a key is bound to: the answers as the table of rights has them."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio
from fastapi import APIRouter, FastAPI
from fastapi.routing import iter_route_contexts
from starlette.routing import BaseRoute

from api.access import ACCESS, PUBLIC, ROWS, SIGNED
from api.app import create_app
from api.guard import GuardedRoute
from api.keyring import FRESH, STALE, KeyRing
from cases import number
from cases.errors import UnavailableError
from cases.rights import RIGHTS, ROLES, acts_for
from cases.vocabulary import Role
from hotline.policies import City
from hotline.settings import Settings
from records.database import connect
from records.keys import Key, Keys
from records.register import Register
from tests.api.conftest import (
    OTHER_UNIT,
    SOURCE,
    SUBDISTRICT,
    UNIT,
    Headers,
    do,
    facts,
    headers,
    listed,
    new_case,
    refused,
    shown,
    started,
    talking_to,
)
from workflows.engine import Engine

NOWHERE = number.derive("nobody", "nothing")
AMONG_THE_SIGNS = frozenset({401, 403})
"""What says that somebody may not; beside it there is a case that does not exist."""

PAGES_OF_THE_DESCRIPTION = ("/openapi.json", "/docs", "/static-offline-docs")

ORDINARY = Settings(failures_per_address=100_000, per_address=100_000)
"""Where many knock in vain one after the other."""


@pytest_asyncio.fixture
async def patient(engine: Engine, register: Register, keys: Keys, city: City) -> AsyncIterator[FastAPI]:
    """The application, without its patience for those who knock in vain ever ending."""
    made = create_app(ORDINARY, engine=engine, register=register, keys=keys, city=city)
    yield made
    await made.state.services.watch.aclose()


def all_routes(app: FastAPI) -> list[BaseRoute]:
    return [one.original_route for one in iter_route_contexts(app.routes)]


def guarded(app: FastAPI) -> list[str]:
    """Every route of the application behind the guard, those that look first and then those that change something."""
    names = [name for route in all_routes(app) if isinstance(route, GuardedRoute) for name in route.names()]
    return sorted(names, key=lambda name: (not name.startswith("GET"), not name.endswith("/reveal"), name))


def address(route: str, case: str = NOWHERE) -> str:
    """An address of the route: of a case, of a unit that is there, of nothing else that is."""
    path = route.split()[1].replace("{number}", case).replace("{assist}", "1")
    return path.replace("{unit}", UNIT).replace("{id}", "none").replace("{attachment}", "a" * 64)


def body(app: FastAPI, route: str) -> dict[str, Any] | None:
    """What the route takes, by the example that its description gives."""
    method, path = route.split()
    described = app.openapi()["paths"].get(path, {}).get(method.lower(), {}).get("requestBody")
    content = (described or {}).get("content", {}).get("application/json")
    if content is None:
        return None
    if examples := content.get("examples"):
        return dict(next(iter(examples.values()))["value"])
    schema = content["schema"]
    name = (schema.get("$ref") or schema["allOf"][0]["$ref"]).rsplit("/", 1)[1]
    return dict(app.openapi()["components"]["schemas"][name]["examples"][0])


def is_unknown(answer: httpx.Response) -> bool:
    """Whether an answer says that there is no such case."""
    return answer.status_code == 404 and answer.json()["type"].endswith("unknown-case")


async def key_of(keys: Keys, role: Role, unit: str = UNIT, source: str | None = None) -> Headers:
    return await headers(keys, role, unit=unit if acts_for(role) else None, source=source)


def test_every_route_names_its_row_and_every_door_is_there(app: FastAPI) -> None:
    assert set(guarded(app)) == set(ROWS) | PUBLIC | SIGNED
    assert set(ROWS.values()) <= set(RIGHTS)


def test_every_row_but_those_of_the_service_itself_has_a_door() -> None:
    assert set(RIGHTS) - set(ROWS.values()) == {"adopt", "repeat", "follow", "relay"}


def test_no_address_goes_round_the_guard(app: FastAPI) -> None:
    paths = [getattr(route, "path", "?") for route in all_routes(app) if not isinstance(route, GuardedRoute)]
    assert [path for path in paths if not path.startswith(PAGES_OF_THE_DESCRIPTION)] == []


def test_a_route_without_an_entry_cannot_be_made() -> None:
    router = APIRouter(prefix="/v1", route_class=GuardedRoute)
    with pytest.raises(LookupError, match="GET /v1/secrets has no entry"):

        @router.get("/secrets")
        def secrets() -> None: ...


@pytest.mark.parametrize("role", ROLES, ids=str)
async def test_each_role_is_let_in_where_the_table_says_and_nowhere_else(
    patient: FastAPI, keys: Keys, intake: Headers, role: Role
) -> None:
    key = await key_of(keys, role)
    async with talking_to(patient) as client:
        case = await started(client, intake)
        await do(client, await key_of(keys, Role.UNIT_LEAD), f"{case}/acknowledge")
        for route in guarded(patient):
            if route in PUBLIC | SIGNED:
                continue
            method = route.split()[0]
            url = address(route, case)
            answer = await client.request(method, url, headers=key, json=body(patient, route))
            told = f"{role} {route}: {answer.status_code} {answer.text}"
            assert answer.status_code < 500, told
            if role in RIGHTS[ROWS[route]].roles:
                assert answer.status_code not in AMONG_THE_SIGNS, told
                assert not is_unknown(answer), told
            else:
                assert answer.status_code == 403, told
                assert f"of the role {role} " in answer.json()["detail"], told
            assert (role in ACCESS[route]) == (role in RIGHTS[ROWS[route]].roles)


async def test_no_route_but_the_public_ones_answers_without_a_key(patient: FastAPI) -> None:
    async with talking_to(patient) as client:
        for route in guarded(patient):
            method = route.split()[0]
            # Without a key not even the body is looked at.
            answer = await client.request(method, address(route), content=b"{" if method != "GET" else None)
            assert (answer.status_code == 401) == (route not in PUBLIC), route


STRANGERS = {
    "intake of another source": (Role.INTAKE, UNIT, "app"),
    "desk of another source": (Role.DESK, UNIT, "app"),
    "auditor of another source": (Role.AUDITOR, UNIT, "app"),
    "lead of the unit, of another source": (Role.UNIT_LEAD, UNIT, "app"),
    "clerk of another unit": (Role.UNIT_CLERK, OTHER_UNIT, None),
    "lead of another unit": (Role.UNIT_LEAD, OTHER_UNIT, None),
    "another district": (Role.DISTRICT, OTHER_UNIT, None),
}


@pytest.mark.parametrize("who", STRANGERS)
async def test_a_case_out_of_reach_is_answered_like_one_that_is_not_there(
    patient: FastAPI, keys: Keys, intake: Headers, who: str
) -> None:
    role, unit, source = STRANGERS[who]
    key = await key_of(keys, role, unit, source)
    async with talking_to(patient) as client:
        case = await started(client, intake)
        await do(client, await key_of(keys, Role.UNIT_LEAD), f"{case}/acknowledge")
        before = await facts(client, intake, case)
        for route in guarded(patient):
            if route in PUBLIC | SIGNED or "{number}" not in route or role not in RIGHTS[ROWS[route]].roles:
                continue
            method, sent = route.split()[0], body(patient, route)
            answer = await client.request(method, address(route, case), headers=key, json=sent)
            unknown = await client.request(method, address(route), headers=key, json=sent)
            told = f"{who} {route}: {answer.status_code} {answer.text}"
            assert answer.status_code == unknown.status_code, f"{told}; {unknown.text}"
            assert answer.text.replace(case, NOWHERE) == unknown.text, told
            assert is_unknown(answer) or answer.status_code in (415, 422), told
        assert await facts(client, intake, case) == before
        for page in ("", "?order=due_at"):
            answer = await client.get(f"/v1/cases{page}", headers=key)
            assert (answer.status_code, answer.json()["items"]) == (200, [])


async def test_a_district_reaches_the_cases_of_its_units_and_lists_them(
    client: httpx.AsyncClient, keys: Keys, intake: Headers, unit: Headers
) -> None:
    district = await key_of(keys, Role.DISTRICT, OTHER_UNIT)
    led = await started(client, intake, unit=SUBDISTRICT)
    own = await started(client, intake, unit=OTHER_UNIT)
    foreign = await started(client, intake)
    for case in (led, own):
        assert (await shown(client, district, case))["number"] == case
    assert (await client.get(f"/v1/cases/{foreign}", headers=district)).status_code == 404
    for order in ("received_at", "due_at"):
        found = await listed(client, district, f"/v1/cases?order={order}", 2)
        assert {line["number"] for line in found} == {led, own}
    (line,) = await listed(client, district, f"/v1/cases?unit={SUBDISTRICT}", 1)
    assert line["number"] == led
    assert len(await listed(client, district, f"/v1/cases?district={OTHER_UNIT}", 2)) == 2
    for query in (f"unit={UNIT}", f"district={UNIT}", f"assisting={UNIT}", f"involved={UNIT}"):
        answer = await client.get(f"/v1/cases?{query}", headers=district)
        assert answer.status_code == 403, query
        assert query.split("=")[0] in answer.json()["detail"]
    # Another unit leads it, but one of the district is asked.
    desk = await key_of(keys, Role.DESK)
    waiting = await started(client, intake, unit=None, category="danger/falling-objects")
    await do(client, desk, f"{waiting}/consult", units=[SUBDISTRICT], question="Is it yours?")
    assert (await shown(client, district, waiting))["number"] == waiting
    (line,) = await listed(client, district, f"/v1/cases?involved={SUBDISTRICT}", 1)
    assert line["number"] == waiting


async def test_art_12_a_district_designates_and_holds_in_its_own_house_alone(
    client: httpx.AsyncClient, keys: Keys, intake: Headers
) -> None:
    district = await key_of(keys, Role.DISTRICT, OTHER_UNIT)
    own = await started(client, intake, unit=OTHER_UNIT)
    problem = await refused(client, district, f"{own}/designate", unit=UNIT, reason="Theirs.")
    assert (problem["rule"], problem["errors"][0]["field"]) == ("not_your_district", "unit")
    case = await do(client, district, f"{own}/designate", unit=SUBDISTRICT, reason="Their street.")
    assert case["unit"] == SUBDISTRICT
    assert "decide_extension" not in case["allowed"]
    case = await do(client, district, f"{own}/supervise", reason="The third one.")
    assert case["number"] == own


async def test_a_clerk_contacts_but_does_not_report(client: httpx.AsyncClient, keys: Keys, intake: Headers) -> None:
    clerk = await key_of(keys, Role.UNIT_CLERK)
    case = await started(client, intake)
    await do(client, clerk, f"{case}/acknowledge")
    await do(client, clerk, f"{case}/contact")
    answer = await client.post(f"/v1/cases/{case}/report", json={"outcome": "solved", "note": "Done."}, headers=clerk)
    assert answer.status_code == 403
    assert "unit_lead" in answer.json()["detail"]
    again = await refused(client, clerk, f"{case}/acknowledge")
    assert {"contact", "note"} <= set(again["allowed"])
    assert {"report", "escalate", "whistle"}.isdisjoint(again["allowed"])


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
