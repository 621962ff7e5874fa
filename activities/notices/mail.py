"""Mail: one message on its way to one mailbox, the same bytes however often it is sent."""

import asyncio
import re
import ssl
from dataclasses import dataclass
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as FORM
from email.utils import format_datetime
from functools import cache
from urllib.parse import parse_qsl, quote, unquote, urlsplit

import aiosmtplib

from activities.notices.channel import Letter, NotSentError

SCHEMES = ("mailto", "mailtos")

_PATIENCE, _AT_MOST = 20.0, 30.0
"""Seconds that a mail server may take for one step of the conversation, and for all of it."""

_CLOSING = 421
"""What a server answers that is about to close."""

_OF_THE_SERVER = re.compile(r"^5\.[37]\.")
"""Enhanced codes (RFC 3463) of a server that is not set up for us, or does not let us: "5.7.1 relay access denied"."""

_PORTS = {"insecure": 25, "starttls": 587, "ssl": 465}
_KNOWN = frozenset({"to", "from", "name", "smtp", "mode", "verify", "user", "pass"})
_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+")

# Seven bits, so that the bytes do not depend on what a server says it can take.
_FORM = FORM.clone(cte_type="7bit")


@dataclass(frozen=True)
class Mail:
    """A mail server and whom it carries mail to, as a URL of the channels file says."""

    host: str
    port: int
    mode: str
    user: str | None
    password: str | None
    sender: str
    name: str
    to: tuple[str, ...]
    verify: bool

    @classmethod
    def of(cls, url: str) -> "Mail":
        """Read `mailto://user:password@host:port?from=…&to=…`.

        `mailtos` encrypts: by STARTTLS, or with `mode=ssl` from the first byte. `smtp` names the server where the host
        is the domain of the mailboxes. `name` is who it comes from, for people. `verify=no` takes any certificate.

        Raises:
            ValueError: it is none; the text says what is wrong, without any of it.
        """
        parts = urlsplit(url)
        try:
            port = parts.port
        except ValueError:
            raise ValueError("its port is no number from 1 to 65535") from None
        asked = dict(parse_qsl(parts.query, keep_blank_values=True))
        if unknown := sorted(set(asked) - _KNOWN):
            raise ValueError(f"{', '.join(unknown)!s}: mail knows no such parameter, but {', '.join(sorted(_KNOWN))}")
        host = parts.hostname or ""
        mode = asked.get("mode", "starttls" if parts.scheme == "mailtos" else "insecure")
        if mode not in _PORTS:
            raise ValueError(f"mode must be one of {', '.join(_PORTS)}")
        server = asked.get("smtp", host)
        if not server:
            raise ValueError("it names no server; write mailto://host or smtp=host")
        user = asked.get("user") or unquote(parts.username or "") or None
        sender = asked.get("from") or (user if user and "@" in user else f"{user}@{host}" if user else "")
        to = tuple(filter(None, re.split(r"[,\s]+", asked.get("to") or unquote(parts.path.strip("/")))))
        for named, addresses in (("from", (sender,)), ("to", to or ("",))):
            if not all(_ADDRESS.fullmatch(one) for one in addresses):
                raise ValueError(f"{named} must be the address of a mailbox, as {named}=hotline@city.example")
        return cls(
            host=server,
            port=port or _PORTS[mode],
            mode=mode,
            user=user,
            password=asked.get("pass") or unquote(parts.password or "") or None,
            sender=sender,
            name=asked.get("name", ""),
            to=to,
            verify=asked.get("verify", "yes") != "no",
        )

    async def send(self, letter: Letter) -> None:
        """Hand a message to the server.

        Raises:
            NotSentError: it was not taken, or nobody knows whether it was.
        """
        message = self._message(letter)
        try:
            async with asyncio.timeout(_AT_MOST):
                refused, _ = await aiosmtplib.send(
                    message,
                    sender=self.sender,
                    recipients=list(self.to),
                    hostname=self.host,
                    port=self.port,
                    username=self.user,
                    password=self.password,
                    use_tls=self.mode == "ssl",
                    start_tls=self.mode == "starttls",
                    tls_context=_context(verify=self.verify) if self.mode != "insecure" else None,
                    timeout=_PATIENCE,
                )
        except (aiosmtplib.SMTPException, OSError) as error:
            raise self._not_sent(error) from None
        if refused:
            # The others have it: to send it to all of them again would be a nuisance.
            raise NotSentError("the mail server refused some of the recipients", for_good=True)

    def _not_sent(self, error: Exception) -> NotSentError:
        """What an error comes to. Only the code of what a server says is kept: the rest may name the address."""
        match error:
            case aiosmtplib.SMTPRecipientsRefused(recipients=refused):
                least = min(refused, key=lambda one: one.code)
                return _refused("the recipient", least.code, least.message)
            case aiosmtplib.SMTPDataError(code=code, message=said):
                return _refused("the message", code, said)
            case aiosmtplib.SMTPResponseException(code=code):
                # About the account or the sender, which people can mend, or the server's own trouble.
                what = {
                    aiosmtplib.SMTPAuthenticationError: "user and password of the channel",
                    aiosmtplib.SMTPSenderRefused: "the sender that the channel names",
                }.get(type(error), "the connection")
                return NotSentError(f"the mail server refused {what} ({code})")
            case aiosmtplib.SMTPNotSupported() if not all(one.isascii() for one in self.to):
                return NotSentError("the mail server takes no address of such letters", for_good=True)
            case aiosmtplib.SMTPNotSupported():
                return NotSentError("the mail server has not the encryption or login that the channel asks for")
            case TimeoutError():
                return NotSentError(f"the mail server did not answer within {_PATIENCE:g} seconds")
            case ssl.SSLError():
                return NotSentError("the mail server's certificate or encryption was not accepted")
        return NotSentError(f"the mail server could not be reached ({type(error).__name__})")

    def _message(self, letter: Letter) -> EmailMessage:
        message = EmailMessage(policy=_FORM)
        try:
            message["From"] = Address(self.name, addr_spec=self.sender)
            message["To"] = [Address(addr_spec=one) for one in self.to]
        except (ValueError, IndexError, MessageError):
            raise NotSentError("the address is none that mail can be sent to", for_good=True) from None
        message["Subject"] = " ".join(letter.subject.split())
        message["Date"] = format_datetime(letter.at)
        message["Message-ID"] = f"<{quote(letter.id, safe='')}@hotline>"
        message["X-Hotline-Sending"] = quote(letter.id, safe="")
        # Keeps replies of mailboxes whose people are away from coming back (RFC 3834).
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(letter.body)
        return message


def _refused(what: str, code: int, said: str) -> NotSentError:
    """What a refusal comes to. One that people can mend at the server must not end every message of that hour."""
    server = _OF_THE_SERVER.match(said)
    shown = f"{code} {said.split()[0]}" if server else f"{code}"
    return NotSentError(
        f"the mail server refused {what} ({shown})", for_good=code >= 500 and not server, alone=code != _CLOSING
    )


@cache
def _context(*, verify: bool) -> ssl.SSLContext:
    # Reading the authorities of the system takes as long as ten mails do.
    context = ssl.create_default_context()
    if not verify:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context
