"""How long, and for how much, a connection is listened to before its request is there."""

import asyncio
from http import HTTPStatus
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from api.guard import FILES
from api.problems import ProblemError, response

HEADERS_WITHIN = 20.0
"""Seconds from the first byte, or from the connection, until the headers are whole."""
HEADERS_MOST = 65_536
"""Bytes that a request may send before its headers are whole."""
BODY_WITHIN = 60.0
"""Seconds in which the whole body must come."""
FILE_WITHIN = 600.0
"""The same for a file, which somebody may send from a telephone."""


class PatientProtocol(HttpToolsProtocol):
    """uvicorn's protocol, which by itself waits for the rest of a request for ever, and takes any number of headers."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._until_headers: asyncio.TimerHandle | None = None
        self._incomplete = False
        self._unread = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for the first request."""
        super().connection_made(transport)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no more."""
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take what came, and close a connection that sends headers without an end."""
        if self._until_headers is not None:
            self._unread += len(data)
        super().data_received(data)
        if self._incomplete and self._until_headers is None:
            self._wait()
        if self._until_headers is not None and self._unread > HEADERS_MOST:
            self.transport.close()

    def on_message_begin(self) -> None:
        """Begin to wait for the headers of a request, unless they come whole with its first bytes, as nearly always."""
        self._incomplete = True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """The headers are there."""
        self._incomplete = False
        self._stop_waiting()
        super().on_headers_complete()

    def _wait(self) -> None:
        self._unread = 0
        self._until_headers = self.loop.call_later(HEADERS_WITHIN, self._give_up)

    def _stop_waiting(self) -> None:
        if self._until_headers is not None:
            self._until_headers.cancel()
            self._until_headers = None

    def _give_up(self) -> None:
        if not self.transport.is_closing():
            self.transport.close()


class BodyPatience:
    """Refuses a request whose body does not come in time."""

    def __init__(self, app: ASGIApp, within: float = BODY_WITHIN, files: float = FILE_WITHIN) -> None:
        self.app = app
        self._within = within
        self._files = files

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        within = self._files if scope["path"].endswith(FILES) else self._within
        until = asyncio.get_running_loop().time() + within
        whole = False

        async def in_time() -> Message:
            nonlocal whole
            if whole:
                # What comes after the body is the end of the connection, for which a long poll waits long.
                return await receive()
            try:
                async with asyncio.timeout_at(until):
                    message = await receive()
            except TimeoutError:
                raise _too_slow(within) from None
            whole = not message.get("more_body", False)
            return message

        try:
            await self.app(scope, in_time, send)
        except ProblemError as error:
            # Raised while the body was read outside of any route.
            await response(error)(scope, receive, send)


def _too_slow(within: float) -> ProblemError:
    return ProblemError(
        HTTPStatus.REQUEST_TIMEOUT,
        "too-slow",
        "The body did not come in time",
        f"the whole body must come within {within:g} seconds; send it again, over a better connection",
        {"Connection": "close"},
    )
