"""Lists as they are asked for and answered, where that is not the domain's own."""

from datetime import datetime
from typing import Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from api.lookup import AsOf
from cases.disclosure import reads
from cases.events import Event
from cases.masking import WITHHELD
from cases.triage import CaseNumber
from cases.vocabulary import (
    Actor,
    Channel,
    Code,
    Kind,
    Outcome,
    Status,
    Value,
)
from records.register import CaseFilter
from records.tables import CaseRow


class CaseEvents(Value):
    """What happened to a case, in order. `next` is the `after` of the next page; none on the last."""

    number: str
    items: list[Event]
    next: int | None
    as_of_source: AsOf


class CaseQuery(CaseFilter):
    """Which cases a list holds, and how much of it. `order=received_at`: newest first; `due_at`: due next first."""

    unit: Code | None = Field(None, description="The unit that leads, or led last.")
    level: Code | None = None
    category: Code | None = None
    source: Code | None = None
    overdue: bool | None = Field(None, description="Whether a running deadline has passed.")
    objected: bool | None = Field(None, description="Whether an objection or a refusal waits for its decision.")
    extension_asked: bool | None = Field(None, description="Whether a request for more time waits for its decision.")
    awaits_supervisor: bool | None = Field(None, description="Whether only a supervisor can send it on or end it.")
    supervised: bool | None = Field(None, description="Whether it is under supervision.")
    paused: Literal["complainant", "account"] | None = Field(None, description="Why its limits stand still.")
    incident: CaseNumber | None = Field(None, description="The case through which it is handled.")
    district: Code | None = Field(None, description="The district whose units lead, or that leads.")
    involved: Code | None = Field(None, description="A unit that was asked, or the district of one called in.")
    assisting: Code | None = Field(None, description="A unit that was called in and has still to report.")
    due_before: AwareDatetime | None = Field(None, description="A running deadline is due before this.")
    received_from: AwareDatetime | None = Field(None, description="Received at this time or later.")
    received_before: AwareDatetime | None = Field(None, description="Received before this time.")
    after: str | None = Field(None, description="The `next` of the page before.")
    limit: int = Field(50, ge=1, le=200, description="How many at most.")


class EventQuery(Value):
    """How much of a case's story."""

    after: int = Field(0, ge=0, le=2**31 - 1, description="The `seq` of the last event that is known already.")
    limit: int = Field(200, ge=1, le=1_000, description="How many at most.")


class RouteQuery(Value):
    """A matter that the catalogue is tried with."""

    category: Code = Field(description="One of GET /v1/categories.")
    area: Code | None = Field(None, description="The district, subdistrict or township it lies in, where known.")
    level: Code | None = Field(None, description="How urgent it is; the category's own level if left out.")
    at: AwareDatetime | None = Field(None, description="When it comes in, since some lines are dated; now if left out.")


class CaseLine(BaseModel):
    """A case as lists show it. `due_at` is its next running deadline; `breached` says that any ever was.

    `paused` says why its limits stand still, `assisting` who was called in and has still to report; `objected`,
    `extension_asked` and `awaits_supervisor` say that it waits for a decision.
    """

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
    ground: str | None
    paused: str | None
    incident: str | None
    assisting: list[str]
    involved: list[str]
    stage: int
    reopened: int
    urges: int
    supervised: bool
    awaits_supervisor: bool
    objected: bool
    extension_asked: bool
    satisfaction: str | None

    @classmethod
    def of(cls, row: CaseRow, subject: str | None, actor: Actor) -> Self:
        """The line of a row for somebody, with the subject as they may see it."""
        line = cls.model_validate(row).model_copy(update={"subject": subject})
        if line.source_ref and not reads(actor, row.accused):
            return line.model_copy(update={"source_ref": WITHHELD})
        return line


class CasePage(BaseModel):
    """One page of a list of cases; `next` is the `after` of the next one."""

    items: list[CaseLine]
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
