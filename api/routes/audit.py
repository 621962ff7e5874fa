"""The audit trail: who did or saw what, when, from where and why (Art. 28, 35)."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from api.answers import answer
from api.bodies.audit import AuditLine, AuditPage, AuditQuery
from api.guard import CallerDep, GuardedRoute
from api.problems import documented
from api.routes.cases import link_to_next
from api.services import ServicesDep
from cases.disclosure import meets
from cases.masking import WITHHELD

router = APIRouter(prefix="/v1", tags=["audit"], route_class=GuardedRoute)


@router.get(
    "/audit",
    response_model=AuditPage,
    summary="The audit trail (审计记录)",
    responses=documented(401, 403, 422, 503),
)
async def list_audit(
    query: Annotated[AuditQuery, Query()], request: Request, caller: CallerDep, services: ServicesDep
) -> Response:
    """Every change of a case, every look at contact data, and whatever was done to keys, systems and rules.

    The newest entries come first. To read it is an entry itself. That nothing in it was changed since,
    `hotline audit verify` proves. Why somebody did what they did is for those alone who have to do with complainants;
    to others reasons read `[withheld]`.
    """
    audit = services.register.audit
    await audit.note_reading(caller.actor, query.wanted, origin=caller.origin)
    page = await audit.page(query.wanted, query.limit, query.after)
    if meets(caller.actor.role):
        reasons = await services.register.reasons(page.items)
    else:
        reasons = [WITHHELD if one.reason else "" for one in page.items]
    lines = [AuditLine.of(one, reason) for one, reason in zip(page.items, reasons, strict=True)]
    return answer(
        AuditPage(items=lines, next=page.next),
        services.city.policy.city_zone,
        headers=link_to_next(request, page.next),
    )
