"""How a case's workflow has a unit told of its orders: until the unit's system has it, or a person must see to it.

Deliveries have a task queue of their own, so that however many of them wait for systems that do not answer, nothing
else waits behind them.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError, ApplicationError, is_cancelled_exception

with workflow.unsafe.imports_passed_through():
    from activities.messages import DELIVER_ORDER, Delivery
    from cases.case import Case
    from cases.commands import (
        Acknowledge,
        Act,
        AssistAcknowledge,
        AssistRefuse,
        ConfirmDelivery,
        FailDelivery,
        Remark,
        Return,
    )
    from cases.errors import RefusalError
    from cases.events import Delivered, DeliveryRetried, Event, Undelivered
    from cases.order_form import OrderForm
    from cases.vocabulary import SYSTEM, Actor, Role
    from workflows.outside import FAILED, PATIENTLY, Failure, priority, told

SYSTEMS = "-units"
"""What the name of the task queue for deliveries has after that of the cases."""

_ATTEMPT = timedelta(seconds=60)
"""For one attempt: longer than a unit's system may take to answer."""

_SIGN_OF_LIFE = timedelta(seconds=10)
"""Without a sign of an attempt's life for so long, it counts as lost with its worker, and the next one begins."""

_AT_LEAST = timedelta(minutes=1)
_AFTERWARDS = timedelta(days=7)
"""How long a delivery goes on after its time, before only a person can have it tried again."""

_IN_TIME = RetryPolicy(
    initial_interval=timedelta(seconds=1), backoff_coefficient=2, maximum_interval=timedelta(minutes=5)
)
_LATE = RetryPolicy(
    initial_interval=timedelta(seconds=30), backoff_coefficient=2, maximum_interval=timedelta(minutes=15)
)
_UNTIL_DONE = RetryPolicy(
    initial_interval=timedelta(seconds=1), backoff_coefficient=2, maximum_interval=timedelta(seconds=30)
)

_MOST_TEXT = 1_000


class Note(Protocol):
    """Takes down on the case what became of something outside."""

    def __call__(self, name: str, act: Act, actor: Actor = SYSTEM) -> None:
        """Give the case an act, once under a name.

        Raises:
            RefusalError: a rule forbids it.
        """


class TakenBackError(Exception):
    """The delivery was stopped for another to take its place; there is nothing to note of it."""


def late_since(events: Sequence[Event], key: str) -> datetime | None:
    """Since when people know that a delivery is late, or since when somebody has it tried again; none while it is not.

    It is known from the history, so that a case that goes on in a new run tells nobody a second time.
    """
    late = None
    for event in events:
        match event.fact:
            case Undelivered(key=told) if told == key:
                late = late or event.at
            case DeliveryRetried(key=told) if told == key:
                late = late and event.at
            case Delivered(key=told) if told == key:
                late = None
    return late


async def deliver(
    form: OrderForm, level: int, note: Note, late: datetime | None = None, taken: Delivery | None = None
) -> Delivery | None:
    """Have a unit told, until its system has it; where that takes too long, let people know and go on.

    Args:
        form: What it is told.
        level: How urgent that is.
        note: Takes down on the case what becomes of it.
        late: Since when people know that it is late, if they do.
        taken: What its system answered at once, if it was asked and took it.

    Returns:
        What its system answered; none if it was given up.

    Raises:
        TakenBackError: it was stopped meanwhile.
    """
    if late is None:
        in_time = form.expected_by(workflow.now()) - workflow.now()
        try:
            delivery = taken or await _tried(form, level, max(in_time, _AT_LEAST), _IN_TIME)
        except FAILED as failure:
            note(f"undelivered:{form.key}", _failed(form, failure, final=_for_good(failure)))
            if _for_good(failure):
                return None
            late = workflow.now()
        else:
            if delivery.taken and form.wants_answer:
                note(f"delivered:{form.key}", _arrived(form))
            return delivery
    try:
        delivery = await _tried(form, level, max(late + _AFTERWARDS - workflow.now(), _AT_LEAST), _LATE)
    except FAILED as failure:
        note(f"given_up:{form.key}", _failed(form, failure, final=True))
        return None
    # Also where the unit has lost its system meanwhile: then it has it in its mailbox.
    note(f"delivered:{form.key}", _arrived(form))
    return delivery


async def deliver_as_at_first(form: OrderForm, level: int, note: Note) -> None:
    """As the first layout has it: for a week, and then no more."""
    try:
        delivery: Delivery = await workflow.execute_activity(
            DELIVER_ORDER,
            form,
            result_type=Delivery,
            start_to_close_timeout=PATIENTLY,
            schedule_to_close_timeout=_AFTERWARDS,
            retry_policy=_UNTIL_DONE,
            priority=priority(level, form.unit),
            summary=f"{form.about} to {form.unit}",
        )
    except FAILED as failure:
        note(f"undelivered:{form.key}", _failed(form, failure, final=True))
        return
    if delivery.taken:
        note(f"delivered:{form.key}", _arrived(form))


def take_answer(case: Case, form: OrderForm, delivery: Delivery, note: Note) -> None:
    """Take what a unit's system has answered at once. What the rules forbid stays on the case for people to see."""
    act = _answer(case, form, delivery)
    if act is None:
        return
    try:
        note(f"answer:{form.key}", act, Actor(role=Role.UNIT_LEAD, id="system", unit=form.unit))
    except RefusalError as refusal:
        text = f"the system of {form.unit} answered {act.type!r}, which the case does not take: {refusal.detail}"
        note(f"answer_refused:{form.key}", Remark(text=text[:_MOST_TEXT]))


def _answer(case: Case, form: OrderForm, delivery: Delivery) -> Act | None:
    """What an answer asks of the case, unless the unit has signed already, or no longer has the order."""
    accepted, refused = delivery.answer == "accepted", delivery.answer == "refused"
    if form.about == "assist" and form.assist is not None:
        if case.assists[form.assist - 1].acknowledged_at is None and accepted:
            return AssistAcknowledge(assist=form.assist, note=delivery.note)
        if refused:
            return AssistRefuse(assist=form.assist, reason=delivery.reason, evidence=delivery.evidence)
    order = case.order
    if form.about == "dispatched" and order is not None and order.index == form.order:
        if order.acknowledged_at is None and accepted:
            return Acknowledge(note=delivery.note)
        if refused:
            return Return(reason=delivery.reason, evidence=delivery.evidence, proposed=delivery.proposed)
    return None


async def _tried(form: OrderForm, level: int, until: timedelta, retry: RetryPolicy) -> Delivery:
    try:
        delivery: Delivery = await workflow.execute_activity(
            DELIVER_ORDER,
            form,
            task_queue=f"{workflow.info().task_queue}{SYSTEMS}",
            result_type=Delivery,
            start_to_close_timeout=_ATTEMPT,
            heartbeat_timeout=_SIGN_OF_LIFE,
            schedule_to_close_timeout=until,
            retry_policy=retry,
            priority=priority(level, form.unit),
            summary=f"{form.about} to {form.unit}",
        )
    except FAILED as failure:
        if is_cancelled_exception(failure) or _stopped():
            raise TakenBackError from failure
        raise
    if _stopped():
        raise TakenBackError
    return delivery


def _stopped() -> bool:
    """Whether this delivery was stopped, though its attempt came to an end.

    An end that reaches the workflow in one task with the request to try again is told instead of the cancellation.
    Another delivery has its place by then, and two of them must not both count as the one that is under way.
    """
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _for_good(failure: Failure) -> bool:
    cause = failure.cause if isinstance(failure, ActivityError) else failure
    return isinstance(cause, ApplicationError) and cause.non_retryable


def _failed(form: OrderForm, failure: Failure, *, final: bool) -> FailDelivery:
    return FailDelivery(**_which(form), reason=told(failure), final=final)


def _arrived(form: OrderForm) -> ConfirmDelivery:
    return ConfirmDelivery(**_which(form))


def _which(form: OrderForm) -> dict[str, Any]:
    """What a delivery was, as the case keeps it."""
    own = form.model_dump(include={"order", "unit", "assist", "about", "key"})
    return own | {"sequence": form.sequence or None}
