"""Triage, dispatch, and the dispute about whose a matter is, through the whole stack."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from cases.vocabulary import Kind, Role
from records.keys import Keys
from tests.api.conftest import (
    OTHER_UNIT,
    SOURCE,
    SUBDISTRICT,
    UNIT,
    Headers,
    at_the_desk,
    do,
    eventually,
    facts,
    headers,
    new_case,
    refused,
    shown,
    started,
)

GROUNDS: list[dict[str, Any]] = [
    {"ground": "emergency_line", "line": "119", "told": "Put through."},
    {"ground": "statutory_channel", "channel": "court", "told": "To the court."},
    {"ground": "secret", "told": "It is somebody's own."},
    {"ground": "outside_duty", "unit": "housing", "told": "A private contract."},
    {"ground": "outside_duty", "told": "A private contract."},
    {"ground": "unlawful", "told": "That is not done."},
]


async def test_a_consultation_is_answered_at_once(client: httpx.AsyncClient, intake: Headers) -> None:
    triage = {"ground": "answered", "told": "From nine to five."}
    number = await started(client, intake, kind="consultation", unit=None, triage=triage)
    case = await shown(client, intake, number)
    assert (case["status"], case["outcome"], case["advised"]) == ("closed", "answered", "From nine to five.")
    assert case["orders"] == []
    assert await facts(client, intake, number) == ["received", "advised", "closed"]


@pytest.mark.parametrize("ground", GROUNDS)
async def test_what_is_not_dispatched_is_kept_with_its_ground(
    client: httpx.AsyncClient, intake: Headers, desk: Headers, ground: dict[str, Any]
) -> None:
    at_once = await started(client, intake, unit=None, triage=ground)
    later = await at_the_desk(client, intake)
    await do(client, desk, f"{later}/not-dispatch", **ground)
    for number in (at_once, later):
        case = await shown(client, intake, number)
        assert case["outcome"] == "not_dispatched"
        assert ground.items() <= case["declined"].items()
        assert case["orders"] == []


async def test_a_repeat_is_told_to_the_case_that_it_repeats(
    client: httpx.AsyncClient, intake: Headers, desk: Headers
) -> None:
    first = await started(client, intake)
    same = {"ground": "same_matter", "case": first.lower(), "told": "A team is there."}
    repeats = [await started(client, intake, unit=None, triage=same)]
    repeats.append(await at_the_desk(client, intake))
    await do(client, desk, f"{repeats[1]}/not-dispatch", **same)
    assert (await shown(client, intake, repeats[1]))["declined"]["case"] == first
    known = await eventually(client, intake, first, lambda case: len(case["repeats"]) == len(repeats))
    assert sorted(known["repeats"]) == sorted(repeats)


async def test_the_other_case_must_be_one_that_the_caller_may_know_of(
    client: httpx.AsyncClient, intake: Headers, bound_intake: Headers
) -> None:
    foreign = await started(client, intake, source="app")
    own = await started(client, bound_intake)
    same = {"ground": "same_matter", "told": "It is looked at."}
    for case, status in ((foreign, 422), (own, 201)):
        body = new_case(unit=None, triage=same | {"case": case})
        answer = await client.post("/v1/cases", json=body, headers=bound_intake)
        assert answer.status_code == status, answer.text
        if status == 422:
            assert answer.json()["errors"][0]["field"] == "triage.case"


@pytest.mark.parametrize(
    ("changed", "field", "says"),
    [
        ({"triage": {"ground": "answered", "told": "So."}}, "triage.ground", "consultation"),
        ({"triage": {"ground": "answered", "told": "So."}, "unit": UNIT}, "unit", "leave one"),
        ({"triage": {"ground": "whim", "told": "So."}}, "triage.ground", "same_matter"),
        ({"triage": {"told": "So."}}, "triage.ground", "missing"),
        ({"triage": {"ground": "same_matter", "told": "So."}}, "triage.case", "missing"),
        ({"triage": {"ground": "same_matter", "case": "0000-0000-0000-0", "told": "So."}}, "triage.case", "no case"),
        ({"triage": {"ground": "outside_duty", "unit": "housin", "told": "So."}}, "triage.unit", "housing"),
    ],
)
async def test_a_triage_that_cannot_be_is_told_by_field(
    client: httpx.AsyncClient, intake: Headers, changed: dict[str, Any], field: str, says: str
) -> None:
    answer = await client.post("/v1/cases", json=new_case(**({"unit": None} | changed)), headers=intake)
    assert answer.status_code in (409, 422)
    (error,) = answer.json()["errors"]
    assert error["field"] == field
    assert says in error["detail"]


async def test_the_kind_decides_on_the_level_where_the_policy_says_so(
    under: Callable[..., httpx.AsyncClient], intake: Headers
) -> None:
    async with under(kinds={Kind.SUGGESTION: "utility"}) as client:
        for changed, level in (
            ({"kind": "suggestion", "category": "environment/construction-noise"}, "utility"),
            ({"kind": "complaint", "category": "environment/construction-noise"}, "general"),
            ({"kind": "suggestion", "category": "danger/gas-smell"}, "emergency"),
            ({"kind": "suggestion", "level": "complex"}, "complex"),
        ):
            answer = await client.post("/v1/cases", json=new_case(**changed), headers=intake)
            assert answer.json()["level"] == level, changed


async def test_the_desk_answers_consults_and_dispatches(
    client: httpx.AsyncClient, intake: Headers, desk: Headers
) -> None:
    asked = await at_the_desk(client, intake, kind="consultation")
    assert (await do(client, desk, f"{asked}/answer", told="At the counter."))["outcome"] == "answered"
    number = await at_the_desk(client, intake)
    assert (await refused(client, desk, f"{number}/answer", told="So."))["rule"] == "not_a_consultation"
    consulted = await do(client, desk, f"{number}/consult", units=[UNIT, OTHER_UNIT], question="Whose wall is it?")
    assert "consultation" in {one["name"] for one in consulted["deadlines"]}
    sent = await do(client, desk, f"{number}/dispatch", unit=SUBDISTRICT, reason="It is in Shangdi.")
    assert sent["unit"] == SUBDISTRICT
    assert (await shown(client, desk, number))["orders"][0]["copy_to"] == OTHER_UNIT


async def test_an_order_is_reassigned_and_its_unit_designated(
    client: httpx.AsyncClient, intake: Headers, desk: Headers, supervisor: Headers, other_unit: Headers
) -> None:
    number = await started(client, intake)
    await do(client, desk, f"{number}/reassign", unit=SUBDISTRICT, reason="Over the border.")
    case = await shown(client, desk, number)
    assert [(order["unit"], order["copy_to"]) for order in case["orders"]] == [(UNIT, None), (SUBDISTRICT, OTHER_UNIT)]
    assert case["orders"][0]["ended_at"] is not None
    # The district that supervises it sees it.
    assert (await shown(client, other_unit, number))["unit"] == SUBDISTRICT
    await do(client, supervisor, f"{number}/designate", unit=OTHER_UNIT, reason="The district does it itself.")
    assert (await shown(client, desk, number))["orders"][-1]["designated"]
    final = await refused(client, other_unit, f"{number}/return", reason="Not ours.")
    assert final["rule"] == "returns_exhausted"


async def test_an_objection_is_decided_on(
    client: httpx.AsyncClient, intake: Headers, desk: Headers, unit: Headers, other_unit: Headers, supervisor: Headers
) -> None:
    number = await started(client, intake)
    objection = {"reason": "Not in our district.", "evidence": "Map 4.", "proposed": OTHER_UNIT}
    held = await do(client, unit, f"{number}/return", **objection)
    assert held["unit"] == UNIT
    assert "adjudication" in {one["name"] for one in held["deadlines"]}
    await do(client, desk, f"{number}/adjudicate", upheld=True, reason="The map is right.", unit=SUBDISTRICT)
    case = await shown(client, desk, number)
    assert objection.items() <= case["orders"][0]["objections"][0].items()
    assert (case["unit"], case["orders"][1]["copy_to"], case["returns"]) == (SUBDISTRICT, OTHER_UNIT, 1)

    other = await started(client, intake)
    await do(client, unit, f"{other}/return", reason="Not ours.")
    stays = await do(client, desk, f"{other}/adjudicate", upheld=False, reason="It is.")
    assert stays["unit"] == UNIT
    assert (await refused(client, unit, f"{other}/return", reason="Still not."))["rule"] == "objection_final"


async def test_a_case_joins_an_incident_and_is_reported_with_it(
    client: httpx.AsyncClient, intake: Headers, desk: Headers, unit: Headers
) -> None:
    incident = await started(client, intake)
    follower = await at_the_desk(client, intake)
    joined = await do(client, desk, f"{follower}/join", incident=incident, reason="The same burst main.")
    assert (joined["unit"], joined["status"]) == (UNIT, "in_progress")
    for path, body in (("acknowledge", {}), ("report", {"outcome": "solved", "note": "Mended."})):
        await do(client, unit, f"{incident}/{path}", **body)
    case = await eventually(client, desk, follower, lambda case: case["status"] == "reported")
    assert (case["incident"], case["orders"][-1]["report_note"]) == (incident, "Mended.")
    assert (await shown(client, desk, incident))["followers"] == [follower]


async def test_what_cannot_lead_is_refused_with_what_to_do(
    client: httpx.AsyncClient, intake: Headers, desk: Headers
) -> None:
    incident, follower = await started(client, intake), await started(client, intake)
    await do(client, desk, f"{follower}/join", incident=incident, reason="The same.")
    unplaced = await at_the_desk(client, intake)
    withdrawn = await started(client, intake)
    await do(client, desk, f"{withdrawn}/withdraw")
    number = await started(client, intake)
    for other, says in (
        (follower, incident),
        (unplaced, "dispatch that case first"),
        (withdrawn, "ended without a report"),
        (number, "cannot follow itself"),
        ("0000-0000-0000-0", "no case"),
        ("nonsense", "one looks like"),
    ):
        problem = await refused(client, desk, f"{number}/join", incident=other, reason="The same.")
        assert problem["errors"][0]["field"] == "incident"
        assert says in problem["errors"][0]["detail"]
    assert (await shown(client, desk, number))["incident"] is None


async def test_a_key_bound_to_a_source_joins_no_foreign_case(
    client: httpx.AsyncClient, intake: Headers, keys: Keys
) -> None:
    bound = await headers(keys, Role.DESK, source=SOURCE)
    foreign, own = await started(client, intake, source="app"), await started(client, intake)
    problem = await refused(client, bound, f"{own}/join", incident=foreign, reason="The same.")
    nothing = await refused(client, bound, f"{own}/join", incident="0000-0000-0000-0", reason="The same.")
    assert problem["detail"].replace(foreign, "0000-0000-0000-0") == nothing["detail"]
