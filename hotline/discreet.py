"""What a process logs of an error that nobody foresaw: what kind it was and where, never what it was about.

Texts of errors quote what they were given: a validation its input, a database the row that stands in the way.
"""

import logging
import traceback
from collections.abc import Iterator
from types import TracebackType

from cases.errors import UnavailableError
from vault.keyfile import KeyFileError

_FORM = "%(asctime)s %(levelname)s %(name)s %(message)s"

_TELLS_NOTHING = (UnavailableError, KeyFileError, OSError)
"""Errors whose texts are about the service and its machines, and so may stand in a log."""

_ExceptionInfo = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


class Discreet(logging.Formatter):
    """Writes every record, and of its error the frames and the kinds, down to what caused it."""

    def formatException(self, ei: _ExceptionInfo) -> str:  # noqa: N802 - the library's name for it
        """The frames of an error and of those behind it, the first cause first, without their texts."""
        return "\n".join(_told(ei[1], set())) if ei[1] is not None else ""

    def format(self, record: logging.LogRecord) -> str:
        """The record as one text."""
        if record.name == "asyncio":
            # It goes on with the task that failed, and shows the error with its text.
            record.msg, record.args = (record.getMessage().splitlines() or [""])[0], None
        # Another handler may have written the error out already.
        record.exc_text = None
        return super().format(record)


def configure(level: str) -> None:
    """Have the process write its log to the standard error, from a level on."""
    handler = logging.StreamHandler()
    handler.setFormatter(Discreet(_FORM))
    logging.basicConfig(level=level, handlers=[handler])


def _told(error: BaseException, seen: set[int]) -> Iterator[str]:
    if id(error) in seen:
        return
    seen.add(id(error))
    behind = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if behind is not None:
        yield from _told(behind, seen)
        yield "which led to:"
    for one in error.exceptions if isinstance(error, BaseExceptionGroup) else ():
        yield from _told(one, seen)
        yield "which is part of:"
    yield "Traceback (most recent call last):"
    yield from (line.rstrip("\n") for line in traceback.format_list(traceback.extract_tb(error.__traceback__)))
    kind = f"{type(error).__module__}.{type(error).__qualname__}".removeprefix("builtins.")
    yield f"{kind}: {error}" if isinstance(error, _TELLS_NOTHING) else kind
