"""Bad input gets a clear problem that names the field; the service stays up."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from tests.api.conftest import Headers, new_case, started

UNKNOWN = "0000-0000-0000-0"


async def refused(client: httpx.AsyncClient, intake: Headers, **changed: Any) -> dict[str, Any]:
    answer = await client.post("/v1/cases", json=new_case(**changed), headers=intake)
    assert answer.status_code == 422, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem: dict[str, Any] = answer.json()
    return problem


@pytest.mark.parametrize(
    ("changed", "field", "says"),
    [
        ({"category": "utilities/water-outag"}, "category", "utilities/water-outage"),
        ({"level": "urgent"}, "level", "emergency"),
        ({"unit": "chaoyan"}, "unit", "chaoyang"),
        ({"received_at": "2026-02-30T10:00:00+08:00"}, "received_at", "no time that exists"),
        ({"received_at": "2026-02-03T10:00:00"}, "received_at", "offset"),
        ({"received_at": "2999-01-01T00:00:00Z"}, "received_at", "future"),
        ({"received_at": "1999-01-01T00:00:00Z"}, "received_at", "2000"),
        ({"channel": "pigeon"}, "channel", "phone"),
        ({"description": ""}, "description", "is empty"),
        ({"description": "x" * 20_001}, "description", "20,000"),
        ({"description": "a\x00b"}, "description", "NUL"),
        ({"source_ref": "a\x00b"}, "source_ref", "NUL"),
        ({"location": {"latitude": 91}}, "location.latitude", "90"),
        ({"complainant": {"phone": "call me"}}, "complainant.phone", "telephone"),
        ({"colour": "red"}, "colour", "not known here"),
        ({"source": "Not A Code"}, "source", "lower-case"),
    ],
)
async def test_a_bad_field_is_named(
    client: httpx.AsyncClient, intake: Headers, changed: dict[str, Any], field: str, says: str
) -> None:
    problem = await refused(client, intake, **changed)
    (error,) = problem["errors"]
    assert error["field"] == field
    assert says in error["detail"]


async def test_a_description_of_ten_megabytes_is_too_large(client: httpx.AsyncClient, intake: Headers) -> None:
    answer = await client.post("/v1/cases", json=new_case(description="x" * 10_000_000), headers=intake)
    assert answer.status_code == 413
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert "description" in answer.json()["detail"]


async def test_a_body_without_end_is_stopped(client: httpx.AsyncClient, intake: Headers) -> None:
    sent = 0

    async def pieces() -> AsyncIterator[bytes]:
        nonlocal sent
        while True:
            sent += 1
            yield b"x" * 100_000

    answer = await client.post("/v1/cases", content=pieces(), headers=intake)
    assert answer.status_code == 413
    assert sent < 200


@pytest.mark.parametrize(
    ("body", "status", "field", "says"),
    [
        (b'{"source": "\xff\xfe"}', 400, "source", "UTF-8"),
        (b'{"location": {"address": "\xb3\xaf\xd1\xf4"}}', 400, "location.address", "UTF-8"),
        (b'{"source": "\xff', 400, "body", "UTF-8"),
        (b'{"source": ', 400, "body", "not JSON"),
        (b"", 422, "body", "missing"),
        (b"[]", 422, "body", "object"),
        (b"null", 422, "body", "object"),
        (b'{"complainant": {"name": "a\\u0000b"}}', 422, "complainant.name", "NUL"),
        (b'{"subject": "\\ud800"}', 422, "subject", "surrogate"),
        (b'{"a\\u0000": 1}', 422, "a\N{REPLACEMENT CHARACTER}", "NUL"),
        (b'{"location": {"latitude": NaN}}', 422, "body", "NaN"),
        (b'{"location": {"latitude": ' + b"9" * 5_000 + b"}}", 422, "body", "number"),
        (b"[" * 200_000, 422, "body", "deep"),
    ],
)
async def test_what_cannot_be_read_is_told_where(
    client: httpx.AsyncClient, intake: Headers, body: bytes, status: int, field: str, says: str
) -> None:
    headers = intake | {"Content-Type": "application/json"}
    answer = await client.post("/v1/cases", content=body, headers=headers)
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    (error,) = answer.json()["errors"]
    assert error["field"] == field
    assert says in error["detail"]


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", None])
async def test_a_body_that_is_not_sent_as_json_is_not_taken(
    client: httpx.AsyncClient, intake: Headers, kind: str | None
) -> None:
    headers = intake | ({"Content-Type": kind} if kind else {})
    answer = await client.post("/v1/cases", content=b"{}", headers=headers)
    assert answer.status_code == 415
    assert "application/json" in answer.json()["detail"]


async def test_an_unknown_case_and_a_mistyped_one_are_not_found(
    client: httpx.AsyncClient, supervisor: Headers, intake: Headers
) -> None:
    unknown = await client.get(f"/v1/cases/{UNKNOWN}", headers=supervisor)
    assert unknown.status_code == 404
    assert "no case" in unknown.json()["detail"]
    number = await started(client, intake)
    mistyped = number[:-1] + ("2" if number[-1] != "2" else "3")
    answer = await client.get(f"/v1/cases/{mistyped}", headers=supervisor)
    assert answer.status_code == 404
    assert "mistyped" in answer.json()["detail"]
    answer = await client.post(f"/v1/cases/{UNKNOWN}/callback", json={"reached": False}, headers=supervisor)
    assert answer.status_code == 404
    assert answer.json()["errors"][0]["field"] == "number"


async def test_an_unknown_unit_is_named(client: httpx.AsyncClient, intake: Headers, desk: Headers) -> None:
    answer = await client.get("/v1/units/chaoyan/orders", headers=desk)
    assert answer.status_code == 404
    assert "chaoyang" in answer.json()["detail"]
    number = await started(client, intake)
    body = {"unit": "nowhere", "reason": "Theirs."}
    answer = await client.post(f"/v1/cases/{number}/dispatch", json=body, headers=desk)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "unit"


async def test_an_unreached_complainant_has_no_answers(
    client: httpx.AsyncClient, intake: Headers, desk: Headers
) -> None:
    number = await started(client, intake)
    answer = await client.post(f"/v1/cases/{number}/callback", json={"reached": False, "solved": True}, headers=desk)
    assert answer.status_code == 422
    assert "solved" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("status=lost", "status"),
        ("limit=0", "limit"),
        ("limit=1000", "limit"),
        ("after=nonsense", "after"),
        ("due_before=yesterday", "due_before"),
        ("colour=red", "colour"),
        ("unit=a%00b", "unit"),
        ("category=%ff", "category"),
        ("received_from=2026-01-01T00:00:00", "received_from"),
    ],
)
async def test_a_bad_filter_is_named(client: httpx.AsyncClient, supervisor: Headers, query: str, field: str) -> None:
    answer = await client.get(f"/v1/cases?{query}", headers=supervisor)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == field


async def test_a_bad_idempotency_key_is_named(client: httpx.AsyncClient, intake: Headers) -> None:
    headers = intake | {"Idempotency-Key": "x" * 201}
    answer = await client.post("/v1/cases", json=new_case(), headers=headers)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"].lower() == "idempotency-key"


async def test_unknown_addresses_and_methods_are_problems_too(client: httpx.AsyncClient, intake: Headers) -> None:
    assert (await client.get("/v1/nothing", headers=intake)).json()["type"] == "urn:hotline:problem:not-found"
    assert (await client.delete("/v1/cases", headers=intake)).json()["status"] == 405


async def test_without_a_valid_key_nothing_is_told(client: httpx.AsyncClient) -> None:
    for headers in ({}, {"Authorization": "Bearer hl_00000000_" + "x" * 43}, {"Authorization": "Bearer x"}):
        answer = await client.get("/v1/cases", headers=headers)
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"] == "Bearer"
        assert "hl_" in answer.json()["detail"]
