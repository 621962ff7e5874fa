"""Whether a case can lead others of the same matter, and which unit they are then handled by."""

from cases.case import Case
from cases.errors import RefusalError


def leading_unit(incident: Case, follower: str) -> str:
    """The unit that leads the incident that the case `follower` is to join.

    Raises:
        RefusalError: it cannot lead; says what to do instead.
    """
    if incident.number == follower:
        why = "a case cannot follow itself; name the one that leads"
    elif incident.incident is not None:
        why = f"{incident.number} follows the incident {incident.incident} itself; join that one"
    elif incident.unit is None:
        why = f"no unit leads {incident.number} yet; dispatch that case first, then join it"
    elif not incident.open and incident.orders[-1].report is None:
        why = f"{incident.number} has ended without a report; name a case that a unit works on, or has reported"
    else:
        return incident.unit
    rule = "same_case" if incident.number == follower else "not_an_incident"
    raise RefusalError(rule, f"incident: {why}", source="hotline")
