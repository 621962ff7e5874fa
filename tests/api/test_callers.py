"""Who calls again and again is known by a digest, may be marked, and is never shut out (Art. 9)."""

from datetime import UTC, datetime, timedelta

import httpx
import pytest

from cases.vocabulary import Complainant
from records.register import Register
from tests.api.conftest import SOURCE, Headers, new_case, started

PHONE = "+86 138-0013 8000"
REASON = "explained twice, the ninth call brings nothing new"


async def looked_up(client: httpx.AsyncClient, headers: Headers, **known: str) -> dict[str, object]:
    answer = await client.post("/v1/callers", json=known or {"phone": "13800138000"}, headers=headers)
    assert answer.status_code == 200, answer.text
    told: dict[str, object] = answer.json()
    return told


async def test_the_same_person_is_known_by_number_and_by_mail(client: httpx.AsyncClient, intake: Headers) -> None:
    assert (await looked_up(client, intake))["cases"] == 0
    one = await started(client, intake, complainant={"phone": PHONE, "email": "Li@Example.org"})
    two = await started(client, intake, complainant={"phone": "138 0013 8000"})
    other = await started(client, intake, complainant={"email": "li@example.org"})
    await started(client, intake, complainant={"phone": "13900139000"})
    await started(client, intake)
    told = await looked_up(client, intake)
    assert (told["cases"], told["newest"], told["marked"], told["reason"]) == (2, [two, one], False, None)
    assert (await looked_up(client, intake, email="LI@example.org"))["newest"] == [other, one]


async def test_the_number_itself_is_kept_nowhere(
    client: httpx.AsyncClient, intake: Headers, register: Register
) -> None:
    number = await started(client, intake, complainant={"phone": PHONE})
    (known,) = await register.callers.of_case(number)
    assert known == register.seals.digests.of_person(Complainant(phone="13800138000"))[0]
    assert "00138000" not in known


async def test_art_9_a_mark_tells_whoever_takes_the_next_call(
    client: httpx.AsyncClient, intake: Headers, desk: Headers
) -> None:
    number = await started(client, intake, complainant={"phone": PHONE})
    marked = await client.post(f"/v1/cases/{number}/caller-mark", json={"reason": REASON}, headers=desk)
    assert marked.status_code == 200, marked.text
    told = await looked_up(client, intake)
    assert (told["marked"], told["reason"], told["marked_in"]) == (True, REASON, number)
    assert "emergency" in str(told["advice"])
    until = datetime.fromisoformat(str(told["until"]))
    assert timedelta(days=29) < until - datetime.now(UTC) < timedelta(days=31)
    assert (await client.get(f"/v1/cases/{number}/caller", headers=desk)).json() == told
    taken_back = await client.delete(f"/v1/cases/{number}/caller-mark", headers=desk)
    assert taken_back.json()["marked"] is False
    assert (await client.delete(f"/v1/cases/{number}/caller-mark", headers=desk)).status_code == 200
    assert (await looked_up(client, intake))["marked"] is False


@pytest.mark.parametrize("level", ["emergency", "general"])
async def test_art_9_a_marked_caller_is_taken_in_all_the_same(
    client: httpx.AsyncClient, intake: Headers, desk: Headers, level: str
) -> None:
    number = await started(client, intake, complainant={"phone": PHONE})
    await client.post(f"/v1/cases/{number}/caller-mark", json={"reason": REASON}, headers=desk)
    again = await client.post("/v1/cases", json=new_case(level=level, complainant={"phone": PHONE}), headers=intake)
    assert again.status_code == 201
    assert again.json()["status"] == "dispatched"


async def test_a_source_sees_the_numbers_of_its_own_cases_only(
    client: httpx.AsyncClient, intake: Headers, bound_intake: Headers
) -> None:
    own = await started(client, bound_intake, complainant={"phone": PHONE})
    await started(client, intake, source="other", complainant={"phone": PHONE})
    told = await looked_up(client, bound_intake)
    assert (told["cases"], told["newest"]) == (2, [own])
    assert SOURCE != "other"


async def test_what_cannot_be_marked_says_why(client: httpx.AsyncClient, intake: Headers, desk: Headers) -> None:
    number = await started(client, intake)
    nobody = await client.post(f"/v1/cases/{number}/caller-mark", json={"reason": REASON}, headers=desk)
    assert nobody.status_code == 409
    assert "nobody left a telephone number" in nobody.json()["detail"]
    number = await started(client, intake, complainant={"phone": PHONE})
    past = {"reason": REASON, "until": "2020-01-01T00:00:00+08:00"}
    late = await client.post(f"/v1/cases/{number}/caller-mark", json=past, headers=desk)
    assert (late.status_code, late.json()["errors"][0]["field"]) == (422, "until")
    empty = await client.post("/v1/callers", json={}, headers=intake)
    assert empty.status_code == 422
    assert "phone" in empty.json()["detail"]
