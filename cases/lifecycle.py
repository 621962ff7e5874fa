"""When a case takes which command, and whose step each is: one table, for refusals and for what is offered."""

from collections.abc import Callable
from enum import Enum
from typing import Literal, NamedTuple

from cases.case import Case
from cases.order import Assist
from cases.vocabulary import Kind, Status

_DESK = frozenset({Status.RECEIVED})
_HELD = frozenset({Status.DISPATCHED, Status.ACKNOWLEDGED, Status.IN_PROGRESS})
_WORKING = frozenset({Status.ACKNOWLEDGED, Status.IN_PROGRESS})
_CLOSED = frozenset({Status.CLOSED})
_OPEN = frozenset(Status) - _CLOSED
_ALWAYS = frozenset(Status)


class By(Enum):
    """Whose step it is: the part that it is about. Which role may take it for whom is in `cases.rights`."""

    HOLDER = "the unit that holds the order"
    CALLED = "the unit that was called in"
    HOTLINE = "the hotline"
    DISTRICT = "the district, or the hotline for it"
    SUPERVISOR = "a supervisor"
    COMPLAINANT = "the complainant, or whoever takes it down"
    ANYBODY = "anybody who has a part in it"
    ENGINE = "the service itself"


class Step(NamedTuple):
    """One line of the table.

    `section` is the part of the policy that provides for the step, `needs` what else, and `otherwise` says why not.
    `offered` is what else must be so for the step to be named among those that are allowed: where it is not, the step
    itself refuses, and names its rule. So is `part` of the calls that an unfinished part is about.
    """

    statuses: frozenset[Status]
    by: By
    section: str = ""
    needs: Callable[[Case], object] | None = None
    otherwise: str = ""
    offered: Callable[[Case], object] = lambda _: True
    part: Callable[[Assist], object] = lambda _: True


_SUPERVISED = "a supervisor must designate its unit"


def bar_to_return(case: Case) -> Literal["designated", "returned_enough", "rejected"] | None:
    """Why the unit that holds the order may not dispute it any more; none if it may (Art. 12, 14).

    A later round or a reopening gives the unit a new order, but not what was decided on an earlier one anew.
    """
    order = case.order
    own = [one for one in case.orders if order is not None and one.unit == order.unit]
    if any(one.designated for one in own):
        return "designated"
    if case.returns >= case.terms.returns.at_most:
        return "returned_enough"
    return "rejected" if any(each.upheld is False for one in own for each in one.objections) else None


STEPS: dict[str, Step] = {
    "answer": Step(
        _DESK,
        By.HOTLINE,
        needs=lambda case: not case.awaits_supervisor,
        otherwise=_SUPERVISED,
        offered=lambda case: case.complaint.kind is Kind.CONSULTATION,
    ),
    "not_dispatch": Step(_DESK, By.HOTLINE, needs=lambda case: not case.awaits_supervisor, otherwise=_SUPERVISED),
    "consult": Step(_DESK, By.HOTLINE),
    "dispatch": Step(
        _DESK,
        By.HOTLINE,
        needs=lambda case: not case.awaits_supervisor,
        otherwise=_SUPERVISED,
    ),
    "designate": Step(_DESK | _HELD, By.SUPERVISOR),
    "reassign": Step(
        _HELD,
        By.HOTLINE,
        needs=lambda case: case.order and not case.order.objection,
        otherwise="decide on the objection first, which may give it to another unit",
    ),
    "adjudicate": Step(
        _HELD,
        By.HOTLINE,
        needs=lambda case: case.order and case.order.objection,
        otherwise="no objection waits for a decision",
    ),
    "acknowledge": Step(frozenset({Status.DISPATCHED}), By.HOLDER),
    "return": Step(
        frozenset({Status.DISPATCHED, Status.ACKNOWLEDGED}),
        By.HOLDER,
        needs=lambda case: case.order and not case.order.objection,
        otherwise="an objection waits for its decision already",
        offered=lambda case: bar_to_return(case) is None,
    ),
    "contact": Step(_WORKING, By.HOLDER),
    "progress": Step(_WORKING, By.HOLDER),
    "report": Step(_WORKING, By.HOLDER),
    "request_extension": Step(
        _HELD,
        By.HOLDER,
        "extension",
        needs=lambda case: case.order and not case.order.extension,
        otherwise="a request for more time waits for its decision already",
        offered=lambda case: (
            case.order and case.terms.extension and len(case.order.granted) < case.terms.extension.times
        ),
    ),
    "decide_extension": Step(
        _HELD,
        By.SUPERVISOR,
        needs=lambda case: case.order and case.order.extension,
        otherwise="no request for more time waits for a decision",
    ),
    "wait": Step(
        _WORKING, By.ANYBODY, "waiting", needs=lambda case: not case.pause, otherwise="its limits stand still already"
    ),
    "hold": Step(
        _WORKING,
        By.SUPERVISOR,
        "account",
        needs=lambda case: not case.pause,
        otherwise="its limits stand still already",
    ),
    "review": Step(
        _OPEN,
        By.ANYBODY,
        needs=lambda case: case.pause and case.pause.kind == "account",
        otherwise="it is not on account",
    ),
    "resume": Step(_OPEN, By.ANYBODY, needs=lambda case: case.pause, otherwise="its limits do not stand still"),
    "escalate": Step(_HELD, By.HOLDER),
    "whistle": Step(_WORKING, By.HOLDER, "assist"),
    "assist_acknowledge": Step(
        _OPEN,
        By.CALLED,
        needs=lambda case: case.assists,
        otherwise="no unit was called in",
        part=lambda one: one.acknowledged_at is None,
    ),
    "assist_refuse": Step(
        _OPEN,
        By.CALLED,
        needs=lambda case: case.assists,
        otherwise="no unit was called in",
        part=lambda one: not one.refusals,
    ),
    "assist_adjudicate": Step(
        _OPEN,
        By.DISTRICT,
        needs=lambda case: any(one.refusal for one in case.assists),
        otherwise="no refusal waits for a decision",
    ),
    "assist_progress": Step(_OPEN, By.CALLED, needs=lambda case: case.assists, otherwise="no unit was called in"),
    "assist_report": Step(_OPEN, By.CALLED, needs=lambda case: case.assists, otherwise="no unit was called in"),
    "callback": Step(
        _HELD | {Status.REPORTED},
        By.HOTLINE,
        "callback",
        needs=lambda case: case.order and case.callback(case.order),
        otherwise="call back on the report, or after the resolution limit (Art. 23)",
    ),
    "withdraw": Step(_OPEN, By.COMPLAINANT),
    "supplement": Step(_ALWAYS, By.ANYBODY),
    "urge": Step(
        _OPEN,
        By.COMPLAINANT,
        "urging",
        offered=lambda case: case.terms.urging and len(case.urges) < case.terms.urging.at_most,
    ),
    "rate": Step(_CLOSED, By.COMPLAINANT),
    "reopen": Step(
        _CLOSED,
        By.COMPLAINANT,
        "reopening",
        offered=lambda case: case.terms.reopening and case.reopened < case.terms.reopening.times,
    ),
    "appeal": Step(
        _CLOSED,
        By.COMPLAINANT,
        "appeal",
        needs=lambda case: case.orders,
        otherwise="no unit has handled it that one could appeal against",
        offered=lambda case: case.terms.appeal and case.stage <= case.terms.appeal.times,
    ),
    "supervise": Step(_OPEN, By.HOTLINE),
    "close": Step(
        _DESK, By.SUPERVISOR, needs=lambda case: case.awaits_supervisor, otherwise="it does not wait for a supervisor"
    ),
    "join": Step(
        _DESK | _HELD,
        By.HOTLINE,
        needs=lambda case: not (case.incident or case.followers or case.awaits_supervisor),
        otherwise="it belongs to an incident already, or waits for a supervisor",
    ),
    "note": Step(_ALWAYS, By.ANYBODY),
    "retry_delivery": Step(
        _ALWAYS,
        By.HOTLINE,
        offered=lambda case: (
            any(one.undelivered for one in case.orders) or any(one.undelivered for one in case.assists)
        ),
    ),
    "adopt": Step(_OPEN, By.ENGINE),
    "repeat": Step(_ALWAYS, By.ENGINE),
    "follow": Step(_ALWAYS, By.ENGINE),
    "relay": Step(_ALWAYS, By.ENGINE),
}
"""Every step, in the order in which people meet them."""

HOLDERS_TOO = frozenset({"wait", "resume", "review"})
"""Steps of the hotline and of the unit that holds the order, but of no other unit."""

LATE = frozenset({"contact", "progress", "report", "assist_report"})
"""What a unit may still tell of a case that has ended: it is kept, and the end stands."""
