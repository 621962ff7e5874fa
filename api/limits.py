"""How large a request may be."""

import asyncio
from contextlib import suppress
from http import HTTPStatus

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.advice import FieldError
from api.guard import FILES
from api.problems import ProblemError, response

MOST_BYTES = 1_048_576
"""Of a body of JSON."""
_READ_AWAY = 16 * MOST_BYTES
"""So much of a body that is too large is read and dropped: its sender only looks for the answer after sending, and a
connection that closes under unread data loses the answer."""
_READ_AWAY_WITHIN = 10.0
"""Seconds that its sender has for that."""


def too_large(most: int = MOST_BYTES) -> ProblemError:
    """The answer to a body over the limit."""
    shorten = (
        "shorten it (a description takes 20,000 characters at most)" if most == MOST_BYTES else "send a smaller file"
    )
    detail = f"larger than {most:,} bytes; {shorten}"
    return ProblemError(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        "too-large",
        "The body is too large",
        f"the body is {detail}",
        {"Connection": "close"},
        errors=[FieldError(field="body", detail=f"is {detail}")],
    )


class BodyLimit:
    """Refuses bodies over the limit: those that say so at once, those sent in chunks as soon as they pass it.

    `files` is the limit, in bytes, of those that are files.
    """

    def __init__(self, app: ASGIApp, files: int = MOST_BYTES) -> None:
        self.app = app
        self._files = files

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        most = self._files if scope["path"].endswith(FILES) else MOST_BYTES
        if _announced(scope) > most:
            await _read_away(receive)
            await response(too_large(most))(scope, receive, send)
            return
        taken = 0

        async def counted() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > most:
                if message.get("more_body"):
                    await _read_away(receive)
                raise too_large(most)
            return message

        await self.app(scope, counted, send)


async def _read_away(receive: Receive) -> None:
    dropped = 0
    with suppress(TimeoutError):
        async with asyncio.timeout(_READ_AWAY_WITHIN):
            while dropped < _READ_AWAY:
                message = await receive()
                dropped += len(message.get("body", b""))
                if not message.get("more_body"):
                    return


def _announced(scope: Scope) -> int:
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit():
            return int(value)
    return 0
