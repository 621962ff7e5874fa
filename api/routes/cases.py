"""Cases: taken in, looked at, listed."""

from datetime import UTC, datetime
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request, Response

from api import pace
from api.access import PARTS
from api.answers import answer
from api.bodies.intake import NewCase
from api.details import CaseDetails, CaseExplanation, CaseMoment
from api.guard import CallerDep, GuardedRoute
from api.headings import subjects
from api.idempotency import IdempotencyKey
from api.intake import level_of, take_in
from api.lookup import NumberDep, find, find_at, find_events, find_history
from api.models import CaseEvents, CaseLine, CasePage, CaseQuery, EventQuery
from api.problems import documented
from api.services import ServicesDep
from cases.disclosure import shown, sight
from cases.evolve import fold
from cases.explanation import explain
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
    case: NewCase, request: Request, caller: CallerDep, services: ServicesDep, idempotency_key: IdempotencyKey
) -> Response:
    """The case is durable once this answers, and its limits run from `received_at`.

    With `triage` it was answered at once, or found to go to no unit on one of the six grounds, while the complainant
    was still there (Art. 11): the case is kept, and closed. Else it goes to `unit`, or as the catalogue says.

    The same `source` and `source_ref` (or, without a reference, the same `Idempotency-Key`) find the same case again.
    Other content under the same reference is refused.
    """
    pace.check(request, emergency=services.city.policy.most_urgent(level_of(services.city, case)))
    taken, new = await take_in(services, caller, case, idempotency_key)
    headers = {"Location": f"/v1/cases/{taken.number}"}
    return answer(taken, services.city.policy.city_zone, status=201 if new else 200, headers=headers)


@router.get("", response_model=CasePage, summary="List cases", responses=documented(401, 403, 422, 503))
async def list_cases(
    query: Annotated[CaseQuery, Query()], request: Request, caller: CallerDep, services: ServicesDep
) -> Response:
    """Lists come from the register, which may lag behind by moments.

    A unit's key lists the cases that the unit leads; with `assisting`, `involved` or `district` of its own code, those
    into which it was called, about which it was asked, or which it supervises.
    """
    own = caller.own_cases({part: getattr(query, part) for part in PARTS})
    bound = own | {"source": caller.own_source(query.source)}
    wanted = CaseFilter(**query.model_dump(exclude={"after", "limit", *bound}), **bound)
    page = await services.register.cases(wanted, query.limit, query.after)
    about = await subjects(services, caller, page.items)
    items = [CaseLine.of(row, about.get(row.number), caller.actor) for row in page.items]
    lines = CasePage(items=items, next=page.next)
    return answer(lines, services.city.policy.city_zone, headers=link_to_next(request, page.next))


@router.get(
    "/{number}", response_model=CaseDetails, summary="Look at one case", responses=documented(401, 403, 404, 422, 503)
)
async def get_case(
    number: NumberDep, query: Annotated[CaseMoment, Query()], caller: CallerDep, services: ServicesDep
) -> Response:
    """Everything of a case, with every deadline and its arithmetic, now or as it stood at `as_of`.

    The complainant's contact is masked or hidden, and scrubbed from the texts: `sight` tells which, and whether
    POST /v1/cases/{number}/reveal gives it. A unit sees the cases that it holds, once held or supervises, or is called
    into; of one that reports it (举报), it sees no texts. An alarm counts from when it was
    raised: of a limit that had passed unseen, an earlier `as_of` tells that it still ran.
    """
    case, source = await find(services, caller, number)
    # Whoever had a part then sees no more for that than now.
    seen, whose, moment = sight(caller.actor, case), case.complaint.complainant, query.as_of or datetime.now(UTC)
    if query.as_of is not None:
        case, source = await find_at(services, caller, number, moment)
    details = CaseDetails.of(shown(case, seen, whose), moment, source, seen)
    return answer(details, services.city.policy.city_zone)


@router.get(
    "/{number}/explanation",
    response_model=CaseExplanation,
    summary="Why a case is where it is",
    responses=documented(401, 403, 404, 422, 503),
)
async def get_explanation(
    number: NumberDep, query: Annotated[CaseMoment, Query()], caller: CallerDep, services: ServicesDep
) -> Response:
    """In order of time: each dispatch with its reason, objections, decisions and returns, pauses and extensions.

    Each limit stands with its arithmetic where it began (Art. 13). `lines` tells it to be read, `entries` as data. With
    `as_of` it is what could have been told at that time.
    """
    case, _ = await find(services, caller, number)
    happened, source = await find_history(services, caller, number, query.as_of)
    told = shown(happened, sight(caller.actor, case), case.complaint.complainant)
    zone = services.city.policy.city_zone
    return answer(CaseExplanation.of(explain(fold(told), told), zone, source), zone)


@router.get(
    "/{number}/events",
    response_model=CaseEvents,
    summary="What happened to a case",
    responses=documented(401, 403, 404, 422, 503),
)
async def get_case_events(
    number: NumberDep, query: Annotated[EventQuery, Query()], caller: CallerDep, services: ServicesDep
) -> Response:
    """The whole story in order: who did what and when, and each alarm that was raised.

    The complainant's contact is masked or hidden, as in the case itself.
    """
    case, _ = await find(services, caller, number)
    happened, as_of = await find_events(services, caller, number, query.after, query.limit + 1)
    items = shown(happened[: query.limit], sight(caller.actor, case), case.complaint.complainant)
    following = items[-1].seq if len(happened) > query.limit else None
    story = CaseEvents(number=number, items=items, next=following, as_of_source=as_of)
    return answer(story, services.city.policy.city_zone)


def link_to_next(request: Request, after: str | None) -> dict[str, str]:
    """The header that names the next page (RFC 8288), if there is one."""
    if after is None:
        return {}
    query = [(name, value) for name, value in request.query_params.multi_items() if name != "after"]
    return {"Link": f'<{request.url.path}?{urlencode([*query, ("after", after)])}>; rel="next"'}
