"""The people's mail server as a process of its own: `python -m tests.drill.postbox PORT LEDGER`.

Each mail that arrives is a line of the ledger, written before it is answered: its Message-ID, whom it is for, and a
digest of all of it but the date of the attempt.
"""

import asyncio
import hashlib
import json
import os
import sys
from email import message_from_bytes
from email.policy import default

from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.notices.mail_server import listening


class Postbox:
    """Takes every mail."""

    def __init__(self, path: str) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    async def handle_DATA(self, _: SMTP, __: Session, envelope: Envelope) -> str:  # noqa: N802 - as aiosmtpd calls it
        """Take one."""
        content = envelope.content
        assert isinstance(content, bytes)
        message = message_from_bytes(content, policy=default)
        undated = b"\n".join(line for line in content.splitlines() if not line.lower().startswith(b"date:"))
        line = {
            "key": str(message["Message-ID"]),
            "unit": ",".join(envelope.rcpt_tos),
            "case": "",
            "said": hashlib.sha256(undated).hexdigest()[:16],
        }
        os.write(self._file, json.dumps(line).encode() + b"\n")
        return "250 taken"


async def _serve(port: int, path: str) -> None:
    async with listening(Postbox(path), port):
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1]), sys.argv[2]))
