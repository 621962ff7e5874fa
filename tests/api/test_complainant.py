"""What the complainant says and wants, also after the end, through the whole stack."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest
import pytest_asyncio
from temporalio.testing import WorkflowEnvironment

from cases.limits import Budget, Limit
from cases.rules import AppealRules, ReopeningRules
from cases.vocabulary import Satisfaction
from hotline.policies import City
from tests.api.conftest import OTHER_UNIT, UNIT, Headers, do, facts, refused, run_out, shown, started

SOLVED = {"outcome": "solved", "note": "Main repaired."}
HAPPY = {"reached": True, "contacted": True, "solved": True, "satisfaction": "satisfied"}
UNHAPPY = {"reached": True, "contacted": True, "solved": False, "satisfaction": "dissatisfied"}


def at_any_hour(city: City, **changed: Any) -> Any:
    """The city's rules of call-back, by night as by day and without an interval."""
    return city.policy.callback and city.policy.callback.model_copy(
        update={"hours": None, "apart": Budget.parse("0 minutes")} | changed
    )


@pytest_asyncio.fixture
async def patient(under: Callable[..., httpx.AsyncClient], city: City) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a city that calls back at any hour and hears appeals."""
    appeal = AppealRules(
        within=Budget.parse("30 days"),
        unlocked_by=(Satisfaction.DISSATISFIED,),
        resolve=Limit(within=Budget.parse("20 days")),
    )
    async with under(callback=at_any_hour(city), appeal=appeal) as talking:
        yield talking


async def reported(client: httpx.AsyncClient, intake: Headers, unit: Headers) -> str:
    number = await started(client, intake)
    await do(client, unit, f"{number}/acknowledge")
    await do(client, unit, f"{number}/report", **SOLVED)
    return number


async def test_nobody_reached_so_often_ends_as_unreachable(
    patient: httpx.AsyncClient, intake: Headers, unit: Headers, desk: Headers
) -> None:
    number = await reported(patient, intake, unit)
    for outcome in (None, None, "unreachable"):
        told = await do(patient, desk, f"{number}/callback", reached=False, note="No answer.")
        assert told["outcome"] == outcome


async def test_what_rounds_did_not_solve_a_supervisor_closes(
    patient: httpx.AsyncClient, intake: Headers, unit: Headers, desk: Headers, supervisor: Headers
) -> None:
    number = await reported(patient, intake, unit)
    assert (await do(patient, desk, f"{number}/callback", **UNHAPPY))["status"] == "dispatched"
    await do(patient, unit, f"{number}/acknowledge")
    await do(patient, unit, f"{number}/report", **SOLVED)
    assert (await do(patient, desk, f"{number}/callback", **UNHAPPY))["status"] == "received"
    assert (await shown(patient, desk, number))["awaits_supervisor"]
    sent = await refused(patient, desk, f"{number}/dispatch", unit=OTHER_UNIT, reason="Try there.")
    assert "designate" in sent["detail"]
    closed = await do(patient, supervisor, f"{number}/close", outcome="unsolved", reason="Two rounds.")
    assert closed["outcome"] == "unsolved"


@pytest.fixture
def ended(
    patient: httpx.AsyncClient, intake: Headers, unit: Headers, desk: Headers, environment: WorkflowEnvironment
) -> Callable[[], Any]:
    """Makes a case that has ended, and whose workflow is over."""

    async def made() -> str:
        number = await reported(patient, intake, unit)
        await do(patient, desk, f"{number}/callback", **HAPPY)
        await run_out(environment, number)
        return number

    return made


async def test_an_ended_case_takes_late_facts_and_stays_ended(
    patient: httpx.AsyncClient,
    intake: Headers,
    unit: Headers,
    other_unit: Headers,
    desk: Headers,
    ended: Callable[[], Any],
    environment: WorkflowEnvironment,
) -> None:
    number = await ended()
    before = await facts(patient, desk, number)
    for headers, path, body in (
        (desk, "note", {"text": "The file is complete."}),
        (unit, "report", {"outcome": "solved", "note": "One more thing."}),
        (unit, "contact", {"note": "She rang again."}),
        (intake, "supplement", {"channel": "phone", "note": "Thank you."}),
        (intake, "rate", {"satisfaction": "basically_satisfied", "note": "It took long."}),
    ):
        told = await do(patient, headers, f"{number}/{path}", **body)
        assert (told["status"], told["outcome"]) == ("closed", "solved")
        await run_out(environment, number)
    case = await shown(patient, desk, number)
    assert (case["rating"], case["satisfaction"]) == ("basically_satisfied", "basically_satisfied")
    assert (await facts(patient, desk, number))[len(before) :] == [
        "noted",
        "late_report",
        "late_report",
        "supplemented",
        "rated",
    ]
    foreign = await patient.post(f"/v1/cases/{number}/report", json=SOLVED, headers=other_unit)
    assert foreign.status_code == 404


async def test_a_step_on_an_ended_case_is_taken_once_under_its_key(
    patient: httpx.AsyncClient,
    desk: Headers,
    ended: Callable[[], Any],
    environment: WorkflowEnvironment,
) -> None:
    number = await ended()
    once = desk | {"Idempotency-Key": "note-1"}
    first = await do(patient, once, f"{number}/note", text="Once.")
    await run_out(environment, number)
    again = await do(patient, once, f"{number}/note", text="Once.")
    assert first["version"] == again["version"]
    reused = await refused(patient, once, f"{number}/note", text="Twice.")
    assert reused["errors"][0]["field"] == "Idempotency-Key"


async def test_a_case_is_reopened_and_goes_back_to_its_unit(
    patient: httpx.AsyncClient, intake: Headers, desk: Headers, unit: Headers, ended: Callable[[], Any]
) -> None:
    number = await ended()
    opened = await do(patient, intake, f"{number}/reopen", reason="It leaks again.")
    assert (opened["status"], opened["unit"], opened["outcome"]) == ("dispatched", UNIT, None)
    case = await shown(patient, desk, number)
    assert (case["reopened"], [one["outcome"] for one in case["closures"]]) == (1, ["solved"])
    await do(patient, unit, f"{number}/acknowledge")
    await do(patient, unit, f"{number}/report", **SOLVED)
    await do(patient, desk, f"{number}/callback", **HAPPY)
    assert (await refused(patient, intake, f"{number}/reopen", reason="Again."))["rule"] == "reopened_enough"


async def test_outside_of_its_window_a_case_stays_ended(
    under: Callable[..., httpx.AsyncClient],
    intake: Headers,
    desk: Headers,
    environment: WorkflowEnvironment,
) -> None:
    async with under(reopening=ReopeningRules(within=Budget.parse("0 minutes"))) as client:
        number = await started(client, intake)
        await do(client, desk, f"{number}/withdraw")
        await run_out(environment, number)
        late = await refused(client, intake, f"{number}/reopen", reason="It leaks again.")
        assert (late["status"], late["rule"]) == (409, "reopen_too_late")
        assert "reopen" not in late["allowed"]
        assert (await shown(client, desk, number))["outcome"] == "withdrawn"


async def test_a_poor_rating_unlocks_an_appeal_to_another_reviewer(
    patient: httpx.AsyncClient, intake: Headers, desk: Headers, ended: Callable[[], Any]
) -> None:
    number = await ended()
    locked = await refused(patient, intake, f"{number}/appeal", reason="It was not read.")
    assert locked["rule"] == "appeal_locked"
    await do(patient, intake, f"{number}/rate", satisfaction="dissatisfied")
    appealed = await do(patient, intake, f"{number}/appeal", reason="It was not read.")
    assert appealed["status"] == "received"
    same = await refused(patient, desk, f"{number}/dispatch", unit=UNIT, reason="Them again.")
    assert (same["rule"], same["errors"][0]["field"]) == ("same_reviewer", "unit")
    await do(patient, desk, f"{number}/dispatch", unit=OTHER_UNIT, reason="Fresh eyes.")
    assert (await shown(patient, desk, number))["stage"] == 2


async def test_a_policy_without_appeals_says_so(client: httpx.AsyncClient, intake: Headers) -> None:
    number = await started(client, intake)
    problem = await refused(client, intake, f"{number}/appeal", reason="It was not read.")
    assert problem["rule"] == "appeal_not_provided"
    assert "[appeal]" in problem["detail"]
