"""Suggestions of the same matter, over the API."""

import asyncio
from typing import Any

import httpx
import pytest

from cases import number as case_number
from tests.api.conftest import SOURCE, Headers, started

PLACE = {"area": "chaoyang", "address": "样例路 12 号", "latitude": 39.9, "longitude": 116.4}
WANG = {"name": "王女士", "phone": "+86 138 0000 0001", "email": "wang@example.org"}
DRY = {"description": "幸福里小区3号楼从昨天夜里开始停水，请尽快恢复供水。", "location": PLACE}
MATTER = {
    "category": "utilities/water-outage",
    "description": "幸福里小区停水了，什么时候恢复供水？",
    "location": PLACE,
}


async def suggested(client: httpx.AsyncClient, key: Headers, count: int, **matter: Any) -> list[dict[str, Any]]:
    """What is suggested for a new matter, once the register has caught up with the cases and it is so many."""
    items: list[dict[str, Any]] = []
    for _ in range(100):
        answer = await client.post("/v1/candidates", json=MATTER | matter, headers=key)
        assert answer.status_code == 200, answer.text
        items = answer.json()["items"]
        if len(items) == count:
            break
        await asyncio.sleep(0.05)
    return items


async def test_at_the_telephone_the_same_persons_case_is_found_with_its_status(
    client: httpx.AsyncClient, intake: Headers
) -> None:
    case = await started(client, intake, **DRY, complainant=WANG)
    (found,) = await suggested(client, intake, 1, complainant={"phone": "13800000001"})
    assert (found["number"], found["kind"], found["status"]) == (case, "repeat", "dispatched")
    assert (found["unit"], found["leads"]) == ("chaoyang", False)
    assert 0.9 < found["score"] <= 1
    assert [reason["sign"] for reason in found["reasons"]] == ["category", "distance", "days", "wording", "phone"]
    assert [reason["told"] for reason in found["reasons"]][1] == "0 metres apart"


async def test_nothing_of_the_other_complainant_is_shown(client: httpx.AsyncClient, intake: Headers) -> None:
    await started(client, intake, **DRY, complainant=WANG)
    (found,) = await suggested(client, intake, 1)
    assert found["kind"] == "incident"
    assert not [secret for secret in (*WANG.values(), "13800000001", "12 号") if secret in str(found)]


async def test_a_case_gets_earlier_ones_but_neither_itself_nor_what_it_is_linked_to(
    client: httpx.AsyncClient, intake: Headers, desk: Headers
) -> None:
    first = await started(client, intake, **DRY)
    await suggested(client, intake, 1)
    second = await started(client, intake, **DRY)
    await suggested(client, intake, 2)
    found = (await client.get(f"/v1/cases/{second}/candidates", headers=desk)).json()["items"]
    assert [one["number"] for one in found] == [first]
    assert (await client.get(f"/v1/cases/{first}/candidates", headers=desk)).json()["items"] == []


async def test_a_bound_key_is_told_of_its_own_source_alone(
    client: httpx.AsyncClient, intake: Headers, bound_intake: Headers
) -> None:
    await started(client, intake, **DRY, source="app")
    own = await started(client, intake, **DRY, source=SOURCE)
    await suggested(client, intake, 2)
    assert [one["number"] for one in await suggested(client, bound_intake, 1)] == [own]


async def test_a_matter_of_which_only_the_category_is_known_is_no_mistake(
    client: httpx.AsyncClient, desk: Headers
) -> None:
    answer = await client.post("/v1/candidates", json={"category": MATTER["category"]}, headers=desk)
    assert (answer.status_code, answer.json()) == (200, {"items": []})


@pytest.mark.parametrize(
    ("query", "body", "field", "says"),
    [
        ("", {"category": "utilities/water-outag"}, "category", "did you mean utilities/water-outage"),
        ("", {"category": None}, "category", "text"),
        ("", {"description": ""}, "description", "empty"),
        ("", {"location": {"latitude": 91}}, "location.latitude", "90 or less"),
        ("", {"complainant": {"phone": "none"}}, "complainant.phone", "telephone"),
        ("", {"colour": "red"}, "colour", "not known here"),
        ("?days=91", {}, "days", "90 or less"),
        ("?metres=5", {}, "metres", "10 or more"),
        ("?least=2", {}, "least", "1 or less"),
        ("?limit=0", {}, "limit", "1 or more"),
        ("?days=nan", {}, "days", ""),
        ("?radius=5", {}, "radius", "not known here"),
    ],
)
async def test_bad_input_names_the_field(
    client: httpx.AsyncClient, desk: Headers, query: str, body: dict[str, Any], field: str, says: str
) -> None:
    answer = await client.post(f"/v1/candidates{query}", json=MATTER | body, headers=desk)
    assert answer.status_code == 422, answer.text
    (error,) = answer.json()["errors"]
    assert error["field"] == field
    assert says in error["detail"]


async def test_a_case_that_is_not_there_has_no_candidates(
    client: httpx.AsyncClient, intake: Headers, bound_intake: Headers, desk: Headers
) -> None:
    foreign = await started(client, intake, source="app")
    for number, key in ((case_number.derive("nobody", "nothing"), desk), (foreign, bound_intake)):
        assert (await client.get(f"/v1/cases/{number}/candidates", headers=key)).status_code == 404
