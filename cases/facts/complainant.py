"""What the complainant said and wanted, and how the case ended (Art. 8, 23)."""

from typing import Literal

from cases.attachment import Attachment
from cases.vocabulary import Channel, Outcome, Satisfaction, Value


class NotReached(Value):
    """A call-back reached nobody."""

    type: Literal["not_reached"] = "not_reached"
    order: int
    attempt: int
    note: str = ""


class Answered(Value):
    """A call-back got the complainant's answers."""

    type: Literal["answered"] = "answered"
    order: int
    contacted: bool | None
    solved: bool
    satisfaction: Satisfaction | None
    note: str = ""


class Supplemented(Value):
    """The complainant was in contact by any channel."""

    type: Literal["supplemented"] = "supplemented"
    channel: Channel
    note: str
    attachment: Attachment | None = None


class Urged(Value):
    """The complainant asked where it stays, for the `times`-th time."""

    type: Literal["urged"] = "urged"
    times: int
    note: str = ""


class Closed(Value):
    """The case has ended."""

    type: Literal["closed"] = "closed"
    outcome: Outcome
    reason: str = ""


class Rated(Value):
    """The complainant rated a case that had ended."""

    type: Literal["rated"] = "rated"
    satisfaction: Satisfaction
    note: str = ""


class Reopened(Value):
    """The case goes on."""

    type: Literal["reopened"] = "reopened"
    reason: str


class Appealed(Value):
    """The case goes to another reviewer; `stage` counts from 1, the first handling."""

    type: Literal["appealed"] = "appealed"
    stage: int
    reason: str
