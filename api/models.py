"""What is sent to the API and what it answers, where that is not the domain's own."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from pydantic.json_schema import SkipJsonSchema

from cases.case import Answer, Case, Closure
from cases.commands import Acknowledge, CallBack, Contact, Dispatch, Report, Return, Withdraw
from cases.deadlines import Deadline, deadlines
from cases.decide import allowed
from cases.events import Event
from cases.order import Order
from cases.vocabulary import (
    Channel,
    Code,
    Complainant,
    Complaint,
    Kind,
    Location,
    Outcome,
    Reference,
    Status,
    Text,
    Value,
)
from records.register import CaseFilter


class NewCase(Value):
    """A complaint as it is brought in."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "source": "12345",
                    "source_ref": "2026-0301-0042",
                    "channel": "phone",
                    "kind": "complaint",
                    "category": "noise/night-construction",
                    "subject": "Building site works at night",
                    "description": "夜里十一点以后仍在施工。They go on working after eleven at night.",
                    "location": {"area": "chaoyang", "address": "建国路 88 号"},
                    "complainant": {"name": "王女士", "phone": "+86 138 0000 0000"},
                }
            ]
        }
    )

    source: Code = Field(description="The service that took the complaint.")
    source_ref: Reference | None = Field(
        None, description="The source's own reference. Sent again, it finds the same case, never a second one."
    )
    channel: Channel = Field(description="How it came in.")
    kind: Kind = Field(description="What is brought.")
    category: Code = Field(description="One of GET /v1/categories.")
    level: Code | None = Field(None, description="How urgent it is; the category's own level if left out.")
    subject: Annotated[str, Field(max_length=200)] | None = Field(None, description="One line.")
    description: Text = Field(description="The matter in the complainant's words: plain text, kept as it is.")
    location: Location = Location()
    complainant: Complainant = Complainant()
    received_at: AwareDatetime | None = Field(
        None, description="When it came in, from which every limit counts; now if left out. Never in the future."
    )
    unit: Code | None = Field(None, description="The unit to send it to, where intake staff know better.")


class AcknowledgeBody(Acknowledge):
    """The unit signs for its order."""

    type: SkipJsonSchema[Literal["acknowledge"]] = "acknowledge"
    model_config = ConfigDict(json_schema_extra={"examples": [{"note": "taken by team 3"}]})


class ReturnBody(Return):
    """The unit gives its order back."""

    type: SkipJsonSchema[Literal["return"]] = "return"
    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "this road belongs to the water authority"}]})


class ContactBody(Contact):
    """The unit has spoken with the complainant."""

    type: SkipJsonSchema[Literal["contact"]] = "contact"
    model_config = ConfigDict(json_schema_extra={"examples": [{"note": "called at ten, she will be in at noon"}]})


class ReportBody(Report):
    """The unit's result."""

    type: SkipJsonSchema[Literal["report"]] = "report"
    model_config = ConfigDict(
        json_schema_extra={"examples": [{"outcome": "solved", "note": "the site keeps the quiet hours since today"}]}
    )


class CallBackBody(CallBack):
    """The complainant's answers, or that nobody was reached."""

    type: SkipJsonSchema[Literal["callback"]] = "callback"
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"reached": True, "contacted": True, "solved": True, "satisfaction": "satisfied"},
                {"reached": False, "note": "no answer at noon"},
            ]
        }
    )


class WithdrawBody(Withdraw):
    """The complainant takes the complaint back."""

    type: SkipJsonSchema[Literal["withdraw"]] = "withdraw"
    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "it has stopped by itself"}]})


class DispatchBody(Value):
    """The desk sends the case to a unit; the unit's district gets its copy by the catalogue."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"unit": "water-group", "reason": "the pipe is the water company's"}]}
    )

    unit: Code
    reason: Annotated[str, *Dispatch.model_fields["reason"].metadata]


class CaseDetails(Value):
    """All there is to know of a case. `as_of_source` is `record` while its workflow cannot be asked: it may lag."""

    number: str
    status: Status
    level: str
    unit: str | None
    version: int
    outcome: Outcome | None
    complaint: Complaint
    policy: str
    policy_version: str
    to_desk: str | None = Field(description="Why it is with the consultation desk, if it is.")
    orders: tuple[Order, ...]
    answers: tuple[Answer, ...]
    closure: Closure | None
    returns: int
    deadlines: tuple[Deadline, ...] = Field(description="Every limit it has had, each with its arithmetic.")
    allowed: tuple[str, ...] = Field(description="The commands it takes now.")
    as_of_source: Literal["workflow", "record"]

    @classmethod
    def of(cls, case: Case, as_of_source: Literal["workflow", "record"]) -> "CaseDetails":
        """The details of a case."""
        return cls(
            number=case.number,
            status=case.status,
            level=case.terms.level,
            unit=case.unit,
            version=case.version,
            outcome=case.closure.outcome if case.closure else None,
            complaint=case.complaint,
            policy=case.terms.policy,
            policy_version=case.terms.version,
            to_desk=case.to_desk,
            orders=case.orders,
            answers=case.answers,
            closure=case.closure,
            returns=case.returns,
            deadlines=tuple(deadlines(case)),
            allowed=tuple(allowed(case)),
            as_of_source=as_of_source,
        )


class CaseEvents(Value):
    """What happened to a case, in order. `next` is the `after` of the next page; none on the last."""

    number: str
    items: list[Event]
    next: int | None
    as_of_source: Literal["workflow", "record"]


class CaseQuery(CaseFilter):
    """Which cases a list holds, and how much of it. `order=received_at`: newest first; `due_at`: due next first."""

    unit: Code | None = Field(None, description="The unit that leads, or led last.")
    level: Code | None = None
    category: Code | None = None
    source: Code | None = None
    overdue: bool | None = Field(None, description="Whether a running deadline has passed.")
    due_before: AwareDatetime | None = Field(None, description="A running deadline is due before this.")
    received_from: AwareDatetime | None = Field(None, description="Received at this time or later.")
    received_before: AwareDatetime | None = Field(None, description="Received before this time.")
    after: str | None = Field(None, description="The `next` of the page before.")
    limit: int = Field(50, ge=1, le=200, description="How many at most.")


class PageQuery(Value):
    """How much of a list."""

    after: str | None = Field(None, description="The `next` of the page before.")
    limit: int = Field(50, ge=1, le=200, description="How many at most.")


class EventQuery(Value):
    """How much of a case's story."""

    after: int = Field(0, ge=0, le=2**31 - 1, description="The `seq` of the last event that is known already.")
    limit: int = Field(200, ge=1, le=1_000, description="How many at most.")


class CaseLine(BaseModel):
    """A case as lists show it. `due_at` is its next running deadline; `breached` says that any ever was."""

    model_config = ConfigDict(from_attributes=True)

    number: str
    version: int
    status: Status
    level: str
    kind: Kind
    category: str
    channel: Channel
    source: str
    source_ref: str | None
    subject: str | None
    area: str | None
    unit: str | None
    district: str | None
    policy: str
    policy_version: str
    received_at: datetime
    updated_at: datetime
    closed_at: datetime | None
    outcome: Outcome | None
    due_at: datetime | None
    due_name: str | None
    breached: bool
    returns: int
    rounds: int


class CasePage(BaseModel):
    """One page of a list of cases; `next` is the `after` of the next one."""

    items: list[CaseLine]
    next: str | None


class OrderLine(BaseModel):
    """An open case that a unit holds, with the complaint as it was received."""

    model_config = ConfigDict(from_attributes=True)

    case: CaseLine
    complaint: Complaint


class OrderPage(BaseModel):
    """One page of a unit's orders; `next` is the `after` of the next one."""

    items: list[OrderLine]
    next: str | None


class UnitLine(BaseModel):
    """A handling unit."""

    model_config = ConfigDict(from_attributes=True)

    code: str
    kind: str
    title: dict[str, str]
    district: str | None


class UnitList(BaseModel):
    """Every handling unit of the policy in force."""

    items: list[UnitLine]


class CategoryLine(BaseModel):
    """A category of matters, and the level its cases have unless intake says otherwise."""

    model_config = ConfigDict(from_attributes=True)

    code: str
    title: dict[str, str]
    level: str


class CategoryList(BaseModel):
    """Every category of the policy in force."""

    items: list[CategoryLine]


class Health(BaseModel):
    """What the service says of itself."""

    status: Literal["ok"] = "ok"
    checks: dict[str, str] | None = None
