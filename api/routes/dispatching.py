"""What the hotline does before a unit has a case, and about whose it is (Art. 11, 12, 14)."""

from fastapi import Response

from api.bodies.dispatching import AdjudicateBody, AnswerBody, ConsultBody, DispatchBody, GroundBody, JoinBody
from api.steps import Ask, Steps
from cases.commands import Adjudicate, Answer, Consult, Designate, Dispatch, Join, NotDispatch, Reassign
from cases.disclosure import scrub
from cases.errors import UnavailableError
from cases.incident import leading_unit
from cases.sealed import UNREADABLE
from cases.triage import OutsideDuty, SameMatter
from cases.vocabulary import Complainant

_LONGEST_REASON = 4_000
"""Characters; a mask may be longer than what it stands for."""

router = Steps("dispatching")


@router.step("answer", "Answer a consultation (咨询答复)")
async def answer(ask: Ask, body: AnswerBody) -> Response:
    """The desk answers it at once, and the case ends (Art. 11). Anything but a consultation is dispatched, or not."""
    return await ask(Answer, body)


@router.step("not_dispatch", "Do not dispatch it (不予派单)")
async def not_dispatch(ask: Ask, body: GroundBody) -> Response:
    """The desk finds one of the six grounds on which a matter goes to no unit, and the case ends (Art. 11).

    `told` is what the complainant was told. Of the same matter, the case that it has already hears of the repeat; a
    unit that supervises a trade outside any unit's duty is told of it.
    """
    if isinstance(body, SameMatter):
        await ask.other("case", body.case)
    elif isinstance(body, OutsideDuty):
        ask.check("unit", body.unit)
    return await ask(NotDispatch, ground=body)


@router.step("consult", "Ask units whose it is (会商)")
async def consult(ask: Ask, body: ConsultBody) -> Response:
    """The desk asks before it dispatches what is hard to place (Art. 12). Begins the consultation limit."""
    for place, unit in enumerate(body.units):
        ask.check(f"units.{place}", unit)
    return await ask(Consult, body)


@router.step("dispatch", "Send the case to a unit (派单)")
async def dispatch(ask: Ask, body: DispatchBody) -> Response:
    """The desk sends on what the catalogue could not place, or what a unit gave back (Art. 12).

    Ends the dispatch limit and begins the unit's. A case that was returned too often waits for a supervisor instead.
    """
    return await ask(Dispatch, body, copy_to=ask.copy_to("unit", body.unit))


@router.step("designate", "Designate the unit (指定承办)")
async def designate(ask: Ask, body: DispatchBody) -> Response:
    """A supervisor decides whose the case is, whoever holds it now; that unit cannot dispute it any more (Art. 14)."""
    return await ask(Designate, body, copy_to=ask.copy_to("unit", body.unit))


@router.step("reassign", "Give the order to another unit (改派)")
async def reassign(ask: Ask, body: DispatchBody) -> Response:
    """The hotline takes the order from the unit that holds it, and a new one begins for the other (Art. 12)."""
    return await ask(Reassign, body, copy_to=ask.copy_to("unit", body.unit))


@router.step("adjudicate", "Decide on an objection (异议审核)")
async def adjudicate(ask: Ask, body: AdjudicateBody) -> Response:
    """The desk decides on what a unit disputes (Art. 12). Ends the adjudication limit.

    Upheld, the case goes to `unit`, or back to the desk. Rejected, the unit leads it, and cannot object again.
    """
    district = ask.copy_to("unit", body.unit) if body.unit is not None else None
    return await ask(Adjudicate, body, copy_to=district)


@router.step("join", "Handle it through an incident (并案)")
async def join(ask: Ask, body: JoinBody) -> Response:
    """The desk has a case handled through another one of the same matter, by the unit that leads there (Art. 24).

    An order that a unit holds is taken back. The complainant keeps his number, his resolution limit and his call-back.
    """
    incident = await ask.other("incident", body.incident)
    unit = leading_unit(incident, ask.number)
    reason = _without(body.reason, incident.complaint.complainant)
    return await ask(Join, body, unit=unit, copy_to=incident.orders[-1].copy_to, reason=reason)


def _without(reason: str, other: Complainant) -> str:
    """A reason without the complainant of the other case: whoever sees this case may perhaps not see that one."""
    if UNREADABLE in (other.name, other.phone, other.email):
        raise UnavailableError("whose case the incident is cannot be read now; ask again in a moment")
    return scrub(reason, other, anybody=False)[:_LONGEST_REASON]
