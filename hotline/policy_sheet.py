"""A policy, and how far its adoption is, as people read them in a terminal."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from cases.calendar import Calendar
from cases.city import City
from cases.policy import LIMITS, Policy
from cases.routing import Reasoning
from cases.rules import Rules
from hotline.ledger import Ledger
from hotline.policy_diff import flat
from records.policies import Version
from workflows.adoption_messages import Progress

_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def sheet(city: City, version: Version | None) -> RenderableType:
    """The levels with their limits, every section, the calendar, and what the tables hold."""
    policy, catalogue = city.policy, city.catalogue
    parts: list[RenderableType] = [
        Text(f"policy {policy.policy} {policy.version}: {_title(policy.title)}", style="bold"),
        Text(_standing(policy, version)),
        *_levels(policy),
    ]
    for name in Rules.model_fields:
        section = getattr(policy, name)
        if section is not None and name != "calendar":
            parts.append(_section(name, dict(flat(section.model_dump(mode="json")))))
    parts.append(_section("notices", dict(flat(policy.notices.model_dump(mode="json")))))
    if policy.retention is not None:
        parts.append(_section("retention", dict(flat(policy.retention.model_dump(mode="json")))))
    if policy.calendar is not None:
        parts.append(_section("calendar", _calendar(policy.calendar)))
    kinds = Counter(unit.kind for unit in catalogue.units.values())
    parts.append(
        Text(
            f"{len(catalogue.units)} units ({', '.join(f'{count} {kind}' for kind, count in kinds.items())}), "
            f"{len(catalogue.categories)} categories, {len(catalogue.entries)} catalogue lines"
        )
    )
    return Group(*parts)


def versions(lines: list[Version], current: Version | None, open_cases: dict[str, int], zone: ZoneInfo) -> Table:
    """The versions of a policy."""
    table = Table(box=None, header_style="bold")
    for heading in ("version", "loaded", "came into force", "", "open cases"):
        table.add_column(heading)
    known = [one.version for one in lines]
    for one in lines:
        here = "in force" if one == current else ""
        since = _moment(one.in_force_since, zone) if one.in_force_since else ""
        table.add_row(one.version, _moment(one.loaded_at, zone), since, here, str(open_cases.get(one.version, 0)))
    for version, count in open_cases.items():
        if version not in known:
            table.add_row(version, "", "", "", str(count))
    return table


def progress(found: Progress, zone: ZoneInfo) -> RenderableType:
    """How far an adoption is."""
    table = Table.grid(padding=(0, 2))
    for fate, count in found.counts.items():
        table.add_row(Text(fate.value), Text(str(count)))
    parts: list[RenderableType] = [
        Text(f"{found.stage}: {found.seen} of {found.total} open cases", style="bold"),
        table,
    ]
    if found.looks_again_at is not None:
        parts.append(Text(f"looks for late cases at {_moment(found.looks_again_at, zone)}", style="dim"))
    parts += [Text(f"{one.number}  {one.fate}: {one.why}", style="yellow") for one in found.told]
    return Group(*parts)


def reasoning(found: Reasoning) -> RenderableType:
    """Why a matter goes where it goes."""
    ledger = Ledger("line", "unit", "", prose="says, and why it decides or not")
    for step in found.steps:
        style = "bold" if step.verdict == "decides" else "dim"
        line = "" if step.line is None else str(step.line)
        cells = (line, step.unit or "", step.verdict.replace("_", " "))
        ledger.add(*(Text(cell, style) for cell in cells), prose=Text(f"{step.says}: {step.because}", style))
    route = found.route
    copied = f", copied to {route.copy_to}" if route.copy_to else ""
    return Group(ledger, Text(f"\n{route.unit or 'the desk'}{copied}: {route.reason}"))


def _levels(policy: Policy) -> Iterator[RenderableType]:
    # The register forgets in which order a file has them.
    for code, level in sorted(policy.levels.items(), key=lambda item: item[1].priority):
        default = ", the default" if code == policy.default_level else ""
        heading = Text(f"level {code}: {_title(level.title)}", style="bold")
        yield heading.append(f"  priority {level.priority}{default}", style="dim not bold")
        ledger = Ledger("", "", "", at_least=(13, 15, 19))
        for name in LIMITS:
            limit = getattr(level, name)
            if limit is not None:
                warned = [f"warned at {', '.join(f'{share:.0%}' for share in limit.warn)}"] if limit.warn else []
                ladder = [f"+{step.after}: {', '.join(step.tell)}" for step in limit.ladder]
                counted = Text(f"from {limit.counts_from}", style="dim")
                told = "; ".join(warned + ladder)
                ledger.add(Text(f"  {name}", style="dim"), str(limit.within), counted, prose=told)
        yield ledger


def _section(name: str, fields: dict[str, str]) -> RenderableType:
    table = Table.grid(padding=(0, 2))
    for field, value in fields.items():
        table.add_row(Text(f"  {field}", style="dim"), Text(value))
    return Group(Text(f"[{name}]", style="bold"), table)


def _calendar(calendar: Calendar) -> dict[str, str]:
    known = calendar.known_until
    return {
        "weekdays": ", ".join(_WEEKDAYS[day] for day in calendar.weekdays),
        "hours": ", ".join(f"{one.opens:%H:%M}–{one.closes:%H:%M}" for one in calendar.windows),
        "holidays": _days(calendar.holidays),
        "workdays": _days(calendar.workdays),
        "day_ends": calendar.day_ends,
    } | ({"known_until": str(known)} if known else {})


def _days(days: tuple[object, ...]) -> str:
    return f"{len(days)}, from {days[0]} to {days[-1]}" if days else "none"


def _standing(policy: Policy, version: Version | None) -> str:
    parts = [f"zone {policy.zone}"]
    parts += [f"{kind}: level {level}" for kind, level in policy.kinds.items()]
    parts.append(f"open cases {policy.open_cases} when it comes into force")
    if version is not None and version.in_force_since is not None:
        parts.append(f"came into force {_moment(version.in_force_since, policy.city_zone)}")
    return "; ".join(parts)


def _title(title: dict[str, str]) -> str:
    return " / ".join(title.values())


def _moment(moment: datetime, zone: ZoneInfo) -> str:
    return moment.astimezone(zone).isoformat(sep=" ", timespec="minutes")
