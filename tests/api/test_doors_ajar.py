"""What an attacker tried that once worked, and does no more."""

import httpx
import pytest

from records.register import Register
from tests.api.conftest import OTHER_UNIT, UNIT, Headers, new_case, started


async def test_a_sealed_text_of_another_case_opens_in_no_text_of_ones_own(
    client: httpx.AsyncClient, intake: Headers, desk: Headers, admin: Headers, register: Register
) -> None:
    key = await register.seals.new_key()
    stolen = key.seal("who reported it")
    number = await started(client, intake)
    await client.post(f"/v1/cases/{number}/withdraw", json={"reason": "over"}, headers=desk)
    for path, body, who in (
        ("erase", {"reason": f"n={stolen}"}, admin),
        ("reveal", {"reason": f"because {stolen}"}, desk),
        ("note", {"text": stolen}, desk),
    ):
        answer = await client.post(f"/v1/cases/{number}/{path}", json=body, headers=who)
        assert answer.status_code == 422, (path, answer.text)
        assert next(iter(body)) in answer.json()["errors"][0]["field"]


async def test_a_report_names_units_that_there_are(client: httpx.AsyncClient, intake: Headers) -> None:
    answer = await client.post("/v1/cases", json=new_case(kind="report", accused=["chaoyanh"]), headers=intake)
    assert answer.status_code == 422
    assert (answer.json()["errors"][0]["field"], "chaoyang" in answer.text) == ("accused.0", True)


async def test_a_report_does_not_go_by_the_catalogue_to_whom_it_is_about(
    client: httpx.AsyncClient, intake: Headers, desk: Headers
) -> None:
    number = await started(client, intake, unit=None)
    routed = (await client.get(f"/v1/cases/{number}", headers=desk)).json()["unit"]
    assert routed
    reported = await started(client, intake, unit=None, kind="report", accused=[routed])
    case = (await client.get(f"/v1/cases/{reported}", headers=desk)).json()
    assert (case["unit"], case["status"]) == (None, "received")
    assert "the report is about" in case["to_desk"]


@pytest.mark.parametrize("act", ["note", "supplement"])
async def test_a_unit_that_has_no_part_any_more_adds_nothing(
    client: httpx.AsyncClient, intake: Headers, desk: Headers, unit: Headers, other_unit: Headers, act: str
) -> None:
    number = await started(client, intake)
    body = {"text": "seen"} if act == "note" else {"channel": "phone", "note": "they called"}
    assert (await client.post(f"/v1/cases/{number}/{act}", json=body, headers=unit)).status_code == 200
    moved = {"unit": OTHER_UNIT, "reason": "theirs"}
    assert (await client.post(f"/v1/cases/{number}/reassign", json=moved, headers=desk)).status_code == 200
    former = await client.post(f"/v1/cases/{number}/{act}", json=body, headers=unit)
    assert (former.status_code, former.json()["rule"]) == (409, "not_your_part")
    file = await client.post(f"/v1/cases/{number}/attachments", content=b"x", headers=unit)
    assert file.status_code == 409
    assert (await client.post(f"/v1/cases/{number}/{act}", json=body, headers=other_unit)).status_code == 200


async def test_an_accused_unit_adds_nothing(client: httpx.AsyncClient, intake: Headers, unit: Headers) -> None:
    number = await started(client, intake, kind="report", accused=[UNIT])
    answer = await client.post(f"/v1/cases/{number}/note", json={"text": "not so"}, headers=unit)
    assert (answer.status_code, answer.json()["rule"]) == (409, "not_your_part")


async def test_of_two_members_of_one_name_none_is_taken(client: httpx.AsyncClient, intake: Headers) -> None:
    body = b'{"source": "a", "confidential": true, "confidential": false}'
    answer = await client.post("/v1/cases", content=body, headers=intake | {"Content-Type": "application/json"})
    assert answer.status_code == 422
    assert answer.json()["errors"][0] == {
        "field": "confidential",
        "detail": "stands twice in one object; write it once",
    }


async def test_a_reference_and_an_idempotency_key_never_meet(client: httpx.AsyncClient, intake: Headers) -> None:
    answer = await client.post("/v1/cases", json=new_case(source_ref="key:1"), headers=intake)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "source_ref")


async def test_a_reason_says_something(client: httpx.AsyncClient, intake: Headers, desk: Headers) -> None:
    number = await started(client, intake)
    for reason in (".", "\u200b", "...  "):
        answer = await client.post(f"/v1/cases/{number}/reveal", json={"reason": reason}, headers=desk)
        assert answer.status_code == 422, reason
