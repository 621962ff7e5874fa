"""The account of a drill: as tables for anyone, and as JSON."""

import json
from dataclasses import asdict
from pathlib import Path
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table

from tests.bench.report import machine
from tests.drill.audit import Firing
from tests.drill.breaking import Outage
from tests.drill.plan import Fault
from tests.drill.run import Result

_NAMED = 10
"""Broken promises of one kind that are shown one by one."""

_PARTS = {
    "worker": "the worker",
    "api": "the API",
    "temporal": "Temporal's server",
    "postgres": "PostgreSQL",
    "units": "the units' systems",
}
_VERBS = {"kill": "killed", "suspend": "frozen", "fill": "disk full", "cut": "cut", "stall": "silent", "delay": "slow"}


def show(result: Result, console: Console) -> None:
    """Print everything."""
    drill = result.drill
    console.print(
        f"[bold]drill, seed {drill.seed}[/]: {drill.seconds:g} s, {result.cases} cases, {result.requests} requests; "
        f"{machine()}\n",
        highlight=False,
    )
    console.print(_faults(result.outages))
    for kind, why in result.left_out.items():
        console.print(f"  left out: {kind}, for {why}", highlight=False)
    console.print(_promises(result))
    console.print(_lateness(result.firings))
    for what, times in sorted(result.refusals.items()):
        console.print(f"  refused by a rule, {times} times: {what}", highlight=False)
    for account in result.accounts:
        for line in account.broken[:_NAMED]:
            console.print(f"  [red]broken[/], {account.name}: {line}", highlight=False)
        if len(account.broken) > _NAMED:
            console.print(f"  and {len(account.broken) - _NAMED} more", highlight=False)
    verdict = "[red]promises were broken[/]" if result.broken else "[green]every promise was kept[/]"
    console.print(f"\n{verdict}; `make drill SEED={drill.seed}` has the same go wrong", highlight=False)


def write(result: Result, path: Path) -> None:
    """The same as JSON."""
    path.write_text(json.dumps(_json(result), indent=2, ensure_ascii=False) + "\n")


def told(fault: Fault) -> str:
    """What goes wrong, in words."""
    if fault.kind == "clock":
        who, seconds = fault.target.split()
        hours = int(seconds) / 3600
        return f"{_PARTS[who]}: clock {abs(hours):g} h {'ahead' if hours > 0 else 'behind'}"
    names = [_PARTS[name] for name in fault.target.split("-")]
    return f"{' to '.join(names)}: {_VERBS[fault.kind]}"


def _faults(outages: list[Outage]) -> Table:
    table = _table("What went wrong", "after s", "what", "for s", "answers again after s")
    first = min((one.began for one in outages), default=0.0)
    for one in outages:
        again = "never" if one.answered is None else f"{one.answered - one.lifted:.1f}"
        table.add_row(f"{one.began - first:.0f}", told(one.fault), f"{one.lifted - one.began:.1f}", again)
    return table


def _promises(result: Result) -> Table:
    table = _table("What was promised", "promise", "made", "kept", "broken")
    for one in result.accounts:
        broken = f"[red]{len(one.broken)}[/]" if one.broken else "0"
        table.add_row(one.promise, f"{one.made:,}", f"{one.kept:,}", broken)
    return table


def _lateness(firings: list[Firing]) -> Table:
    table = _table("How late limits fired", "limits that fell due", "", "median s", "worst s")
    for name, some in _apart(firings).items():
        if some:
            table.add_row(name, f"{len(some):,}", f"{median(some):.2f}", f"{max(some):.2f}")
    return table


def _apart(firings: list[Firing]) -> dict[str, list[float]]:
    return {
        "while the service was whole, after their time": [one.late for one in firings if not one.in_outage],
        "during an outage, after their time": [one.late for one in firings if one.in_outage],
        "during an outage, after the recovery": [one.after_recovery for one in firings if one.in_outage],
    }


def _table(title: str, *head: str) -> Table:
    table = Table(*head, title=title, title_justify="left", title_style="bold")
    for place, column in enumerate(table.columns):
        if place != head.index(next(word for word in head if word in ("what", "promise", "limits that fell due"))):
            column.justify = "right"
    return table


def _json(result: Result) -> dict[str, Any]:
    return {
        "machine": machine(),
        "drill": asdict(result.drill),
        "cases": result.cases,
        "requests": result.requests,
        "refusals": dict(result.refusals),
        "left_out": dict(result.left_out),
        "faults": [asdict(one) | {"told": told(one.fault)} for one in result.outages],
        "promises": [asdict(one) | {"kept": one.kept} for one in result.accounts],
        "lateness_s": {
            name: {"count": len(some), "median": median(some), "worst": max(some)}
            for name, some in _apart(result.firings).items()
            if some
        },
    }
