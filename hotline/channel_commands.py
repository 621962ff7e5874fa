"""`hotline channels`: the ways by which notices go out, checked and tried."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from uuid import uuid4

import typer

from hotline.errors import HotlineError, UsageError
from hotline.told import settings, told

if TYPE_CHECKING:
    from activities.notices.channel import Letter
    from activities.notices.channels import Channels, Entry

app = typer.Typer(no_args_is_help=True, help="Channels of notices: mail, short messages, chat.")

_NEEDED = {"phone": "a phone number", "email": "a mail address"}
_FILE = Annotated[Path | None, typer.Option("--file", help="A channels file; the one of HOTLINE_CHANNELS if left out.")]


@app.command()
@told
def check(
    file: Annotated[
        Path | None, typer.Argument(help="A channels file; the one of HOTLINE_CHANNELS if left out.")
    ] = None,
) -> None:
    """Check a channels file, and show by what each audience is reached. Nothing is sent."""
    from urllib.parse import urlsplit

    for table, entries in _channels(file).audiences().items():
        ways = ", ".join(f"{one.channel} ({urlsplit(one.url).scheme}://)" for one in entries) or "nothing"
        typer.echo(f"{table}: {ways}")


@app.command("test")
@told
def trial(
    audience: Annotated[str, typer.Argument(help="complainant, desk, supervisor, unit, or unit:CODE for one of them.")],
    to: Annotated[
        str | None, typer.Option(help="A phone number or mail address of your own, where the entry needs one.")
    ] = None,
    channel: Annotated[str | None, typer.Option(help="Only this entry, as mail or sms.")] = None,
    file: _FILE = None,
) -> None:
    """Send a message that says it is a test, by every channel of an audience."""
    from activities.notices.channel import Letter

    channels = _channels(file)
    chosen = [one for one in channels.entries(audience) if channel in (None, one.channel)]
    if not chosen:
        raise UsageError(_unreached(audience, [one.channel for one in channels.entries(audience)], channel))
    unit = audience.partition(":")[2]
    for entry in chosen:
        if entry.filled_with in ("phone", "email") and not to:
            raise UsageError(f"--to: {entry.route} needs {_NEEDED[entry.filled_with]}; give one of your own")
    letter = Letter(
        id=f"test.{uuid4().hex}",
        about="test",
        audience=audience,
        subject="Test of hotline",
        body="This is a test of hotline: the channel works. 这是一条测试消息：通道正常。",
        at=datetime.now(UTC),
    )
    failed = asyncio.run(_sent(channels, chosen, to or "", unit or "unit", letter))
    if failed:
        raise HotlineError("; ".join(failed))


def _unreached(audience: str, entries: list[str], channel: str | None) -> str:
    """Why nothing can be sent, and what there is instead."""
    from activities.notices.channels import AUDIENCES

    if entries:
        return f"--channel: {audience} has no entry {channel!r}; there are: {', '.join(entries)}"
    if audience.partition(":")[0] not in AUDIENCES:
        return f"AUDIENCE: must be one of {', '.join(AUDIENCES)}, or unit:CODE for one unit"
    return f"AUDIENCE: {audience} has no entry, so its people are told nothing; add one to the channels file"


async def _sent(channels: "Channels", chosen: "list[Entry]", to: str, unit: str, letter: "Letter") -> list[str]:
    from activities.notices.channel import NotSentError

    failed = []
    for entry in chosen:
        address = unit if entry.filled_with == "unit" else to if entry.filled_with else ""
        try:
            await channels.send(entry.route, address, letter)
        except NotSentError as error:
            failed.append(f"{entry.route}: {error.reason}")
        else:
            typer.echo(f"{entry.route}: sent")
    channels.close()
    return failed


def _channels(file: Path | None) -> "Channels":
    from activities.notices.channels import Channels

    return Channels.load(file or settings().channels, called=str(file) if file else None)
