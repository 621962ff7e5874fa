"""A case told in a few lines of Markdown for the people who operate the engine. Names no complainant."""

from datetime import datetime

from cases.case import Case
from cases.deadlines import deadlines, running
from cases.events import Event


def summary(case: Case) -> str:
    """One line that says what a case is: level, category, area."""
    area = case.complaint.location.area
    return f"{case.terms.level} {case.complaint.kind}: {case.complaint.category}{f' in {area}' if area else ''}"


def story(case: Case, events: list[Event]) -> str:
    """Where a case stands, what is due next, and what has happened so far."""
    holder = f"with {case.unit}" if case.unit else f"with the desk ({case.to_desk})"
    lines = [f"**{case.closure.outcome if case.closure else case.status}** {'' if case.closure else holder}", ""]
    # All of them first: of those, the running ones are some.
    late = [one.id for one in deadlines(case) if one.standing == "met_late"]
    lines += [f"- {one.name} due {_told(case, one.due_at)}, {one.standing}" for one in running(case)]
    if late:
        lines.append(f"- met late: {', '.join(late)}")
    lines.append("")
    lines += [f"{event.seq}. {_told(case, event.at)} {_line(event)}" for event in events[-40:]]
    return "\n".join(lines)


def _line(event: Event) -> str:
    fact = event.fact
    about = [
        str(value) for name in ("unit", "deadline", "mark", "outcome", "rule") if (value := getattr(fact, name, None))
    ]
    return f"{fact.type} {' '.join(about)}".rstrip()


def _told(case: Case, moment: datetime) -> str:
    return moment.astimezone(case.terms.city_zone).isoformat(sep=" ", timespec="seconds")
