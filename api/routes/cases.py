"""Cases: taken in, looked at, listed."""

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request, Response

from api.answers import answer
from api.guard import CallerDep, GuardedRoute
from api.idempotency import IdempotencyKey
from api.intake import take_in
from api.lookup import NumberDep, find, find_events
from api.models import CaseDetails, CaseEvents, CaseLine, CasePage, CaseQuery, EventQuery, NewCase
from api.problems import documented
from api.services import ServicesDep
from cases.view import CaseView
from records.register import CaseFilter

router = APIRouter(prefix="/v1/cases", tags=["cases"], route_class=GuardedRoute)


@router.post(
    "",
    status_code=201,
    response_model=CaseView,
    summary="Take a complaint in",
    responses={
        200: {"model": CaseView, "description": "The case was there already: the same complaint came before."},
        **documented(400, 401, 403, 409, 413, 415, 422, 503),
    },
)
async def receive_case(
    case: NewCase, caller: CallerDep, services: ServicesDep, idempotency_key: IdempotencyKey
) -> Response:
    """The case is durable once this answers, and its limits run from `received_at`.

    The same `source` and `source_ref` (or, without a reference, the same `Idempotency-Key`) find the same case again.
    Other content under the same reference is refused.
    """
    taken, new = await take_in(services, caller, case, idempotency_key)
    headers = {"Location": f"/v1/cases/{taken.number}"}
    return answer(taken, services.city.policy.city_zone, status=201 if new else 200, headers=headers)


@router.get("", response_model=CasePage, summary="List cases", responses=documented(401, 403, 422, 503))
async def list_cases(
    query: Annotated[CaseQuery, Query()], request: Request, caller: CallerDep, services: ServicesDep
) -> Response:
    """Lists come from the register, which may lag behind by moments. A unit's key lists the unit's own cases."""
    bound = {"unit": caller.own_unit(query.unit), "source": caller.own_source(query.source)}
    wanted = CaseFilter(**query.model_dump(exclude={"after", "limit", "unit", "source"}), **bound)
    page = await services.register.cases(wanted, query.limit, query.after)
    lines = CasePage(items=[CaseLine.model_validate(row) for row in page.items], next=page.next)
    return answer(lines, services.city.policy.city_zone, headers=link_to_next(request, page.next))


@router.get(
    "/{number}", response_model=CaseDetails, summary="Look at one case", responses=documented(401, 403, 404, 422, 503)
)
async def get_case(number: NumberDep, caller: CallerDep, services: ServicesDep) -> Response:
    """Everything of a case, with every deadline and its arithmetic; a unit sees the cases it holds or once held."""
    case, as_of = await find(services, caller, number)
    return answer(CaseDetails.of(case, as_of), services.city.policy.city_zone)


@router.get(
    "/{number}/events",
    response_model=CaseEvents,
    summary="What happened to a case",
    responses=documented(401, 403, 404, 422, 503),
)
async def get_case_events(
    number: NumberDep, query: Annotated[EventQuery, Query()], caller: CallerDep, services: ServicesDep
) -> Response:
    """The whole story in order: who did what and when, and each alarm that was raised."""
    happened, as_of = await find_events(services, caller, number, query.after, query.limit + 1)
    items = happened[: query.limit]
    following = items[-1].seq if len(happened) > query.limit else None
    story = CaseEvents(number=number, items=items, next=following, as_of_source=as_of)
    return answer(story, services.city.policy.city_zone)


def link_to_next(request: Request, after: str | None) -> dict[str, str]:
    """The header that names the next page (RFC 8288), if there is one."""
    if after is None:
        return {}
    query = [(name, value) for name, value in request.query_params.multi_items() if name != "after"]
    return {"Link": f'<{request.url.path}?{urlencode([*query, ("after", after)])}>; rel="next"'}
