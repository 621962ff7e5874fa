"""Who gets a notice, and by which of the city's channels."""

import re
from typing import NamedTuple

from activities.notices.channels import COMPLAINANT, Channels, Entry
from cases.notice import Notice
from cases.vocabulary import Complainant
from vault.digests import Digests

_NO_DIGIT = re.compile(r"[^+\d]")


class Recipient(NamedTuple):
    """An address, and the entry of the channels file by which it is reached. It is empty where the entry says it."""

    entry: Entry
    address: str

    def addressee(self, digests: Digests) -> str:
        """By which sendings to the same address are known without it, and by nobody who has not the key."""
        return digests.of_text("addressee", f"{self.entry.route}\n{self.address}")


def recipients(notice: Notice, channels: Channels) -> list[Recipient]:
    """Everybody who gets a notice: a complainant by the first channel that will do, staff by all of theirs.

    None, if a complainant left no such address, or the file names nobody: a unit has the order all the same.
    """
    if notice.audience == COMPLAINANT:
        known = _known(notice.complainant or Complainant())
    else:
        known = {"unit": notice.to.partition(":")[2]}
    found = [
        Recipient(entry, known.get(entry.filled_with or "", ""))
        for entry in channels.entries(notice.to)
        if entry.filled_with is None or known.get(entry.filled_with)
    ]
    return found[:1] if notice.audience == COMPLAINANT else found


def _known(complainant: Complainant) -> dict[str, str]:
    # An extension, which follows a slash, receives no message.
    phone = _NO_DIGIT.sub("", (complainant.phone or "").partition("/")[0])
    return {"phone": phone, "email": complainant.email or ""}
