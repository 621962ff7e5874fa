"""Somebody who calls again and again (Art. 9): seen, marked, never shut out."""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta

from fastapi import APIRouter, Response

from api.access import Caller
from api.answers import answer
from api.bodies.callers import CallerBody, CallerMarkBody, CallerShown
from api.guard import CallerDep, GuardedRoute
from api.looking_up import looked_up
from api.lookup import NumberDep, find
from api.problems import documented
from api.services import Services, ServicesDep
from cases.errors import InvalidError, RefusalError, UnknownCaseError
from cases.masking import WITHHELD, scrub
from cases.sight import sees_reporters
from cases.vocabulary import Kind
from records.callers import Mark
from vault.sealing import seal

_WINDOW = timedelta(days=90)
_SHOWN = 20
_USUALLY = timedelta(days=30)
_LONGEST = timedelta(days=366)
_ADVICE = {
    True: "Take an emergency as ever. If the matter is one of these cases and nothing is new, tell its status, and "
    "close the call with the triage ground same_matter.",
    False: "Take the call as ever.",
}

router = APIRouter(prefix="/v1", tags=["complainant"], route_class=GuardedRoute)


@router.post(
    "/callers",
    response_model=CallerShown,
    summary="Whether somebody calls again and again",
    operation_id="look_up_caller",
    responses=documented(400, 401, 403, 415, 422, 503),
)
async def look_up_caller(body: CallerBody, caller: CallerDep, services: ServicesDep) -> Response:
    """For intake, before a complaint is taken. The number is looked up by its digest, and kept nowhere.

    To ask whose a number is tells of a person as to reveal one does: it is noted in the audit trail before anything is
    answered. Reports (举报) are told to the desk and to supervisors alone.
    """
    known = await looked_up(services, caller, body.complainant)
    return answer(await _shown(services, caller, known), services.city.policy.city_zone)


@router.get(
    "/cases/{number}/caller",
    response_model=CallerShown,
    summary="Whether a case's complainant calls again and again",
    responses=documented(401, 403, 404, 422, 503),
)
async def get_caller(number: NumberDep, caller: CallerDep, services: ServicesDep) -> Response:
    """What there is to know of whoever raised the case, without telling who that is."""
    await find(services, caller, number)
    known = await services.register.callers.of_case(number)
    return answer(await _shown(services, caller, known), services.city.policy.city_zone)


@router.post(
    "/cases/{number}/caller-mark",
    response_model=CallerShown,
    summary="Mark a repeat caller",
    operation_id="mark_caller",
    responses=documented(400, 401, 403, 404, 409, 415, 422, 503),
)
async def mark_caller(number: NumberDep, body: CallerMarkBody, caller: CallerDep, services: ServicesDep) -> Response:
    """Whoever takes the caller's next call is told, with the advice to answer a repeat with its status (Art. 9, 11)."""
    case, _ = await find(services, caller, number)
    known = await _known(services, number)
    now = datetime.now(UTC)
    until = body.until or now + _USUALLY
    if not now < until <= now + _LONGEST:
        raise InvalidError("until", "must lie in the future, and within a year; leave it out for 30 days")
    sealed = seal(body, await services.register.seals.key_for(number))
    await services.register.callers.mark(number, known, sealed.reason, until, caller.actor, caller.origin)
    return answer(await _shown(services, caller, known), case.terms.city_zone)


@router.delete(
    "/cases/{number}/caller-mark",
    response_model=CallerShown,
    summary="Take a caller's mark away",
    operation_id="unmark_caller",
    responses=documented(401, 403, 404, 409, 422, 503),
)
async def unmark_caller(number: NumberDep, caller: CallerDep, services: ServicesDep) -> Response:
    """The next call is taken like anybody's; to do so twice is harmless."""
    case, _ = await find(services, caller, number)
    known = await _known(services, number)
    await services.register.callers.unmark(number, known, caller.actor, caller.origin)
    return answer(await _shown(services, caller, known), case.terms.city_zone)


async def _known(services: Services, number: str) -> list[str]:
    known = await services.register.callers.of_case(number)
    if not known:
        raise RefusalError(
            "caller_unknown",
            "nobody left a telephone number or an address of mail in this case by which a caller could be known again",
            source="Art. 9",
        )
    return known


async def _shown(services: Services, caller: Caller, known: Collection[str]) -> CallerShown:
    callers, source = services.register.callers, caller.key.source
    since, reports = datetime.now(UTC) - _WINDOW, sees_reporters(caller.actor.role)
    count, newest = await callers.cases(known, since, _SHOWN, source, reports=reports) if known else (0, [])
    mark = await callers.marked(known) if known else None
    marked_in = mark.case if mark and await _sees(services, caller, mark.case) else None
    return CallerShown(
        cases=count,
        newest=tuple(newest),
        marked=mark is not None,
        reason=await _reason(services, mark) if mark and marked_in else None,
        marked_in=marked_in,
        until=mark.until if mark else None,
        advice=_ADVICE[mark is not None],
    )


async def _sees(services: Services, caller: Caller, number: str) -> bool:
    """Whether whoever asks may learn that the caller raised a case."""
    row = await services.register.row(number)
    if row is None:
        return caller.key.source is None and sees_reporters(caller.actor.role)
    return caller.key.source in (None, row.source) and (row.kind != Kind.REPORT or sees_reporters(caller.actor.role))


async def _reason(services: Services, mark: Mark) -> str:
    try:
        whose = await services.register.complainant(mark.case)
    except UnknownCaseError:
        # Marked before the register holds the case: in a moment it does.
        return WITHHELD
    return scrub(await services.register.seals.open_text(mark.reason), whose)
