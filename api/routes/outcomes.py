"""What becomes of a case: every step that people take with it."""

from typing import Annotated, TypeVar

from fastapi import APIRouter, Body, Response

from api.answers import answer
from api.commands import submit
from api.guard import CallerDep, GuardedRoute
from api.idempotency import IdempotencyKey
from api.lookup import NumberDep, unknown
from api.models import (
    AcknowledgeBody,
    CallBackBody,
    ContactBody,
    DispatchBody,
    ReportBody,
    ReturnBody,
    WithdrawBody,
)
from api.problems import documented
from api.services import ServicesDep
from cases.commands import Acknowledge, CallBack, Contact, Dispatch, Report, Return, Withdraw
from cases.errors import InvalidError
from cases.view import CaseView
from cases.vocabulary import Value

router = APIRouter(
    prefix="/v1/cases/{number}",
    tags=["outcomes"],
    route_class=GuardedRoute,
    responses=documented(400, 401, 403, 404, 409, 413, 415, 422, 503),
)

Kind = TypeVar("Kind", bound=Value)

_ACKNOWLEDGED, _CONTACTED, _WITHDRAWN = AcknowledgeBody(), ContactBody(), WithdrawBody()


@router.post("/acknowledge", response_model=CaseView, summary="Sign for the order (签收)")
async def acknowledge(
    number: NumberDep,
    caller: CallerDep,
    services: ServicesDep,
    idempotency_key: IdempotencyKey,
    body: Annotated[AcknowledgeBody, Body()] = _ACKNOWLEDGED,
) -> Response:
    """The unit that holds the order has it. Ends the acknowledgment limit."""
    taken = await submit(services, caller, number, _as(Acknowledge, body), idempotency_key)
    return answer(taken, services.city.policy.city_zone)


@router.post("/return", response_model=CaseView, summary="Give the order back (退单)")
async def give_back(
    number: NumberDep, body: ReturnBody, caller: CallerDep, services: ServicesDep, idempotency_key: IdempotencyKey
) -> Response:
    """The unit disputes that the matter is its own; the case goes to the desk. Only so often as the policy allows."""
    taken = await submit(services, caller, number, _as(Return, body), idempotency_key)
    return answer(taken, services.city.policy.city_zone)


@router.post("/contact", response_model=CaseView, summary="The complainant was contacted")
async def contact(
    number: NumberDep,
    caller: CallerDep,
    services: ServicesDep,
    idempotency_key: IdempotencyKey,
    body: Annotated[ContactBody, Body()] = _CONTACTED,
) -> Response:
    """The unit has spoken with the complainant. The first contact ends the handling limit."""
    taken = await submit(services, caller, number, _as(Contact, body), idempotency_key)
    return answer(taken, services.city.policy.city_zone)


@router.post("/report", response_model=CaseView, summary="Report the result")
async def report(
    number: NumberDep, body: ReportBody, caller: CallerDep, services: ServicesDep, idempotency_key: IdempotencyKey
) -> Response:
    """Solved, or explained why it cannot be. Ends the resolution limit and begins the call-back's."""
    taken = await submit(services, caller, number, _as(Report, body), idempotency_key)
    return answer(taken, services.city.policy.city_zone)


@router.post("/callback", response_model=CaseView, summary="Call the complainant back (回访)")
async def call_back(
    number: NumberDep, body: CallBackBody, caller: CallerDep, services: ServicesDep, idempotency_key: IdempotencyKey
) -> Response:
    """The complainant's answers close the case, or send it back to the unit. Nobody reached: it is tried again."""
    taken = await submit(services, caller, number, _as(CallBack, body), idempotency_key)
    return answer(taken, services.city.policy.city_zone)


@router.post("/withdraw", response_model=CaseView, summary="Take the complaint back")
async def withdraw(
    number: NumberDep,
    caller: CallerDep,
    services: ServicesDep,
    idempotency_key: IdempotencyKey,
    body: Annotated[WithdrawBody, Body()] = _WITHDRAWN,
) -> Response:
    """The complainant no longer wants it handled; a unit that works on it is told."""
    taken = await submit(services, caller, number, _as(Withdraw, body), idempotency_key)
    return answer(taken, services.city.policy.city_zone)


@router.post("/dispatch", response_model=CaseView, summary="Send the case to a unit (派单)")
async def dispatch(
    number: NumberDep, body: DispatchBody, caller: CallerDep, services: ServicesDep, idempotency_key: IdempotencyKey
) -> Response:
    """The desk sends on what the catalogue could not place, or what a unit gave back."""
    catalogue = services.city.catalogue
    if body.unit not in catalogue.units:
        raise InvalidError("unit", unknown("unit", body.unit, catalogue.units, "GET /v1/units"))
    route = catalogue.to(body.unit, body.reason)
    act = Dispatch(unit=body.unit, copy_to=route.copy_to, reason=body.reason)
    taken = await submit(services, caller, number, act, idempotency_key)
    return answer(taken, services.city.policy.city_zone)


def _as(kind: type[Kind], body: Value) -> Kind:
    return kind.model_validate(body.model_dump())
