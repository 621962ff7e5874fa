"""How a case's workflow reaches the register, other cases, and, in its first layout, people.

Short idempotent writes are first tried as a local activity, which costs the history one event. When that fails they
become an ordinary activity, which may be retried for days without adding to the history.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta

from temporalio import workflow
from temporalio.common import Priority, RetryPolicy
from temporalio.exceptions import ActivityError, ApplicationError
from temporalio.exceptions import TimeoutError as ActivityTimeoutError

with workflow.unsafe.imports_passed_through():
    from activities.messages import (
        READ_HISTORY,
        RECORD,
        REWRITE,
        SEND_NOTICE,
        TELL_CASE,
        CaseMessage,
        HistoryPart,
        HistoryRequest,
        NoticeRequest,
        Recorded,
        RecordRequest,
        fitting,
    )
    from cases.case import Case
    from cases.commands import Remark
    from cases.effects import Effect, command_for
    from cases.events import Event
    from cases.notice import Notice
    from cases.order_form import OrderForm

_ONCE = RetryPolicy(maximum_attempts=1)
_UNTIL_DONE = RetryPolicy(
    initial_interval=timedelta(seconds=1), backoff_coefficient=2, maximum_interval=timedelta(seconds=30)
)
_PROMPTLY = timedelta(seconds=4)
"""Long enough for a worker in a flood, short enough for the answer that waits for it when the register hangs."""

PATIENTLY = timedelta(seconds=30)


Failure = ActivityError | ApplicationError | ActivityTimeoutError
FAILED = (ActivityError, ApplicationError, ActivityTimeoutError)
"""How an activity fails. A local one that is run again, since its workflow task was, fails without the wrapping."""


Owed = Mapping[int, Sequence[OrderForm | Notice]]
"""What goes into the register with the events that owe it, by their numbers."""

Tried = Callable[[int, Recorded], None]
"""Hears up to which event recording was tried, and what became of the orders among what they owe."""


async def record(
    case: Case,
    history: Sequence[Event],
    recorded: int,
    owed: Owed,
    tried: Tried,
    at_once: Callable[[OrderForm], bool],
) -> int | None:
    """Write the events of a history that follow the `recorded`-th into the register, for as long as it takes.

    Orders of which `at_once` says so may go out with that, to systems that answer promptly.

    Returns:
        How many events of the history are recorded now, which may be fewer than there are: go on with the next. None
        if the register has another case in the place of this one.
    """
    upto = recorded + fitting(history[recorded:], owed)
    request = _request(case, history[recorded:upto], owed, at_once)
    try:
        done: Recorded | None = await workflow.execute_local_activity(
            RECORD, request, result_type=Recorded, start_to_close_timeout=_PROMPTLY, retry_policy=_ONCE
        )
    except FAILED as failure:
        tried(upto, Recorded())
        if _type(failure) == "gap":
            return 0
    else:
        # An earlier release answered with nothing.
        tried(upto, done or Recorded())
        return upto
    try:
        await _record_for_sure(request)
    except FAILED as failure:
        if _type(failure) == "gap":
            return 0
        return await _rewrite(case, tuple(history[:upto]), recorded)
    return upto


def _request(case: Case, events: Sequence[Event], owed: Owed, at_once: Callable[[OrderForm], bool]) -> RecordRequest:
    with_them = [one for event in events for one in owed.get(event.seq, ())]
    orders = tuple(one for one in with_them if isinstance(one, OrderForm))
    return RecordRequest(
        number=case.number,
        events=tuple(events),
        case=case,
        orders=orders,
        at_once=tuple(form.key for form in orders if at_once(form)),
        notices=tuple(one for one in with_them if isinstance(one, Notice)),
    )


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
            start_to_close_timeout=PATIENTLY,
            retry_policy=_ONCE,
        )
    except FAILED as failure:
        if _type(failure) in ("conflict", "invalid"):
            workflow.logger.error("the register cannot take the history", extra={"case": case.number})
            return None
        return recorded
    return len(durable)


async def _record_for_sure(request: RecordRequest) -> None:
    level = request.case.terms.priority if request.case else None
    await workflow.execute_activity(
        RECORD,
        request.model_copy(update={"case": None, "at_once": ()}),
        start_to_close_timeout=PATIENTLY,
        retry_policy=_UNTIL_DONE,
        priority=Priority(priority_key=level),
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
            start_to_close_timeout=PATIENTLY,
            retry_policy=_UNTIL_DONE,
        )
        events += part.events
        if not part.more:
            return events


async def tell(case: Case, effect: Effect) -> Remark | None:
    """Tell another case how this one stands. One that cannot be told is noted here, for people to see to."""
    try:
        await workflow.execute_activity(
            TELL_CASE,
            CaseMessage(number=effect.to, command=command_for(case, effect)),
            start_to_close_timeout=PATIENTLY,
            schedule_to_close_timeout=timedelta(days=7),
            retry_policy=_UNTIL_DONE,
            priority=priority(case.terms.priority),
            summary=f"{effect.about} to {effect.to}",
        )
    except FAILED as failure:
        reason = told(failure)
        return Remark(text=f"case {effect.to} could not be told ({effect.about}): {reason}")
    return None


async def notify(case: Case, effect: Effect) -> None:
    request = NoticeRequest(effect=effect, number=case.number)
    try:
        await workflow.execute_local_activity(
            SEND_NOTICE, request, start_to_close_timeout=_PROMPTLY, retry_policy=_ONCE
        )
    except FAILED:
        try:
            await workflow.execute_activity(
                SEND_NOTICE,
                request,
                start_to_close_timeout=PATIENTLY,
                schedule_to_close_timeout=timedelta(days=7),
                retry_policy=_UNTIL_DONE,
                priority=priority(case.terms.priority),
            )
        except FAILED:
            workflow.logger.error("notice given up", extra={"key": effect.key})


def priority(level: int, unit: str | None = None) -> Priority:
    """Its place in the queues: by level, and among units in fair shares, where the server knows of them."""
    return Priority(priority_key=level, fairness_key=unit)


def told(failure: Failure) -> str:
    """Why an activity failed, for people."""
    cause = failure.cause or failure
    return (cause.message if isinstance(cause, ApplicationError) else str(cause))[:1_000]


def _type(failure: Failure) -> str | None:
    cause = failure.cause if isinstance(failure, ActivityError) else failure
    return cause.type if isinstance(cause, ApplicationError) else None
