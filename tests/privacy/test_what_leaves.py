"""A case lives its whole life, and who brought it is looked for in all that left the service, and all that it keeps."""

import asyncio
import json
from contextlib import AsyncExitStack
from http import HTTPStatus
from pathlib import Path
from uuid import uuid4

import pytest
from fastapi import Response
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.api.workflowservice.v1 import GetWorkflowExecutionHistoryRequest, ListWorkflowExecutionsRequest
from temporalio.testing import WorkflowEnvironment

from records.database import connect
from records.register import Register
from tests.gateway.receiver import Post, Receiver
from tests.gateway.receiver import connect as connect_unit
from tests.notices.mail_server import MailServer
from tests.privacy.city import CALLED_IN, CALLERS, WITH_SYSTEM, WITHOUT_SYSTEM, City, served
from tests.privacy.planted import ADDRESS, EMAIL, NAME, PERSON, PHONE, TEXTS, found, said


@pytest.mark.timeout(300)
async def test_art_8_28_nobody_learns_who_complained_but_who_must(
    environment: WorkflowEnvironment, register: Register, database_url: str, tmp_path: Path
) -> None:
    """Art. 8 and 28: the complainant's own mail and an answer to `reveal` may hold who they are, and nothing else."""
    async with AsyncExitStack() as stack:
        stack.enter_context(environment.with_time_skipping_disabled())
        mail = await stack.enter_async_context(MailServer().running())
        system = stack.enter_context(Receiver().running())
        system.answer = _echo
        city = await stack.enter_async_context(served(environment, register, database_url, tmp_path, mail))
        await connect_unit(register, WITH_SYSTEM, system.address)
        number = await _life(city, system)
        await _all_told(register, mail)
        await _look_around(city, number)
        database = connect(database_url)
        stack.push_async_callback(database.dispose)
        kept = await _tables(database) | await _histories(environment, number)
    kept |= _logs(tmp_path)
    kept |= {what: said for what, said in city.answers if what.startswith("GET /metrics")}

    assert kept["worker.log"].count("\n") > 5
    assert kept["table case_events"].count("sealed.1.") > 20
    for what, content in kept.items():
        assert not found(content, (*PERSON, *TEXTS)), f"{what} keeps {_where(content, (*PERSON, *TEXTS))}"
    assert len(system.posts) > 3
    assert any(ADDRESS in post.body.decode() for post in system.posts), "the unit has to know where it is"
    for post in system.posts:
        told = f"{post.headers} {post.body.decode()}"
        assert not found(told), f"the unit's system was sent {_where(told)}"
    theirs, others = _mails(mail)
    assert any(NAME in one or EMAIL in one for one in theirs)
    assert {WITH_SYSTEM, WITHOUT_SYSTEM, "desk"} <= {to for to, _ in others}
    for to, told in others:
        assert not found(told), f"a mail to {to} says {_where(told)}"
    revealed = [content for what, content in city.answers if "/reveal" in what]
    assert revealed
    assert all(found(content) >= {NAME, PHONE, EMAIL} for content in revealed)
    asked = [(what, content) for what, content in city.answers if "/reveal" not in what]
    wrong = {what: _where(content) for what, content in asked if found(content)}
    assert not wrong, json.dumps(wrong, ensure_ascii=False, indent=1)
    assert any(ADDRESS in content for what, content in asked if what.startswith(f"GET /v1/cases/{number} by desk"))


def _logs(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text(errors="replace") for path in folder.glob("*.log")}


def _where(content: str, planted: tuple[str, ...] = PERSON) -> str:
    """What was found, with a little of what is around it where it stands in plain."""
    around = []
    for one in sorted(found(content, planted)):
        at = content.find(one)
        around.append(f"{one}: …{content[max(at - 80, 0) : at + 80]}…" if at >= 0 else f"{one}, written otherwise")
    return "; ".join(around)


def _echo(post: Post) -> Response:
    """What a careless system says of an order that it does not take: all of it."""
    return Response(json.dumps({"detail": f"cannot store {post.body.decode()}"}), status_code=422)


async def _life(city: City, system: Receiver) -> str:
    """From the receipt to the end, with everything that people write on the way. The number of the case."""
    complaint = {
        "source": "counter-3",
        "source_ref": uuid4().hex,
        "channel": "phone",
        "kind": "complaint",
        "category": "utilities/water-outage",
        "subject": said("来电"),
        "description": said("诉求"),
        "location": {"address": ADDRESS},
        "complainant": {"name": NAME, "phone": PHONE, "email": EMAIL, "language": "zh"},
        "unit": WITH_SYSTEM,
    }
    number: str = (await city.do("intake", "/v1/cases", **complaint))["number"]
    case = f"/v1/cases/{number}"
    again = await city.ask("intake", "POST", "/v1/cases", complaint | {"description": said("另一件")})
    assert again.status_code == HTTPStatus.CONFLICT, again.text
    wrong = complaint | {"source_ref": NAME, "complainant": {"phone": NAME, "name": [PHONE]}}
    assert (await city.ask("intake", "POST", "/v1/cases", wrong)).status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    stuck = await _stuck(city)
    system.says(200)
    await city.do("desk", f"{case}/retry-delivery", key=stuck)
    holder = "unit with a system"
    await city.do(holder, f"{case}/acknowledge", note=said("签收"))
    refused = await city.ask(holder, "POST", f"{case}/acknowledge", {"note": said("又签收")})
    assert refused.status_code == HTTPStatus.CONFLICT, refused.text
    await city.do("intake", f"{case}/urge", note=said("催办"))
    await city.do(holder, f"{case}/return", reason=said("退单"), evidence=said("证据"))
    await city.do("desk", f"{case}/adjudicate", upheld=True, reason=said("裁定"))
    await city.do("desk", f"{case}/dispatch", unit=WITHOUT_SYSTEM, reason=said("改派"))
    holder = "unit without one"
    await city.do("clerk", f"{case}/acknowledge", note=said("签收"))
    await city.do(holder, f"{case}/whistle", calls=[{"unit": CALLED_IN, "task": said("吹哨")}])
    await city.do("unit called in", f"{case}/assists/1/acknowledge", note=said("报到"))
    await city.do("unit called in", f"{case}/assists/1/report", note=said("协办"))
    await city.do(holder, f"{case}/contact", note=said("联系"))
    await city.do("intake", f"{case}/supplement", channel="wechat", note=said("补充"))
    await city.do(holder, f"{case}/progress", note=said("进展"))
    await city.do(holder, f"{case}/extension", by="3 days", reason=said("延期"))
    await city.do("supervisor", f"{case}/extension/decision", granted=True, by="2 days", reason=said("准予"))
    await city.do("desk", f"{case}/supervise", reason=said("督办"))
    for who in ("intake", "desk", holder, "supervisor"):
        await city.do(who, f"{case}/note", text=said("备注"))
    await city.do("desk", f"{case}/reveal", reason="要约定上门时间。")
    await city.do(holder, f"{case}/report", outcome="solved", note=said("办结"))
    ended = {"reached": True, "contacted": True, "solved": True, "satisfaction": "satisfied", "note": said("回访")}
    assert (await city.do("desk", f"{case}/callback", **ended))["status"] == "closed"
    await city.do("intake", f"{case}/rate", satisfaction="satisfied", note=said("评价"))
    return number


async def _stuck(city: City) -> str:
    async with asyncio.timeout(60):
        while True:
            answer = await city.ask("desk", "GET", "/v1/deliveries")
            assert answer.is_success, answer.text
            if items := answer.json()["items"]:
                assert "cannot store" in items[0]["reason"]
                key: str = items[0]["key"]
                return key
            await asyncio.sleep(0.2)


async def _all_told(register: Register, mail: MailServer) -> None:
    """Wait until everything has gone out that is due at this hour."""
    async with asyncio.timeout(120):
        while True:
            await asyncio.sleep(1)
            waiting = (await register.sendings.page(state="waiting", limit=1000)).items
            if not waiting and not await register.sendings.unplanned() and len(mail.mail) > 10:
                return


async def _look_around(city: City, number: str) -> None:
    """Have everybody ask for everything that can be read."""
    described = (await city.ask(None, "GET", "/openapi.json")).json()
    paths = [path for path, methods in described["paths"].items() if "get" in methods]
    assert len(paths) > 12
    for path in paths:
        for unit in (WITH_SYSTEM, WITHOUT_SYSTEM) if "{unit" in path else ("",):
            filled = path.replace("{number}", number).replace("{attachment}", "1").replace("{unit}", unit)
            filled = filled.replace("{unit:path}", unit)
            for who in CALLERS:
                await city.ask(who, "GET", filled)
    likely = {"category": "utilities/water-outage", "description": said("诉求"), "location": {"address": ADDRESS}}
    for who in CALLERS:
        await city.ask(who, "GET", f"/v1/cases/{number}/events?limit=200")
        await city.ask(who, "POST", "/v1/candidates", likely)
        await city.ask(who, "GET", f"/v1/cases/{NAME}")
        await city.ask(who, "GET", f"/v1/cases?unit={PHONE}")
    await city.ask(None, "GET", "/metrics")


async def _tables(database: AsyncEngine) -> dict[str, str]:
    async with database.connect() as connection:
        names = await connection.execute(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"))
        kept: dict[str, str] = {}
        for name in list(names.scalars()):
            rows = await connection.execute(text(f'SELECT one::text FROM "{name}" AS one'))  # noqa: S608
            kept[f"table {name}"] = "\n".join(rows.scalars())
    return kept


async def _histories(environment: WorkflowEnvironment, number: str) -> dict[str, str]:
    """What the engine keeps of the case's runs, as it keeps it: nothing of it is unlocked."""
    service, namespace = environment.client.workflow_service, environment.client.namespace
    asked = ListWorkflowExecutionsRequest(namespace=namespace, query=f"WorkflowId = 'case-{number}'")
    kept: dict[str, str] = {}
    async with asyncio.timeout(30):
        while not (runs := (await service.list_workflow_executions(asked)).executions):  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.2)
    for run in runs:
        history = GetWorkflowExecutionHistoryRequest(namespace=namespace, execution=run.execution)
        events = (await service.get_workflow_execution_history(history)).history
        kept[f"run {run.execution.run_id}"] = f"{events.SerializeToString().decode('utf-8', 'replace')}{run}"
        assert len(events.events) > 10
    return kept


def _mails(mail: MailServer) -> tuple[list[str], list[tuple[str, str]]]:
    """The mails to the complainant, and all others by whom they are to; headers and words."""
    theirs, others = [], []
    for message in mail.messages():
        words = message.get_content()
        told = "\n".join([*(f"{name}: {value}" for name, value in message.items()), words])
        if message["To"] == EMAIL:
            theirs.append(told)
        else:
            others.append((message["To"].split("@")[0], told))
    return theirs, others
