"""Whether a case takes a command now, and from whom, by the table of its lifecycle; what it takes instead."""

from cases.case import Case
from cases.commands import Act
from cases.errors import RefusalError
from cases.lifecycle import LATE, STEPS, By, Step
from cases.order import Assist
from cases.vocabulary import Actor, Role

_UNITS = frozenset({Role.UNIT_CLERK, Role.UNIT_LEAD, Role.ADMIN, Role.SYSTEM})
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

_HOLDERS_TOO = frozenset({"wait", "resume", "review"})
"""Steps of the hotline and of the unit that holds the order, but of no other unit."""


def allowed(case: Case, actor: Actor | None = None) -> list[str]:
    """The commands that people may give the case now: whoever they are, or this actor."""
    return [
        name
        for name, step in STEPS.items()
        if step.by is not By.ENGINE and (_offered(case, name, step, actor) or _takes_late(case, name, actor))
    ]


def _offered(case: Case, name: str, step: Step, actor: Actor | None) -> bool:
    if not (_fits(case, step) and step.offered(case)):
        return False
    if step.by is By.CALLED:
        unit = actor.unit if actor is not None and actor.role.of_unit else None
        parts = [one for one in case.assists if one.outstanding and step.part(one) and unit in (None, one.unit)]
        return bool(parts) and (actor is None or unit is not None or actor.role in _OPEN_TO[step.by])
    return actor is None or _may(case, name, step.by, actor)


def _takes_late(case: Case, name: str, actor: Actor | None) -> bool:
    by_unit = actor is not None and actor.role.of_unit and actor.unit in had_part(case, name)
    return by_unit and not case.open and name in LATE


def had_part(case: Case, name: str, assist: int | None = None) -> tuple[str, ...]:
    """The units that had the part of a case of which they may still tell after the end: of one call, or of any."""
    if name == "assist_report":
        return tuple(one.unit for one in case.assists if assist in (None, one.index))
    return tuple(order.unit for order in case.orders[-1:])


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
    if not actor.role.of_unit:
        return RefusalError("not_your_part", f"this is for {by.value} to do", source="lifecycle")
    held = "this order is held by another unit; only the unit that holds it may do this"
    called = "assist: another unit was called in for this part; only that unit may do this"
    whose = "the unit that holds the order, or the hotline" if name in _HOLDERS_TOO else by.value
    detail = {By.HOLDER: held, By.CALLED: called}.get(by, f"this is only for {whose}")
    return RefusalError("not_your_order", detail, source="Art. 14")


def _may(case: Case, name: str, by: By, actor: Actor, assist: int | None = None) -> bool:
    if actor.role.of_unit:
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
