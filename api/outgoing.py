"""What goes out, as it is asked for and shown: mailboxes, deliveries and notices that are stuck, units' systems."""

from datetime import datetime
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from cases import number as case_number
from cases.errors import InvalidError
from cases.order_form import Envelope
from cases.vocabulary import Code, Value
from records.deliveries import State as DeliveryState
from records.deliveries import Stuck
from records.sendings import State as SendingState

_LAST_PLACE = 2**63 - 1


def _parsed(number: str) -> str:
    try:
        return case_number.parse(number)
    except InvalidError as error:
        raise ValueError(error.detail) from None


class MailboxQuery(Value):
    """How much of a mailbox, and whether to wait for something to come."""

    after: int = Field(0, ge=0, le=_LAST_PLACE, description="The `next` of the page before; 0 is the beginning.")
    limit: int = Field(50, ge=1, le=200, description="How many at most.")
    wait: int = Field(0, ge=0, le=30, description="Where there is nothing yet: how many seconds to wait for it.")


class MailboxItem(Envelope):
    """Something that the unit was told, just as it is posted to systems, and its place in the mailbox."""

    place: int


class MailboxPage(BaseModel):
    """What a unit was told, in order. `next` is where to go on, also where there is nothing yet."""

    items: list[MailboxItem]
    next: int


class DeliveryQuery(Value):
    """Which of the deliveries that are stuck, and how many."""

    unit: Code | None = Field(None, description="Only those to this unit.")
    state: DeliveryState | None = Field(
        None,
        description="`retrying` may still arrive in time; `undelivered` has not, and is tried on; `stopped` waits for "
        "a person.",
    )
    after: str | None = Field(None, description="The `next` of the page before.")
    limit: int = Field(50, ge=1, le=200, description="How many at most.")


class DeliveryLine(BaseModel):
    """Something that a unit's system has not taken. `expected_by` is when it should have: an order's limit to sign.

    With no `attempts` it waits behind others that failed.
    """

    model_config = ConfigDict(from_attributes=True)

    key: str
    case_number: str
    unit: str
    about: str
    level: str
    state: DeliveryState
    attempts: int
    reason: str
    since: datetime
    last_tried_at: datetime
    expected_by: datetime | None

    @classmethod
    def of(cls, stuck: Stuck) -> Self:
        """A line of the list."""
        own = {name: getattr(stuck.row, name) for name in cls.model_fields if name != "state"}
        return cls(**own, state=stuck.state)


class DeliveryPage(BaseModel):
    """Deliveries that are stuck, what has failed for longest first; `next` is the `after` of the next page."""

    items: list[DeliveryLine]
    next: str | None


class NoticeQuery(Value):
    """Which notices, and how many."""

    case: Annotated[str, AfterValidator(_parsed)] | None = Field(
        None, max_length=100, description="Only those of this case."
    )
    state: SendingState | None = Field(
        None,
        description="`waiting` has not been tried, `failing` is tried again, `failed` waits for a person, `gathered` "
        "goes out within another one.",
    )
    after: str | None = Field(None, description="The `next` of the page before.")
    limit: int = Field(50, ge=1, le=200, description="How many at most.")


class NoticeLine(BaseModel):
    """A notice to somebody by one channel, without its words. The `address` is masked; there is none any more once the
    notice is sent, nor where the channel is one address.

    `send_after` is when it may go out, or is tried next. A digest of several has no `case_number`; those within it name
    it in `gathered_in`. Without a `channel`, no words were found for the notice.
    """

    model_config = ConfigDict(from_attributes=True)

    id: str
    about: str
    audience: str
    case_number: str | None
    channel: str
    address: str
    language: str
    urgent: bool
    state: SendingState
    attempts: int
    reason: str | None
    failing_since: datetime | None
    send_after: datetime
    planned_at: datetime
    sent_at: datetime | None
    gathered_in: str | None


class NoticePage(BaseModel):
    """Notices; `next` is the `after` of the next page."""

    items: list[NoticeLine]
    next: str | None


class UnitSystem(BaseModel):
    """How a unit is reached. Without an `endpoint` it reads its mailbox. Secrets are counted, never shown."""

    unit: str
    endpoint: str | None
    per_minute: int | None = Field(description="Messages a minute at most; as the settings have it where none is set.")
    at_once: int | None = Field(description="Messages side by side at most; as the settings have it where none is set.")
    secrets: int = Field(description="How many secrets are valid now.")


class UnitSystemSet(UnitSystem):
    """How a unit is reached from now on."""

    secret: str | None = Field(description="Its first secret, where it had none: shown this once.")


class UnitSecret(BaseModel):
    """A new secret of a unit, shown this once."""

    unit: str
    secret: str
    secrets: int = Field(description="How many secrets are valid now.")
