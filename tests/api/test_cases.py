"""Taking complaints in, reading and listing them, and what units and the desk say to them."""

from datetime import UTC, datetime, timedelta

import httpx
import pytest

from tests.api.conftest import OTHER_UNIT, UNIT, Headers, do, listed, new_case, refused, started

SOLVED = {"outcome": "solved", "note": "Main repaired."}
HAPPY = {"reached": True, "contacted": True, "solved": True, "satisfaction": "satisfied"}


async def test_a_complaint_gets_its_number_status_and_deadlines(client: httpx.AsyncClient, intake: Headers) -> None:
    answer = await client.post("/v1/cases", json=new_case(), headers=intake)
    assert answer.status_code == 201
    told = answer.json()
    assert answer.headers["Location"] == f"/v1/cases/{told['number']}"
    assert (told["status"], told["unit"], told["level"]) == ("dispatched", UNIT, "utility")
    assert {one["name"] for one in told["deadlines"]} == {"acknowledgment", "handling", "resolution"}
    assert all(one["due_at"].endswith("+08:00") for one in told["deadlines"])


async def test_the_same_reference_finds_the_same_case(client: httpx.AsyncClient, intake: Headers) -> None:
    body = new_case()
    first = await client.post("/v1/cases", json=body, headers=intake)
    again = await client.post("/v1/cases", json=body, headers=intake)
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json()["number"] == first.json()["number"]


async def test_other_content_under_a_reference_is_a_conflict(client: httpx.AsyncClient, intake: Headers) -> None:
    body = new_case()
    await client.post("/v1/cases", json=body, headers=intake)
    answer = await client.post("/v1/cases", json=body | {"description": "Something else."}, headers=intake)
    assert answer.status_code == 409
    assert answer.json()["rule"] == "different_content"
    assert "source_ref" in answer.json()["detail"]


async def test_without_a_reference_the_idempotency_key_stands_for_it(
    client: httpx.AsyncClient, intake: Headers
) -> None:
    body = new_case()
    del body["source_ref"]
    headers = intake | {"Idempotency-Key": "once"}
    first = await client.post("/v1/cases", json=body, headers=headers)
    again = await client.post("/v1/cases", json=body, headers=headers)
    other = await client.post("/v1/cases", json=body, headers=intake)
    assert first.json()["number"] == again.json()["number"] != other.json()["number"]


async def test_a_whole_life_through_the_api(
    client: httpx.AsyncClient, intake: Headers, unit: Headers, desk: Headers, supervisor: Headers
) -> None:
    number = await started(client, intake)
    for path, body, headers, status in (
        ("acknowledge", None, unit, "acknowledged"),
        ("contact", {"note": "Rang at once."}, unit, "in_progress"),
        ("report", SOLVED, unit, "reported"),
        ("callback", HAPPY, desk, "closed"),
    ):
        answer = await client.post(f"/v1/cases/{number}/{path}", json=body, headers=headers)
        assert answer.status_code == 200, answer.text
        assert answer.json()["status"] == status
    case = (await client.get(f"/v1/cases/{number}", headers=supervisor)).json()
    assert case["outcome"] == "solved"
    assert case["allowed"] == ["supplement", "rate", "reopen", "note"]
    assert all("from" in one["explanation"] for one in case["deadlines"])
    events = (await client.get(f"/v1/cases/{number}/events", headers=supervisor)).json()
    assert [event["fact"]["type"] for event in events["items"] if event["fact"]["type"] != "delivered"] == [
        "received",
        "dispatched",
        "acknowledged",
        "contacted",
        "reported",
        "answered",
        "closed",
    ]


async def test_a_number_may_be_typed_as_it_is_heard(
    client: httpx.AsyncClient, intake: Headers, supervisor: Headers
) -> None:
    number = await started(client, intake)
    heard = number.lower().replace("-", "").replace("0", "o").replace("1", "l")
    assert (await client.get(f"/v1/cases/{heard}", headers=supervisor)).json()["number"] == number


async def test_what_is_forbidden_now_names_the_rule_and_what_is_allowed(
    client: httpx.AsyncClient, intake: Headers, unit: Headers
) -> None:
    number = await started(client, intake)
    answer = await client.post(f"/v1/cases/{number}/report", json=SOLVED, headers=unit)
    assert answer.status_code == 409
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem = answer.json()
    assert problem["rule"] == "report_not_now"
    assert problem["allowed"] == [
        "acknowledge",
        "return",
        "request_extension",
        "escalate",
        "supplement",
        "note",
    ]
    assert "acknowledge" in problem["detail"]


async def test_a_refusal_names_the_steps_that_are_open_to_the_key(
    client: httpx.AsyncClient, intake: Headers, unit: Headers, desk: Headers, supervisor: Headers
) -> None:
    number = await started(client, intake)
    for headers, takes, not_theirs in (
        (desk, "reassign", {"acknowledge", "return", "designate"}),
        (supervisor, "designate", {"acknowledge", "return"}),
    ):
        problem = await refused(client, headers, f"{number}/dispatch", unit=OTHER_UNIT, reason="Theirs.")
        assert takes in problem["allowed"]
        assert not set(problem["allowed"]) & (not_theirs | {"dispatch"})
        assert problem["detail"].endswith(f"it takes: {', '.join(problem['allowed'])}")
    # What only a field is to blame for may be asked again, better.
    long = await refused(client, unit, f"{number}/extension", by="999999 days", reason="Slow.")
    assert long["errors"][0]["field"] == "by"
    assert "request_extension" in long["allowed"]


async def test_an_idempotency_key_does_a_command_once(
    client: httpx.AsyncClient, intake: Headers, unit: Headers
) -> None:
    number = await started(client, intake)
    headers = unit | {"Idempotency-Key": "k-1"}
    first = await client.post(f"/v1/cases/{number}/acknowledge", json={}, headers=headers)
    again = await client.post(f"/v1/cases/{number}/acknowledge", json={}, headers=headers)
    assert (first.status_code, again.status_code) == (200, 200)
    reused = await client.post(f"/v1/cases/{number}/acknowledge", json={"note": "Other."}, headers=headers)
    assert reused.status_code == 422
    assert "Idempotency-Key" in reused.json()["detail"]


async def test_a_returned_order_goes_by_the_desk_to_another_unit(
    client: httpx.AsyncClient, intake: Headers, unit: Headers, desk: Headers, other_unit: Headers
) -> None:
    number = await started(client, intake)
    await do(client, unit, f"{number}/return", reason="Not in our district.")
    await do(client, desk, f"{number}/adjudicate", upheld=True, reason="So it is.")
    sent = await client.post(
        f"/v1/cases/{number}/dispatch", json={"unit": OTHER_UNIT, "reason": "Haidian's."}, headers=desk
    )
    assert sent.json()["unit"] == OTHER_UNIT
    assert (await client.post(f"/v1/cases/{number}/acknowledge", headers=other_unit)).status_code == 200
    # The unit that gave it back may still read what became of it.
    assert (await client.get(f"/v1/cases/{number}", headers=unit)).status_code == 200


async def test_lists_are_filtered_and_paged(client: httpx.AsyncClient, intake: Headers, supervisor: Headers) -> None:
    numbers = {await started(client, intake) for _ in range(3)}
    await started(client, intake, unit=OTHER_UNIT)
    await listed(client, supervisor, "/v1/cases", 4)
    found: list[str] = []
    url = f"/v1/cases?unit={UNIT}&limit=2"
    while url:
        page = await client.get(url, headers=supervisor)
        assert page.status_code == 200, page.text
        found += [item["number"] for item in page.json()["items"]]
        url = page.links["next"]["url"] if "next" in page.links else ""
    assert len(found) == 3
    assert set(found) == numbers
    soon = (datetime.now(UTC) + timedelta(minutes=31)).isoformat()
    due = await client.get("/v1/cases", params={"due_before": soon, "unit": UNIT}, headers=supervisor)
    assert len(due.json()["items"]) == 3
    overdue = await client.get("/v1/cases", params={"overdue": "true"}, headers=supervisor)
    assert overdue.json()["items"] == []


async def test_a_backlog_is_overdue_from_its_receipt(
    client: httpx.AsyncClient, intake: Headers, supervisor: Headers
) -> None:
    received = (datetime.now(UTC) - timedelta(hours=3)).isoformat()
    number = await started(client, intake, received_at=received)
    overdue = await listed(client, supervisor, "/v1/cases?overdue=true", 1)
    assert [item["number"] for item in overdue] == [number]


async def test_units_and_categories_are_listed(client: httpx.AsyncClient, unit: Headers) -> None:
    units = (await client.get("/v1/units", headers=unit)).json()["items"]
    assert UNIT in {one["code"] for one in units}
    categories = (await client.get("/v1/categories", headers=unit)).json()["items"]
    assert "utilities/water-outage" in {one["code"] for one in categories}


async def test_health_readiness_and_figures(client: httpx.AsyncClient, intake: Headers, desk: Headers) -> None:
    await started(client, intake)
    await listed(client, desk, "/v1/cases", 1)
    assert (await client.get("/healthz")).json()["status"] == "ok"
    assert (await client.get("/readyz")).json() == {"status": "ok", "checks": {"engine": "ok", "register": "ok"}}
    figures = (await client.get("/metrics")).text
    assert 'hotline_requests_total{method="POST",route="/v1/cases",status="201"} 1.0' in figures
    assert 'hotline_cases{status="dispatched"} 1.0' in figures


@pytest.mark.parametrize("page", ["/docs", "/openapi.json"])
async def test_the_description_is_served_and_fetches_nothing_from_elsewhere(
    client: httpx.AsyncClient, page: str
) -> None:
    answer = await client.get(page)
    assert answer.status_code == 200
    assert "cdn." not in answer.text
    assert 'src="http' not in answer.text
