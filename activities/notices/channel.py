"""What goes out by a channel, and why it may not."""

from datetime import datetime
from typing import NamedTuple, Protocol


class Letter(NamedTuple):
    """A message as it leaves. The same `id` always has the same words, and `at` is when they were settled."""

    id: str
    about: str
    audience: str
    subject: str
    body: str
    at: datetime


class Channel(Protocol):
    """One way to one address."""

    async def send(self, letter: Letter) -> None:
        """Send something.

        Raises:
            NotSentError: it did not go out, or nobody knows whether it did.
        """


class NotSentError(Exception):
    """A message did not go out.

    Args:
        reason: Why, for people. Holds neither the address nor anything of the message.
        for_good: Whether trying again is of no use, as with an address that does not exist.
        alone: Whether it is about this message or this address, as where a mail server puts off whom it does not know.
    """

    def __init__(self, reason: str, *, for_good: bool = False, alone: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.for_good = for_good
        self.alone = alone or for_good
