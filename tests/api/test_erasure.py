"""Erasing a case on the person's request, keeping one from it, and proving what was erased, over the whole stack."""

import asyncio
from typing import Any

import httpx
import pytest
import pytest_asyncio
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.service import RPCError, RPCStatusCode
from temporalio.testing import WorkflowEnvironment

from api.services import Services
from cases.vocabulary import Role
from records.database import connect
from records.keys import Keys
from tests.api.conftest import Headers, do, headers, refused, run_out, shown, started
from tests.records.erased import everything, named
from workflows.messages import workflow_id

NAME = "Ouyang Feifei"
PLANTED = (NAME, "Ouyang", "13912345678")
PERSON = {"name": NAME, "phone": "13912345678"}
REASON = "at the request of 3 March"


@pytest_asyncio.fixture
async def database(database_url: str) -> Any:
    made: AsyncEngine = connect(database_url)
    yield made
    await made.dispose()


@pytest_asyncio.fixture
async def auditor(keys: Keys) -> Headers:
    return await headers(keys, Role.AUDITOR)


async def ended(client: httpx.AsyncClient, intake: Headers, environment: WorkflowEnvironment, **changed: Any) -> str:
    """The number of a case that was withdrawn, whose workflow is over."""
    words = {"description": f"{NAME} has no water.", "subject": f"{NAME}'s tap", "complainant": PERSON}
    number = await started(client, intake, **(words | changed))
    await do(client, intake, f"{number}/withdraw", reason=f"{NAME} has water again")
    await run_out(environment, number)
    return number


async def hold(
    client: httpx.AsyncClient, key: Headers, number: str, method: str = "PUT", **body: Any
) -> httpx.Response:
    told = {"reason": f"{NAME} goes to court"} | body
    return await client.request(method, f"/v1/cases/{number}/legal-hold", json=told, headers=key)


async def test_an_erased_case_has_lost_its_person_everywhere_and_keeps_its_story(
    client: httpx.AsyncClient,
    intake: Headers,
    desk: Headers,
    admin: Headers,
    environment: WorkflowEnvironment,
    database: AsyncEngine,
    services: Services,
) -> None:
    number = await ended(client, intake, environment)
    before = await shown(client, desk, number)
    told = await do(client, admin, f"{number}/erase", reason=REASON)
    assert (told["number"], told["rule"], told["reason"], told["keys"]) == (number, "on request", REASON, 1)
    assert told["actor"]["role"] == "admin"
    assert told["settled_at"] is not None
    assert not named(await everything(database), PLANTED)
    after = await shown(client, desk, number)
    for text in (str(after), str(await shown(client, desk, number, "/events"))):
        assert not any(word in text for word in PLANTED)
    assert after["complaint"]["description"] == "[erased]"
    for name in ("status", "level", "unit", "outcome", "deadlines", "time_by_unit"):
        assert after[name] == before[name]
    await _until_forgotten(environment, number)
    assert (await shown(client, desk, number))["allowed"] == []
    assert await services.register.erasures.unsettled() == []


async def _until_forgotten(environment: WorkflowEnvironment, number: str) -> None:
    async with asyncio.timeout(60):
        while True:
            try:
                await environment.client.get_workflow_handle(workflow_id(number)).describe()
            except RPCError as error:
                if error.status is RPCStatusCode.NOT_FOUND:
                    return
                raise
            await asyncio.sleep(0.05)


@pytest.mark.parametrize(
    ("step", "body"),
    [("reopen", {"reason": "again"}), ("supplement", {"channel": "phone", "note": "more"}), ("note", {"text": "more"})],
)
async def test_nothing_brings_it_back(
    client: httpx.AsyncClient,
    intake: Headers,
    desk: Headers,
    admin: Headers,
    environment: WorkflowEnvironment,
    step: str,
    body: dict[str, Any],
) -> None:
    number = await ended(client, intake, environment)
    await do(client, admin, f"{number}/erase", reason=REASON)
    problem = await refused(client, desk, f"{number}/{step}", **body)
    assert (problem["status"], problem["rule"]) == (409, "erased")
    assert "was erased" in problem["detail"]
    assert (await shown(client, desk, number))["status"] == "closed"


async def test_erasing_again_answers_with_the_erasure_as_it_was(
    client: httpx.AsyncClient, intake: Headers, admin: Headers, environment: WorkflowEnvironment
) -> None:
    number = await ended(client, intake, environment)
    first = await do(client, admin, f"{number}/erase", reason=REASON)
    assert await do(client, admin, f"{number}/erase", reason="another") == first


async def test_an_open_case_is_not_erased(client: httpx.AsyncClient, intake: Headers, admin: Headers) -> None:
    number = await started(client, intake)
    problem = await refused(client, admin, f"{number}/erase", reason=REASON)
    assert (problem["status"], problem["rule"]) == (409, "case_open")


async def test_a_case_under_a_hold_is_not_erased_until_it_is_lifted(
    client: httpx.AsyncClient,
    intake: Headers,
    supervisor: Headers,
    admin: Headers,
    environment: WorkflowEnvironment,
    database: AsyncEngine,
) -> None:
    number = await ended(client, intake, environment)
    placed = await hold(client, supervisor, number)
    assert placed.status_code == 201, placed.text
    assert (placed.json()["in_force"], placed.json()["reason"]) == (True, "O*** F*** goes to court"), "scrubbed"
    assert (await hold(client, supervisor, number, reason="again")).json() == placed.json()
    assert not named({"legal_holds": (await everything(database))["legal_holds"]}, PLANTED), "sealed by the case's key"
    problem = await refused(client, admin, f"{number}/erase", reason=REASON)
    assert (problem["status"], problem["rule"]) == (409, "legal_hold")
    assert f"legal hold {placed.json()['hold']}" in problem["detail"]
    assert (await hold(client, admin, number, "DELETE")).status_code == 403, "who erases does not lift what keeps it"
    for _ in range(2):
        lifted = await hold(client, supervisor, number, "DELETE", reason=f"{NAME} has settled")
        assert lifted.status_code == 200, lifted.text
        assert (lifted.json()["in_force"], lifted.json()["lifted_reason"]) == (False, "O*** F*** has settled")
        assert lifted.json()["reason"] == "O*** F*** goes to court"
    await do(client, admin, f"{number}/erase", reason=REASON)
    assert not named(await everything(database), PLANTED)
    again = await hold(client, supervisor, number)
    assert (again.status_code, again.json()["rule"]) == (409, "erased")


async def test_an_open_case_may_be_put_on_hold_and_one_that_never_was_is_not_lifted(
    client: httpx.AsyncClient, intake: Headers, supervisor: Headers, services: Services
) -> None:
    number = await started(client, intake)
    async with asyncio.timeout(20):
        while await services.register.row(number) is None:  # noqa: ASYNC110 - the register hears of it by and by
            await asyncio.sleep(0.02)
    lifted = await hold(client, supervisor, number, "DELETE")
    assert (lifted.status_code, lifted.json()["rule"]) == (409, "no_hold")
    assert (await hold(client, supervisor, number)).status_code == 201


@pytest.mark.parametrize("body", [{}, {"reason": " "}, {"reason": "x" * 501}, {"reason": "x", "more": 1}])
async def test_a_reason_must_be_given(
    client: httpx.AsyncClient, intake: Headers, admin: Headers, body: dict[str, Any]
) -> None:
    number = await started(client, intake)
    answer = await client.post(f"/v1/cases/{number}/erase", json=body, headers=admin)
    assert answer.status_code == 422
    assert {error["field"] for error in answer.json()["errors"]} <= {"reason", "more"}


@pytest.mark.parametrize(
    "told", [f"{NAME} asked for it", "Feifei asked", "called from 139 1234 5678", "by a@b.example"]
)
async def test_a_reason_that_would_keep_the_person_for_ever_is_refused(
    client: httpx.AsyncClient,
    intake: Headers,
    admin: Headers,
    auditor: Headers,
    environment: WorkflowEnvironment,
    told: str,
) -> None:
    number = await ended(client, intake, environment)
    answer = await client.post(f"/v1/cases/{number}/erase", json={"reason": told}, headers=admin)
    assert answer.status_code == 422, answer.text
    (error,) = answer.json()["errors"]
    assert error["field"] == "reason"
    assert "at the person's request" in error["detail"]
    assert told not in answer.text
    assert (await client.get("/v1/erasures", headers=auditor)).json()["items"] == []


async def test_what_was_erased_is_listed_the_latest_first(
    client: httpx.AsyncClient,
    intake: Headers,
    admin: Headers,
    auditor: Headers,
    desk: Headers,
    environment: WorkflowEnvironment,
) -> None:
    numbers = [await ended(client, intake, environment) for _ in range(3)]
    for number in numbers:
        await do(client, admin, f"{number}/erase", reason=REASON)
    seen: list[str] = []
    query: dict[str, Any] = {"limit": 2}
    while True:
        answer = await client.get("/v1/erasures", params=query, headers=auditor)
        assert answer.status_code == 200, answer.text
        seen += [one["number"] for one in answer.json()["items"]]
        if answer.json()["next"] is None:
            break
        query["after"] = answer.json()["next"]
    assert seen == numbers[::-1]
    assert (await client.get("/v1/erasures", headers=desk)).status_code == 403
    assert (await client.get("/v1/erasures", params={"after": "no cursor"}, headers=auditor)).status_code == 422


async def test_nobody_erases_what_does_not_exist(client: httpx.AsyncClient, admin: Headers) -> None:
    answer = await client.post("/v1/cases/YZV0-RSFK-BP0G-3/erase", json={"reason": REASON}, headers=admin)
    assert answer.status_code == 404
