"""What the hotline and its supervisors do with a running case, and what everybody may keep of it."""

from fastapi import Response

from api.bodies.oversight import CloseBody, NoteBody, RetryDeliveryBody, SuperviseBody
from api.lookup import find_history
from api.steps import Ask, Asking, Steps
from cases.commands import Close, Remark, RetryDelivery, Supervise
from cases.errors import InvalidError
from cases.events import DeliveryRetried
from cases.vocabulary import Value

router = Steps("oversight")


@router.step("supervise", "Put it under supervision (督办)")
async def supervise(ask: Ask, body: SuperviseBody) -> Response:
    """The hotline tells the unit and its district formally that it watches the case. Its limits run on (Art. 35)."""
    return await ask(Supervise, body)


@router.step("close", "Close what could not be solved (办结归档)")
async def close(ask: Ask, body: CloseBody) -> Response:
    """A supervisor ends a case that was not solved in all its rounds, or that no unit would take (Art. 14, 23)."""
    return await ask(Close, body)


@router.step("note", "Keep a note (备注)")
async def note(ask: Ask, body: NoteBody) -> Response:
    """Something worth keeping about a case, from anybody who has a part in it, also after its end. Moves nothing."""
    return await ask(Remark, body)


@router.step("retry_delivery", "Have something delivered again (重新投递)")
async def retry_delivery(ask: Ask, body: RetryDeliveryBody) -> Response:
    """The hotline has tried again at once what a unit's system did not take; `key` is of GET /v1/deliveries.

    It goes out under the same key, so that a system that has it already does nothing. What nobody tries any more is
    tried for another seven days.
    """
    found = await ask.services.register.deliveries.find(body.key)
    if found is not None and found.row.case_number == ask.number:
        own = {name: getattr(found.row, name) for name in ("key", "unit", "assist", "about", "sequence")}
    elif (before := await _retried_before(ask, body.key)) is not None:
        own = before.model_dump(exclude={"type"})
    else:
        raise InvalidError(
            "key", f"nothing of this key is stuck in case {ask.number}; GET /v1/deliveries lists what is, with its keys"
        )
    return await ask(RetryDelivery, **own)


async def _retried_before(ask: Asking, key: str) -> Value | None:
    """What this very request had delivered before, if it is a repeated one: by now it may well have come through."""
    happened, _ = await find_history(ask.services, ask.caller, ask.number)
    own_id = ask.command_id("retry_delivery")
    for event in happened:
        fact = event.fact
        if isinstance(fact, DeliveryRetried) and event.cause is not None and event.cause.id == own_id:
            return fact if fact.key == key else None
    return None
