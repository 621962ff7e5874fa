"""The command `hotline`."""

import atexit
import os
import time
from pathlib import Path
from typing import Annotated

import typer
from dotenv import dotenv_values

from hotline import (
    audit_commands,
    case_commands,
    channel_commands,
    delivery_commands,
    department_commands,
    erasure_commands,
    kept_commands,
    key_commands,
    migrate,
    notice_commands,
    policy_commands,
    reconcile_commands,
    rights_commands,
    vault_commands,
)
from hotline.told import settings, told

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    help="A city's public-complaint service: every complaint becomes a case, and every case keeps its promise.\n\n"
    "Start it with [bold]hotline up --demo[/bold], and look around with [bold]hotline case list[/bold]. "
    "Every setting is an environment variable HOTLINE_… or a line in `.env`; all state lies in one folder, "
    "HOTLINE_STATE (`.hotline`).",
)

app.add_typer(audit_commands.app, name="audit")
app.add_typer(case_commands.app, name="case")
app.add_typer(key_commands.app, name="keys")
app.add_typer(department_commands.app, name="unit")
app.add_typer(delivery_commands.app, name="deliveries")
app.add_typer(kept_commands.app, name="kept")
app.add_typer(notice_commands.app, name="notices")
app.add_typer(channel_commands.app, name="channels")
app.add_typer(policy_commands.app, name="policy")
app.add_typer(erasure_commands.app, name="erase")
app.add_typer(erasure_commands.holds, name="hold")
app.command("reconcile")(reconcile_commands.reconcile)
app.command("rights")(rights_commands.rights)
app.add_typer(vault_commands.app, name="vault")


@app.callback()
def prepare() -> None:
    """Make `.env` hold for Temporal's own settings too, which its library reads from the environment alone."""
    for name, value in dotenv_values(".env").items():
        if name.startswith("TEMPORAL_") and value is not None:
            os.environ.setdefault(name, value)
    # Temporal's library may still be handing an answer over when a short command ends, and Python then crashes
    # (temporalio/sdk-python#300). A moment is enough for it.
    atexit.register(time.sleep, 0.1)


@app.command(rich_help_panel="The service")
@told
def up(
    demo: Annotated[
        bool, typer.Option("--demo/--no-demo", help="With a demonstration city that answers, or empty.")
    ] = False,
) -> None:
    """Start the whole service here, and stop it with Ctrl-C."""
    from hotline import service

    service.up(settings().model_copy(update={"demo": demo}))


@app.command(rich_help_panel="The service")
@told
def worker() -> None:
    """Run a worker process alone."""
    settings()
    import worker as process

    process.main()


app.command("migrate", rich_help_panel="The service")(migrate.migrate)


@app.command(rich_help_panel="The service")
@told
def api() -> None:
    """Run the API alone."""
    settings()
    from api.app import main

    main()


@app.command(rich_help_panel="Complaints")
@told
def feed(
    file: Annotated[Path, typer.Argument(help="A CSV or JSON-lines file, also .gz.")],
    mapping: Annotated[
        str | None,
        typer.Option(help="Which column is which field: a TOML file, or a shipped mapping like boston-311."),
    ] = None,
    api_address: Annotated[
        str | None, typer.Option("--api", help="The API's address; this machine's if left out.")
    ] = None,
    key: Annotated[str, typer.Option(envvar="HOTLINE_KEY", help="An API key of role intake, desk or supervisor.")] = "",
    limit: Annotated[int | None, typer.Option(min=1, help="At most so many further rows, then stop.")] = None,
    rejects: Annotated[
        Path | None, typer.Option(help="Where bad rows go, with line and reason; beside the state if left out.")
    ] = None,
    restart: Annotated[bool, typer.Option("--restart", help="From the beginning, not from where it stopped.")] = False,
    at_once: Annotated[int, typer.Option("--at-once", min=1, max=64, help="Requests under way at the same time.")] = 8,
) -> None:
    """Bring the complaints of a file in, through the API.

    Stopped and run again, it goes on where it was. A bad row goes to the
    rejects file with its line and the reason, and the rest goes on. Feeding a
    row twice makes no second case where it has a source_ref.
    """
    from hotline.errors import UsageError
    from hotline.feed import feeding

    if not key:
        raise UsageError("--key (or HOTLINE_KEY): needs an API key; make one with `hotline keys create --role intake`")
    chosen = settings()
    order = feeding.Order(
        file=file,
        mapping=mapping,
        api=api_address or f"http://127.0.0.1:{chosen.api_port}",
        key=key,
        limit=limit,
        rejects=rejects,
        restart=restart,
        at_once=at_once,
    )
    feeding.run(order, chosen.state)
