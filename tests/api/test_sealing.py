"""What people say is sealed at the door, opened on the way out, and known again although it looks another way."""

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio
from fastapi import FastAPI

from api.app import create_app
from api.idempotency import command_id
from cases import number as case_number
from cases.commands import Command, Receive, Remark, Withdraw
from cases.decide import decide
from cases.events import Acknowledged
from cases.evolve import fold
from cases.routing import Route
from cases.sealed import ERASED, is_sealed, token
from cases.vocabulary import SYSTEM, Actor, Complaint, Role
from hotline.policies import City
from hotline.settings import Settings
from records.database import connect
from records.keys import Keys
from records.register import Register
from tests.api.conftest import SOURCE, UNIT, Headers, do, listed, new_case, refused, shown, started, talking_to
from tests.outage import away
from tests.own_keys import KEYS
from tests.unit.narrative import NOON
from workflows.engine import Engine

WORDS = "楼上漏水，物业不管。"
SEALED = token("k" * 22, "c" * 40)
PLACE = {"area": "chaoyang", "latitude": 39.908723, "longitude": 116.397499}


@pytest_asyncio.fixture
async def ready(engine: Engine, keys: Keys, city: City, database_url: str) -> AsyncIterator[httpx.AsyncClient]:
    """A client of another process, which holds three keys ready."""
    database = connect(database_url, pool_size=2)
    register = Register(database, KEYS, reserve=3)
    await register.seals.fill()
    async with talking_to(create_app(Settings(), engine=engine, register=register, keys=keys, city=city)) as talking:
        yield talking
    await database.dispose()


async def test_texts_are_kept_sealed_and_told_open(
    client: httpx.AsyncClient, intake: Headers, unit: Headers, desk: Headers, register: Register
) -> None:
    number = await started(client, intake, description=WORDS, location=PLACE)
    await do(client, unit, f"{number}/acknowledge", note=WORDS)
    await listed(client, unit, "/v1/cases?status=acknowledged", 1)
    history = await register.history(number)
    kept = fold(history).complaint
    assert is_sealed(kept.description)
    assert (kept.location.latitude, kept.location.longitude) == (39.91, 116.4)
    signed = next(event for event in history if event.fact.type == "acknowledged")
    assert isinstance(signed.fact, Acknowledged)
    assert is_sealed(signed.fact.note)
    assert signed.cause is not None
    assert (signed.cause.origin, len(signed.cause.fingerprint)) == ("127.0.0.1", 32)
    told = (await shown(client, desk, number))["complaint"]
    assert told["description"] == WORDS
    assert told["location"] == PLACE | {"address": None}
    events = (await shown(client, desk, number, "/events"))["items"]
    assert [one["fact"]["note"] for one in events if one["fact"]["type"] == "acknowledged"] == [WORDS]
    moment = {"as_of": events[0]["at"]}
    then = await client.get(f"/v1/cases/{number}", params=moment, headers=desk)
    assert then.json()["complaint"]["description"] == WORDS


async def test_a_retry_is_known_again_although_another_key_seals_it(
    client: httpx.AsyncClient, ready: httpx.AsyncClient, intake: Headers, unit: Headers, database_url: str
) -> None:
    number = await started(client, intake)
    once = unit | {"Idempotency-Key": "once"}
    first = await do(client, once, f"{number}/acknowledge", note=WORDS)
    await shown(ready, unit, number)
    with away(database_url):
        again = await do(ready, once, f"{number}/acknowledge", note=WORDS)
        reused = await refused(ready, once, f"{number}/acknowledge", note="Something else.")
    assert again["version"] == first["version"]
    assert reused["errors"][0]["field"] == "Idempotency-Key"


async def test_while_postgresql_is_away_complaints_are_taken_as_long_as_there_are_keys(
    ready: httpx.AsyncClient, intake: Headers, database_url: str
) -> None:
    await ready.get("/v1/units", headers=intake)
    body, last = new_case(description=WORDS), new_case()
    with away(database_url):
        taken, again = [await ready.post("/v1/cases", json=body, headers=intake) for _ in range(2)]
        assert (taken.status_code, again.status_code) == (201, 200), again.text
        number = taken.json()["number"]
        await do(ready, intake, f"{number}/supplement", channel="phone", note=WORDS)
        assert (await shown(ready, intake, number))["complaint"]["description"] == WORDS
        await ready.post("/v1/cases", json=new_case(), headers=intake)
        refused = await ready.post("/v1/cases", json=last, headers=intake)
    assert refused.status_code == 503
    assert int(refused.headers["Retry-After"]) > 0
    assert "keys held ready" in refused.json()["detail"]
    assert (await ready.post("/v1/cases", json=last, headers=intake)).status_code == 201
    known = await ready.post("/v1/cases", json=body, headers=intake)
    assert (known.status_code, known.json()["number"]) == (200, number)


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"description": SEALED}, "description"),
        ({"description": f"See {SEALED} there."}, "description"),
        ({"description": ERASED}, "description"),
        ({"source_ref": SEALED}, "source_ref"),
        ({"subject": SEALED}, "subject"),
        ({"complainant": {"phone": SEALED}}, "complainant.phone"),
        ({"location": {"address": SEALED}}, "location.address"),
        ({"unit": None, "triage": {"ground": "unlawful", "told": SEALED}}, "triage.told"),
        ({"location": {"point": "39.908723,116.397499"}}, "location.point"),
    ],
)
async def test_what_looks_sealed_is_told_by_its_field_and_begins_nothing(
    client: httpx.AsyncClient, intake: Headers, changed: dict[str, Any], field: str
) -> None:
    body = new_case()
    answer = await client.post("/v1/cases", json=body | changed, headers=intake)
    assert answer.status_code == 422, answer.text
    (error,) = answer.json()["errors"]
    assert error["field"] == field
    assert SEALED not in answer.text
    assert (await client.post("/v1/cases", json=body, headers=intake)).status_code == 201


async def test_a_step_that_looks_sealed_is_not_taken(
    client: httpx.AsyncClient, intake: Headers, unit: Headers, desk: Headers
) -> None:
    number = await started(client, intake)
    await do(client, unit, f"{number}/acknowledge")
    for key, path, body, field in (
        (unit, "contact", {"note": SEALED}, "note"),
        (unit, "whistle", {"calls": [{"unit": "ecology", "task": SEALED}]}, "calls.0.task"),
        (desk, "supervise", {"reason": ERASED}, "reason"),
    ):
        problem = await refused(client, key, f"{number}/{path}", **body)
        assert (problem["status"], problem["errors"][0]["field"]) == (422, field)
    case = await shown(client, unit, number)
    assert (case["status"], case["assists"], case["supervised_at"]) == ("acknowledged", [], None)


def test_nobody_is_told_of_the_point_that_only_sealed_places_have(app: FastAPI) -> None:
    assert '"point"' not in json.dumps(app.openapi())


async def test_a_complaint_that_an_earlier_release_took_is_known_again(
    client: httpx.AsyncClient, intake: Headers, register: Register, city: City
) -> None:
    body = new_case()
    number = case_number.derive(body["source"], body["source_ref"])
    complaint = Complaint(received_at=NOON, **{name: body[name] for name in body if name != "unit"})
    terms = city.policy.terms("utility")
    act = Receive(number=number, complaint=complaint, terms=terms, route=Route(unit=UNIT, reason="catalogue line 1"))
    events = decide(None, Command(id="receive", actor=Actor(role=Role.INTAKE), act=act), NOON)
    await register.record(number, events + decide(fold(events), Command(id="end", actor=SYSTEM, act=Withdraw()), NOON))
    known = await client.post("/v1/cases", json=body, headers=intake)
    assert (known.status_code, known.json()["number"]) == (200, number)
    other = await client.post("/v1/cases", json=body | {"description": "Something else."}, headers=intake)
    assert (other.status_code, other.json()["rule"]) == (409, "different_content")


async def test_a_step_that_an_earlier_release_took_is_known_again(
    client: httpx.AsyncClient, intake: Headers, desk: Headers, engine: Engine
) -> None:
    number = await started(client, intake)
    prefix = desk["Authorization"].removeprefix("Bearer hl_").split("_")[0]
    own_id = command_id(prefix, number, "note", "once")
    actor = Actor(role=Role.DESK, id=f"key:{prefix}")
    before = await engine.submit(number, Command(id=own_id, actor=actor, act=Remark(text=WORDS)))
    once = desk | {"Idempotency-Key": "once"}
    assert (await do(client, once, f"{number}/note", text=WORDS))["version"] == before.version
    assert (await refused(client, once, f"{number}/note", text="Else."))["rule"] == "command_id_reused"


async def test_an_erased_case_is_answered_under_its_reference_whatever_is_sent(
    client: httpx.AsyncClient, intake: Headers, register: Register
) -> None:
    body = new_case(description=WORDS)
    number = (await client.post("/v1/cases", json=body, headers=intake)).json()["number"]
    await do(client, intake, f"{number}/withdraw", reason=WORDS)
    await listed(client, intake, "/v1/cases?status=closed", 1)
    await register.erasures.erase(number, rule="on_request", reason="", actor=SYSTEM)
    register.seals.forget(number)
    for sent in (body, body | {"description": "Something else."}):
        answer = await client.post("/v1/cases", json=sent, headers=intake)
        assert (answer.status_code, answer.json()["number"]) == (200, number)
    case = await shown(client, intake, number)
    assert (case["complaint"]["description"], case["closure"]["reason"]) == (ERASED, ERASED)
    assert (case["complaint"]["source"], case["outcome"]) == (SOURCE, "withdrawn")
