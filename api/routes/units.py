"""The handling units."""

from fastapi import APIRouter, Response

from api.answers import answer
from api.guard import CallerDep, GuardedRoute
from api.models import UnitLine, UnitList
from api.problems import documented
from api.services import ServicesDep

router = APIRouter(prefix="/v1", tags=["units"], route_class=GuardedRoute)


@router.get("/units", response_model=UnitList, summary="List the handling units", responses=documented(401, 403, 503))
async def list_units(caller: CallerDep, services: ServicesDep) -> Response:
    """Districts, subdistricts, departments and enterprises (承办单位) of the policy in force."""
    units = [UnitLine.model_validate(unit) for unit in services.city.catalogue.units.values()]
    return answer(UnitList(items=units), services.city.policy.city_zone)
