"""What is stuck on its way out: listed with its reason, counted, and tried again by hand."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any

import httpx
import pytest
import pytest_asyncio
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from cases import number as case_number
from cases.vocabulary import Role
from records.database import connect
from records.keys import Keys
from records.register import Register
from tests.api.conftest import OTHER_UNIT, UNIT, Headers, eventually, headers, listed, started
from tests.gateway.conftest import order
from tests.unit_system import UnitSystem


@pytest_asyncio.fixture
async def database(database_url: str) -> AsyncIterator[AsyncEngine]:
    engine = connect(database_url, pool_size=2)
    yield engine
    await engine.dispose()


async def got(client: httpx.AsyncClient, key: Headers, url: str, **query: str) -> dict[str, Any]:
    answer = await client.get(url, params=query or None, headers=key)
    assert answer.status_code == HTTPStatus.OK, answer.text
    told: dict[str, Any] = answer.json()
    return told


async def figures(client: httpx.AsyncClient, name: str) -> dict[str, float]:
    lines = (await client.get("/metrics")).text.splitlines()
    return {key: float(value) for key, value in (line.rsplit(" ", 1) for line in lines if line.startswith(f"{name}{{"))}


async def test_a_delivery_that_is_stuck_is_listed_and_tried_again_by_hand(
    client: httpx.AsyncClient, intake: Headers, unit: Headers, desk: Headers, register: Register
) -> None:
    with UnitSystem().running() as system:
        await system.connect(register, UNIT)
        system.answers = [404]
        number = await started(client, intake)
        await eventually(client, desk, number, lambda case: bool(case["orders"][0]["undelivered"]))
        (stuck,) = await listed(client, desk, "/v1/deliveries?state=stopped", 1)
        assert stuck["key"].startswith(f"{number}.")
        assert stuck["key"].endswith(f".order.{UNIT}")
        assert (stuck["case_number"], stuck["unit"], stuck["about"]) == (number, UNIT, "dispatched")
        assert (stuck["level"], stuck["attempts"], stuck["state"]) == ("utility", 1, "stopped")
        assert "404" in stuck["reason"]
        assert stuck["since"] <= stuck["last_tried_at"] < stuck["expected_by"]
        assert stuck["since"].endswith("+08:00")
        assert await figures(client, "hotline_stuck_deliveries") == {
            f'hotline_stuck_deliveries{{state="stopped",unit="{UNIT}"}}': 1
        }
        wrong = await client.post(f"/v1/cases/{number}/retry-delivery", json={"key": "x"}, headers=desk)
        assert wrong.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
        assert wrong.json()["errors"][0]["field"] == "key"
        again = desk | {"Idempotency-Key": "again"}
        answer = await client.post(f"/v1/cases/{number}/retry-delivery", json={"key": stuck["key"]}, headers=again)
        assert answer.status_code == HTTPStatus.OK, answer.text
        assert await listed(client, desk, "/v1/deliveries", 0) == []
        assert {key for key, _ in system.requests} == {stuck["key"]}
        assert len({bytes(body) for body in system.bodies}) == 1
        # Sent again although it has come through: it is answered, and nothing more is delivered.
        repeated = await client.post(f"/v1/cases/{number}/retry-delivery", json={"key": stuck["key"]}, headers=again)
        assert repeated.status_code == HTTPStatus.OK, repeated.text
        fresh = await client.post(f"/v1/cases/{number}/retry-delivery", json={"key": stuck["key"]}, headers=desk)
        assert fresh.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
        events = (await got(client, unit, f"/v1/cases/{number}/events"))["items"]
        assert [event["fact"]["type"] for event in events].count("delivery_retried") == 1


async def test_a_delivery_of_another_case_is_not_tried_again_for_this_one(
    client: httpx.AsyncClient, intake: Headers, desk: Headers, register: Register, keys: Keys
) -> None:
    number = await started(client, intake)
    form = order(UNIT)
    await register.deliveries.failed(form, "answers 500")
    for of, status in (
        (number, HTTPStatus.UNPROCESSABLE_ENTITY),
        (case_number.derive("nobody", "nothing"), HTTPStatus.NOT_FOUND),
    ):
        answer = await client.post(f"/v1/cases/{of}/retry-delivery", json={"key": form.key}, headers=desk)
        assert answer.status_code == status, answer.text
    bound = await headers(keys, Role.DESK, source="app")
    answer = await client.post(f"/v1/cases/{number}/retry-delivery", json={"key": form.key}, headers=bound)
    assert answer.status_code == HTTPStatus.NOT_FOUND


async def test_deliveries_are_listed_by_unit_and_state_page_by_page(
    client: httpx.AsyncClient, desk: Headers, unit: Headers, register: Register, keys: Keys
) -> None:
    forms = [order(code, str(place)) for place in range(3) for code in (UNIT, OTHER_UNIT)]
    for form in forms:
        await register.deliveries.failed(form, "answers 500")
    await register.deliveries.failed(forms[0], "answers 404", stopped=True)
    found, url = [], "/v1/deliveries?limit=2"
    while url:
        answer = await client.get(url, headers=desk)
        found += [one["key"] for one in answer.json()["items"]]
        url = answer.links["next"]["url"] if "next" in answer.links else ""
    assert found == [form.key for form in forms]
    mine = [form.key for form in forms if form.unit == UNIT]
    for key, asked in ((desk, f"?unit={UNIT}"), (unit, ""), (unit, f"?unit={UNIT}")):
        assert [one["key"] for one in (await got(client, key, f"/v1/deliveries{asked}"))["items"]] == mine
    stopped = await got(client, desk, "/v1/deliveries", state="stopped")
    assert [(one["key"], one["attempts"]) for one in stopped["items"]] == [(forms[0].key, 2)]
    foreign = await client.get(f"/v1/deliveries?unit={OTHER_UNIT}", headers=unit)
    assert foreign.status_code == HTTPStatus.FORBIDDEN
    bound = await headers(keys, Role.DESK, source="app")
    assert (await client.get("/v1/deliveries", headers=bound)).status_code == HTTPStatus.FORBIDDEN
    assert (await client.get("/v1/notices", headers=bound)).status_code == HTTPStatus.FORBIDDEN
    for query, field in (("state=lost", "state"), ("after=x", "after"), ("limit=0", "limit")):
        wrong = await client.get(f"/v1/deliveries?{query}", headers=desk)
        assert wrong.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
        assert wrong.json()["errors"][0]["field"] == field


async def sending(database: AsyncEngine, name: str, state: str, **changed: Any) -> None:
    """Put a sending into its table as the planning of notices leaves it."""
    row = {
        "id": name,
        "about": "dispatched",
        "audience": f"unit:{UNIT}",
        "case_number": None,
        "route": "desk",
        "channel": "mail",
        "language": "zh",
        "address": "somebody@example.org",
        "addressee": "digest",
        "subject": "words of the subject",
        "body": "words of the body",
        "state": state,
        "urgent": False,
        "send_after": datetime.now(UTC) + timedelta(hours=1),
        "attempts": 0,
        "reason": None,
        "failing_since": None,
        "notice": f"{name}-of",
    } | changed
    names = ", ".join(row)
    values = ", ".join(f":{column}" for column in row)
    async with database.begin() as connection:
        await connection.execute(text(f"INSERT INTO sendings ({names}) VALUES ({values})"), row)  # noqa: S608


async def test_notices_are_listed_without_addresses_and_words(
    client: httpx.AsyncClient, desk: Headers, database: AsyncEngine
) -> None:
    number = case_number.draw()
    await sending(database, f"{number}.1.notice.unit:{UNIT}/mail", "waiting", case_number=number)
    since = datetime.now(UTC)
    await sending(database, "b", "failed", failing_since=since, attempts=9, reason="the mail server answers 550")
    await sending(database, "c", "waiting", failing_since=since, attempts=1, reason="no answer")
    answer = await client.get("/v1/notices", headers=desk)
    assert len(answer.json()["items"]) == 3
    for hidden in ("somebody@", "words of", "digest"):
        assert hidden not in answer.text
    (one,) = (await got(client, desk, "/v1/notices", case=number.lower()))["items"]
    assert (one["state"], one["channel"], one["audience"]) == ("waiting", "mail", f"unit:{UNIT}")
    (failed,) = (await got(client, desk, "/v1/notices", state="failed"))["items"]
    assert (failed["id"], failed["reason"], failed["attempts"]) == ("b", "the mail server answers 550", 9)
    pages = [await got(client, desk, "/v1/notices", limit="2")]
    pages.append(await got(client, desk, "/v1/notices", limit="2", after=pages[0]["next"]))
    assert [len(page["items"]) for page in pages] == [2, 1]
    assert pages[1]["next"] is None
    assert await figures(client, "hotline_stuck_notices") == {'hotline_stuck_notices{channel="mail"}': 2}
    for query, field in (("state=lost", "state"), ("case=0000-0000-0000-1", "case"), ("after=x", "after")):
        wrong = await client.get(f"/v1/notices?{query}", headers=desk)
        assert wrong.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
        assert wrong.json()["errors"][0]["field"] == field


async def test_a_notice_is_sent_again_by_hand_unless_it_was_sent(
    client: httpx.AsyncClient, desk: Headers, database: AsyncEngine
) -> None:
    name = f"1.notice.unit:{UNIT}/mail"
    await sending(database, name, "failed", failing_since=datetime.now(UTC), attempts=9, reason="answers 550")
    await sending(database, "gone", "sent", sent_at=datetime.now(UTC))
    again = await client.post(f"/v1/notices/{name}/retry", headers=desk)
    assert again.status_code == HTTPStatus.OK, again.text
    assert (again.json()["id"], again.json()["state"]) == (name, "failing")
    refused = await client.post("/v1/notices/gone/retry", headers=desk)
    assert refused.status_code == HTTPStatus.CONFLICT
    assert "sent already" in refused.json()["detail"]
    nowhere = await client.post("/v1/notices/none/retry", headers=desk)
    assert nowhere.status_code == HTTPStatus.NOT_FOUND
    assert nowhere.json()["errors"][0]["field"] == "id"


async def test_figures_of_what_is_stuck_go_when_it_has_come_through(
    client: httpx.AsyncClient, register: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.metrics._COUNTED_EVERY", 0.0)
    forms = [order(UNIT, str(place)) for place in range(3)]
    for form in forms:
        await register.deliveries.failed(form, "answers 500")
    await register.deliveries.failed(forms[0], "answers 404", stopped=True)
    name = "hotline_stuck_deliveries"
    assert await figures(client, name) == {
        f'{name}{{state="retrying",unit="{UNIT}"}}': 2,
        f'{name}{{state="stopped",unit="{UNIT}"}}': 1,
    }
    await register.deliveries.arrived([form.key for form in forms])
    assert await figures(client, name) == {}
