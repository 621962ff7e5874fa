"""What the unit that holds an order does and is granted, and units that are called in, through the whole stack."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from cases.calendar import Calendar
from cases.city import City
from cases.limits import Budget
from cases.vocabulary import Role
from records.keys import Keys
from tests.api.conftest import (
    OTHER_UNIT,
    SUBDISTRICT,
    UNIT,
    Headers,
    do,
    facts,
    headers,
    listed,
    refused,
    shown,
    started,
)

REPORT = {"outcome": "explained", "note": "The law leaves it to the owner."}


async def test_more_time_is_asked_for_and_granted(
    client: httpx.AsyncClient, intake: Headers, unit: Headers, supervisor: Headers
) -> None:
    number = await started(client, intake)
    due = {one["name"]: one["due_at"] for one in (await shown(client, unit, number))["deadlines"]}
    asked = await do(client, unit, f"{number}/extension", by="3 days", reason="The part comes from abroad.")
    assert "decide_extension" in asked["allowed"]
    await do(client, supervisor, f"{number}/extension/decision", granted=True, by="2 days", reason="Without Sunday.")
    case = await shown(client, unit, number)
    (extension,) = case["orders"][0]["extensions"]
    assert (extension["by"], extension["granted"], extension["decision"]) == ("2 days", True, "Without Sunday.")
    (resolution,) = (one for one in case["deadlines"] if one["name"] == "resolution")
    moved = datetime.fromisoformat(resolution["due_at"]) - datetime.fromisoformat(due["resolution"])
    assert (moved, resolution["extensions"]) == (timedelta(days=2), ["2 days"])


async def test_waiting_for_the_complainant_ends_with_any_contact(
    client: httpx.AsyncClient, intake: Headers, unit: Headers, desk: Headers
) -> None:
    number = await started(client, intake)
    await do(client, unit, f"{number}/acknowledge")
    waits = await do(client, unit, f"{number}/wait", reason="Only she has the key.")
    assert {one["name"]: one["standing"] for one in waits["deadlines"]}["resolution"] == "paused"
    runs = await do(client, intake, f"{number}/supplement", channel="wechat", note="The key is at the gate.")
    assert {one["name"]: one["standing"] for one in runs["deadlines"]}["resolution"] == "running"
    await do(client, desk, f"{number}/wait", reason="She is away.")
    await do(client, desk, f"{number}/resume", reason="She is back.")
    case = await shown(client, unit, number)
    assert [(one["kind"], one["ended_by"]) for one in case["pauses"]] == [
        ("complainant", "contact with the complainant"),
        ("complainant", "She is back."),
    ]
    assert [one["unit"] for one in case["time_by_unit"]] == [UNIT]
    assert (await refused(client, unit, f"{number}/wait", reason="Again."))["rule"] == "waits_exhausted"


async def test_a_long_matter_goes_on_account_and_is_reviewed(
    client: httpx.AsyncClient, intake: Headers, unit: Headers, supervisor: Headers
) -> None:
    number = await started(client, intake)
    await do(client, unit, f"{number}/acknowledge")
    now = datetime.now(UTC)
    review, until = ((now + timedelta(days=days)).isoformat() for days in (30, 60))
    held = {"plan": "With the street.", "owner": "Director Li", "exit": "The sewer runs.", "until": until}
    late = await refused(client, supervisor, f"{number}/hold", **held, reviews=[until, review])
    assert late["errors"][0]["field"] == "reviews"
    await do(client, supervisor, f"{number}/hold", **held, reviews=[review])
    await do(client, unit, f"{number}/review", note="The plan is approved.")
    (pause,) = (await shown(client, unit, number))["pauses"]
    assert (pause["kind"], pause["plan"], len(pause["reviewed"])) == ("account", "With the street.", 1)
    await do(client, unit, f"{number}/resume", reason="The sewer runs.")
    assert (await shown(client, unit, number))["pauses"][0]["ended_by"] == "The sewer runs."


async def test_help_from_above_interim_replies_supervision_and_notes_are_kept(
    client: httpx.AsyncClient, intake: Headers, unit: Headers, desk: Headers, supervisor: Headers
) -> None:
    number = await started(client, intake)
    await do(client, unit, f"{number}/acknowledge")
    await do(client, unit, f"{number}/progress", note="The pipe is found.")
    await do(client, unit, f"{number}/escalate", reason="The pipe is the city's.", to="water-authority")
    await do(client, desk, f"{number}/supervise", reason="The third complaint.")
    await do(client, intake, f"{number}/urge")
    for key in (unit, desk, supervisor, intake):
        await do(client, key, f"{number}/note", text="Call after six.")
    told = await facts(client, desk, number)
    assert told[2:] == ["acknowledged", "progressed", "raised_up", "supervised", "urged", *["noted"] * 4]
    case = await shown(client, desk, number)
    assert case["supervised_at"] is not None
    assert len(case["urges"]) == 1
    assert (await refused(client, intake, f"{number}/urge"))["rule"] == "urged_recently"


async def test_units_are_called_in_refuse_are_heard_and_report(
    client: httpx.AsyncClient,
    intake: Headers,
    unit: Headers,
    other_unit: Headers,
    subdistrict: Headers,
    desk: Headers,
) -> None:
    number = await started(client, intake)
    for key in (other_unit, subdistrict):
        assert (await client.get(f"/v1/cases/{number}", headers=key)).status_code == 404
    await do(client, unit, f"{number}/acknowledge")
    calls = [{"unit": SUBDISTRICT, "task": "Measure."}, {"unit": "ecology", "task": "Judge."}]
    await do(client, unit, f"{number}/whistle", calls=calls)
    case = await shown(client, subdistrict, number)
    assert [(one["unit"], one["copy_to"], one["called_by"]) for one in case["assists"]] == [
        (SUBDISTRICT, OTHER_UNIT, UNIT),
        ("ecology", None, UNIT),
    ]
    await do(client, subdistrict, f"{number}/assists/1/acknowledge", note="Tonight.")
    foreign = await refused(client, subdistrict, f"{number}/assists/2/acknowledge")
    assert (foreign["rule"], foreign["errors"][0]["field"]) == ("not_your_order", "assist")
    await do(client, subdistrict, f"{number}/assists/1/refuse", reason="No meter.", evidence="Inventory.")
    own = await refused(client, subdistrict, f"{number}/assists/1/adjudicate", upheld=True, reason="So.")
    assert own["rule"] == "not_your_order"
    # A district is a unit: it decides on the refusal of the subdistrict that it supervises.
    await do(client, other_unit, f"{number}/assists/1/adjudicate", upheld=False, reason="Borrow one.")
    missing = await refused(client, unit, f"{number}/report", **REPORT)
    assert missing["errors"][0]["field"] == "missing_reason"
    await do(client, subdistrict, f"{number}/assists/1/progress", note="Borrowed.")
    await do(client, subdistrict, f"{number}/assists/1/report", note="62 decibels.")
    await do(client, unit, f"{number}/report", **REPORT, missing_reason="The limit is known.")
    case = await shown(client, desk, number)
    assert case["assists"][0]["report_note"] == "62 decibels."
    assert case["orders"][0]["missing"] == [2]


async def test_a_call_that_is_not_there_is_told_by_its_index(
    client: httpx.AsyncClient, intake: Headers, unit: Headers, keys: Keys
) -> None:
    number = await started(client, intake)
    await do(client, unit, f"{number}/acknowledge")
    await do(client, unit, f"{number}/whistle", calls=[{"unit": "ecology", "task": "Judge."}])
    ecology = await headers(keys, Role.UNIT_LEAD, unit="ecology")
    for step in ("acknowledge", "refuse", "adjudicate", "progress", "report"):
        body: dict[str, Any] = {"note": "So."} if step in ("acknowledge", "progress", "report") else {"reason": "So."}
        body |= {"upheld": True} if step == "adjudicate" else {}
        for index in ("9", "0", "x"):
            problem = await refused(client, ecology, f"{number}/assists/{index}/{step}", **body)
            if (step, index) != ("adjudicate", "9"):
                assert problem["errors"][0]["field"] == "assist", step


async def test_an_index_in_the_body_is_not_known(client: httpx.AsyncClient, intake: Headers, unit: Headers) -> None:
    number = await started(client, intake)
    problem = await refused(client, unit, f"{number}/assists/1/report", note="Done.", assist=2)
    assert (problem["status"], problem["errors"][0]["field"]) == (422, "assist")


async def test_an_extension_is_bounded_in_working_days_too(
    under: Callable[..., httpx.AsyncClient], city: City, intake: Headers, unit: Headers
) -> None:
    assert city.policy.extension is not None
    rules = city.policy.extension.model_copy(update={"at_most": Budget.parse("9 working days")})
    async with under(extension=rules, calendar=Calendar()) as client:
        number = await started(client, intake)
        for by, status in (("999999 working days", 422), ("10 working days", 409), ("0 days", 409)):
            problem = await refused(client, unit, f"{number}/extension", by=by, reason="Slow.")
            assert (problem["status"], problem["errors"][0]["field"]) == (status, "by")
        await do(client, unit, f"{number}/extension", by="9 working days", reason="Slow.")


async def test_a_called_unit_finds_its_calls_in_a_list_and_no_others_do(
    client: httpx.AsyncClient, intake: Headers, unit: Headers, subdistrict: Headers, other_unit: Headers
) -> None:
    number = await started(client, intake)
    await started(client, intake)
    await do(client, unit, f"{number}/acknowledge")
    await do(client, unit, f"{number}/whistle", calls=[{"unit": SUBDISTRICT, "task": "Measure."}])
    (line,) = await listed(client, subdistrict, f"/v1/cases?assisting={SUBDISTRICT}", 1)
    assert (line["number"], line["unit"], line["assisting"]) == (number, UNIT, [SUBDISTRICT])
    foreign = await client.get(f"/v1/cases?assisting={SUBDISTRICT}", headers=other_unit)
    assert foreign.status_code == 403
    assert "assisting" in foreign.json()["detail"]
    # The district decides if the one called in refuses: it finds the case without leading it.
    await do(client, subdistrict, f"{number}/assists/1/refuse", reason="No meter.")
    (line,) = await listed(client, other_unit, f"/v1/cases?involved={OTHER_UNIT}&objected=true", 1)
    assert line["number"] == number
    await do(client, subdistrict, f"{number}/assists/1/report", note="62 decibels.")
    assert await listed(client, subdistrict, f"/v1/cases?assisting={SUBDISTRICT}", 0) == []
    assert await listed(client, other_unit, f"/v1/cases?involved={OTHER_UNIT}", 0) == []


async def test_a_district_finds_the_cases_that_it_supervises(
    client: httpx.AsyncClient, intake: Headers, other_unit: Headers, unit: Headers
) -> None:
    number = await started(client, intake, unit=SUBDISTRICT)
    (line,) = await listed(client, other_unit, f"/v1/cases?district={OTHER_UNIT}", 1)
    assert (line["number"], line["unit"], line["district"]) == (number, SUBDISTRICT, OTHER_UNIT)
    assert (await client.get(f"/v1/cases?district={OTHER_UNIT}", headers=unit)).status_code == 403
