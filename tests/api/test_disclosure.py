"""Who brought a case is masked on every way out, and seen in full by an act that is noted, or not at all."""

from typing import Any, cast

import httpx
import pytest

from activities.links import Links
from activities.messages import CaseMessage
from api.app import create_app
from cases.commands import Command, Relay
from cases.events import Event
from cases.view import CaseView
from cases.vocabulary import SYSTEM, Outcome, Role
from hotline.policies import City
from hotline.settings import Settings
from records.audit import AuditFilter
from records.keys import Keys
from records.register import Register
from tests.api.conftest import (
    MAILBOX,
    OTHER_UNIT,
    SUBDISTRICT,
    UNIT,
    Headers,
    at_the_desk,
    do,
    eventually,
    headers,
    listed,
    shown,
    started,
    talking_to,
)
from tests.api.test_outages import no_register
from workflows.engine import Engine

__all__ = ["no_register"]

NAME, PHONE, EMAIL = "慕容晓晓", "13912345678", "murong@example.org"
PERSON = {"name": NAME, "phone": PHONE, "email": EMAIL}
PLANTED = (NAME, PHONE, "139-1234-5678", EMAIL)
SAID: dict[str, Any] = {
    "subject": f"{NAME}家停水",
    "description": f"我是{NAME}，139-1234-5678，{EMAIL}。全楼停水，停水，停水。",
    "location": {"area": UNIT, "address": "团结湖路 7 号", "latitude": 39.92531, "longitude": 116.46127},
    "complainant": PERSON,
}


async def revealed(
    client: httpx.AsyncClient, who: Headers, number: str, reason: str = "要约定上门时间"
) -> httpx.Response:
    return await client.post(f"/v1/cases/{number}/reveal", json={"reason": reason}, headers=who)


async def trail(register: Register, number: str) -> list[tuple[str, str, str | None, str, str]]:
    """What the audit trail holds of contacts shown and not shown of a case, the earliest first."""
    page = await register.audit.page(AuditFilter(case=number), 100)
    told = [one for one in page.items if one.action.startswith("reveal")]
    return [
        (one.action, one.actor.role, one.actor.unit, one.origin, await register.seals.open_text(one.reason))
        for one in reversed(told)
    ]


async def test_nothing_that_is_shown_tells_who_it_is(
    client: httpx.AsyncClient, keys: Keys, intake: Headers, desk: Headers, unit: Headers, supervisor: Headers
) -> None:
    number = await started(client, intake, **SAID)
    alike = await started(client, intake, **SAID)
    await do(client, desk, f"{number}/supplement", channel="phone", note=f"{NAME}又来电，打 139 1234 5678")
    await do(client, unit, f"{number}/acknowledge", note=f"已联系{NAME}")
    await listed(client, unit, MAILBOX, 3)
    of_the_case = [f"/v1/cases/{number}{path}" for path in ("", "/events", "/explanation")]
    lists = [f"/v1/cases?unit={UNIT}", f"/v1/cases/{alike}/candidates", MAILBOX, "/v1/notices", "/v1/deliveries"]
    read = 0
    for who, addresses in (
        (intake, [*of_the_case, *lists[:2]]),
        (desk, [*of_the_case, *lists]),
        (supervisor, [*of_the_case, *lists]),
        (unit, [*of_the_case, lists[0], lists[2]]),
    ):
        for address in addresses:
            answer = await client.get(address, headers=who)
            assert answer.status_code == 200, answer.text
            assert not [one for one in PLANTED if one in answer.text], address
            assert answer.headers["Cache-Control"] == "no-store"
            read += number in answer.text or alike in answer.text
    assert read > 12, "the pages tell of the case at all"


async def test_whoever_sees_a_case_is_told_how_much_of_the_person(
    client: httpx.AsyncClient, intake: Headers, unit: Headers, admin: Headers
) -> None:
    number = await started(client, intake, **SAID)
    case = await shown(client, unit, number)
    assert case["complaint"]["complainant"] | {"language": None} == {
        "name": "慕容**",
        "phone": "139****5678",
        "email": "m***@example.org",
        "language": None,
    }
    assert case["complaint"]["subject"] == "慕容**家停水"
    assert case["complaint"]["location"]["address"] == "团结湖路 7 号"
    assert case["sight"] == {"contact": "masked", "may_reveal": True, "bar": "", "texts": True, "origins": False}
    case = await shown(client, admin, number)
    assert set(case["complaint"]["complainant"].values()) == {None}
    assert (case["sight"]["contact"], case["sight"]["bar"]) == ("hidden", "role")
    (order,) = await listed(client, unit, MAILBOX, 1)
    assert order["data"]["complainant"]["phone"] == "139****5678"
    (order,) = await listed(client, admin, MAILBOX, 1)
    assert order["data"]["complainant"] is None
    assert "慕容**" in order["data"]["description"]


async def test_a_list_tells_what_cases_are_about_without_whom(
    client: httpx.AsyncClient, intake: Headers, unit: Headers
) -> None:
    await started(client, intake, **SAID)
    await started(client, intake, **(SAID | {"subject": None}))
    lines = await listed(client, unit, "/v1/cases", 2)
    assert [line["subject"] for line in lines] == [None, "慕容**家停水"]


async def test_a_candidate_tells_what_it_is_about_without_whom(client: httpx.AsyncClient, intake: Headers) -> None:
    number = await started(client, intake, **SAID)
    alike = await started(client, intake, **SAID)
    await listed(client, intake, "/v1/cases", 2)
    (line,) = (await shown(client, intake, alike, "/candidates"))["items"]
    assert (line["number"], line["subject"]) == (number, "慕容**家停水")


async def test_art_15_28_the_unit_that_has_to_speak_with_them_sees_who_it_is_and_that_is_noted(
    client: httpx.AsyncClient, register: Register, intake: Headers, unit: Headers
) -> None:
    number = await started(client, intake, **SAID)
    answer = await revealed(client, unit, number, f"给{NAME}打电话")
    assert answer.status_code == 200, answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    told = answer.json()
    assert told["complainant"] == PERSON | {"language": None, "masked": False}
    assert (told["number"], told["subject"], told["description"]) == (number, SAID["subject"], SAID["description"])
    assert told["location"] == SAID["location"]
    assert await trail(register, number) == [("reveal", "unit_lead", UNIT, "127.0.0.1", f"给{NAME}打电话")]
    (entry,) = (await register.audit.page(AuditFilter(case=number, action="reveal"), 10)).items
    assert NAME not in entry.model_dump_json()


@pytest.mark.parametrize("role", [Role.INTAKE, Role.DESK, Role.SUPERVISOR, Role.AUDITOR])
async def test_the_hotline_sees_who_it_is_also_of_a_confidential_case(
    client: httpx.AsyncClient, register: Register, keys: Keys, intake: Headers, role: Role
) -> None:
    number = await started(client, intake, **SAID, confidential=True)
    answer = await revealed(client, await headers(keys, role), number)
    assert answer.status_code == 200, answer.text
    assert answer.json()["complainant"]["phone"] == PHONE
    assert [one[:2] for one in await trail(register, number)] == [("reveal", role)]


@pytest.mark.parametrize(
    ("case", "why"),
    [
        ({"confidential": True}, "ask the hotline to speak with them"),
        ({"kind": "report"}, "this is a report"),
        ({"kind": "report", "accused": [UNIT]}, "this is a report"),
    ],
)
async def test_a_unit_that_may_not_is_told_why_and_that_is_noted(
    client: httpx.AsyncClient, register: Register, intake: Headers, unit: Headers, case: dict[str, Any], why: str
) -> None:
    number = await started(client, intake, **SAID, **case)
    answer = await revealed(client, unit, number)
    assert answer.status_code == 403
    assert why in answer.json()["detail"]
    assert not [one for one in PLANTED if one in answer.text]
    assert [one[0] for one in await trail(register, number)] == ["reveal_refused"]
    assert set((await shown(client, unit, number))["complaint"]["complainant"].values()) == {None}


async def test_a_unit_sees_them_only_while_it_has_to_do_with_them(
    client: httpx.AsyncClient, register: Register, intake: Headers, desk: Headers, unit: Headers, other_unit: Headers
) -> None:
    number = await started(client, intake, **SAID)
    assert (await revealed(client, unit, number)).status_code == 200
    assert (await revealed(client, other_unit, number)).status_code == 404
    before = (await shown(client, unit, number))["as_of"]
    await do(client, desk, f"{number}/reassign", unit=OTHER_UNIT, reason="it lies there")
    assert (await revealed(client, other_unit, number)).status_code == 200
    answer = await revealed(client, unit, number)
    assert answer.status_code == 403
    assert "no part in the case now" in answer.json()["detail"]
    for query in ({}, {"as_of": before}):
        case = await shown(client, unit, number, **query)
        assert set(case["complaint"]["complainant"].values()) == {None}
        assert "慕容**" in case["complaint"]["description"]
    assert [one[0] for one in await trail(register, number)] == ["reveal", "reveal", "reveal_refused"]


async def test_art_8_a_unit_that_is_reported_reads_nothing_of_it_anywhere(
    client: httpx.AsyncClient, intake: Headers, desk: Headers, unit: Headers
) -> None:
    number = await started(client, intake, **SAID, kind="report", accused=[UNIT], source_ref="ref-of-the-reporter")
    await do(client, desk, f"{number}/supplement", channel="phone", note="还有证据")
    await listed(client, unit, "/v1/cases", 1)
    await listed(client, unit, MAILBOX, 2)
    secrets = (*PLANTED, "慕容", "停水，", "团结湖路", "还有证据", "116.46", "ref-of-the-reporter")
    for address in ("", "/events", "/explanation"):
        answer = await client.get(f"/v1/cases/{number}{address}", headers=unit)
        assert not [one for one in secrets if one in answer.text], address
    for address in ("/v1/cases", MAILBOX):
        answer = await client.get(address, headers=unit)
        assert not [one for one in secrets if one in answer.text], address
        assert "[withheld]" in answer.text
    case = await shown(client, unit, number)
    assert (case["complaint"]["location"]["area"], case["sight"]["texts"]) == (UNIT, False)
    answer = await client.get(f"/v1/cases/{number}/attachments/{'a' * 26}", headers=unit)
    assert answer.status_code == 403, "nor sees any picture of it"


async def test_another_unit_handles_a_report_as_any_matter(
    client: httpx.AsyncClient, intake: Headers, unit: Headers
) -> None:
    number = await started(client, intake, **SAID, kind="report", accused=[SUBDISTRICT])
    assert (await revealed(client, unit, number)).json()["complainant"]["name"] == NAME
    (order,) = await listed(client, unit, MAILBOX, 1)
    assert order["data"]["complainant"]["phone"] == "139****5678"


async def test_a_case_that_follows_another_tells_nobody_whose_that_one_is(
    client: httpx.AsyncClient, register: Register, intake: Headers, desk: Headers, unit: Headers
) -> None:
    lead = await started(client, intake, **SAID)
    follower = await at_the_desk(client, intake, complainant={"name": "王建国", "phone": "13800138000"})
    await do(client, desk, f"{follower}/join", incident=lead, reason=f"同{NAME}（139 1234 5678）的事")
    await do(client, unit, f"{lead}/acknowledge")
    await do(client, unit, f"{lead}/report", outcome="solved", note=f"已回复{NAME} {PHONE}，阀门已换")
    case = await eventually(client, desk, follower, lambda one: bool(one["status"] == "reported"))
    assert case["orders"][-1]["report_note"] == "已回复慕容** 139****5678，阀门已换"
    events = await register.seals.open(await register.history(follower), list[Event])
    told = {one.fact.type: one.fact for one in events}
    assert told["joined"].reason == "同慕容**（139****5678）的事"  # type: ignore[union-attr]
    assert not [one for one in PLANTED if any(one in event.model_dump_json() for event in events)]
    sealed = (await register.seals.key_for(follower)).id
    assert sealed in [event.model_dump_json() for event in await register.history(follower)][-1]


class Told:
    """Takes down what cases are told, as whoever gives commands to cases does."""

    def __init__(self) -> None:
        self.commands: list[Command] = []

    async def submit(self, number: str, command: Command) -> CaseView:
        """Take a command down; the caller has no use for the answer."""
        self.commands.append(command)
        return cast(CaseView, None)


async def test_what_an_incident_tells_is_the_same_command_at_every_attempt(
    client: httpx.AsyncClient, register: Register, intake: Headers
) -> None:
    lead, follower = await started(client, intake, **SAID), await started(client, intake)
    await listed(client, intake, "/v1/cases", 2)
    note = (await register.seals.key_for(lead)).seal(f"已回复{NAME}")
    act = Relay(incident=lead, version=7, unit=UNIT, outcome=Outcome.SOLVED, note=note)
    command = Command(id=f"relay:{lead}:7", actor=SYSTEM, act=act)
    told = Told()
    for _ in range(2):
        await Links(told, register).tell(CaseMessage(number=follower, command=command))
    first, second = told.commands
    assert {first.fingerprint, second.fingerprint} == {command.fingerprint}
    notes = [one.act.note for one in told.commands if isinstance(one.act, Relay)]
    assert notes[0] != notes[1]
    assert [await register.seals.open_text(one) for one in notes] == ["已回复慕容**"] * 2
    await Links(told, register).tell(CaseMessage(number=follower, command=second))
    assert told.commands[2].fingerprint == command.fingerprint


@pytest.mark.parametrize("body", [{}, {"reason": ""}, {"reason": "   "}, {"reason": None}])
async def test_nobody_sees_them_without_a_reason(
    client: httpx.AsyncClient, register: Register, intake: Headers, unit: Headers, body: dict[str, Any]
) -> None:
    number = await started(client, intake, **SAID)
    answer = await client.post(f"/v1/cases/{number}/reveal", json=body, headers=unit)
    assert answer.status_code == 422
    assert [one["field"] for one in answer.json()["errors"]] == ["reason"]
    assert await trail(register, number) == []


@pytest.mark.parametrize("role", [Role.ADMIN, Role.EVALUATOR])
async def test_whoever_has_nothing_to_do_with_them_sees_nobody(
    client: httpx.AsyncClient, keys: Keys, intake: Headers, role: Role
) -> None:
    number = await started(client, intake, **SAID)
    answer = await revealed(client, await headers(keys, role), number)
    assert answer.status_code == 403
    assert not [one for one in PLANTED if one in answer.text]


async def test_what_cannot_be_noted_is_not_shown(
    client: httpx.AsyncClient,
    engine: Engine,
    no_register: Register,
    keys: Keys,
    city: City,
    intake: Headers,
    unit: Headers,
) -> None:
    number = await started(client, intake, **SAID)
    app = create_app(Settings(), engine=engine, register=no_register, keys=keys, city=city)
    async with talking_to(app) as talking:
        answer = await revealed(talking, unit, number)
    assert answer.status_code == 503
    assert answer.headers["Retry-After"]
    assert not [one for one in PLANTED if one in answer.text]
