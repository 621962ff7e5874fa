"""What somebody may want of a case. A command carries who asks and an id that makes asking twice harmless."""

import hashlib
from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from cases.policy import Terms
from cases.routing import Route
from cases.vocabulary import Actor, Code, Complaint, Note, Outcome, Reason, Satisfaction, Value

CommandId = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class Receive(Value):
    """Take a complaint in, with the terms it is held to and the way the catalogue sends it."""

    type: Literal["receive"] = "receive"
    number: str
    complaint: Complaint
    terms: Terms
    route: Route


class Dispatch(Value):
    """The desk sends a case that is with it to a unit (派单)."""

    type: Literal["dispatch"] = "dispatch"
    unit: Code
    copy_to: Code | None = None
    reason: Reason


class Acknowledge(Value):
    """The unit signs for its order (签收)."""

    type: Literal["acknowledge"] = "acknowledge"
    note: Note = ""


class Return(Value):
    """The unit gives an order back as not its own (退单), with its reason (Art. 12)."""

    type: Literal["return"] = "return"
    reason: Reason


class Contact(Value):
    """The unit has spoken with the complainant (Art. 15). Ends the handling limit."""

    type: Literal["contact"] = "contact"
    note: Note = ""


class Report(Value):
    """The unit reports its result: solved, or explained why it cannot be."""

    type: Literal["report"] = "report"
    outcome: Literal[Outcome.SOLVED, Outcome.EXPLAINED]
    note: Reason


class CallBack(Value):
    """The complainant was asked, or could not be reached (回访, Art. 23).

    Whether a unit had been in contact, whether the matter is solved and how satisfied the complainant is are three
    answers, kept apart.
    """

    type: Literal["callback"] = "callback"
    reached: bool
    contacted: bool | None = None
    solved: bool | None = None
    satisfaction: Satisfaction | None = None
    note: Note = ""

    @model_validator(mode="after")
    def _answers_fit(self) -> "CallBack":
        answers = {"contacted": self.contacted, "solved": self.solved, "satisfaction": self.satisfaction}
        if self.reached and self.solved is None:
            raise ValueError("solved: a complainant who was reached must have said whether the matter is solved")
        if not self.reached and (given := [name for name, answer in answers.items() if answer is not None]):
            raise ValueError(f"{given[0]}: there is no answer from a complainant who was not reached; leave it out")
        return self


class Withdraw(Value):
    """The complainant takes the complaint back."""

    type: Literal["withdraw"] = "withdraw"
    reason: Note = ""


class ConfirmDelivery(Value):
    """A unit's system has taken the order."""

    type: Literal["confirm_delivery"] = "confirm_delivery"
    order: int
    unit: Code


class FailDelivery(Value):
    """An order did not reach a unit's system, and trying on would not help."""

    type: Literal["fail_delivery"] = "fail_delivery"
    order: int
    unit: Code
    reason: Note


class Tick(Value):
    """Time has passed: raise what has fallen due."""

    type: Literal["tick"] = "tick"


Act = Annotated[
    Receive
    | Dispatch
    | Acknowledge
    | Return
    | Contact
    | Report
    | CallBack
    | Withdraw
    | ConfirmDelivery
    | FailDelivery
    | Tick,
    Field(discriminator="type"),
]


class Command(Value):
    """An act that somebody asks for.

    `id` is chosen by whoever asks, and kept over retries; the same id with the same act is answered again without
    being done again.
    """

    id: CommandId
    actor: Actor
    act: Act

    @property
    def fingerprint(self) -> str:
        """Tells whether two commands of one id ask for the same thing."""
        return fingerprint(self.act)


def fingerprint(value: Value) -> str:
    """A short digest of a value's content, the same in every process and version of Python."""
    # Defaults are left out so that a field added later does not change what was asked; the name stands for the type.
    content = f"{type(value).__name__}{value.model_dump_json(exclude_defaults=True)}"
    return hashlib.sha256(content.encode()).hexdigest()[:16]


def content_fingerprint(complaint: Complaint) -> str:
    """Tells whether two complaints under one reference bring the same matter. When it was received does not count."""
    return fingerprint(complaint.model_copy(update={"received_at": datetime.min.replace(tzinfo=UTC)}))
