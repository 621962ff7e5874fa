"""The state of a case: what its events add up to."""

from datetime import datetime
from typing import Literal

from pydantic import AwareDatetime, Field

from cases.attachment import Attachment
from cases.erasure import ERASED_CONTENT
from cases.order import Assist, Order
from cases.policy import Terms
from cases.triage import Ground
from cases.vocabulary import Complaint, Outcome, Satisfaction, Status, Value


class DeskWait(Value):
    """A time during which the case was with the consultation desk, waiting for dispatch. `why` is what it began with.

    `unclear` says that the desk has to find out first whose the matter is (Art. 11, 12), from that moment on. The wait
    is over `until` a unit gets the case, or else with the case itself, at `ended_at`. Before it, `orders` were given.
    """

    since: AwareDatetime
    why: str = "receipt"
    unclear: AwareDatetime | None = None
    until: AwareDatetime | None = None
    ended_at: AwareDatetime | None = None
    orders: int = 0


class Answer(Value):
    """What the complainant said at a call-back."""

    at: AwareDatetime
    contacted: bool | None
    solved: bool
    satisfaction: Satisfaction | None


class Closure(Value):
    """How and when the case ended."""

    at: AwareDatetime
    outcome: Outcome
    reason: str = ""


class Pause(Value):
    """A time in which limits stand still: waiting for the complainant, or held on account (挂账).

    It ends by itself at `until`. On account it has a plan, an owner, dates of review and a condition of exit.
    """

    index: int
    kind: Literal["complainant", "account"]
    order: int
    unit: str
    reason: str
    begun_at: AwareDatetime
    until: AwareDatetime
    plan: str = ""
    owner: str = ""
    exit: str = ""
    reviews: tuple[AwareDatetime, ...] = ()
    reviewed: tuple[AwareDatetime, ...] = ()
    ended_at: AwareDatetime | None = None
    ended_by: str = ""

    @property
    def ends(self) -> datetime:
        """When it ended, or must at the latest."""
        return self.ended_at or self.until


class Superseded(Value):
    """Terms that held until others were adopted."""

    until: AwareDatetime
    terms: Terms


class Case(Value):
    """A complaint and everything that became of it.

    `desk` holds every wait for dispatch, the first from the receipt. `marks` are the alarms that each deadline has
    raised. `advised` is what a consultation was answered, `declined` the ground on which the matter was not dispatched
    (Art. 11). `commands` are the commands it has taken, with their fingerprints. `rounds_from` is the number of orders
    before the present count of rounds. `asked` are units that were consulted, or asked for help from above. `closures`
    are the earlier ends of a case that was opened again.
    """

    number: str
    version: int
    status: Status
    complaint: Complaint
    terms: Terms
    superseded: tuple[Superseded, ...] = ()
    desk: tuple[DeskWait, ...]
    to_desk: str | None = None
    awaits_supervisor: bool = False
    advised: str = ""
    declined: Ground | None = None
    orders: tuple[Order, ...] = ()
    assists: tuple[Assist, ...] = ()
    pauses: tuple[Pause, ...] = ()
    answers: tuple[Answer, ...] = ()
    rounds_from: int = 0
    stage: int = 1
    asked: tuple[str, ...] = ()
    urges: tuple[AwareDatetime, ...] = ()
    supervised_at: AwareDatetime | None = None
    reopened: int = 0
    rating: Satisfaction | None = None
    incident: str | None = None
    relayed: int = 0
    followers: tuple[str, ...] = ()
    repeats: tuple[str, ...] = ()
    closure: Closure | None = None
    closures: tuple[Closure, ...] = ()
    marks: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    commands: dict[str, str] = Field(default_factory=dict)
    attachments: tuple[Attachment, ...] = ()

    @property
    def order(self) -> Order | None:
        """The order that a unit holds now; none while the case is with the desk or closed."""
        return self.orders[-1] if self.orders and self.orders[-1].ended_at is None else None

    @property
    def unit(self) -> str | None:
        """The unit that leads, or led last (first responsibility, Art. 14); none while it is with the desk."""
        if self.status is Status.RECEIVED or not self.orders:
            return None
        return self.orders[-1].unit

    @property
    def returns(self) -> int:
        """How often units gave the case back."""
        return sum(order.returned for order in self.orders)

    @property
    def rounds(self) -> int:
        """How often the matter was found unsolved, or its present round is up: orders that came to a call-back."""
        return sum(order.called_back for order in self.orders[self.rounds_from :])

    @property
    def pause(self) -> Pause | None:
        """The pause that lasts."""
        return self.pauses[-1] if self.pauses and self.pauses[-1].ended_at is None else None

    @property
    def satisfaction(self) -> Satisfaction | None:
        """How satisfied the complainant is, by the rating given afterwards or else at the last call-back."""
        return self.rating or (self.answers[-1].satisfaction if self.answers else None)

    @property
    def open(self) -> bool:
        """Whether the case still runs."""
        return self.closure is None

    @property
    def erased(self) -> bool:
        """Whether its record has lost what people said and who they are, for good. Then it takes no command."""
        return self.complaint.content == ERASED_CONTENT

    def terms_at(self, moment: datetime) -> Terms:
        """The terms that held at a moment."""
        return next((one.terms for one in self.superseded if moment < one.until), self.terms)

    def callback(self, order: Order) -> tuple[datetime, Terms] | None:
        """From when on an order's complainant is to be called back, and under which terms; none while nobody needs to.

        Those are the terms that held when the call-back fell due, on the report or on the breach before it (Art. 23):
        later ones without call-backs must not leave a reported case without an end.
        """
        for begun in sorted(at for at in (order.breached_at, order.reported_at) if at is not None):
            held = [*(one.terms for one in self.superseded if one.until == begun), self.terms_at(begun)]
            for terms in held:
                if terms.callback is not None:
                    return begun, terms
        return None

    def units_concerned(self) -> set[str]:
        """Every unit that had, has or supervises a part of the case, or was asked about it."""
        parts: tuple[Order | Assist, ...] = (*self.orders, *self.assists)
        return {part.unit for part in parts} | {part.copy_to for part in parts if part.copy_to} | set(self.asked)
