"""Cases that belong together: repeats of one matter, and incidents that many complain about.

An incident is a case that leads; the others follow it. There is one handling, but each complainant has a number, a
resolution limit, a reply and a call-back of his own.
"""

from typing import Annotated, Literal

from pydantic import Field

from cases.triage import CaseNumber
from cases.vocabulary import Code, Note, Outcome, Reason, Value


class Repeat(Value):
    """Another case turned out to bring the same person's same matter (Art. 9, 11)."""

    type: Literal["repeat"] = "repeat"
    case: CaseNumber


class Join(Value):
    """The desk has a case handled through another one of the same matter, which `unit` leads."""

    type: Literal["join"] = "join"
    incident: CaseNumber
    unit: Code
    copy_to: Code | None = None
    reason: Reason


class Follow(Value):
    """Another case joined this one."""

    type: Literal["follow"] = "follow"
    case: CaseNumber


class Relay(Value):
    """How the incident stands that this case follows.

    `version` is the incident's own, so that news which come late or twice change nothing. An incident that `ended`
    without a report sets its followers free; one that `moved` was led by another unit before.
    """

    type: Literal["relay"] = "relay"
    incident: CaseNumber
    version: Annotated[int, Field(ge=1)]
    unit: Code | None = None
    copy_to: Code | None = None
    outcome: Literal[Outcome.SOLVED, Outcome.EXPLAINED] | None = None
    note: Note = ""
    ended: bool = False
    moved: bool = False
