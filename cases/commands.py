"""What somebody may want of a case. A command carries who asks and an id that makes asking twice harmless."""

import hashlib
from datetime import UTC, datetime
from typing import Annotated

from pydantic import Field, StringConstraints

from cases.acts.assisting import (
    AssistAcknowledge,
    AssistAdjudicate,
    AssistProgress,
    AssistRefuse,
    AssistReport,
    Called,
    Whistle,
)
from cases.acts.complainant import Appeal, CallBack, Rate, Reopen, Supplement, Urge, Withdraw
from cases.acts.engine import ConfirmDelivery, FailDelivery, RetryDelivery, Tick
from cases.acts.handling import (
    Acknowledge,
    Contact,
    DecideExtension,
    Escalate,
    Hold,
    Progress,
    Report,
    RequestExtension,
    Resume,
    Return,
    Review,
    Wait,
)
from cases.acts.intake import Adjudicate, Answer, Consult, Designate, Dispatch, NotDispatch, Reassign, Receive
from cases.acts.linking import Follow, Join, Relay, Repeat
from cases.acts.oversight import Adopt, Close, Remark, Supervise
from cases.events import Cause
from cases.vocabulary import Actor, Complaint, Value

CommandId = Annotated[str, StringConstraints(min_length=1, max_length=200)]

Act = Annotated[
    Receive
    | Answer
    | NotDispatch
    | Consult
    | Dispatch
    | Designate
    | Reassign
    | Adjudicate
    | Acknowledge
    | Return
    | Contact
    | Progress
    | Report
    | RequestExtension
    | DecideExtension
    | Wait
    | Hold
    | Review
    | Resume
    | Escalate
    | Whistle
    | AssistAcknowledge
    | AssistRefuse
    | AssistAdjudicate
    | AssistProgress
    | AssistReport
    | CallBack
    | Withdraw
    | Supplement
    | Urge
    | Rate
    | Reopen
    | Appeal
    | Supervise
    | Close
    | Remark
    | Adopt
    | Repeat
    | Join
    | Follow
    | Relay
    | ConfirmDelivery
    | FailDelivery
    | RetryDelivery
    | Tick,
    Field(discriminator="type"),
]

__all__ = [
    "Acknowledge",
    "Act",
    "Adjudicate",
    "Adopt",
    "Answer",
    "Appeal",
    "AssistAcknowledge",
    "AssistAdjudicate",
    "AssistProgress",
    "AssistRefuse",
    "AssistReport",
    "CallBack",
    "Called",
    "Close",
    "Command",
    "CommandId",
    "ConfirmDelivery",
    "Consult",
    "Contact",
    "DecideExtension",
    "Designate",
    "Dispatch",
    "Escalate",
    "FailDelivery",
    "Follow",
    "Hold",
    "Join",
    "NotDispatch",
    "Progress",
    "Rate",
    "Reassign",
    "Receive",
    "Relay",
    "Remark",
    "Reopen",
    "Repeat",
    "Report",
    "RequestExtension",
    "Resume",
    "RetryDelivery",
    "Return",
    "Review",
    "Supervise",
    "Supplement",
    "Tick",
    "Urge",
    "Wait",
    "Whistle",
    "Withdraw",
    "content_fingerprint",
    "fingerprint",
]


class Command(Value):
    """An act that somebody asks for.

    `id` is chosen by whoever asks, and kept over retries; the same id with the same act is answered again without
    being done again. `digest` is a keyed digest of the act as it was asked for, where its texts are sealed since: those
    look another way each time. `origin` is the network address that it came from, where it came by one.
    """

    id: CommandId
    actor: Actor
    act: Act
    digest: Annotated[str, StringConstraints(max_length=64)] = ""
    origin: Annotated[str, StringConstraints(max_length=100)] = ""

    @property
    def fingerprint(self) -> str:
        """Tells whether two commands of one id ask for the same thing."""
        return self.digest or fingerprint(self.act)

    @property
    def cause(self) -> Cause:
        """What the events that come of it name as their cause."""
        return Cause(id=self.id, fingerprint=self.fingerprint, origin=self.origin)


def fingerprint(value: Value) -> str:
    """A short digest of a value's content, the same in every process and version of Python."""
    # Defaults are left out so that a field added later does not change what was asked; the name stands for the type.
    content = f"{type(value).__name__}{value.model_dump_json(exclude_defaults=True)}"
    return hashlib.sha256(content.encode()).hexdigest()[:16]


def content_fingerprint(complaint: Complaint) -> str:
    """Tells whether two complaints under one reference bring the same matter. When it was received does not count."""
    if complaint.content:
        return complaint.content
    return fingerprint(complaint.model_copy(update={"received_at": datetime.min.replace(tzinfo=UTC)}))
