"""What the hotline and its supervisors do with a running case, and what everybody may keep of it."""

from fastapi import Response

from api.bodies.oversight import CloseBody, NoteBody, SuperviseBody
from api.steps import Ask, Steps
from cases.commands import Close, Remark, Supervise

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
