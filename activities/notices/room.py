"""How much one digest holds: what is longer than its service takes would never arrive."""

from collections.abc import Mapping, Sequence
from typing import Any

from activities.notices.channels import COMPLAINANT

_CHARACTERS = {"mail": 60_000, "sms": 500, "wecom": 600}
"""Of one message. Gateways for short messages join up to some eight parts; a bot of WeCom takes 2,048 bytes."""

_OTHERWISE = 6_000
"""Bots of DingTalk and Feishu take some 20,000 bytes, three to a Chinese character."""

_FRAME = 100
"""Characters around the members, and around each: what the digest says itself, blank lines and numbers."""

_AROUND_EACH = 6

_OF_COMPLAINANTS, _OF_STAFF = 50, 500
"""Notices in one digest at most. Those of complainants are there in full, those of staff by a line each."""


def fitting(members: Sequence[Mapping[str, Any]]) -> int:
    """How many of some sendings to one addressee, from the first on, have room in one digest: at least one.

    Args:
        members: The sendings, with `audience`, `channel`, `subject` and `body`.
    """
    first = members[0]
    theirs = first["audience"] == COMPLAINANT
    room = _CHARACTERS.get(first["channel"], _OTHERWISE) - _FRAME
    count = 0
    for one in members[: _OF_COMPLAINANTS if theirs else _OF_STAFF]:
        room -= _AROUND_EACH + len(one["subject"]) + theirs * len(one["body"])
        if room < 0:
            break
        count += 1
    return max(count, 1)
