"""How the record of a case can differ from its history, which is right."""

from collections.abc import Sequence
from enum import StrEnum

from cases.events import Event


class Drift(StrEnum):
    """What is wrong with the record of a case.

    `missing`: the register has nothing of it. `behind`: it lacks the last events, `ahead`: it has some that never came
    to be, `other`: it has others in their place. `row`: its line in the lists is not what its events make of it.
    `mailbox` and `notices`: something that its events owe was not written. `orphaned`: it is open, and no workflow
    watches its limits. `unanswered`: its workflow does not say what happened, so that nothing can be compared.
    """

    MISSING = "missing"
    BEHIND = "behind"
    AHEAD = "ahead"
    OTHER = "other"
    ROW = "row"
    MAILBOX = "mailbox"
    NOTICES = "notices"
    ORPHANED = "orphaned"
    UNANSWERED = "unanswered"


def difference(history: Sequence[Event], recorded: Sequence[Event]) -> Drift | None:
    """How what is recorded of a case differs from its history; none if it does not."""
    if not recorded:
        return Drift.MISSING
    if any(happened != kept for happened, kept in zip(history, recorded, strict=False)):
        return Drift.OTHER
    if len(recorded) == len(history):
        return None
    return Drift.BEHIND if len(recorded) < len(history) else Drift.AHEAD
