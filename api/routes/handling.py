"""What the unit that holds an order does, and what it is granted (Art. 12 to 15, 20)."""

from typing import Annotated

from fastapi import Body, Response

from api.bodies.handling import (
    AcknowledgeBody,
    ContactBody,
    EscalateBody,
    ExtensionBody,
    ExtensionDecisionBody,
    HoldBody,
    ProgressBody,
    ReportBody,
    ResumeBody,
    ReturnBody,
    ReviewBody,
    WaitBody,
)
from api.steps import Ask, Steps
from cases.commands import (
    Acknowledge,
    Contact,
    DecideExtension,
    Escalate,
    Hold,
    Progress,
    Report,
    RequestExtension,
    Resume,
    Return,
    Review,
    Wait,
)

router = Steps("handling")


@router.step("acknowledge", "Sign for the order (签收)")
async def acknowledge(ask: Ask, body: Annotated[AcknowledgeBody, Body(default_factory=AcknowledgeBody)]) -> Response:
    """The unit that holds the order has it (Art. 13). Ends the acknowledgment limit."""
    return await ask(Acknowledge, body)


@router.step("return", "Give the order back (派单异议 / 退单)")
async def give_back(ask: Ask, body: ReturnBody) -> Response:
    """The unit disputes that the matter is its own, before it works on it; so often as the policy allows (Art. 12).

    Where the policy has objections decided on, the order stays with the unit until then, and its limits run on unless
    the policy says otherwise; else the case goes back to the desk.
    """
    ask.check("proposed", body.proposed)
    return await ask(Return, body)


@router.step("contact", "The complainant was contacted (联系诉求人)")
async def contact(ask: Ask, body: Annotated[ContactBody, Body(default_factory=ContactBody)]) -> Response:
    """The unit has spoken with the complainant (Art. 15). The first time ends the handling limit.

    Ends a wait for the complainant. Of a case that has ended it is kept as a late report.
    """
    return await ask(Contact, body)


@router.step("progress", "Tell the complainant how far it is (阶段性答复)")
async def progress(ask: Ask, body: ProgressBody) -> Response:
    """An interim reply by the unit (Art. 14), where the policy has one: the first ends the progress limit."""
    return await ask(Progress, body)


@router.step("report", "Report the result (办结反馈)")
async def report(ask: Ask, body: ReportBody) -> Response:
    """The unit has solved it, or explains why it cannot be (Art. 15).

    Ends the resolution limit, and begins the call-back's. While a unit that it called in has not reported,
    `missing_reason` says why it reports without (Art. 16). Of a case that has ended it is kept as a late report.
    """
    return await ask(Report, body)


@router.step("request_extension", "Ask for more time (延期申请)")
async def request_extension(ask: Ask, body: ExtensionBody) -> Response:
    """The unit asks, with its reason; a supervisor decides (Art. 15). Begins the limit for that decision.

    Asked for after the resolution limit it may still be granted, but the breach stays.
    """
    return await ask(RequestExtension, body)


@router.step("decide_extension", "Decide on more time (延期审批)")
async def decide_extension(ask: Ask, body: ExtensionDecisionBody) -> Response:
    """A supervisor grants what the unit asked for, or less, or nothing (Art. 15). The complainant is told.

    More time moves the end of the resolution limit.
    """
    return await ask(DecideExtension, body)


@router.step("wait", "Wait for the complainant (待诉求人补充)")
async def wait(ask: Ask, body: WaitBody) -> Response:
    """The unit, or the hotline for it, needs something that only the complainant can bring.

    The limits that the policy names stand still, so long and so often as it allows; any contact ends it.
    """
    return await ask(Wait, body)


@router.step("hold", "Put it on account (挂账)")
async def hold(ask: Ask, body: HoldBody) -> Response:
    """A supervisor lets a long matter rest on a plan, with an owner, dates of review and a condition of exit.

    Limits stand still until `until` at the latest; each date of review is a limit of its own.
    """
    return await ask(Hold, body)


@router.step("review", "Review a case on account (挂账复核)")
async def review(ask: Ask, body: ReviewBody) -> Response:
    """The unit or the hotline has looked at it again, on or before the date set. Ends that review's limit."""
    return await ask(Review, body)


@router.step("resume", "Go on with it (恢复办理 / 销账)")
async def resume(ask: Ask, body: ResumeBody) -> Response:
    """The unit or the hotline ends a wait for the complainant, or takes the case off the account. The limits run on."""
    return await ask(Resume, body)


@router.step("escalate", "Ask for help from above (提级协调)")
async def escalate(ask: Ask, body: EscalateBody) -> Response:
    """What the unit cannot solve goes up to its district, a regulator of the trade, or a supervisor (Art. 20).

    They are told; the unit goes on leading it, and its limits run on.
    """
    ask.check("to", body.to)
    return await ask(Escalate, body)
