"""What somebody sees of who brought a case, by role, by their part in it, and by the complainant's wish (Art. 8, 28).

docs/privacy.md has the table; a test holds the two together.
"""

from collections.abc import Collection
from typing import Literal

from pydantic import Field

from cases.case import Case
from cases.vocabulary import Actor, Complaint, Kind, Role, Value

Bar = Literal["", "role", "report", "confidential", "no_part"]
"""Why a contact isn't revealed; empty if it is."""

WHY: dict[Bar, str] = {
    "role": "this role has nothing to do with complainants; nobody's contact is shown to it",
    "report": "this is a report (举报); who reported is shown to no unit that it is, or may be, about",
    "confidential": "the complainant wants nobody but the hotline to know who they are; ask the hotline to speak with "
    "them for you",
    "no_part": "this unit has no part in the case now that needs the complainant: only a unit that holds the order, or "
    "was called in and has still to report, may see whom to speak with",
}
"""The same in words, for whoever asked."""

_HOTLINE = frozenset({Role.INTAKE, Role.DESK, Role.SUPERVISOR, Role.AUDITOR})
_OVERSIGHT = frozenset({Role.SUPERVISOR, Role.AUDITOR, Role.ADMIN})


class Sight(Value):
    """What somebody sees of a complainant. Whatever is shown at first is masked; more takes an act that is logged."""

    contact: Literal["masked", "hidden"] = Field(description="How the complainant's contact is shown.")
    may_reveal: bool = Field(description="Whether POST /v1/cases/{number}/reveal gives it in full.")
    bar: Bar = Field("", description="Why not, if it does not.")
    texts: bool = Field(True, description="Whether texts are shown; to a unit that a report is about they are not.")
    origins: bool = Field(False, description="Whether it is shown from which network addresses people acted.")


def sight(actor: Actor, case: Case) -> Sight:
    """What an actor sees of who brought a case, as it stands."""
    origins = actor.role in _OVERSIGHT
    if actor.role in _HOTLINE:
        return Sight(contact="masked", may_reveal=True, origins=origins)
    bar = _bar(actor, case)
    if not bar:
        return Sight(contact="masked", may_reveal=True, origins=origins)
    texts = reads(actor, case.complaint.accused)
    return Sight(contact="hidden", may_reveal=False, bar=bar, texts=texts, origins=origins)


def meets(role: Role) -> bool:
    """Whether a role has to do with complainants at all; to others no contact is shown, not even masked."""
    return role in _HOTLINE or role.of_unit or role is Role.DISTRICT


def sees_reporters(role: Role) -> bool:
    """Whether a role may find a report (举报) by who made it; intake takes calls, and need not know who reported."""
    return role in (Role.DESK, Role.SUPERVISOR, Role.AUDITOR)


def reads(actor: Actor, accused: Collection[str]) -> bool:
    """Whether an actor may read what was said in a case that accuses some units: the accused may not."""
    return not (_for_unit(actor) and actor.unit in accused)


def _for_unit(actor: Actor) -> bool:
    return actor.role.of_unit or actor.role is Role.DISTRICT


def _bar(actor: Actor, case: Case) -> Bar:
    complaint = case.complaint
    if not _for_unit(actor) or actor.unit is None:
        return "role"
    if _about(complaint, actor.unit):
        return "report"
    if complaint.confidential:
        return "confidential"
    has_part = _supervises(case, actor.unit) if actor.role is Role.DISTRICT else _handles(case, actor.unit)
    return "" if has_part else "no_part"


def _about(complaint: Complaint, unit: str) -> bool:
    """Whether a report is about a unit, or may be: one that names nobody may be about any (举报)."""
    return unit in complaint.accused or (complaint.kind is Kind.REPORT and not complaint.accused)


def _handles(case: Case, unit: str) -> bool:
    called = any(one.unit == unit and one.outstanding for one in case.assists)
    return called or (case.order is not None and case.order.unit == unit)


def _supervises(case: Case, district: str) -> bool:
    leads = case.unit is not None and district in (case.orders[-1].unit, case.orders[-1].copy_to)
    return leads or any(district in (one.unit, one.copy_to) and one.outstanding for one in case.assists)
