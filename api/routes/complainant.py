"""What the complainant says and wants, whoever takes it down (Art. 8, 9, 23)."""

from typing import Annotated

from fastapi import Body, Response

from api.bodies.complainant import (
    AppealBody,
    CallBackBody,
    RateBody,
    ReopenBody,
    SupplementBody,
    UrgeBody,
    WithdrawBody,
)
from api.steps import Ask, Steps
from cases.commands import Appeal, CallBack, Rate, Reopen, Supplement, Urge, Withdraw

router = Steps("complainant")


@router.step("callback", "Call the complainant back (回访)")
async def call_back(ask: Ask, body: CallBackBody) -> Response:
    """The hotline asks once the unit has reported, or its limit has passed (Art. 23). An answer ends the limit.

    Solved, the case ends; unsolved, it goes back to the unit, or after the last round to a supervisor. Where nobody was
    reached, it is tried again, in the hours and so often as the policy says.
    """
    return await ask(CallBack, body)


@router.step("withdraw", "Take the complaint back (撤诉)")
async def withdraw(ask: Ask, body: Annotated[WithdrawBody, Body(default_factory=WithdrawBody)]) -> Response:
    """The complainant no longer wants it handled, and the case ends; a unit that works on it is told."""
    return await ask(Withdraw, body)


@router.step("supplement", "Add what the complainant brings (补充)")
async def supplement(ask: Ask, body: SupplementBody) -> Response:
    """The complainant was in contact by any channel (Art. 5), with a unit or the hotline; also after the end.

    Ends a wait for the complainant.
    """
    return await ask(Supplement, body)


@router.step("urge", "Ask where it stays (催办)")
async def urge(ask: Ask, body: Annotated[UrgeBody, Body(default_factory=UrgeBody)]) -> Response:
    """The complainant asks, and whoever holds the case is told. Only so often as the policy allows (Art. 9)."""
    return await ask(Urge, body)


@router.step("rate", "Rate it (评价)")
async def rate(ask: Ask, body: RateBody) -> Response:
    """The complainant rates a case that has ended (Art. 8). It stays ended; a poor rating may unlock an appeal."""
    return await ask(Rate, body)


@router.step("reopen", "It is not done (重新办理)")
async def reopen(ask: Ask, body: ReopenBody) -> Response:
    """The complainant has a case that has ended handled again, by the unit that led it, else by the desk.

    Within the policy's window after the end, and so often as it allows. New limits begin.
    """
    return await ask(Reopen, body)


@router.step("appeal", "Ask for another reviewer (申请复核)")
async def appeal(ask: Ask, body: AppealBody) -> Response:
    """The complainant wants somebody else to look at a case that has ended; the desk sends it to a unit new to it.

    Within the policy's window after the end, and where its rating unlocks it. The second stage has limits of its own.
    """
    return await ask(Appeal, body)
