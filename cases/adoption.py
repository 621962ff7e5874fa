"""What becomes of an open case when a new version of its policy comes into force."""

from datetime import date
from enum import StrEnum
from typing import NamedTuple

from cases.case import Case
from cases.policy import Policy, Terms


class Fate(StrEnum):
    """What became of one case."""

    ADOPTED = "adopted"
    RENEWED = "renewed"
    KEPT = "kept"
    LEVEL_GONE = "level gone"
    ENDED = "ended"
    REFUSED = "refused"
    UNANSWERED = "unanswered"


class Offer(NamedTuple):
    """What a case is offered: new terms, or none where it stays as it is; and why."""

    fate: Fate
    terms: Terms | None
    why: str


def offer(case: Case, policy: Policy, on: date) -> Offer:
    """What a version of a policy that came into force on this day offers an open case, as its `open_cases` has it.

    A case of a level that the version has no more keeps its limits, whatever the version says.

    Args:
        case: An open case of this policy.
        policy: The version that came into force.
        on: The day on which it did, in the city's zone, so that the answer is the same on any later day.
    """
    terms = policy.renewed(case.terms, on)
    new = None if terms == case.terms else terms
    version = f"policy {policy.policy} {policy.version}"
    if policy.open_cases == "adopt" and case.terms.level not in policy.levels:
        why = f"{version} has no level {case.terms.level!r}: the case keeps its limits"
        return Offer(Fate.LEVEL_GONE, new, f"{why}, with the renewed calendar" if new else why)
    if policy.open_cases == "adopt":
        return Offer(Fate.ADOPTED, new, f"{version}: its limits hold for what begins from now on")
    return Offer(Fate.RENEWED if new else Fate.KEPT, new, f"the holidays of {version}")
