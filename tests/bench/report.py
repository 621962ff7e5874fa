"""What a benchmark found: tables for people, the same as JSON, and whether it holds its targets."""

import json
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import psutil  # type: ignore[import-untyped]
from rich.console import Console
from rich.table import Table

Cell = str | int | float | None


@dataclass(frozen=True)
class Target:
    """What one of the facts should be at least, or at most."""

    fact: str
    sense: Literal["≥", "≤"]
    bound: float

    def holds(self, value: float) -> bool:
        """Whether a value reaches it."""
        return value >= self.bound if self.sense == "≥" else value <= self.bound


@dataclass(frozen=True)
class Section:
    """One measurement: a table, and the figures that stand for it.

    `facts` are figures by name, each name with its unit at its end where it has one (`start_p50_ms`); the targets name
    some of them. Ratios are to a floor that was measured in the same run.
    """

    name: str
    title: str
    head: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    facts: dict[str, float] = field(default_factory=dict)
    targets: Sequence[Target] = ()
    remarks: Sequence[str] = ()


def show(sections: Sequence[Section], console: Console, command: str) -> None:
    """Print everything, the targets first."""
    console.print(f"[bold]{command}[/]  {machine()}\n", highlight=False)
    console.print(_targets(sections))
    for section in sections:
        table = Table(*section.head, title=section.title, title_justify="left", title_style="bold")
        for column in table.columns[1:]:
            column.justify = "right"
        for row in section.rows:
            table.add_row(*map(_shown, row))
        console.print(table)
        for remark in section.remarks:
            console.print(f"  {remark}", highlight=False)


def write(sections: Sequence[Section], path: Path, command: str) -> None:
    """The same as JSON."""
    found = {"command": command, "machine": machine(), "sections": [asdict(section) for section in sections]}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n")


def machine() -> str:
    """What this was measured on, and when."""
    memory = psutil.virtual_memory().total / 2**30
    now = datetime.now(UTC)
    return f"{psutil.cpu_count()} cores, {memory:.0f} GiB, Python {platform.python_version()}, {now:%Y-%m-%d %H:%M} UTC"


def missed(sections: Sequence[Section]) -> list[str]:
    """The targets that were not reached, in words."""
    return [
        f"{section.name}: {target.fact} is {_shown(section.facts[target.fact])}, not {target.sense} {target.bound:g}"
        for section in sections
        for target in section.targets
        if not target.holds(section.facts[target.fact])
    ]


def percentile(values: Sequence[float], share: float) -> float:
    """The value that a share of all values does not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else float("nan")


def _targets(sections: Sequence[Section]) -> Table:
    table = Table("target", "is", "should be", "", title="Targets", title_justify="left", title_style="bold")
    for section in sections:
        for target in section.targets:
            value = section.facts[target.fact]
            held = "[green]held[/]" if target.holds(value) else "[red]missed[/]"
            table.add_row(f"{section.name}: {target.fact}", _shown(value), f"{target.sense} {target.bound:g}", held)
    return table


def _shown(cell: Cell) -> str:
    if cell is None:
        return "–"
    if isinstance(cell, float):
        return f"{cell:,.2f}" if abs(cell) < 10 else f"{cell:,.1f}" if abs(cell) < 1_000 else f"{cell:,.0f}"
    return f"{cell:,}" if isinstance(cell, int) else cell
