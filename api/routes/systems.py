"""The units' own systems: where they are, how much they take, and the secrets that are shared with them."""

from datetime import timedelta
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Body, Path, Response

from api.answers import answer
from api.bodies.systems import SecretBody, SystemBody
from api.guard import CallerDep, GuardedRoute
from api.lookup import check_known
from api.outgoing import UnitSecret, UnitSystem, UnitSystemSet
from api.problems import documented
from api.services import Services, ServicesDep
from cases.vocabulary import Code
from records.addresses import check_reachable

router = APIRouter(prefix="/v1/units", tags=["units"], route_class=GuardedRoute)

_AT_FIRST = timedelta(hours=24)
"""Should two set up the same unit at once, the secret that each was shown holds for so long."""

UnitDep = Annotated[Code, Path(description="The unit's code.")]


@router.get(
    "/{unit:path}/system",
    response_model=UnitSystem,
    summary="How a unit is reached",
    responses=documented(401, 403, 404, 422, 503),
)
async def get_system(unit: UnitDep, caller: CallerDep, services: ServicesDep) -> Response:
    """Where its system is, its pace, and how many secrets are valid. Without an `endpoint` it reads its mailbox."""
    await check_known(services, unit)
    return answer(await _system(services, unit), services.city.policy.city_zone)


@router.put(
    "/{unit:path}/system",
    response_model=UnitSystemSet,
    summary="Have a unit's orders posted to its system",
    responses=documented(400, 401, 403, 404, 413, 415, 422, 503),
)
async def put_system(unit: UnitDep, body: SystemBody, caller: CallerDep, services: ServicesDep) -> Response:
    """What is told to the unit from now on is posted there; a running service knows within half a minute.

    The address must be `https`, and public or in a network that the setting HOTLINE_UNIT_NETWORKS names. Where nothing
    is said of its pace, the settings' holds. A unit that has no secret gets one, which is shown in this answer alone.
    """
    await check_known(services, unit)
    await check_reachable(body.endpoint, services.networks)
    systems = services.register.systems
    details = {"unit": unit, "host": urlsplit(body.endpoint).hostname}
    await services.register.audit.note(caller.actor, "system_set", origin=caller.origin, details=details)
    # The secret first: where there is none, everything would be posted to in vain.
    made = None if await systems.secrets(unit) else await systems.new_secret(unit, _AT_FIRST)
    await systems.set(unit, body.endpoint, body.per_minute, body.at_once)
    told = (await _system(services, unit)).model_dump()
    return answer(UnitSystemSet(**told, secret=made), services.city.policy.city_zone)


@router.delete(
    "/{unit:path}/system",
    response_model=UnitSystem,
    summary="Post nothing to a unit's system any more",
    responses=documented(401, 403, 404, 422, 503),
)
async def delete_system(unit: UnitDep, caller: CallerDep, services: ServicesDep) -> Response:
    """From now on the unit reads its mailbox, where everything stands. Its secrets stay valid for its callbacks."""
    await check_known(services, unit)
    audit = services.register.audit
    await audit.note(caller.actor, "system_removed", origin=caller.origin, details={"unit": unit})
    await services.register.systems.set(unit, None, None, None)
    return answer(await _system(services, unit), services.city.policy.city_zone)


@router.post(
    "/{unit:path}/system/secrets",
    status_code=201,
    response_model=UnitSecret,
    summary="Make a new secret for a unit",
    responses=documented(400, 401, 403, 404, 413, 415, 422, 503),
)
async def make_secret(
    unit: UnitDep,
    caller: CallerDep,
    services: ServicesDep,
    body: Annotated[SecretBody, Body(default_factory=SecretBody)],
) -> Response:
    """The secret is shown in this answer alone. The ones before stay valid for a while, 24 hours if nothing is said.

    Until then everything is signed with each, and callbacks signed with any are taken. Each request makes another one:
    if its answer was lost, ask again.
    """
    await check_known(services, unit)
    systems = services.register.systems
    details = {"unit": unit, "old_kept_for": int(body.keep_old_for.total_seconds())}
    await services.register.audit.note(caller.actor, "system_secret_made", origin=caller.origin, details=details)
    made = await systems.new_secret(unit, body.keep_old_for)
    told = UnitSecret(unit=unit, secret=made, secrets=len(await systems.secrets(unit)))
    return answer(told, services.city.policy.city_zone, status=201)


async def _system(services: Services, unit: str) -> UnitSystem:
    systems = services.register.systems
    system = await systems.of(unit)
    return UnitSystem(
        unit=unit,
        endpoint=system.endpoint if system else None,
        per_minute=system.per_minute if system else None,
        at_once=system.at_once if system else None,
        secrets=len(system.secrets if system else await systems.secrets(unit)),
    )
