"""Signed callbacks: a unit's system takes the steps of its cases with a secret instead of a key."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any

import httpx
import pytest
import pytest_asyncio
from fastapi import FastAPI

from api.app import create_app
from api.limits import MOST_BYTES
from cases import number as case_number
from cases.routing import Unit
from hotline.policies import City
from hotline.settings import Settings
from records.database import connect
from records.keys import Keys
from records.register import Register
from tests.api.conftest import OTHER_UNIT, SUBDISTRICT, UNIT, Headers, do, facts, refused, shown, started, talking_to
from tests.api.signing_system import System, signed, written
from tests.own_keys import KEYS
from workflows.engine import Engine

URL = f"/v1/callbacks/{UNIT}"
NOBODYS = "whsec_dGhpcyBzZWNyZXQgaXMgZm9yIHRlc3RzIGFsb25lIQ=="


@pytest_asyncio.fixture
async def system(client: httpx.AsyncClient, register: Register) -> System:
    return System(client, await register.systems.new_secret(UNIT, timedelta(0)))


@pytest_asyncio.fixture
async def called(client: httpx.AsyncClient, register: Register) -> System:
    """The system of a unit whose code is that of a subdistrict."""
    return System(client, await register.systems.new_secret(SUBDISTRICT, timedelta(0)), SUBDISTRICT)


def problem(answer: httpx.Response, status: HTTPStatus) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    told: dict[str, Any] = answer.json()
    return told


async def test_a_system_leads_a_case_from_signature_to_report(
    client: httpx.AsyncClient, intake: Headers, unit: Headers, system: System
) -> None:
    number = await started(client, intake)
    signed_for = await system.tell("acknowledge", number.lower().replace("-", ""), note="三队前往。")
    assert signed_for.status_code == HTTPStatus.OK, signed_for.text
    assert signed_for.json()["status"] == "acknowledged"
    for act, data in (
        ("contact", {}),
        ("progress", {"note": "The part is ordered."}),
        ("request_extension", {"by": "1 day", "reason": "The part comes tomorrow."}),
        ("wait", {"reason": "The key to the cellar."}),
        ("resume", {"reason": "She has brought it."}),
        ("note", {"text": "Cellar 3."}),
        ("escalate", {"reason": "The pipe is a company's."}),
        ("report", {"outcome": "solved", "note": "Water runs again."}),
    ):
        answer = await system.tell(act, number, **data)
        assert answer.status_code == HTTPStatus.OK, f"{act}: {answer.text}"
    case = await shown(client, unit, number)
    assert case["status"] == "reported"
    events = (await shown(client, unit, number, "/events"))["items"]
    (signing,) = [event for event in events if event["fact"]["type"] == "acknowledged"]
    assert signing["actor"] == {"role": "unit_lead", "id": "callback", "unit": UNIT}
    assert signing["fact"]["note"] == "三队前往。"


async def test_a_unit_that_was_called_in_answers_for_its_part(
    client: httpx.AsyncClient, intake: Headers, system: System, called: System
) -> None:
    number = await started(client, intake)
    await system.tell("acknowledge", number)
    whistle = await system.tell("whistle", number, calls=[{"unit": SUBDISTRICT, "task": "Open the road."}])
    assert whistle.status_code == HTTPStatus.OK, whistle.text
    for act, data in (
        ("assist_acknowledge", {}),
        ("assist_progress", {"note": "On the way."}),
        ("assist_report", {"note": "Open."}),
    ):
        answer = await called.tell(act, number, assist=1, **data)
        assert answer.status_code == HTTPStatus.OK, f"{act}: {answer.text}"
    missing = problem(await called.tell("assist_progress", number, note="x"), HTTPStatus.UNPROCESSABLE_ENTITY)
    assert missing["errors"][0]["field"] == "data.assist"
    added = problem(await system.tell("contact", number, assist=1), HTTPStatus.UNPROCESSABLE_ENTITY)
    assert added["errors"][0]["field"] == "data.assist"


async def test_it_is_the_same_as_the_step_with_the_same_refusals(
    client: httpx.AsyncClient, intake: Headers, unit: Headers, system: System
) -> None:
    number = await started(client, intake)
    report = {"outcome": "solved", "note": "Done."}
    by_callback = problem(await system.tell("report", number, **report), HTTPStatus.CONFLICT)
    by_step = await refused(client, unit, f"{number}/report", **report)
    assert by_callback == by_step
    for act, data, field in (
        ("return", {}, "data.reason"),
        ("return", {"reason": "Not ours.", "proposed": "chaoyan"}, "data.proposed"),
        ("return", {"reason": "Not ours.", "colour": "red"}, "data.colour"),
        ("report", {"outcome": "gone", "note": "Done."}, "data.outcome"),
        ("acknowledge", {"note": 7}, "data.note"),
        ("whistle", {"calls": [{"unit": "ecologie", "task": "Measure."}]}, "data.calls.0.unit"),
        ("request_extension", {"by": "soon", "reason": "So."}, "data.by"),
    ):
        told = problem(await system.tell(act, number, **data), HTTPStatus.UNPROCESSABLE_ENTITY)
        assert [one["field"] for one in told["errors"]] == [field]
        assert told["detail"].startswith(f"{field}: ")


async def test_the_same_message_again_is_done_once_and_another_one_under_its_id_not_at_all(
    client: httpx.AsyncClient, intake: Headers, unit: Headers, system: System
) -> None:
    number = await started(client, intake)
    first = await system.tell("acknowledge", number, "m-1", note="Team 3.")
    again = await system.tell("acknowledge", number, "m-1", note="Team 3.")
    assert (first.status_code, again.status_code) == (HTTPStatus.OK, HTTPStatus.OK)
    assert again.json() == first.json()
    for act, data in (("acknowledge", {"note": "Team 4."}), ("contact", {"note": "Team 3."})):
        told = problem(await system.tell(act, number, "m-1", **data), HTTPStatus.UNPROCESSABLE_ENTITY)
        assert told["errors"][0]["field"] == "webhook-id"
        assert "id of its own" in told["detail"]
        assert "Idempotency-Key" not in str(told)
    assert (await facts(client, unit, number)).count("acknowledged") == 1


async def test_one_id_of_two_units_is_two_messages(
    client: httpx.AsyncClient, intake: Headers, system: System, called: System
) -> None:
    number = await started(client, intake)
    await system.tell("acknowledge", number, "m-1")
    await system.tell("whistle", number, calls=[{"unit": SUBDISTRICT, "task": "Open the road."}])
    answer = await called.tell("assist_acknowledge", number, "m-1", assist=1)
    assert answer.status_code == HTTPStatus.OK, answer.text


async def test_nothing_but_a_valid_signature_opens_and_nobody_learns_why(
    client: httpx.AsyncClient, intake: Headers, unit: Headers, system: System, called: System
) -> None:
    number = await started(client, intake)
    body = written("acknowledge", number)
    now, good = datetime.now(UTC), signed(system.secret, body)
    attempts = [
        (URL, body, signed(NOBODYS, body)),
        (URL, body, signed(called.secret, body)),
        (URL, body + b" ", good),
        (URL, body, good | {"webhook-id": "another"}),
        (URL, body, signed(system.secret, body, at=now - timedelta(minutes=6))),
        (URL, body, signed(system.secret, body, at=now + timedelta(minutes=6))),
        (URL, body, good | {"webhook-timestamp": "yesterday"}),
        (URL, body, good | {"webhook-timestamp": "nan"}),
        (URL, body, good | {"webhook-signature": "v1"}),
        (URL, body, good | {"webhook-signature": "v1,not base64 at all"}),
        (URL, body, good | {"webhook-signature": good["webhook-signature"].replace("v1,", "v1a,")}),
        (URL, b"\xff" + body, good),
        (f"/v1/callbacks/{OTHER_UNIT}", body, good),
        ("/v1/callbacks/no-such-unit", body, good),
        ("/v1/callbacks/a%00b", body, good),
        (URL, body, unit | {"Content-Type": "application/json"}),
        (URL, b"{", unit),
        *((URL, body, {name: text for name, text in good.items() if name != left}) for left in list(good)[1:]),
    ]
    answers = [
        problem(await client.post(url, content=sent, headers=head), HTTPStatus.UNAUTHORIZED)
        for url, sent, head in attempts
    ]
    assert all(told == answers[0] for told in answers)
    assert "acknowledged" not in await facts(client, unit, number)
    assert (await client.post(URL, content=body, headers=good)).status_code == HTTPStatus.OK


async def test_no_second_id_comes_beside_the_signed_one(
    client: httpx.AsyncClient, intake: Headers, system: System
) -> None:
    number = await started(client, intake)
    body = written("acknowledge", number)
    twice = [*signed(system.secret, body).items(), ("webhook-id", "another")]
    for head in (twice, twice[::-1]):
        problem(await client.post(URL, content=body, headers=head), HTTPStatus.UNAUTHORIZED)


async def test_while_secrets_change_either_signs(
    client: httpx.AsyncClient, intake: Headers, system: System, register: Register
) -> None:
    number = await started(client, intake)
    newer = System(client, await register.systems.new_secret(UNIT, timedelta(hours=1)))
    assert (await system.tell("acknowledge", number)).status_code == HTTPStatus.OK
    assert (await newer.tell("contact", number)).status_code == HTTPStatus.OK
    body = written("note", number, text="Both.")
    both = signed(NOBODYS, body, "m-2")
    ours = signed(newer.secret, body, "m-2")["webhook-signature"]
    both["webhook-signature"] += f" v2,AAAA {ours}"
    assert (await client.post(URL, content=body, headers=both)).status_code == HTTPStatus.OK
    newest = System(client, await register.systems.new_secret(UNIT, timedelta(0)))
    for gone in (system, newer):
        assert (await gone.tell("note", number, text="Old.")).status_code == HTTPStatus.UNAUTHORIZED
    assert (await newest.tell("note", number, text="New.")).status_code == HTTPStatus.OK


async def test_a_case_that_is_not_the_units_is_as_one_that_is_not_there(
    client: httpx.AsyncClient, intake: Headers, system: System
) -> None:
    foreign = await started(client, intake, unit=OTHER_UNIT)
    nowhere = case_number.derive("nobody", "nothing")
    for act, data in (("acknowledge", {}), ("note", {"text": "Odd."}), ("report", {"outcome": "solved", "note": "x"})):
        told = problem(await system.tell(act, foreign, **data), HTTPStatus.NOT_FOUND)
        unknown = problem(await system.tell(act, nowhere, **data), HTTPStatus.NOT_FOUND)
        assert json.dumps(told).replace(foreign, nowhere) == json.dumps(unknown)
        assert told["errors"][0]["field"] == "data.case_number"
    mistyped = problem(await system.tell("acknowledge", "0000-0000-0000-1"), HTTPStatus.NOT_FOUND)
    assert mistyped["errors"][0]["field"] == "data.case_number"


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        (b"{", HTTPStatus.BAD_REQUEST, "body"),
        (b"[]", HTTPStatus.UNPROCESSABLE_ENTITY, "body"),
        (b"{}", HTTPStatus.UNPROCESSABLE_ENTITY, "type"),
        (b'{"type": "dispatch", "data": {"case_number": "x"}}', HTTPStatus.UNPROCESSABLE_ENTITY, "type"),
        (b'{"type": "acknowledge", "data": {}}', HTTPStatus.UNPROCESSABLE_ENTITY, "data.case_number"),
        (b'{"type": "acknowledge", "data": 7}', HTTPStatus.UNPROCESSABLE_ENTITY, "data"),
        (
            b'{"type": "acknowledge", "timestamp": "now", "data": {"case_number": "x"}}',
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "timestamp",
        ),
        (
            b'{"type": "acknowledge", "data": {"case_number": "x", "note": "a\\u0000b"}}',
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "data.note",
        ),
    ],
)
async def test_what_cannot_be_read_is_told_by_its_field(
    client: httpx.AsyncClient, system: System, body: bytes, status: HTTPStatus, field: str
) -> None:
    told = problem(await client.post(URL, content=body, headers=signed(system.secret, body)), status)
    assert told["errors"][0]["field"] == field


async def test_an_id_that_nobody_can_keep_is_told(client: httpx.AsyncClient, intake: Headers, system: System) -> None:
    number = await started(client, intake)
    told = problem(await system.tell("acknowledge", number, "m" * 201), HTTPStatus.UNPROCESSABLE_ENTITY)
    assert told["errors"][0]["field"] == "webhook-id"


async def test_a_message_that_is_too_large_is_not_even_verified(client: httpx.AsyncClient, system: System) -> None:
    body = b" " * (MOST_BYTES + 1)
    answer = await client.post(URL, content=body, headers=signed(NOBODYS, body))
    problem(answer, HTTPStatus.REQUEST_ENTITY_TOO_LARGE)

    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield b" " * 100_000

    answer = await client.post(URL, content=pieces(), headers=signed(NOBODYS, body))
    problem(answer, HTTPStatus.REQUEST_ENTITY_TOO_LARGE)


async def test_a_unit_whose_code_has_a_slash_calls_back(
    client: httpx.AsyncClient, register: Register, intake: Headers
) -> None:
    await register.put_units([Unit(code="street-light/north", kind="enterprise", title={"en": "Light"})])
    secret = await register.systems.new_secret("street-light/north", timedelta(0))
    theirs = System(client, secret, "street-light/north")
    number = await started(client, intake)
    assert (await theirs.tell("acknowledge", number)).status_code == HTTPStatus.NOT_FOUND


async def test_while_the_register_is_away_the_system_is_told_to_come_again(
    engine: Engine, keys: Keys, city: City, system: System
) -> None:
    database = connect("postgresql://nobody@127.0.0.1:1/nothing")
    app: FastAPI = create_app(Settings(), engine=engine, register=Register(database, KEYS), keys=keys, city=city)
    async with talking_to(app) as client:
        away = await System(client, system.secret).tell("acknowledge", case_number.draw())
    assert problem(away, HTTPStatus.SERVICE_UNAVAILABLE)["type"] == "urn:hotline:problem:unavailable"
    await database.dispose()


async def test_a_key_of_the_unit_and_a_callback_never_take_each_other_for_a_repetition(
    client: httpx.AsyncClient, intake: Headers, unit: Headers, system: System
) -> None:
    number = await started(client, intake)
    await do(client, unit | {"Idempotency-Key": "m-1"}, f"{number}/acknowledge", note="By key.")
    answer = await system.tell("contact", number, "m-1", note="By callback.")
    assert answer.status_code == HTTPStatus.OK, answer.text
