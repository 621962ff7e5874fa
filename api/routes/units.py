"""Units with their orders."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from api.access import Caller
from api.advice import FieldError
from api.answers import answer
from api.guard import CallerDep, GuardedRoute
from api.lookup import unknown
from api.models import (
    OrderLine,
    OrderPage,
    PageQuery,
    UnitLine,
    UnitList,
)
from api.problems import ProblemError, documented
from api.routes.cases import link_to_next
from api.services import Services, ServicesDep
from cases.vocabulary import Code

router = APIRouter(prefix="/v1", tags=["units"], route_class=GuardedRoute)


@router.get("/units", response_model=UnitList, summary="List the handling units", responses=documented(401, 403, 503))
async def list_units(caller: CallerDep, services: ServicesDep) -> Response:
    """Districts, subdistricts, departments and enterprises (承办单位) of the policy in force."""
    units = [UnitLine.model_validate(unit) for unit in services.city.catalogue.units.values()]
    return answer(UnitList(items=units), services.city.policy.city_zone)


@router.get(
    "/units/{unit:path}/orders",
    response_model=OrderPage,
    summary="A unit's open orders",
    responses=documented(401, 403, 404, 422, 503),
)
async def list_orders(
    unit: Annotated[Code, Path(description="The unit's code.")],
    query: Annotated[PageQuery, Query()],
    request: Request,
    caller: CallerDep,
    services: ServicesDep,
) -> Response:
    """What the unit holds, due next first. For a unit without a system of its own, this is its mailbox.

    Cases that it was called in for, and has still to report on, are listed by GET /v1/cases?assisting=.
    """
    await _check_known(services, caller, unit)
    page = await services.register.orders(unit, query.limit, query.after)
    lines = OrderPage(items=[OrderLine.model_validate(row) for row in page.items], next=page.next)
    return answer(lines, services.city.policy.city_zone, headers=link_to_next(request, page.next))


async def _check_known(services: Services, caller: Caller, unit: str) -> None:
    if caller.key.unit not in (None, unit):
        raise _unknown(f"this key is bound to the unit {caller.key.unit!r}; ask for its orders")
    # A unit of an earlier policy may still hold orders: the register knows it.
    if unit not in services.city.catalogue.units and await services.register.unit(unit) is None:
        raise _unknown(unknown("unit", unit, services.city.catalogue.units, "GET /v1/units"))


def _unknown(detail: str) -> ProblemError:
    errors = [FieldError(field="unit", detail=detail)]
    return ProblemError(HTTPStatus.NOT_FOUND, "unknown-unit", "There is no such unit", detail, errors=errors)
