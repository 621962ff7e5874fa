"""What several commands come to."""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, NamedTuple

from cases.case import Case
from cases.errors import RefusalError
from cases.events import AssistReleased, Closed, Dispatched, Fact, Resumed
from cases.limits import Budget
from cases.order import Order
from cases.vocabulary import Actor, Outcome


class Asked(NamedTuple):
    """A command on a case at a moment; the case takes it, by the table of steps."""

    case: Case
    act: Any
    actor: Actor
    now: datetime

    @property
    def order(self) -> Order:
        """The order that a unit holds.

        Raises:
            RuntimeError: none does; the table of steps lets no such command through.
        """
        if self.case.order is None:
            raise RuntimeError(f"{self.act.type} got through without an order")
        return self.case.order


Decider = Callable[[Asked], Iterator[Fact]]


def dispatched(case: Case, unit: str, copy_to: str | None, reason: str, *, designated: bool = False) -> Iterator[Fact]:
    """The order goes to a unit, which then leads. Under the policy, units called in stay or are released."""
    before = case.orders[-1].unit if case.orders else None
    if (
        case.terms.assist is not None
        and case.terms.assist.on_change_of_lead == "release"
        and before not in (None, unit)
    ):
        yield from released(case, "the lead has changed")
    else:
        yield from released(case, "it leads the case now", only=unit)
    yield Dispatched(
        order=len(case.orders) + 1, unit=unit, copy_to=copy_to, reason=reason, designated=designated, stage=case.stage
    )


def resumed(case: Case, now: datetime, reason: str) -> Iterator[Fact]:
    """A pause ends before its time, if there is one."""
    if case.pause is not None:
        yield Resumed(pause=case.pause.index, at=now, reason=reason)


def released(case: Case, reason: str, *, only: str | None = None) -> Iterator[Fact]:
    """The units called in, or `only` one of them, need to do no more."""
    for assist in case.assists:
        if assist.outstanding and only in (None, assist.unit):
            yield AssistReleased(assist=assist.index, unit=assist.unit, reason=reason)


def closed(case: Case, now: datetime, outcome: Outcome, reason: str = "") -> Iterator[Fact]:
    """The case ends, and with it everything that still ran."""
    yield from resumed(case, now, "the case ended")
    yield from released(case, "the case ended")
    yield Closed(outcome=outcome, reason=reason)


def ended_without_callback(case: Case, order: Order, now: datetime, outcome: Outcome, note: str) -> Iterator[Fact]:
    """A report is the end of a case whose policy has no call-back."""
    if case.callback(order.model_copy(update={"reported_at": now})) is None:
        yield from closed(case.model_copy(update={"pauses": ()}), now, outcome, note)


def check_reviewer(case: Case, unit: str) -> None:
    """See that an appeal goes to another reviewer.

    Raises:
        RefusalError: the unit had the case before the appeal.
    """
    had = {order.unit for order in case.orders if order.stage < case.stage}
    if unit in had:
        raise RefusalError(
            "same_reviewer", f"unit: {unit} has handled the case before; an appeal goes to another reviewer"
        )


def how_often(times: int) -> str:
    """A number of times in words."""
    return "once" if times == 1 else f"{times} times"


def written(moment: datetime) -> str:
    """A moment from which something may be done: never one that lies before it, for want of seconds."""
    return moment.isoformat(sep=" ", timespec="seconds" if moment.second or moment.microsecond else "minutes")


def check_window(case: Case, now: datetime, within: Budget, act: str) -> None:
    """See that a case ended so short a time ago, by the end that its history holds.

    Raises:
        RefusalError: it is too late.
    """
    if case.closure is None:
        return
    terms = case.terms
    last = within.after(case.closure.at, terms.city_zone, terms.calendar)
    if now > last:
        told = last.isoformat(sep=" ", timespec="minutes")
        raise RefusalError(
            f"{act}_too_late", f"the case ended too long ago: the policy allows this within {within}, until {told}"
        )
