"""What the hotline and its supervisors do with a running case."""

from typing import Literal

from cases.attachment import Attachment
from cases.policy import Terms
from cases.vocabulary import Note, Outcome, Reason, Value


class Supervise(Value):
    """The hotline puts a case under supervision (督办): unit and district are told formally."""

    type: Literal["supervise"] = "supervise"
    reason: Reason


class Close(Value):
    """A supervisor ends a case that could not be solved in the rounds it had."""

    type: Literal["close"] = "close"
    outcome: Literal[Outcome.UNSOLVED, Outcome.EXPLAINED]
    reason: Reason


class Remark(Value):
    """Something worth keeping about a case, also after its end."""

    type: Literal["note"] = "note"
    text: Reason
    attachment: Attachment | None = None


class Adopt(Value):
    """An open case takes new terms, for every limit that begins from now on, or only a renewed calendar."""

    type: Literal["adopt"] = "adopt"
    terms: Terms
    reason: Note = ""
