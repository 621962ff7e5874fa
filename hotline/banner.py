"""What `hotline up` shows once everything answers: where it is, and what to try."""

import sys

from rich.console import Console, Group
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from hotline.demonstration.keys import DemoKeys
from hotline.stack import Stack


def show(console: Console, stack: Stack, policy: str, state: str, keys: DemoKeys | None) -> None:
    """Print the addresses, and in the demonstration its keys and a first request."""
    parts: list[Text | Table] = [_addresses(stack, policy, state)]
    if keys is not None:
        parts += [Text("\nKeys of the demonstration (they exist here only)", style="bold"), _keys(keys)]
        parts += [Text(f"every other role and unit has one too, in {state}/demo-keys.json", style="dim")]
    console.print(Panel(Group(*parts), title="hotline is up", title_align="left", border_style="green", expand=False))
    # Outside the frame, and unwrapped, so that it can be copied from the screen as it is.
    if keys is not None:
        console.print("Try it:", style="bold")
        console.print(
            f"  curl -s -H 'Authorization: Bearer {keys.supervisor}' '{stack.api}/v1/cases?limit=3'",
            soft_wrap=True,
            highlight=False,
        )
    else:
        first = f"{_command()} keys create --role intake --source counter-3"
        console.print(f"Make a first key: {first}", soft_wrap=True, highlight=False)
    console.print("Ctrl-C stops it; everything is kept.", style="dim", highlight=False)


def _command() -> str:
    """How this command was called: it need not be on the PATH."""
    return sys.argv[0] if sys.argv[0].endswith("hotline") else "hotline"


def _addresses(stack: Stack, policy: str, state: str) -> Table:
    table = Table.grid(padding=(0, 2))
    rows = [
        ("API", stack.api),
        ("API, to read and try", f"{stack.api}/docs"),
        ("Temporal's own view", stack.temporal_ui),
        ("Handling units", stack.units),
        ("Policy", policy),
        ("State", state),
    ]
    for name, value in rows:
        if value:
            table.add_row(Text(name, style="dim"), Text(value, style="cyan" if "://" in value else ""))
    return table


def _keys(keys: DemoKeys) -> Table:
    table = Table.grid(padding=(0, 2))
    unit, unit_key = next(iter(keys.units.items()))
    for role, key in (
        ("intake", keys.intake),
        ("desk", keys.desk),
        (f"unit_lead {unit}", unit_key),
        ("supervisor", keys.supervisor),
        ("admin", keys.admin),
    ):
        table.add_row(Text(role, style="dim"), Text(key, no_wrap=True))
    return table
