"""How a case's workflow reaches outside: its records, the orders to units, the notices to people.

Short idempotent writes are first tried as a local activity, which costs the history one event. When that fails they
become an ordinary activity, which may be retried for days without adding to the history.
"""

from collections.abc import Sequence
from datetime import timedelta

from temporalio import workflow
from temporalio.common import Priority, RetryPolicy
from temporalio.exceptions import ActivityError, ApplicationError

with workflow.unsafe.imports_passed_through():
    from activities.messages import (
        DELIVER_ORDER,
        READ_HISTORY,
        RECORD,
        REWRITE,
        SEND_NOTICE,
        TELL_CASE,
        CaseMessage,
        HistoryPart,
        HistoryRequest,
        NoticeRequest,
        RecordRequest,
        fitting,
        order_form,
    )
    from cases.case import Case
    from cases.commands import Command, ConfirmDelivery, FailDelivery, Remark
    from cases.effects import Effect, command_for
    from cases.events import Event
    from cases.vocabulary import SYSTEM

_ONCE = RetryPolicy(maximum_attempts=1)
_UNTIL_DONE = RetryPolicy(
    initial_interval=timedelta(seconds=1), backoff_coefficient=2, maximum_interval=timedelta(seconds=30)
)
_PROMPTLY = timedelta(seconds=4)
"""Long enough for a worker in a flood, short enough for the answer that waits for it when the register hangs."""

_PATIENTLY = timedelta(seconds=30)


_FAILED = (ActivityError, ApplicationError)
"""How an activity fails. A local one that is run again, since its workflow task was, fails without the wrapping."""


async def record(case: Case, history: Sequence[Event], recorded: int) -> int | None:
    """Write the events of a history that follow the `recorded`-th into the register, for as long as it takes.

    Returns:
        How many events of the history are recorded now, which may be fewer than there are: go on with the next. None
        if the register has another case in the place of this one.
    """
    upto = recorded + fitting(history[recorded:])
    events = tuple(history[recorded:upto])
    request = RecordRequest(number=case.number, events=events, case=case)
    try:
        await workflow.execute_local_activity(RECORD, request, start_to_close_timeout=_PROMPTLY, retry_policy=_ONCE)
    except _FAILED as failure:
        if _type(failure) == "gap":
            return 0
    else:
        return upto
    try:
        await _record_for_sure(case, events)
    except _FAILED as failure:
        if _type(failure) == "gap":
            return 0
        return await _rewrite(case, tuple(history[:upto]), recorded)
    return upto


async def _rewrite(case: Case, durable: tuple[Event, ...], recorded: int) -> int | None:
    """Mend a record that contradicts the history.

    A task that is lost between a local activity and its end leaves an event in the register that never came to be. By
    now the history is durable, and it is right. It goes by a local activity because it may be too long for the engine.
    """
    workflow.logger.warning("the register contradicts the history and is written anew", extra={"case": case.number})
    try:
        await workflow.execute_local_activity(
            REWRITE,
            RecordRequest(number=case.number, events=durable),
            start_to_close_timeout=_PATIENTLY,
            retry_policy=_ONCE,
        )
    except _FAILED as failure:
        if _type(failure) in ("conflict", "invalid"):
            workflow.logger.error("the register cannot take the history", extra={"case": case.number})
            return None
        return recorded
    return len(durable)


async def _record_for_sure(case: Case, events: tuple[Event, ...]) -> None:
    await workflow.execute_activity(
        RECORD,
        RecordRequest(number=case.number, events=events),
        start_to_close_timeout=_PATIENTLY,
        retry_policy=_UNTIL_DONE,
        priority=_priority(case),
    )


async def history(number: str) -> list[Event]:
    """Everything that is recorded of a case, for as long as it takes to read it.

    Never read by a local activity: that would be read again after a crash, together with what this very run had
    recorded meanwhile. The run would take that for the past, and owe nobody anything for it.
    """
    events: list[Event] = []
    while True:
        part: HistoryPart = await workflow.execute_activity(
            READ_HISTORY,
            HistoryRequest(number=number, after=len(events)),
            result_type=HistoryPart,
            start_to_close_timeout=_PATIENTLY,
            retry_policy=_UNTIL_DONE,
        )
        events += part.events
        if not part.more:
            return events


async def carry_out(case: Case, effect: Effect) -> Command | None:
    """Do what an event owes the world outside, and say what is to be noted of it.

    Args:
        case: The case; for an order, as the event left it.
        effect: What is owed.
    """
    if effect.kind == "order":
        return await _deliver(case, effect)
    if effect.kind == "case":
        return await _tell(case, effect)
    await _notify(case, effect)
    return None


async def _deliver(case: Case, effect: Effect) -> Command | None:
    form = order_form(case, effect)
    try:
        taken = await workflow.execute_activity(
            DELIVER_ORDER,
            form,
            result_type=bool,
            start_to_close_timeout=_PATIENTLY,
            schedule_to_close_timeout=timedelta(days=7),
            retry_policy=_UNTIL_DONE,
            priority=_priority(case, effect.to),
            summary=f"{effect.about} to {effect.to}",
        )
    except _FAILED as failure:
        reason = _told(failure)
        act = FailDelivery(order=form.order, unit=effect.to, assist=effect.assist, reason=reason)
        return Command(id=f"undelivered:{effect.key}", actor=SYSTEM, act=act)
    if not taken:
        return None
    confirmed = ConfirmDelivery(order=form.order, unit=effect.to, assist=effect.assist)
    return Command(id=f"delivered:{effect.key}", actor=SYSTEM, act=confirmed)


async def _tell(case: Case, effect: Effect) -> Command | None:
    """Tell another case how this one stands. One that cannot be told is noted here, for people to see to."""
    try:
        await workflow.execute_activity(
            TELL_CASE,
            CaseMessage(number=effect.to, command=command_for(case, effect)),
            start_to_close_timeout=_PATIENTLY,
            schedule_to_close_timeout=timedelta(days=7),
            retry_policy=_UNTIL_DONE,
            priority=_priority(case),
            summary=f"{effect.about} to {effect.to}",
        )
    except _FAILED as failure:
        reason = _told(failure)
        remark = Remark(text=f"case {effect.to} could not be told ({effect.about}): {reason}")
        return Command(id=f"untold:{effect.key}", actor=SYSTEM, act=remark)
    return None


async def _notify(case: Case, effect: Effect) -> None:
    request = NoticeRequest(effect=effect, number=case.number)
    try:
        await workflow.execute_local_activity(
            SEND_NOTICE, request, start_to_close_timeout=_PROMPTLY, retry_policy=_ONCE
        )
    except _FAILED:
        try:
            await workflow.execute_activity(
                SEND_NOTICE,
                request,
                start_to_close_timeout=_PATIENTLY,
                schedule_to_close_timeout=timedelta(days=7),
                retry_policy=_UNTIL_DONE,
                priority=_priority(case),
            )
        except _FAILED:
            workflow.logger.error("notice given up", extra={"key": effect.key})


def _priority(case: Case, unit: str | None = None) -> Priority:
    return Priority(priority_key=case.terms.priority, fairness_key=unit)


def _told(failure: ActivityError | ApplicationError) -> str:
    return str(failure.cause or failure)[:1_000]


def _type(failure: ActivityError | ApplicationError) -> str | None:
    told = failure.cause if isinstance(failure, ActivityError) else failure
    return told.type if isinstance(told, ApplicationError) else None
