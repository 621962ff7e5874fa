"""`hotline notices`: the texts that people are told by, checked and shown, and what does not reach them."""

from pathlib import Path
from typing import Annotated

import typer

from hotline import sending_commands
from hotline.errors import UsageError
from hotline.told import FAILED, settings, told

app = typer.Typer(no_args_is_help=True, help="Notices to people: their texts, and those that do not arrive.")

app.command("list")(sending_commands.list_sendings)
app.command()(sending_commands.retry)


@app.command()
@told
def check(
    folder: Annotated[
        Path | None, typer.Argument(help="A folder of your own texts; the one of HOTLINE_NOTICES if left out.")
    ] = None,
    show: Annotated[
        str | None, typer.Option(help="Print what people are told of an event, such as extended, with sample cases.")
    ] = None,
) -> None:
    """Check the texts of notices with sample cases, and tell everything that is wrong with them.

    The shipped texts are checked along with those of the folder, which lie
    over them. The exit status is 1 if anything is wrong.
    """
    from hotline.notice_check import Check
    from hotline.notice_samples import city

    chosen = folder or settings().notices
    if chosen is not None and not chosen.is_dir():
        whose = "FOLDER" if folder else "HOTLINE_NOTICES"
        raise UsageError(f"{whose}: there is no folder {str(chosen)!r}; copy what you change from policies/notices")
    done = Check([chosen] if chosen else [], city())
    if show is not None:
        if show not in done.events():
            raise UsageError(f"--show: no notice is about {show!r}; there are: {', '.join(sorted(done.events()))}")
        for sample in done.shown(show):
            place = sample.place
            typer.secho(f"{place.language} {place.file} {place.member}: {sample.subject}", bold=True)
            typer.echo(f"{sample.body}\n")
    for problem in done.problems:
        typer.echo(str(problem), err=True)
    if done.problems:
        count = "one problem" if len(done.problems) == 1 else f"{len(done.problems)} problems"
        typer.echo(f"hotline: the texts have {count}", err=True)
        raise typer.Exit(FAILED)
    typer.echo(f"{done.count} texts in {len(done.languages)} languages ({', '.join(done.languages)}) render")
