"""A case as it once stood, why it stands where it does, and where a matter would go."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from tests.api.conftest import (
    OTHER_UNIT,
    SUBDISTRICT,
    UNIT,
    Headers,
    do,
    eventually,
    shown,
    started,
)


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


async def test_a_case_is_told_as_it_stood_at_every_moment(
    client: httpx.AsyncClient, intake: Headers, unit: Headers, desk: Headers
) -> None:
    number = await started(client, intake)
    await do(client, unit, f"{number}/acknowledge")
    await do(client, desk, f"{number}/reassign", unit=SUBDISTRICT, reason="Over the border.")
    events = (await shown(client, desk, number, "/events"))["items"]
    for event, following in zip(events, [*events[1:], None], strict=True):
        if following is not None and following["at"] == event["at"]:
            continue
        for at in [event["at"], following and (moment(following["at"]) - timedelta(microseconds=1)).isoformat()]:
            if at is None or moment(at) < moment(event["at"]):
                continue
            case = await shown(client, desk, number, as_of=at)
            assert case["version"] == event["seq"]
            assert moment(case["as_of"]) == moment(at)
    (signed,) = (event["at"] for event in events if event["fact"]["type"] == "acknowledged")
    then = await shown(client, desk, number, as_of=signed)
    assert (then["status"], then["unit"], then["orders"][0]["ended_at"]) == ("acknowledged", UNIT, None)
    standing = {one["name"]: one["standing"] for one in then["deadlines"]}
    assert (standing["acknowledgment"], standing["resolution"]) == ("met", "running")
    now = await shown(client, desk, number)
    assert (now["unit"], now["version"]) == (SUBDISTRICT, events[-1]["seq"])
    assert {one["standing"] for one in now["deadlines"] if one["id"] == "resolution/1"} == {"lifted"}


async def test_a_breach_is_one_from_when_it_was_noticed(
    client: httpx.AsyncClient, intake: Headers, desk: Headers
) -> None:
    received = datetime.now(UTC) - timedelta(hours=3)
    number = await started(client, intake, received_at=received.isoformat())

    def breached(case: dict[str, Any]) -> set[str]:
        return {one["name"] for one in case["deadlines"] if one["standing"] == "breached"}

    case = await eventually(client, desk, number, lambda case: len(breached(case)) == 2)
    assert breached(case) == {"acknowledgment", "handling"}
    earlier = await shown(client, desk, number, as_of=(received + timedelta(hours=1)).isoformat())
    assert {one["standing"] for one in earlier["deadlines"] if one["name"] != "dispatch"} == {"running"}
    assert earlier["time_by_unit"] == [{"unit": UNIT, "held_seconds": 3_600, "waited_seconds": 0}]


@pytest.mark.parametrize(
    ("query", "field", "says"),
    [
        ({"as_of": "2020-01-01T00:00:00Z"}, "as_of", "before the receipt"),
        ({"as_of": "2999-01-01T00:00:00Z"}, "as_of", "future"),
        ({"as_of": "2026-01-01T00:00:00"}, "as_of", "offset"),
        ({"as_of": "yesterday"}, "as_of", "no time"),
        ({"as_off": "2020-01-01T00:00:00Z"}, "as_off", "not known here"),
    ],
)
async def test_a_moment_that_cannot_be_is_told(
    client: httpx.AsyncClient, intake: Headers, query: dict[str, str], field: str, says: str
) -> None:
    number = await started(client, intake)
    for path in ("", "/explanation"):
        answer = await client.get(f"/v1/cases/{number}{path}", params=query, headers=intake)
        assert answer.status_code == 422, path
        (error,) = answer.json()["errors"]
        assert error["field"] == field
        assert says in error["detail"]


async def test_the_past_and_the_reasons_of_a_foreign_case_are_not_there(
    client: httpx.AsyncClient, intake: Headers, other_unit: Headers
) -> None:
    number = await started(client, intake)
    now = datetime.now(UTC).isoformat()
    for path, query in (("", {"as_of": now}), ("", {"as_of": "2020-01-01T00:00:00Z"}), ("/explanation", {})):
        answer = await client.get(f"/v1/cases/{number}{path}", params=query, headers=other_unit)
        assert answer.status_code == 404, path


async def test_a_case_is_explained(client: httpx.AsyncClient, intake: Headers, unit: Headers, desk: Headers) -> None:
    number = await started(client, intake)
    await do(client, unit, f"{number}/return", reason="Over the border.", proposed=OTHER_UNIT)
    await do(client, desk, f"{number}/adjudicate", upheld=True, reason="So it is.", unit=SUBDISTRICT)
    why = await shown(client, unit, number, "/explanation")
    assert why["because"].startswith(f"dispatched with {SUBDISTRICT}, by order 2: So it is.")
    told = [entry["what"] for entry in why["entries"] if entry["about"] == "event"]
    assert told == ["received", "dispatched", "objected", "adjudicated", "returned", "dispatched"]
    times = [moment(entry["at"]) for entry in why["entries"]]
    assert times == sorted(times)
    limits = {entry["deadline"]["id"]: entry["deadline"] for entry in why["entries"] if entry["deadline"]}
    assert {"resolution/1", "adjudication/1", "resolution/2"} <= set(limits)
    assert all("from" in one["explanation"] for one in limits.values())
    assert len(why["lines"]) == len(why["entries"]) + 1
    assert any(f"proposes {OTHER_UNIT}" in line for line in why["lines"])
    assert all("+08:00" in line for line in why["lines"][1:])


async def test_a_case_is_explained_as_it_stood(
    client: httpx.AsyncClient, intake: Headers, unit: Headers, desk: Headers
) -> None:
    number = await started(client, intake)
    await do(client, unit, f"{number}/acknowledge")
    await do(client, desk, f"{number}/reassign", unit=SUBDISTRICT, reason="Over the border.")
    events = (await shown(client, desk, number, "/events"))["items"]
    (signed,) = (event["at"] for event in events if event["fact"]["type"] == "acknowledged")
    why = await shown(client, desk, number, "/explanation", as_of=signed)
    assert why["because"].startswith(f"acknowledged with {UNIT}")
    assert [entry["what"] for entry in why["entries"] if entry["about"] == "event"][-1] == "acknowledged"
    assert not any(SUBDISTRICT in line for line in why["lines"])


async def test_the_catalogue_is_tried_without_a_case(client: httpx.AsyncClient, unit: Headers) -> None:
    query = {"category": "utilities/water-outage", "area": "shunyi-shengli"}
    answer = await client.get("/v1/route", params=query, headers=unit)
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert (told["route"]["unit"], told["level"]) == ("shunyi", "utility")
    assert [step["verdict"] for step in told["steps"]].count("decides") == 1
    summer = await client.get("/v1/route", params=query | {"at": "2026-07-01T08:00:00+08:00"}, headers=unit)
    assert summer.json()["day"] == "2026-07-01"
    nowhere = await client.get("/v1/route", params={"category": "danger/falling-objects"}, headers=unit)
    assert nowhere.json()["route"]["unit"] is None


async def test_a_level_that_is_not_there_is_answered_with_those_that_are_the_most_urgent_first(
    client: httpx.AsyncClient, unit: Headers
) -> None:
    query = {"category": "utilities/water-outage", "level": "urgent"}
    (error,) = (await client.get("/v1/route", params=query, headers=unit)).json()["errors"]
    assert error["detail"].endswith("the levels are: emergency, utility, general, complex")


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({}, "category"),
        ({"category": "utilities/water-outag"}, "category"),
        ({"category": "utilities/water-outage", "level": "urgent"}, "level"),
        ({"category": "utilities/water-outage", "at": "today"}, "at"),
        ({"category": "utilities/water-outage", "at": "9999-12-31T23:59:59-12:00"}, "at"),
        ({"category": "utilities/water-outage", "at": "0001-01-01T00:00:00+12:00"}, "at"),
        ({"category": "utilities/water-outage", "place": "shunyi"}, "place"),
    ],
)
async def test_what_the_catalogue_cannot_be_tried_with_is_named(
    client: httpx.AsyncClient, unit: Headers, query: dict[str, str], field: str
) -> None:
    answer = await client.get("/v1/route", params=query, headers=unit)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == field
