"""Who calls again and again is known by a digest, may be marked, and is never shut out (Art. 9)."""

from datetime import UTC, datetime, timedelta

import httpx
import pytest

from cases.vocabulary import Complainant, Role
from records.audit import AuditFilter
from records.register import Register
from tests.api.conftest import SOURCE, Headers, listed, new_case, shown, started

PHONE = "+86 138-0013 8000"
REASON = "explained twice, the ninth call brings nothing new"


async def looked_up(client: httpx.AsyncClient, headers: Headers, **known: str) -> dict[str, object]:
    answer = await client.post("/v1/callers", json=known or {"phone": "13800138000"}, headers=headers)
    assert answer.status_code == 200, answer.text
    told: dict[str, object] = answer.json()
    return told


async def marked(client: httpx.AsyncClient, desk: Headers, number: str, reason: str = REASON) -> None:
    answer = await client.post(f"/v1/cases/{number}/caller-mark", json={"reason": reason}, headers=desk)
    assert answer.status_code == 200, answer.text


async def test_the_same_person_is_known_by_number_and_by_mail(client: httpx.AsyncClient, intake: Headers) -> None:
    assert (await looked_up(client, intake))["cases"] == 0
    one = await started(client, intake, complainant={"phone": PHONE, "email": "Li@Example.org"})
    two = await started(client, intake, complainant={"phone": "138 0013 8000"})
    other = await started(client, intake, complainant={"email": "li@example.org"})
    await started(client, intake, complainant={"phone": "13900139000"})
    await started(client, intake)
    await listed(client, intake, "/v1/cases", 5)
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
    await marked(client, desk, number)
    await listed(client, intake, "/v1/cases", 1)
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
    await marked(client, desk, number)
    again = await client.post("/v1/cases", json=new_case(level=level, complainant={"phone": PHONE}), headers=intake)
    assert again.status_code == 201
    assert again.json()["status"] == "dispatched"


async def test_a_source_sees_what_is_of_its_own_cases_only(
    client: httpx.AsyncClient, intake: Headers, bound_intake: Headers, desk: Headers
) -> None:
    own = await started(client, bound_intake, complainant={"phone": PHONE})
    foreign = await started(client, intake, source="other", complainant={"phone": PHONE})
    await listed(client, intake, "/v1/cases", 2)
    assert SOURCE != "other"
    await marked(client, desk, foreign)
    told = await looked_up(client, bound_intake)
    assert (told["cases"], told["newest"]) == (1, [own])
    assert (told["marked"], told["marked_in"], told["reason"]) == (True, None, None)
    assert told["until"] is not None
    await marked(client, desk, own)
    told = await looked_up(client, bound_intake)
    assert (told["marked"], told["marked_in"], told["reason"]) == (True, own, REASON)


async def test_art_28_who_reported_is_for_the_desk_to_find_and_not_for_intake(
    client: httpx.AsyncClient, intake: Headers, desk: Headers, supervisor: Headers
) -> None:
    plain = await started(client, intake, complainant={"phone": PHONE})
    report = await started(client, intake, kind="report", complainant={"phone": PHONE})
    await listed(client, intake, "/v1/cases", 2)
    await marked(client, desk, report)
    for who in (desk, supervisor):
        told = await looked_up(client, who)
        assert (told["cases"], told["newest"], told["marked_in"]) == (2, [report, plain], report)
    for told in (await looked_up(client, intake), await shown(client, intake, plain, "/caller")):
        assert (told["cases"], told["newest"]) == (1, [plain])
        assert (told["marked"], told["marked_in"], told["reason"]) == (True, None, None)


async def test_art_28_a_report_is_no_candidate_for_intake_by_whose_it_is(
    client: httpx.AsyncClient, intake: Headers, desk: Headers
) -> None:
    report = await started(client, intake, kind="report", description="有人偷水", complainant={"phone": PHONE})
    await listed(client, intake, "/v1/cases", 1)
    asked = {"category": "utilities/water-outage", "complainant": {"phone": "13800138000"}}
    found = {}
    for name, who in (("intake", intake), ("desk", desk)):
        answer = await client.post("/v1/candidates", params={"least": 0}, json=asked, headers=who)
        found[name] = [(one["number"], one["kind"]) for one in answer.json()["items"]]
    assert found == {"intake": [(report, "incident")], "desk": [(report, "repeat")]}


async def test_why_somebody_was_marked_tells_nobody_who_it_is(
    client: httpx.AsyncClient, intake: Headers, desk: Headers
) -> None:
    number = await started(client, intake, complainant={"name": "慕容晓晓", "phone": "010-65123456"})
    await listed(client, intake, "/v1/cases", 1)
    await marked(client, desk, number, "慕容晓晓 65123456 第九次来电")
    told = await looked_up(client, intake, phone="010 6512 3456")
    assert told["reason"] == "慕容** ****3456 第九次来电"


async def test_art_28_35_to_look_somebody_up_leaves_a_trace_without_the_number(
    client: httpx.AsyncClient, intake: Headers, desk: Headers, register: Register
) -> None:
    await looked_up(client, intake)
    asked = {"category": "utilities/water-outage", "complainant": {"phone": "13800138000"}}
    assert (await client.post("/v1/candidates", json=asked, headers=desk)).status_code == 200
    nobody = {"category": "utilities/water-outage"}
    assert (await client.post("/v1/candidates", json=nobody, headers=desk)).status_code == 200
    entries = (await register.audit.page(AuditFilter(action="caller_looked_up"), 10)).items
    known = list(register.seals.digests.of_person(Complainant(phone=PHONE)))
    assert [(one.actor.role, one.origin, one.details) for one in entries] == [
        (Role.DESK, "127.0.0.1", {"callers": known}),
        (Role.INTAKE, "127.0.0.1", {"callers": known}),
    ]
    assert not [one for one in entries if "0138000" in one.model_dump_json(exclude={"at"})]


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
