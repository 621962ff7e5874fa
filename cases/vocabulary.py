"""The words of the field, as used in code, API and screens."""

from datetime import UTC
from enum import StrEnum
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)
from pydantic.json_schema import SkipJsonSchema

from cases.sealed import PERSONAL, is_sealed


def _storable(text: str) -> str:
    if "\x00" in text:
        raise ValueError("it contains the character NUL (U+0000), which no record can hold; leave it out")
    return text


Storable = AfterValidator(_storable)
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100), Storable]
Code = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_./&+-]{0,79}$")]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=20_000), Storable, PERSONAL]
Note = Annotated[str, StringConstraints(strip_whitespace=True, max_length=4_000), Storable, PERSONAL]
Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=4_000), Storable, PERSONAL]
PersonName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100), Storable, PERSONAL]

Moment = Annotated[AwareDatetime, AfterValidator(lambda moment: moment.astimezone(UTC))]
"""A moment as it is kept: in UTC, for of the hour that is doubled in autumn the clocks of a zone tell only half."""

Language = Annotated[str, StringConstraints(pattern=r"^[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8}){0,3}$")]
"""A language's code, as `en`, `zh-CN` or `zh-Hant`."""

Reference = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200), Storable]


class Value(BaseModel):
    """An immutable value that refuses fields it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Kind(StrEnum):
    """What the complainant brings (类型)."""

    CONSULTATION = "consultation"
    HELP = "help"
    COMPLAINT = "complaint"
    REPORT = "report"
    SUGGESTION = "suggestion"


class Channel(StrEnum):
    """How the complaint came in (Art. 2, 5: the complainant's choice)."""

    PHONE = "phone"
    SMS = "sms"
    WEB = "web"
    APP = "app"
    WECHAT = "wechat"
    EMAIL = "email"
    LETTER = "letter"
    COUNTER = "counter"
    OPEN311 = "open311"
    STAFF = "staff"


class Status(StrEnum):
    """Where a case stands."""

    RECEIVED = "received"
    DISPATCHED = "dispatched"
    ACKNOWLEDGED = "acknowledged"
    IN_PROGRESS = "in_progress"
    REPORTED = "reported"
    CLOSED = "closed"


class Outcome(StrEnum):
    """How a case ended. `unreachable` is a value of its own, never "unsatisfied" (Art. 23).

    `answered` consultations and matters `not_dispatched` never burdened a unit (Art. 11).
    """

    SOLVED = "solved"
    EXPLAINED = "explained"
    UNSOLVED = "unsolved"
    UNREACHABLE = "unreachable"
    WITHDRAWN = "withdrawn"
    ANSWERED = "answered"
    NOT_DISPATCHED = "not_dispatched"


class Satisfaction(StrEnum):
    """The complainant's answer at the call-back (Art. 23, 32)."""

    SATISFIED = "satisfied"
    BASICALLY_SATISFIED = "basically_satisfied"
    DISSATISFIED = "dissatisfied"


class Role(StrEnum):
    """In which capacity somebody acts on a case.

    A `unit_clerk` (经办人) and a `unit_lead` (负责人) act for their unit, and so does its system, as a lead does. A
    `district` supervisor acts for a district and its units, a `supervisor` for the whole city. An `evaluator` (考核)
    sees how units did, an `auditor` sees everything, and neither changes anything.
    """

    INTAKE = "intake"
    DESK = "desk"
    UNIT_CLERK = "unit_clerk"
    UNIT_LEAD = "unit_lead"
    DISTRICT = "district"
    SUPERVISOR = "supervisor"
    EVALUATOR = "evaluator"
    AUDITOR = "auditor"
    ADMIN = "admin"
    SYSTEM = "system"

    @classmethod
    def _missing_(cls, value: object) -> "Role | None":
        # As the first releases wrote it, in events that are kept for ever.
        return cls.UNIT_LEAD if value == "unit" else None

    @property
    def of_unit(self) -> bool:
        """Whether it acts for a handling unit."""
        return self in (Role.UNIT_CLERK, Role.UNIT_LEAD)


class Actor(Value):
    """Who caused an event. Holds no personal data: a key's or account's id and the unit, or district, it acts for."""

    role: Role
    id: str = ""
    unit: str | None = None


SYSTEM = Actor(role=Role.SYSTEM)


class Complainant(Value):
    """The person or organisation that raised the matter (诉求人). Every field is the complainant's choice.

    `language` is the one to be told in, as `en` or `zh`; without it that is the city's.
    """

    name: Annotated[str, StringConstraints(strip_whitespace=True, max_length=200), Storable, PERSONAL] | None = None
    phone: Annotated[str, StringConstraints(pattern=r"^\+?[0-9][0-9 ()./-]{2,30}$"), PERSONAL] | None = None
    email: Annotated[str, StringConstraints(pattern=r"^[^@\s]+@[^@\s]+$", max_length=254), PERSONAL] | None = None
    language: Language | None = None


class Place(Value):
    """Where a matter is. `area` is the district or subdistrict code that the dispatch catalogue knows."""

    area: Code | None = None
    address: Annotated[str, StringConstraints(strip_whitespace=True, max_length=500), Storable, PERSONAL] | None = None
    latitude: Annotated[float, Field(ge=-90, le=90)] | None = None
    longitude: Annotated[float, Field(ge=-180, le=180)] | None = None


class Location(Place):
    """Where the matter is, as it is kept."""

    point: SkipJsonSchema[Annotated[str, StringConstraints(max_length=60), PERSONAL] | None] = Field(
        default=None, exclude_if=lambda point: point is None
    )
    """Only there while the place is sealed: it holds the exact one, and latitude and longitude are rounded."""

    @model_validator(mode="before")
    @classmethod
    def _exact_again(cls, given: Any) -> Any:
        point = given.get("point") if isinstance(given, dict) else None
        if not isinstance(point, str) or is_sealed(point):
            return given
        rest = {name: value for name, value in given.items() if name != "point"}
        latitude, _, longitude = point.partition(",")
        try:
            exact = {"latitude": latitude, "longitude": longitude}
            return rest | {name: float(degrees) for name, degrees in exact.items() if degrees}
        except ValueError:
            return rest


class Complaint(Value):
    """What was brought to the hotline (诉求), as it was brought (Art. 10: time, matter, contact).

    With `confidential` the complainant wants nobody but the hotline to know who they are; `accused` are the units that
    a report (举报) is about. `content` is a keyed digest of all of it, made at the door, by which the same complaint is
    known again when it is sealed.
    """

    source: Code
    source_ref: Reference | None = None
    channel: Channel
    kind: Kind
    category: Code
    subject: Annotated[str, StringConstraints(strip_whitespace=True, max_length=200), Storable, PERSONAL] | None = None
    description: Text
    location: Location = Location()
    complainant: Complainant = Complainant()
    confidential: bool = False
    accused: tuple[Code, ...] = ()
    content: Annotated[str, StringConstraints(max_length=64)] = ""
    received_at: AwareDatetime
