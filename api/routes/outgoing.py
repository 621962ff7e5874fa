"""What goes out and what is stuck: deliveries to units' systems, notices to people."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from api.advice import FieldError
from api.answers import answer
from api.guard import CallerDep, GuardedRoute
from api.outgoing import (
    DeliveryLine,
    DeliveryPage,
    DeliveryQuery,
    NoticeLine,
    NoticePage,
    NoticeQuery,
)
from api.problems import ProblemError, documented
from api.routes.cases import link_to_next
from api.services import ServicesDep
from cases.errors import InvalidError

router = APIRouter(prefix="/v1", tags=["outgoing"], route_class=GuardedRoute)


@router.get(
    "/deliveries",
    response_model=DeliveryPage,
    summary="Deliveries that are stuck (未送达)",
    responses=documented(401, 403, 422, 503),
)
async def list_deliveries(
    query: Annotated[DeliveryQuery, Query()], request: Request, caller: CallerDep, services: ServicesDep
) -> Response:
    """What units' systems have not taken: how often it was tried, why it failed, and since when.

    What came through is not listed any more. POST /v1/cases/{number}/retry-delivery has one tried again. A unit's key
    sees its own.
    """
    caller.check_unbound("deliveries")
    unit = caller.own_unit(query.unit)
    page = await services.register.deliveries.page(unit, query.state, query.limit, query.after)
    lines = DeliveryPage(items=[DeliveryLine.of(one) for one in page.items], next=page.next)
    return answer(lines, services.city.policy.city_zone, headers=link_to_next(request, page.next))


@router.get(
    "/notices",
    response_model=NoticePage,
    summary="Notices to people, and what became of them (通知)",
    responses=documented(401, 403, 422, 503),
)
async def list_notices(
    query: Annotated[NoticeQuery, Query()], request: Request, caller: CallerDep, services: ServicesDep
) -> Response:
    """What was sent to whom by which channel, what waits, and what fails and why; addresses masked, without words."""
    caller.check_unbound("notices")
    page = await services.register.sendings.page(query.case, query.state, query.limit, query.after)
    lines = NoticePage(items=[NoticeLine.model_validate(one) for one in page.items], next=page.next)
    return answer(lines, services.city.policy.city_zone, headers=link_to_next(request, page.next))


@router.post(
    "/notices/{id:path}/retry",
    response_model=NoticeLine,
    summary="Have a notice sent again (重新发送)",
    responses=documented(401, 403, 404, 409, 413, 415, 422, 503),
)
async def retry_notice(
    id: Annotated[str, Path(description="The `id` of GET /v1/notices.", max_length=300)],  # noqa: A002 - its name there
    caller: CallerDep,
    services: ServicesDep,
) -> Response:
    """What waits, fails or has failed goes out as soon as its hours allow. What was sent already is not sent again.

    Nor can what failed more than 30 days ago: its words are not kept for longer.
    """
    caller.check_unbound("notices")
    try:
        found = await services.register.sendings.retry(id)
    except InvalidError as error:
        rule = "words_not_kept" if error.field == "words" else "already_sent"
        raise ProblemError(
            HTTPStatus.CONFLICT, "refused", "The rules forbid this now", error.detail, rule=rule
        ) from error
    if found is None:
        detail = "there is no notice of this id; GET /v1/notices lists them"
        errors = [FieldError(field="id", detail=detail)]
        raise ProblemError(HTTPStatus.NOT_FOUND, "unknown-notice", "There is no such notice", detail, errors=errors)
    await services.register.audit.note(
        caller.actor, "notice_retried", origin=caller.origin, case=found.case_number, details={"notice": found.id}
    )
    return answer(NoticeLine.model_validate(found), services.city.policy.city_zone)
