"""`hotline reconcile`: whether what the register holds of every case is what happened, and mending it."""

import json
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from cases.drift import Drift
from hotline import stack
from hotline.errors import NotRunningError, UsageError
from hotline.ledger import Ledger
from hotline.reaching import with_client
from hotline.told import FAILED, settings, told

if TYPE_CHECKING:
    from temporalio.client import Client

    from workflows.reconciliation_messages import ReconciliationDone, ReconciliationStart

_MEANS = {
    Drift.MISSING: "the register had nothing of the case",
    Drift.BEHIND: "the last events were missing",
    Drift.AHEAD: "the register had events that never came to be",
    Drift.OTHER: "the register had other events",
    Drift.ROW: "its line in the lists was wrong",
    Drift.MAILBOX: "something was missing in a unit's mailbox",
    Drift.NOTICES: "a notice was missing that somebody is owed",
    Drift.ORPHANED: "open, and no workflow watches its limits",
    Drift.UNANSWERED: "its workflow does not answer, so that nothing can be compared",
}


@told
def reconcile(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what differs, and mend nothing.")] = False,
    revive: Annotated[
        bool, typer.Option("--revive", help="Start open cases again from their records where Temporal has lost them.")
    ] = False,
    grace: Annotated[
        float,
        typer.Option(
            min=0, help="Seconds until what differs is looked at again: what just happened is being recorded."
        ),
    ] = 60.0,
    a_second: Annotated[float, typer.Option("--a-second", min=0.1, help="Cases compared a second.")] = 50.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False,
) -> None:
    """Compare every case's history with its record, and mend the record.

    It is done every night anyway, except for --revive. The work is done by a
    worker; if you interrupt this command, that goes on. Exit status 1 if
    something differs still at the end.
    """
    if dry_run and revive:
        raise UsageError("--revive: starts cases again, which --dry-run forbids; leave one of them out")
    from workflows.reconciliation_messages import ReconciliationStart

    chosen = stack.resolve(settings())
    start = ReconciliationStart(dry_run=dry_run, revive=revive, grace=grace, a_second=a_second)
    done = with_client(chosen, lambda _, client: _done(client, chosen.task_queue, start))
    if as_json:
        told = done.model_dump(mode="json") | {"left": done.left}
        typer.echo(json.dumps(told, ensure_ascii=False))
    else:
        _show(done, dry_run=dry_run)
    if done.left:
        raise typer.Exit(FAILED)


async def _done(client: "Client", task_queue: str, start: "ReconciliationStart") -> "ReconciliationDone":
    from workflows.reconciling import reconciled

    done = await reconciled(client, task_queue, start)
    if done is None:
        raise NotRunningError(f"no worker listens on {task_queue}; start one with `hotline up` or `hotline worker`")
    return done


def _show(done: "ReconciliationDone", *, dry_run: bool) -> None:
    typer.echo(f"{done.cases} cases compared")
    if not done.tallies:
        typer.echo("every record is what happened")
        return
    sums = Ledger("drift", "found", "left", prose="what that is")
    for kind, tally in sorted(done.tallies.items()):
        sums.add(kind.value, str(tally.found), str(tally.left), prose=_MEANS[kind])
    Console().print(sums)
    named = Ledger("case", "drift", "now", prose="what")
    for one in done.drifted:
        named.add(one.number, one.kind.value, "mended" if one.mended else "left", prose=one.what)
    Console().print(named)
    if (more := sum(one.found for one in done.tallies.values()) - len(done.drifted)) > 0:
        typer.echo(f"and {more} more; `hotline audit list --action record_mended` names what was mended")
    if dry_run:
        typer.echo("nothing was mended; without --dry-run it is", err=True)
