"""Seeing in full what is masked everywhere else: an act of its own, with a reason, and never without a trace."""

from fastapi import APIRouter, Response

from api.access import Caller, forbidden
from api.answers import answer
from api.bodies.revealing import RevealBody, Revealed
from api.guard import CallerDep, GuardedRoute
from api.lookup import NumberDep, find
from api.problems import documented
from api.services import Services, ServicesDep
from cases.case import Case
from cases.disclosure import WHY, open_contact, sight
from cases.errors import UnavailableError
from cases.sealed import UNREADABLE

router = APIRouter(prefix="/v1/cases", tags=["cases"], route_class=GuardedRoute)

_REVEALED = "reveal"
_REFUSED = "reveal_refused"


@router.post(
    "/{number}/reveal",
    response_model=Revealed,
    summary="See who brought a case (查看诉求人信息)",
    responses=documented(400, 401, 403, 404, 413, 415, 422, 503),
    operation_id="reveal",
)
async def reveal(body: RevealBody, number: NumberDep, caller: CallerDep, services: ServicesDep) -> Response:
    """The complainant's contact and words in clear, which are masked everywhere else (Art. 8, 28).

    Who asked, when, from where and why is noted in the audit trail before anything is shown; while it cannot be noted,
    nothing is. A unit may see whom to speak with while it holds the order, or was called in and has still to report;
    never who reported (举报) it, nor anybody who wishes that only the hotline knows. What is refused is noted, too.
    """
    case, _ = await find(services, caller, number)
    seen = sight(caller.actor, case)
    await _note(services, caller, number, body, _REVEALED if seen.may_reveal else _REFUSED, seen.bar)
    if not seen.may_reveal:
        raise forbidden(WHY[seen.bar])
    return answer(_told(case), services.city.policy.city_zone)


async def _note(services: Services, caller: Caller, number: str, body: RevealBody, action: str, bar: str) -> None:
    sealed = await services.register.seals.seal(body, number)
    await services.register.audit.note(
        caller.actor,
        action,
        origin=caller.origin,
        case=number,
        reason=sealed.reason,
        details={"bar": bar} if bar else None,
    )


def _told(case: Case) -> Revealed:
    complaint = case.complaint
    told = Revealed(
        number=case.number,
        complainant=open_contact(complaint.complainant),
        subject=complaint.subject,
        description=complaint.description,
        location=complaint.location,
    )
    if UNREADABLE in told.model_dump_json():
        raise UnavailableError("the key of this case is out of reach for the moment; ask again")
    return told
