"""Whether a case takes a command now, and from whom, by its lifecycle and the rights; what it takes instead."""

from cases.case import Case
from cases.commands import Act, Designate
from cases.errors import RefusalError
from cases.lifecycle import HOLDERS_TOO, LATE, STEPS, By, Step
from cases.order import Assist
from cases.rights import Scope, scope
from cases.vocabulary import Actor, Role


def allowed(case: Case, actor: Actor | None = None) -> list[str]:
    """The commands that people may give the case now: whoever they are, or this actor."""
    if case.erased:
        return []
    return [
        name
        for name, step in STEPS.items()
        if step.by is not By.ENGINE and (_offered(case, name, step, actor) or _takes_late(case, name, actor))
    ]


def _offered(case: Case, name: str, step: Step, actor: Actor | None) -> bool:
    if not (_fits(case, step) and step.offered(case)):
        return False
    if actor is None:
        return step.by is not By.CALLED or any(one.outstanding and step.part(one) for one in case.assists)
    if not scope(name, actor.role).is_open:
        return False
    if step.by is By.CALLED:
        parts = [one for one in case.assists if one.outstanding and step.part(one)]
        return any(one.unit == actor.unit or not actor.role.of_unit for one in parts)
    return _may(case, name, step.by, actor)


def _takes_late(case: Case, name: str, actor: Actor | None) -> bool:
    if actor is None or case.open or name not in LATE or scope(name, actor.role) is not Scope.PART:
        return False
    return actor.unit in had_part(case, name)


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
    if isinstance(act, Designate) and actor.role is Role.DISTRICT and actor.unit not in (act.unit, act.copy_to):
        detail = f"unit: {act.unit} is not of the district {actor.unit}; a supervisor of the city designates it"
        raise RefusalError("not_your_district", detail, source="Art. 12")


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
    held = scope(name, actor.role)
    if held is Scope.DISTRICT:
        detail = f"{actor.unit} does not supervise this part of the case, or has it itself; it is for {by.value} to do"
        return RefusalError("not_your_district", detail, source="Art. 12")
    if actor.role is Role.UNIT_CLERK and held is Scope.NOTHING and scope(name, Role.UNIT_LEAD) is Scope.PART:
        return RefusalError("not_your_part", "this is for the lead of the unit (unit_lead) to do", source="lifecycle")
    if not actor.role.of_unit:
        return RefusalError("not_your_part", f"this is for {by.value} to do", source="lifecycle")
    own = "this order is held by another unit; only the unit that holds it may do this"
    called = "assist: another unit was called in for this part; only that unit may do this"
    whose = "the unit that holds the order, or the hotline" if name in HOLDERS_TOO else by.value
    detail = {By.HOLDER: own, By.CALLED: called}.get(by, f"this is only for {whose}")
    return RefusalError("not_your_order", detail, source="Art. 14")


def _may(case: Case, name: str, by: By, actor: Actor, assist: int | None = None) -> bool:
    match scope(name, actor.role):
        case Scope.NOTHING:
            return False
        case Scope.PART:
            return actor.unit is not None and _is_units_own(case, name, by, actor.unit, assist)
        case Scope.DISTRICT:
            return actor.unit is not None and _is_districts_own(case, name, by, actor.unit, assist)
    return True


def _is_units_own(case: Case, name: str, by: By, unit: str, assist: int | None) -> bool:
    match by:
        case By.HOLDER:
            return case.order is not None and case.order.unit == unit
        case By.CALLED:
            return any(unit == one.unit for one in _calls(case, assist))
        case By.DISTRICT:
            return any(unit in _districts(case, one) for one in _calls(case, assist))
        case By.ANYBODY:
            return case.unit == unit if name in HOLDERS_TOO else unit in case.units_concerned()
    return False


def _is_districts_own(case: Case, name: str, by: By, district: str, assist: int | None) -> bool:
    """Whether a district supervises the part that a step is about, and does not have it itself."""
    last = case.orders[-1] if case.orders else None
    if name == "designate":
        # What came to a district because its unit was not clear goes on to the unit from there (Art. 12).
        return last is not None and district in (last.unit, last.copy_to)
    if by is By.DISTRICT:
        return any(
            district in _districts(case, one) and district not in (one.unit, one.called_by)
            for one in _calls(case, assist)
        )
    if by is By.ANYBODY and name not in HOLDERS_TOO:
        return district in case.units_concerned()
    return case.unit is not None and last is not None and last.copy_to == district


def _districts(case: Case, call: Assist) -> tuple[str | None, str | None]:
    """The districts of a unit called in and of the one that called it: whichever there is decides (Art. 16)."""
    return call.copy_to, case.orders[call.order - 1].copy_to


def _calls(case: Case, index: int | None) -> tuple[Assist, ...]:
    """The call of a number, or all of them where none of that number is there."""
    return tuple(one for one in case.assists if one.index == index) or case.assists
