"""Erasing cases on request, keeping cases from being erased, and what was erased (Art. 8, 28)."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from api.answers import answer
from api.bodies.erasure import EraseBody, ErasurePage, ErasureQuery, ErasureView, HoldBody, HoldView
from api.guard import CallerDep, GuardedRoute
from api.lookup import NumberDep, look_up
from api.problems import documented
from api.routes.cases import link_to_next
from api.services import Services, ServicesDep
from cases.errors import RefusalError, UnavailableError
from records.erasures import ON_REQUEST, check_reason
from records.guarding import LegalHoldRow

router = APIRouter(prefix="/v1", tags=["erasure"], route_class=GuardedRoute)

_OF_A_CASE = documented(400, 401, 403, 404, 409, 413, 415, 422, 503)


@router.put(
    "/cases/{number}/legal-hold",
    response_model=HoldView,
    summary="Keep a case from being erased (保全)",
    responses=_OF_A_CASE | {201: {"model": HoldView, "description": "It is on hold from now on."}},
)
async def place_hold(number: NumberDep, body: HoldBody, caller: CallerDep, services: ServicesDep) -> Response:
    """Neither its age nor a request erases the case until the hold is lifted. Open cases may be put on hold as well.

    A case that is under a hold stays under that one, which is answered with 200.
    """
    await look_up(services, caller, number)
    reason = (await services.register.seals.seal(body, number)).reason
    hold, new = await services.register.legal_holds.place(number, reason, caller.actor, caller.origin)
    return answer(await _opened(services, hold), services.city.policy.city_zone, status=201 if new else 200)


@router.delete(
    "/cases/{number}/legal-hold",
    response_model=HoldView,
    summary="Lift the hold of a case (解除保全)",
    responses=_OF_A_CASE,
)
async def lift_hold(number: NumberDep, body: HoldBody, caller: CallerDep, services: ServicesDep) -> Response:
    """From now on the case may be erased again. A hold that was lifted before is answered as it was lifted then."""
    await look_up(services, caller, number)
    reason = (await services.register.seals.seal(body, number)).reason
    hold = await services.register.legal_holds.lift(number, reason, caller.actor, caller.origin)
    return answer(await _opened(services, hold), services.city.policy.city_zone)


@router.post(
    "/cases/{number}/erase",
    response_model=ErasureView,
    summary="Erase what a case tells of people (删除)",
    responses=_OF_A_CASE,
)
async def erase(number: NumberDep, body: EraseBody, caller: CallerDep, services: ServicesDep) -> Response:
    """What people said and who they are is lost for good, in every copy; where the case stood and when stays.

    Only a case that has ended and is under no legal hold. It takes no step any more. Other processes of the service may
    still show it for a minute. Asked again, it answers with the erasure as it was.

    The reason stays readable for ever. One that names the person, or holds anybody's number or mail, is refused.
    """
    case, as_of = await look_up(services, caller, number)
    if case.open and as_of == "workflow" and await services.register.erasures.find(number) is None:
        raise RefusalError("case_open", f"case {number} is open; it can be erased once it has ended", source="erasure")
    register = services.register
    # As long as it can be told whose case it is: afterwards nobody knows what such a reason gives away.
    check_reason(body.reason, await register.complainant(number))
    erased, _ = await register.erasures.erase(
        number, rule=ON_REQUEST, reason=body.reason, actor=caller.actor, origin=caller.origin
    )
    register.seals.forget(number)
    if erased.settled_at is None and await _is_gone_outside(services, number):
        await register.erasures.settle(number)
        erased = await register.erasures.find(number) or erased
    return answer(ErasureView.of(erased), services.city.policy.city_zone)


@router.get(
    "/erasures",
    response_model=ErasurePage,
    summary="What was erased, when and by which rule",
    responses=documented(401, 403, 422, 503),
)
async def list_erasures(
    query: Annotated[ErasureQuery, Query()], request: Request, caller: CallerDep, services: ServicesDep
) -> Response:
    """Every case that was erased, the latest first: on request, or since its time was over by the policy."""
    page = await services.register.erasures.page(query.limit, query.after)
    lines = ErasurePage(items=[ErasureView.of(one) for one in page.items], next=page.next)
    return answer(lines, services.city.policy.city_zone, headers=link_to_next(request, page.next))


async def _is_gone_outside(services: Services, number: str) -> bool:
    """Whether engine and attachments have forgotten a case; what is away now, the next night takes care of."""
    try:
        await services.engine.forget(number)
        await services.attachments.delete_all(number)
    except UnavailableError:
        return False
    return True


async def _opened(services: Services, hold: LegalHoldRow) -> HoldView:
    (told,) = await services.register.legal_holds.words([hold])
    return HoldView.of(told)
