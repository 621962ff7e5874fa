"""Whistle and report-in (吹哨报到, Art. 16, 33): units that are called in, and what they do."""

from typing import Annotated

from fastapi import Body, Path, Response

from api.bodies.assisting import (
    AssistAcknowledgeBody,
    AssistAdjudicateBody,
    AssistNoteBody,
    AssistRefuseBody,
    WhistleBody,
)
from api.steps import Ask, Steps
from cases.commands import (
    AssistAcknowledge,
    AssistAdjudicate,
    AssistProgress,
    AssistRefuse,
    AssistReport,
    Called,
    Whistle,
)

router = Steps("assisting")

Assist = Annotated[int, Path(ge=1, le=10_000, description="Which call of the case it is: the `index` in `assists`.")]


@router.step("whistle", "Call other units in (吹哨)")
async def whistle(ask: Ask, body: WhistleBody) -> Response:
    """The unit that leads calls others, and each gets an order of its own with limits to sign and to report (Art. 16).

    It goes on leading the case. The districts of the called units get copies.
    """
    calls = tuple(
        Called(unit=call.unit, task=call.task, copy_to=ask.copy_to(f"calls.{place}.unit", call.unit))
        for place, call in enumerate(body.calls)
    )
    return await ask(Whistle, calls=calls)


@router.step("assist_acknowledge", "Sign for a call (报到)")
async def acknowledge(
    ask: Ask, assist: Assist, body: Annotated[AssistAcknowledgeBody, Body(default_factory=AssistAcknowledgeBody)]
) -> Response:
    """The unit that was called has its part (Art. 16). Ends the limit to sign for it."""
    return await ask(AssistAcknowledge, body, assist=assist)


@router.step("assist_refuse", "Refuse a call (拒绝报到)")
async def refuse(ask: Ask, assist: Assist, body: AssistRefuseBody) -> Response:
    """The unit that was called says that it has no part in the matter, once; the district decides (Art. 16)."""
    return await ask(AssistRefuse, body, assist=assist)


@router.step("assist_adjudicate", "Decide on a refused call (报到裁定)")
async def adjudicate(ask: Ask, assist: Assist, body: AssistAdjudicateBody) -> Response:
    """The district that supervises the call, or the hotline for it, decides on a refusal (Art. 16).

    Upheld, the unit is released. Rejected, it must come, and cannot refuse again.
    """
    return await ask(AssistAdjudicate, body, assist=assist)


@router.step("assist_progress", "Tell how far a part is (协办进展)")
async def progress(ask: Ask, assist: Assist, body: AssistNoteBody) -> Response:
    """The unit that was called tells the one that leads how far it is (Art. 14). Ends no limit."""
    return await ask(AssistProgress, body, assist=assist)


@router.step("assist_report", "Report a part (协办反馈)")
async def report(ask: Ask, assist: Assist, body: AssistNoteBody) -> Response:
    """The unit that was called reports its part to the one that leads (Art. 14). Ends its limit, and its part."""
    return await ask(AssistReport, body, assist=assist)
