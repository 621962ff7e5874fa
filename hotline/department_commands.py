"""`hotline unit simulate` and `hotline unit test`: what a department's programmer works with."""

import asyncio
import logging
from typing import TYPE_CHECKING, Annotated

import typer
from pydantic import TypeAdapter, ValidationError
from rich.console import Console

from cases.errors import InvalidError
from cases.vocabulary import Code
from hotline import unit_commands
from hotline.errors import UsageError
from hotline.ports import Wanted, claim
from hotline.stack import resolve
from hotline.told import settings, told
from hotline.unit_commands import Endpoint
from hotline.unit_simulator.clerk import Habit

if TYPE_CHECKING:
    from hotline.conformance.checks import Finding

app = unit_commands.app


@app.command()
@told
def simulate(
    unit: Annotated[str, typer.Option("--unit", metavar="CODE", help="The unit that it is.")],
    port: Annotated[int, typer.Option(min=1, max=65_535, help="Where it listens.")] = 8500,
    host: Annotated[str, typer.Option(help="The address that it listens on.")] = "127.0.0.1",
    shared: Annotated[
        list[str] | None,
        typer.Option(
            "--secret",
            envvar="HOTLINE_UNIT_SECRET",
            help="The secret that messages are signed with; two while it rotates. One is made up if left out.",
        ),
    ] = None,
    habit: Annotated[
        Habit,
        typer.Option("--answer", help="Signs for orders at once, disputes them at once, signs later, or never."),
    ] = Habit.ACCEPT,
    after: Annotated[float, typer.Option(min=0, help="Seconds until it signs later, and between further steps.")] = 3.0,
    handles: Annotated[
        bool, typer.Option("--handle", help="Contacts the complainant and reports, too; needs --callback or --key.")
    ] = False,
    fail_before: Annotated[
        float, typer.Option(min=0, max=1, help="The share of messages answered 500 with nothing done.")
    ] = 0.0,
    fail_after: Annotated[
        float, typer.Option(min=0, max=1, help="The share of messages answered 500 although the work is done.")
    ] = 0.0,
    slow: Annotated[float, typer.Option(min=0, help="Seconds that each answer takes.")] = 0.0,
    seed: Annotated[int | None, typer.Option(help="Has it fail in the same way each time.")] = None,
    callback: Annotated[
        str, typer.Option(metavar="URL", help="The service that steps are told to, by callbacks that it signs.")
    ] = "",
    key: Annotated[
        str, typer.Option(envvar="HOTLINE_KEY", help="Tell steps by the API instead, with this key of the unit.")
    ] = "",
    mailbox: Annotated[
        bool, typer.Option("--mailbox", help="Have no system, and read the unit's mailbox with --key instead.")
    ] = False,
) -> None:
    """Run a department to develop against: a real server that takes orders as a unit's own system should.

    It verifies signatures, honours keys, and shows at / what it holds.
    It keeps everything in memory alone, which a system of yours must not.
    """
    from hotline.unit_simulator import running, signatures

    _check_code("--unit", unit)
    for one in shared or ():
        if not signatures.usable(one):
            raise UsageError("--secret: must be a secret as `hotline unit connect` prints it: whsec_ and base64")
    if mailbox and not key:
        made = "hotline keys create --role unit_lead --unit CODE"
        raise UsageError(f"--mailbox: needs --key, an API key of the unit: {made}")
    steps = handles or habit is Habit.LATER
    if steps and not (callback or key):
        raise UsageError("--answer later and --handle need --callback or --key, by which its steps are told")
    if callback and not key and not shared:
        raise UsageError("--callback: needs the --secret that the unit shares with that service")
    logging.basicConfig(level=resolve(settings()).log_level, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    simulation = running.Simulation(
        unit=unit,
        secrets=tuple(shared or (running.made_up(),)),
        host=host,
        port=port,
        habit=habit,
        after=after,
        handles=handles,
        faults=running.faults(fail_before, fail_after, slow, seed),
        api=callback or (f"http://127.0.0.1:{resolve(settings()).api_port}" if key else ""),
        key=key,
    )
    if mailbox:
        typer.echo(f"{unit} reads its mailbox at {simulation.api}; Ctrl-C stops it")
        running.read_mailbox(simulation)
        return
    claim([Wanted(part="the simulated department", host=host, port=port, setting="--port")])
    typer.echo(f"{unit} takes orders at http://{host}:{port}/orders, and shows them at http://{host}:{port}/")
    if not shared:
        typer.echo(f"try it: hotline unit test http://{host}:{port} --unit {unit} --secret {simulation.secrets[0]}")
    running.serve(simulation)


@app.command("test")
@told
def examine_system(
    url: Endpoint,
    unit: Annotated[str, typer.Option("--unit", metavar="CODE", help="The unit whose system it is.")],
    shared: Annotated[
        str, typer.Option("--secret", envvar="HOTLINE_UNIT_SECRET", help="The secret that it verifies with: whsec_….")
    ] = "",
) -> None:
    """Play orders against a system, and tell what it does right and what is wrong. The exit status is 1 if anything is.

    The orders are made up, say so, and are withdrawn at the end.
    No running service is needed.
    Do it with a system that is not in use yet, or a twin of it.
    """
    from cases.targets import parts
    from hotline.conformance.checks import Verdict
    from hotline.conformance.testing import examine
    from hotline.unit_simulator import signatures
    from records.addresses import check_reachable

    _check_code("--unit", unit)
    parts(url, "URL")
    if not signatures.usable(shared):
        raise UsageError("--secret: must be the unit's secret as it was shown once: whsec_ and base64")
    console = Console(highlight=False)
    try:
        asyncio.run(check_reachable(url, resolve(settings()).open_networks, "URL"))
    except InvalidError as error:
        console.print(
            f"· it can be tested there, but not be connected yet: {error}", style="yellow", markup=False, soft_wrap=True
        )
    counts = dict.fromkeys(Verdict, 0)

    async def played() -> None:
        async for what, finding in examine(url, shared, unit):
            counts[finding.verdict] += 1
            for line in _lines(what, finding):
                console.print(line, style=_STYLES[finding.verdict], markup=False, soft_wrap=True)

    asyncio.run(played())
    typer.echo(_sum(counts[Verdict.WRONG], counts[Verdict.REMARK], sum(counts.values())))
    if counts[Verdict.WRONG]:
        raise typer.Exit(1)


_STYLES = {"right": "green", "remark": "yellow", "wrong": "red"}
_SIGNS = {"right": "✓", "remark": "·", "wrong": "✗"}


def _lines(what: str, finding: "Finding") -> list[str]:
    lines = [f"{_SIGNS[finding.verdict]} {what}: {finding.told}"]
    return [*lines, f"    → {finding.advice}"] if finding.advice else lines


def _sum(wrong: int, remarks: int, checks: int) -> str:
    said = f"{checks} checks" if checks != 1 else "1 check, and no more after it"
    found = f"{wrong} wrong" if wrong else "all is right"
    return f"{said}: {found}" + (f", {remarks} could be better" if remarks else "")


def _check_code(option: str, unit: str) -> None:
    try:
        TypeAdapter(Code).validate_python(unit)
    except ValidationError:
        raise UsageError(f"{option}: must be a unit's code, in small letters: water-group") from None
