"""When a case takes which command, and from whom: one table, from which refusals and `allowed` both come."""

from collections.abc import Callable
from enum import Enum
from typing import NamedTuple

from cases.case import Case
from cases.commands import Act
from cases.errors import RefusalError
from cases.order import Assist
from cases.vocabulary import Actor, Kind, Role, Status

_DESK = frozenset({Status.RECEIVED})
_HELD = frozenset({Status.DISPATCHED, Status.ACKNOWLEDGED, Status.IN_PROGRESS})
_WORKING = frozenset({Status.ACKNOWLEDGED, Status.IN_PROGRESS})
_CLOSED = frozenset({Status.CLOSED})
_OPEN = frozenset(Status) - _CLOSED
_ALWAYS = frozenset(Status)


class By(Enum):
    """Whose step it is."""

    HOLDER = "the unit that holds the order"
    CALLED = "the unit that was called in"
    HOTLINE = "the hotline"
    DISTRICT = "the district, or the hotline for it"
    SUPERVISOR = "a supervisor"
    COMPLAINANT = "the complainant, or whoever takes it down"
    ANYBODY = "anybody who has a part in it"
    ENGINE = "the service itself"


_UNITS = frozenset({Role.UNIT, Role.ADMIN, Role.SYSTEM})
_SUPERVISORS = frozenset({Role.SUPERVISOR, Role.ADMIN, Role.SYSTEM})
_HOTLINE = _SUPERVISORS | {Role.DESK}
_TAKING_DOWN = _HOTLINE | {Role.INTAKE}

_OPEN_TO = {
    By.HOLDER: _UNITS,
    By.CALLED: _UNITS,
    By.HOTLINE: _HOTLINE,
    By.DISTRICT: _HOTLINE,
    By.SUPERVISOR: _SUPERVISORS,
    By.COMPLAINANT: _TAKING_DOWN,
    By.ANYBODY: _TAKING_DOWN,
    By.ENGINE: frozenset({Role.SYSTEM, Role.ADMIN}),
}
"""Which roles may take a step, but for units, of which it must be the right one."""


class Step(NamedTuple):
    """One line of the table.

    `section` is the part of the policy that provides for the step, `needs` what else, and `otherwise` says why not.
    `offered` is what else must be so for the step to be named among those that are allowed: where it is not, the step
    itself refuses, and names its rule.
    """

    statuses: frozenset[Status]
    by: By
    section: str = ""
    needs: Callable[[Case], object] | None = None
    otherwise: str = ""
    offered: Callable[[Case], object] = lambda _: True


_SUPERVISED = "a supervisor must designate its unit"


def may_return(case: Case) -> bool:
    """Whether the unit that holds the order may still dispute it (Art. 12, 14).

    A later round or a reopening gives the unit a new order, but not what was decided on an earlier one anew.
    """
    order = case.order
    if order is None or case.returns >= case.terms.returns.at_most:
        return False
    own = [one for one in case.orders if one.unit == order.unit]
    return not any(one.designated or any(each.upheld is False for each in one.objections) for one in own)


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
    "reassign": Step(_HELD, By.HOTLINE),
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
        offered=may_return,
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
    "assist_acknowledge": Step(_OPEN, By.CALLED, needs=lambda case: case.assists, otherwise="no unit was called in"),
    "assist_refuse": Step(_OPEN, By.CALLED, needs=lambda case: case.assists, otherwise="no unit was called in"),
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
    "adopt": Step(_OPEN, By.ENGINE),
    "repeat": Step(_ALWAYS, By.ENGINE),
    "follow": Step(_ALWAYS, By.ENGINE),
    "relay": Step(_ALWAYS, By.ENGINE),
}
"""Every step, in the order in which people meet them."""

_HOLDERS_TOO = frozenset({"wait", "resume", "review"})
"""Steps of the hotline and of the unit that holds the order, but of no other unit."""


LATE = frozenset({"contact", "progress", "report", "assist_report"})
"""What a unit may still tell of a case that has ended: it is kept, and the end stands."""


def allowed(case: Case, actor: Actor | None = None) -> list[str]:
    """The commands that people may give the case now: whoever they are, or this actor."""
    return [
        name
        for name, step in STEPS.items()
        if step.by is not By.ENGINE
        and _fits(case, step)
        and step.offered(case)
        and (actor is None or _may(case, name, step.by, actor))
    ]


def check(case: Case, act: Act, actor: Actor) -> None:
    """See that a case takes a command now, and from this actor.

    Raises:
        RefusalError: it does not; the refusal says why, and what the case takes from the actor instead.
    """
    step = STEPS.get(act.type)
    takes = allowed(case, actor)
    if step is None:
        raise RefusalError(f"{act.type}_not_now", "the case is there already", source="lifecycle", allowed=takes)
    if not _provided(case, step):
        raise RefusalError(
            f"{act.type}_not_provided",
            f"the policy {case.terms.policy} {case.terms.version} has no section [{step.section}]; a case "
            f"held to it does not take {act.type!r}",
            allowed=takes,
        )
    _check_status(case, act, step, takes)
    if not _may(case, act.type, step.by, actor, getattr(act, "assist", None)):
        raise _not_yours(act.type, step.by, actor)


def _provided(case: Case, step: Step) -> bool:
    if step.section == "callback" and case.order is not None and case.callback(case.order) is not None:
        return True
    return not step.section or getattr(case.terms, step.section) is not None


def _fits(case: Case, step: Step) -> bool:
    ready = step.needs is None or bool(step.needs(case))
    return case.status in step.statuses and _provided(case, step) and ready


def _check_status(case: Case, act: Act, step: Step, takes: list[str]) -> None:
    if _fits(case, step):
        return
    instead = f"it takes: {', '.join(takes)}" if takes else "it takes nothing from you now"
    state = f"a case that is {case.status} does not take {act.type!r}"
    why = f"{step.otherwise}; " if case.status in step.statuses else ""
    raise RefusalError(f"{act.type}_not_now", f"{state}; {why}{instead}", source="lifecycle", allowed=takes)


def _not_yours(name: str, by: By, actor: Actor) -> RefusalError:
    if actor.role is not Role.UNIT:
        return RefusalError("not_your_part", f"this is for {by.value} to do", source="lifecycle")
    held = "this order is held by another unit; only the unit that holds it may do this"
    called = "assist: another unit was called in for this part; only that unit may do this"
    whose = "the unit that holds the order, or the hotline" if name in _HOLDERS_TOO else by.value
    detail = {By.HOLDER: held, By.CALLED: called}.get(by, f"this is only for {whose}")
    return RefusalError("not_your_order", detail, source="Art. 14")


def _may(case: Case, name: str, by: By, actor: Actor, assist: int | None = None) -> bool:
    if actor.role is Role.UNIT:
        return _is_units_own(case, name, by, actor.unit, assist)
    return actor.role in _OPEN_TO[by]


def _is_units_own(case: Case, name: str, by: By, unit: str | None, assist: int | None) -> bool:
    match by:
        case By.HOLDER:
            return case.order is not None and case.order.unit == unit
        case By.CALLED:
            return any(unit == one.unit for one in _calls(case, assist))
        case By.DISTRICT:
            return any(unit in (one.copy_to, case.orders[one.order - 1].copy_to) for one in _calls(case, assist))
        case By.ANYBODY:
            return case.unit == unit if name in _HOLDERS_TOO else unit in case.units_concerned()
    return False


def _calls(case: Case, index: int | None) -> tuple[Assist, ...]:
    """The call of a number, or all of them where none of that number is there."""
    return tuple(one for one in case.assists if one.index == index) or case.assists
