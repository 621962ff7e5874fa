"""What has happened to a case. The audit trail, the records, the timeline and every figure are read from these."""

from typing import Annotated

from pydantic import Field

from cases.facts.assisting import (
    AssistAcknowledged,
    AssistAdjudicated,
    AssistProgressed,
    AssistRefused,
    AssistReleased,
    AssistReported,
    Whistled,
)
from cases.facts.complainant import Answered, Appealed, Closed, NotReached, Rated, Reopened, Supplemented, Urged
from cases.facts.dispatching import (
    Adjudicated,
    Advised,
    Consulted,
    Delivered,
    DeliveryRetried,
    Dispatched,
    NotDispatched,
    Objected,
    Recalled,
    Received,
    Referred,
    Returned,
    Undelivered,
)
from cases.facts.handling import (
    Acknowledged,
    Contacted,
    ExtensionDecided,
    ExtensionRequested,
    Paused,
    Progressed,
    RaisedUp,
    Reported,
    Resumed,
    Reviewed,
)
from cases.facts.linking import Followed, Joined, Relayed, Repeated
from cases.facts.oversight import Adopted, Breached, Escalated, LateReport, Noted, Refused, Supervised, Warned
from cases.vocabulary import Actor, Moment, Value

Alarm = Warned | Breached | Escalated

Fact = Annotated[
    Received
    | Advised
    | NotDispatched
    | Consulted
    | Dispatched
    | Delivered
    | Undelivered
    | DeliveryRetried
    | Objected
    | Adjudicated
    | Returned
    | Recalled
    | Referred
    | Acknowledged
    | Contacted
    | Progressed
    | Reported
    | ExtensionRequested
    | ExtensionDecided
    | Paused
    | Reviewed
    | Resumed
    | RaisedUp
    | Whistled
    | AssistAcknowledged
    | AssistRefused
    | AssistAdjudicated
    | AssistProgressed
    | AssistReported
    | AssistReleased
    | NotReached
    | Answered
    | Supplemented
    | Urged
    | Closed
    | Rated
    | Reopened
    | Appealed
    | Warned
    | Breached
    | Escalated
    | Supervised
    | Noted
    | LateReport
    | Adopted
    | Refused
    | Repeated
    | Joined
    | Followed
    | Relayed,
    Field(discriminator="type"),
]


class Cause(Value):
    """The command that an event came of. `origin` is the network address that it came from, if that is known."""

    id: str
    fingerprint: str
    origin: str = ""


class Event(Value):
    """One thing that happened: the `seq`-th of its case, at a moment in UTC, caused by somebody."""

    seq: int
    at: Moment
    actor: Actor
    cause: Cause | None = None
    fact: Fact


__all__ = [
    "Acknowledged",
    "Adjudicated",
    "Adopted",
    "Advised",
    "Alarm",
    "Answered",
    "Appealed",
    "AssistAcknowledged",
    "AssistAdjudicated",
    "AssistProgressed",
    "AssistRefused",
    "AssistReleased",
    "AssistReported",
    "Breached",
    "Cause",
    "Closed",
    "Consulted",
    "Contacted",
    "Delivered",
    "DeliveryRetried",
    "Dispatched",
    "Escalated",
    "Event",
    "ExtensionDecided",
    "ExtensionRequested",
    "Fact",
    "Followed",
    "Joined",
    "LateReport",
    "NotDispatched",
    "NotReached",
    "Noted",
    "Objected",
    "Paused",
    "Progressed",
    "RaisedUp",
    "Rated",
    "Recalled",
    "Received",
    "Referred",
    "Refused",
    "Relayed",
    "Reopened",
    "Repeated",
    "Reported",
    "Resumed",
    "Returned",
    "Reviewed",
    "Supervised",
    "Supplemented",
    "Undelivered",
    "Urged",
    "Warned",
    "Whistled",
]
