"""Suggestions of cases that may be the same matter: repeats, and incidents that many complain about."""

from collections.abc import Collection
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Query, Response

from api.access import Caller
from api.answers import answer
from api.bodies.candidates import CandidateLine, CandidateList, CandidateQuery, NewMatter
from api.guard import CallerDep, GuardedRoute
from api.headings import subjects
from api.looking_up import looked_up
from api.lookup import NumberDep, check_category, find
from api.problems import documented
from api.services import Services, ServicesDep
from cases.likeness import Matter
from cases.sight import sees_reporters
from records.candidates import Asked

router = APIRouter(prefix="/v1", tags=["cases"], route_class=GuardedRoute)


@router.get(
    "/cases/{number}/candidates",
    response_model=CandidateList,
    summary="Cases that may be the same matter",
    responses=documented(401, 403, 404, 422, 503),
)
async def list_candidates(
    number: NumberDep, query: Annotated[CandidateQuery, Query()], caller: CallerDep, services: ServicesDep
) -> Response:
    """Earlier cases that may be this one's matter, the likeliest first, each with its reasons (Art. 9, 11).

    They are sought by category and area, and scored by category, place, time and wording. Where the likely one is
    handled through an incident, the case that leads is suggested. Cases that this one is linked to already are left
    out. It only suggests: to link a case, take the step `join`; to tell a repeat its status, triage it.
    """
    case, _ = await find(services, caller, number)
    linked = {number, *case.followers, *case.repeats} | ({case.incident} if case.incident else set())
    return await _suggested(services, caller, Matter.of(case.complaint), linked, query)


@router.post(
    "/candidates",
    response_model=CandidateList,
    summary="Cases that may be a new complaint's matter",
    responses=documented(400, 401, 403, 413, 415, 422, 503),
)
async def find_candidates(
    body: NewMatter, query: Annotated[CandidateQuery, Query()], caller: CallerDep, services: ServicesDep
) -> Response:
    """The same for a complaint that is no case yet, while the complainant is at the telephone. Nothing of it is kept.

    Everything but the category may still be missing: what is there is compared. That somebody was looked up by number
    or mail is noted in the audit trail. The desk and supervisors alone find a report (举报) by whose it is.
    """
    check_category(services.city, "category", body.category)
    await looked_up(services, caller, body.complainant)
    return await _suggested(services, caller, body.matter(datetime.now(UTC)), (), query)


async def _suggested(
    services: Services, caller: Caller, matter: Matter, linked: Collection[str], query: CandidateQuery
) -> Response:
    asked = Asked(
        matter=matter,
        linked=linked,
        source=caller.own_source(None),
        reporters=sees_reporters(caller.actor.role),
        limit=query.limit,
        scale=query.scale,
    )
    found = await services.register.candidates(asked)
    about = await subjects(services, caller, [one.case for one in found])
    lines = CandidateList(items=tuple(CandidateLine.of(one, about.get(one.case.number)) for one in found))
    return answer(lines, services.city.policy.city_zone)
