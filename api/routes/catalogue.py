"""The dispatch catalogue (派单目录): the categories of matters, and where one would go."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Query, Response

from api.answers import answer
from api.guard import CallerDep, GuardedRoute
from api.lookup import check_category, check_level
from api.models import CategoryLine, CategoryList, RouteQuery
from api.problems import documented
from api.services import ServicesDep
from cases.errors import InvalidError
from cases.routing import Reasoning

_YEARS = range(2000, 2201)

router = APIRouter(prefix="/v1", tags=["units"], route_class=GuardedRoute)


@router.get(
    "/categories",
    response_model=CategoryList,
    summary="List the categories of matters",
    responses=documented(401, 403, 503),
)
async def list_categories(caller: CallerDep, services: ServicesDep) -> Response:
    """The categories of the policy in force, each with the level of its cases."""
    categories = [CategoryLine.model_validate(category) for category in services.city.catalogue.categories.values()]
    return answer(CategoryList(items=categories), services.city.policy.city_zone)


@router.get(
    "/route",
    response_model=Reasoning,
    summary="Where a matter would go (派单目录)",
    responses=documented(401, 403, 422, 503),
)
async def try_route(query: Annotated[RouteQuery, Query()], caller: CallerDep, services: ServicesDep) -> Response:
    """Tries the catalogue without a case: every line that was considered, and what became of it (Art. 12).

    `route` is the unit that a case would be dispatched to, with the district that gets its copy; without a unit it
    would go to the desk.
    """
    city = services.city
    check_category(city, "category", query.category)
    if query.level is not None:
        check_level(city, "level", query.level)
    at = query.at or datetime.now(UTC)
    if at.year not in _YEARS:
        raise InvalidError("at", f"lies outside of the years {_YEARS[0]} to {_YEARS[-1]}; write when it comes in")
    return answer(city.catalogue.explain(query.category, query.area, query.level, at), city.policy.city_zone)
