"""What the unit that holds an order does (Art. 13 to 15, 20)."""

from typing import Annotated, Literal

from pydantic import AwareDatetime, Field, model_validator

from cases.limits import Budget
from cases.vocabulary import Code, Note, Outcome, PersonName, Reason, Value


class Acknowledge(Value):
    """The unit signs for its order (签收)."""

    type: Literal["acknowledge"] = "acknowledge"
    note: Note = ""


class Return(Value):
    """The unit gives an order back as not its own (派单异议 / 退单), with its reason and evidence (Art. 12).

    `proposed` is the unit whose it is, in the view of the one that returns it.
    """

    type: Literal["return"] = "return"
    reason: Reason
    evidence: Note = ""
    proposed: Code | None = None


class Contact(Value):
    """The unit has spoken with the complainant (Art. 15). Ends the handling limit."""

    type: Literal["contact"] = "contact"
    note: Note = ""


class Progress(Value):
    """The unit tells the complainant how far it is: an interim reply (Art. 14)."""

    type: Literal["progress"] = "progress"
    note: Reason


class Report(Value):
    """The unit reports its result: solved, or explained why it cannot be.

    `missing_reason` says why it reports although a unit that it called in has not (Art. 16).
    """

    type: Literal["report"] = "report"
    outcome: Literal[Outcome.SOLVED, Outcome.EXPLAINED]
    note: Reason
    missing_reason: Note = ""


class RequestExtension(Value):
    """The unit asks for more time (延期), with its reason (Art. 15)."""

    type: Literal["request_extension"] = "request_extension"
    by: Budget
    reason: Reason


class DecideExtension(Value):
    """A supervisor grants more time, as much as was asked for or `by` less, or refuses it."""

    type: Literal["decide_extension"] = "decide_extension"
    granted: bool
    by: Budget | None = None
    reason: Note = ""


class Wait(Value):
    """The handling waits for something that only the complainant can bring."""

    type: Literal["wait"] = "wait"
    reason: Reason


class Hold(Value):
    """A supervisor puts a long matter on account (挂账): with plan, owner, dates of review and condition of exit."""

    type: Literal["hold"] = "hold"
    plan: Reason
    owner: PersonName
    exit: Reason
    reviews: Annotated[tuple[AwareDatetime, ...], Field(min_length=1, max_length=60)]
    until: AwareDatetime

    @model_validator(mode="after")
    def _in_order(self) -> "Hold":
        if list(self.reviews) != sorted(set(self.reviews)):
            raise ValueError("reviews: list the dates in order, each once")
        if self.reviews[-1] > self.until:
            raise ValueError("reviews: the last one lies after `until`; review before the end")
        return self


class Review(Value):
    """A case on account was reviewed, on or before the date that was set for it."""

    type: Literal["review"] = "review"
    note: Reason


class Resume(Value):
    """The handling goes on: what it waited for is there, or the case comes off the account."""

    type: Literal["resume"] = "resume"
    reason: Reason


class Escalate(Value):
    """The unit cannot solve it and asks for help from above: its district, or a regulator of the trade (Art. 20)."""

    type: Literal["escalate"] = "escalate"
    reason: Reason
    to: Code | None = None
