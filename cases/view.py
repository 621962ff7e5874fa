"""A case as it is answered to whoever acts on it: short, and the same on every interface."""

from pydantic import AwareDatetime

from cases.case import Case
from cases.deadlines import Deadline, Standing, deadlines
from cases.decide import allowed
from cases.vocabulary import Outcome, Status, Value


class DeadlineView(Value):
    """One deadline without its arithmetic."""

    name: str
    id: str
    unit: str | None
    due_at: AwareDatetime
    standing: Standing

    @classmethod
    def of(cls, one: Deadline) -> "DeadlineView":
        """The view of a deadline."""
        return cls(name=one.name, id=one.id, unit=one.unit, due_at=one.due_at, standing=one.standing)


class CaseView(Value):
    """Where a case stands: what a command is answered with."""

    number: str
    status: Status
    level: str
    unit: str | None
    version: int
    outcome: Outcome | None
    deadlines: tuple[DeadlineView, ...]
    allowed: tuple[str, ...]


def view(case: Case) -> CaseView:
    """The short view of a case: its running deadlines, and those that were ever breached."""
    shown = [one for one in deadlines(case) if one.runs or one.standing in (Standing.BREACHED, Standing.MET_LATE)]
    return CaseView(
        number=case.number,
        status=case.status,
        level=case.terms.level,
        unit=case.unit,
        version=case.version,
        outcome=case.closure.outcome if case.closure else None,
        deadlines=tuple(DeadlineView.of(one) for one in shown),
        allowed=tuple(allowed(case)),
    )
