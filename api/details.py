"""All there is to know of one case, and why it is where it is."""

from datetime import datetime
from zoneinfo import ZoneInfo

from pydantic import AwareDatetime, Field

from api.lookup import AsOf
from cases.attachment import Attachment
from cases.case import Answer, Case, Closure, Pause
from cases.deadlines import Deadline, deadlines
from cases.decide import allowed
from cases.disclosure import Sight
from cases.explanation import Explanation, lines
from cases.order import Assist, Order
from cases.shares import time_by_unit
from cases.triage import Ground
from cases.vocabulary import Complaint, Outcome, Satisfaction, Status, Value


class CaseMoment(Value):
    """The moment at which to look at a case."""

    as_of: AwareDatetime | None = Field(
        None, description="Tell how the case stood at this time, by what had happened until then; now if left out."
    )


class UnitTime(Value):
    """How long a unit held the case, from dispatch to report, and how much of that it waited for the complainant."""

    unit: str
    held_seconds: int
    waited_seconds: int


class CaseDetails(Value):
    """All there is to know of a case. `as_of_source` is `record` while its workflow cannot be asked: it may lag."""

    number: str
    as_of: AwareDatetime = Field(description="The moment of which all of this tells.")
    status: Status
    level: str
    unit: str | None
    version: int
    outcome: Outcome | None
    complaint: Complaint
    policy: str
    policy_version: str
    to_desk: str | None = Field(description="Why it is with the consultation desk, if it is.")
    awaits_supervisor: bool = Field(description="Whether a supervisor must designate its unit, or close it.")
    advised: str = Field(description="What a consultation was answered (Art. 11).")
    declined: Ground | None = Field(description="On which ground it was not dispatched (Art. 11).")
    stage: int = Field(description="1; more after an appeal.")
    orders: tuple[Order, ...] = Field(description="Each unit's time with it, with objections and extensions.")
    assists: tuple[Assist, ...] = Field(description="Units called in (吹哨报到, Art. 16).")
    pauses: tuple[Pause, ...] = Field(description="Times in which limits stood still: for the complainant, on account.")
    time_by_unit: tuple[UnitTime, ...]
    answers: tuple[Answer, ...]
    rating: Satisfaction | None = Field(description="The complainant's, after the end.")
    satisfaction: Satisfaction | None = Field(description="The rating, else the answer at the last call-back.")
    urges: tuple[AwareDatetime, ...]
    supervised_at: AwareDatetime | None
    incident: str | None = Field(description="The case through which this one is handled.")
    followers: tuple[str, ...] = Field(description="The cases that are handled through this one.")
    repeats: tuple[str, ...] = Field(description="Cases that brought the same matter again (Art. 9).")
    closure: Closure | None
    closures: tuple[Closure, ...] = Field(description="Its earlier ends, where it was opened again.")
    attachments: tuple[Attachment, ...] = Field(description="Photographs, recordings and films, each with its id.")
    returns: int
    reopened: int
    deadlines: tuple[Deadline, ...] = Field(description="Every limit it has had, each with its arithmetic.")
    sight: Sight = Field(description="What you see of the complainant; texts are masked by it.")
    allowed: tuple[str, ...] = Field(description="The steps it takes, whoever asks; each an operationId.")
    as_of_source: AsOf

    @classmethod
    def of(cls, case: Case, as_of: datetime, as_of_source: AsOf, seen: Sight) -> "CaseDetails":
        """The details of a case as it stood at a moment, for somebody to whom it is shown like this already."""
        own = {name: getattr(case, name) for name in cls.model_fields if hasattr(case, name)}
        shares = time_by_unit(case, as_of).items()
        return cls(
            **own,
            as_of=as_of,
            level=case.terms.level,
            outcome=case.closure.outcome if case.closure else None,
            policy=case.terms.policy,
            policy_version=case.terms.version,
            time_by_unit=tuple(
                UnitTime(unit=unit, held_seconds=round(share.held), waited_seconds=round(share.waited))
                for unit, share in shares
            ),
            deadlines=tuple(deadlines(case)),
            sight=seen,
            allowed=tuple(allowed(case)),
            as_of_source=as_of_source,
        )


class CaseExplanation(Explanation):
    """Why a case is where it is, as data and, in `lines`, to be read as it is."""

    lines: tuple[str, ...]
    as_of_source: AsOf

    @classmethod
    def of(cls, told: Explanation, zone: ZoneInfo, as_of_source: AsOf) -> "CaseExplanation":
        """The explanation with its lines in a zone."""
        return cls(**dict(told), lines=tuple(lines(told, zone)), as_of_source=as_of_source)
