"""Dates and times as they are typed after an option."""

from datetime import datetime
from zoneinfo import ZoneInfo

from hotline.errors import UsageError

_YEARS = range(1970, 9999)
"""Years that every clock and database can reckon with, in whatever zone."""


def moment(option: str, text: str, zone: ZoneInfo | None = None) -> datetime:
    """The moment that was typed, with its zone.

    Args:
        option: The option that it was typed after, as `--since`.
        text: A date, for its first moment, or a date and a time; with an offset or without.
        zone: Whose clocks are meant where it has no offset; this machine's if left out.

    Raises:
        UsageError: it is none; names the option and what to write.
    """
    try:
        typed = datetime.fromisoformat(text.strip())
    except ValueError:
        typed = None
    if typed is None or typed.year not in _YEARS:
        raise UsageError(f"{option}: {text!r} is no date; write 2026-12-31, or 2026-12-31T18:00 with a time")
    if typed.tzinfo is not None:
        return typed
    return typed.replace(tzinfo=zone) if zone is not None else typed.astimezone()
