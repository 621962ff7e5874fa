"""GET /v1/audit: what was done and seen, page by page, for those who audit."""

from http import HTTPStatus
from typing import Any

import httpx
import pytest_asyncio

from cases.masking import WITHHELD
from cases.sealed import UNREADABLE
from cases.vocabulary import Actor, Role
from records.keys import Keys
from records.register import Register
from tests.api.conftest import UNIT, Headers, do, headers, listed, started
from tests.api.test_systems import ENDPOINT
from tests.api.test_systems import URL as SYSTEM_URL

URL = "/v1/audit"
CLERK = Actor(role=Role.DESK, id="key:clerk")


@pytest_asyncio.fixture
async def auditor(keys: Keys) -> Headers:
    return await headers(keys, Role.AUDITOR)


async def asked(client: httpx.AsyncClient, auditor: Headers, **query: Any) -> dict[str, Any]:
    answer = await client.get(URL, params=query, headers=auditor)
    assert answer.status_code == HTTPStatus.OK, answer.text
    told: dict[str, Any] = answer.json()
    return told


async def test_every_step_of_a_case_is_told_with_who_took_it_and_from_where(
    client: httpx.AsyncClient, intake: Headers, unit: Headers, auditor: Headers, register: Register
) -> None:
    number = await started(client, intake)
    await do(client, unit, f"{number}/acknowledge", note="taken")
    await listed(client, auditor, f"{URL}?case={number}&action=acknowledged", 1)
    items = (await asked(client, auditor, case=number.lower()))["items"]
    steps = [one for one in items if one["seq"] is not None]
    events = await register.events(number)
    assert [(one["seq"], one["action"]) for one in reversed(steps)] == [(one.seq, one.fact.type) for one in events]
    signed = next(one for one in steps if one["action"] == "acknowledged")
    assert signed["actor"]["role"] == "unit_lead"
    assert signed["actor"]["unit"] == UNIT
    assert signed["origin"] == "127.0.0.1"
    assert signed["case_number"] == number


async def test_the_list_is_narrowed_and_turned(client: httpx.AsyncClient, auditor: Headers, register: Register) -> None:
    for index in range(5):
        await register.audit.note(CLERK, "reveal", details={"index": index})
    await register.audit.note(CLERK, "another")
    first = await asked(client, auditor, actor=CLERK.id, action="reveal", limit=3)
    rest = await asked(client, auditor, actor=CLERK.id, action="reveal", limit=3, after=first["next"])
    assert [one["details"]["index"] for one in first["items"] + rest["items"]] == [4, 3, 2, 1, 0]
    assert rest["next"] is None
    middle = first["items"][1]["at"]
    since = await asked(client, auditor, actor=CLERK.id, since=middle)
    assert [one["action"] for one in since["items"]] == ["another", "reveal", "reveal"]
    of_another = (await asked(client, auditor, case="NTKD-79Y1-BW75-Y"))["items"]
    assert [one["action"] for one in of_another] == ["trail_read"]


async def test_whoever_reads_the_trail_stands_in_it(client: httpx.AsyncClient, auditor: Headers) -> None:
    await asked(client, auditor, actor="key:someone", limit=1)
    (reading,) = [
        one for one in (await asked(client, auditor, action="trail_read"))["items"] if "actor" in one["details"]
    ]
    assert reading["details"] == {"actor": "key:someone"}
    assert reading["actor"]["role"] == "auditor"
    assert reading["origin"] == "127.0.0.1"


async def test_why_somebody_looked_is_told_without_numbers(
    client: httpx.AsyncClient, intake: Headers, auditor: Headers, register: Register
) -> None:
    number = await started(client, intake)
    key = await register.seals.key_for(number)
    reason = key.seal("they asked to be called back at 13800138000")
    await register.audit.note(CLERK, "reveal", case=number, reason=reason)
    (told,) = (await asked(client, auditor, case=number, action="reveal"))["items"]
    assert told["reason"].startswith("they asked to be called back at ")
    assert "13800138000" not in told["reason"]
    assert "sealed" not in told["reason"]


async def test_why_somebody_looked_tells_nobody_whose_case_it_is(
    client: httpx.AsyncClient, intake: Headers, auditor: Headers, admin: Headers, register: Register
) -> None:
    number = await started(client, intake, complainant={"name": "慕容晓晓", "phone": "010-65123456"})
    await listed(client, intake, "/v1/cases", 1)
    reason = (await register.seals.key_for(number)).seal("慕容晓晓要求回电 65123456")
    await register.audit.note(CLERK, "reveal", case=number, reason=reason)
    (told,) = (await asked(client, auditor, case=number, action="reveal"))["items"]
    assert told["reason"] == "慕容**要求回电 ****3456"
    (told,) = (await asked(client, admin, case=number, action="reveal"))["items"]
    assert told["reason"] == WITHHELD


async def test_a_reason_is_opened_by_a_key_of_its_own_case_alone(
    client: httpx.AsyncClient, intake: Headers, auditor: Headers, register: Register
) -> None:
    number, other = await started(client, intake), await started(client, intake)
    await listed(client, intake, "/v1/cases", 2)
    stolen = (await register.seals.key_for(other)).seal("what was said in confidence")
    for case in (number, None, other):
        await register.audit.note(CLERK, "noted", case=case, reason=f"see {stolen}")
    items = (await asked(client, auditor, action="noted"))["items"]
    assert [one["reason"] for one in items] == [
        "see what was said in confidence",
        f"see {UNREADABLE}",
        f"see {UNREADABLE}",
    ]


async def test_what_is_done_to_a_units_system_is_told(
    client: httpx.AsyncClient, admin: Headers, auditor: Headers
) -> None:
    set_up = await client.put(SYSTEM_URL, json={"endpoint": ENDPOINT}, headers=admin)
    secret = set_up.json()["secret"]
    await client.post(f"{SYSTEM_URL}/secrets", headers=admin)
    await client.delete(SYSTEM_URL, headers=admin)
    items = [
        (one["action"], one["details"])
        for one in (await asked(client, auditor))["items"]
        if one["action"].startswith("system_")
    ]
    assert items == [
        ("system_removed", {"unit": UNIT}),
        ("system_secret_made", {"unit": UNIT, "old_kept_for": 86400}),
        ("system_set", {"unit": UNIT, "host": "1.1.1.1"}),
    ]
    assert secret not in (await client.get(URL, headers=auditor)).text


async def test_what_is_asked_wrongly_is_told(client: httpx.AsyncClient, auditor: Headers) -> None:
    places = (("since", "yesterday"), ("limit", "0"), ("after", "zzz"))
    for name, value in (*places, ("case", "nonsense"), ("who", "me"), ("action", "foo"), ("actor", "me")):
        answer = await client.get(URL, params={name: value}, headers=auditor)
        assert answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY, answer.text
        assert [one["field"] for one in answer.json()["errors"]] == [name]


async def test_nobody_else_reads_it(client: httpx.AsyncClient, desk: Headers, supervisor: Headers) -> None:
    for other in (desk, supervisor):
        assert (await client.get(URL, headers=other)).status_code == HTTPStatus.FORBIDDEN
