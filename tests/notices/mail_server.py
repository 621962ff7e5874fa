"""A real mail server in the test's process."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage

from aiosmtpd.smtp import SMTP, Envelope, Session

# What it logs of the conversation is no business of ours.
logging.getLogger("mail.log").setLevel(logging.WARNING)


@dataclass
class MailServer:
    """Keeps the mail it is sent. `refused` are answers to recipients, `answer` what it says to every message.

    `upon` is done before a message is acknowledged.
    """

    port: int = 0
    mail: list[bytes] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    answer: str = "250 taken"
    asked: int = 0
    upon: Callable[[], Awaitable[None]] | None = None

    async def handle_RCPT(  # noqa: N802 - the server's name for it
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        self.asked += 1
        if address in self.refused:
            return self.refused[address]
        envelope.rcpt_tos.append(address)
        return "250 known"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        if not self.answer.startswith("250"):
            return self.answer
        content = envelope.content
        assert isinstance(content, bytes)
        self.mail.append(content)
        self.recipients += envelope.rcpt_tos
        if self.upon is not None:
            await self.upon()
        return self.answer

    # No properties: the server's library looks at every attribute for each connection.
    def messages(self) -> list[EmailMessage]:
        return [message_from_bytes(one, EmailMessage, policy=policy.default) for one in self.mail]

    def ids(self) -> list[str]:
        return [one["Message-ID"] for one in self.messages()]

    def url(self, to: str) -> str:
        return f"mailto://127.0.0.1:{self.port}?from=hotline@city.example&name=12345&to={to}"

    @asynccontextmanager
    async def running(self) -> "AsyncIterator[MailServer]":
        async with listening(self, self.port) as self.port:
            yield self


@asynccontextmanager
async def listening(handler: object, port: int = 0) -> AsyncIterator[int]:
    """The port on which a handler takes mail, for as long as the context lasts; a free one, if none is named."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(handler, enable_SMTPUTF8=True), "127.0.0.1", port)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await server.wait_closed()
