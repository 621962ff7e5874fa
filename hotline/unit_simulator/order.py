"""An order as a unit reads it: what it needs of the form, and tolerant of everything else."""

from datetime import datetime
from typing import Any

from pydantic import AwareDatetime, BaseModel, ConfigDict

ORDERED = frozenset({"dispatched", "assist"})
"""What gives the unit work, and waits for its signature."""

ENDED = frozenset({"withdrawn", "assist_withdrawn", "closed", "objection_upheld", "refusal_upheld"})
"""What takes the work away again; a `refusal_upheld` only from the unit that was called, whose form names the call."""

Place = tuple[str, int | None, int | None]
"""Which case, which of its orders, and which of its calls where it is one."""


class _Read(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Due(_Read):
    """One limit of the unit's."""

    name: str
    due_at: AwareDatetime
    id: str = ""


class Order(_Read):
    """The members that a unit's work needs. Members that come later are no reason to refuse anything."""

    about: str
    key: str
    sequence: int = 0
    case_number: str
    unit: str
    level: str = ""
    category: str = ""
    subject: str | None = None
    description: str = ""
    order: int | None = None
    assist: int | None = None
    lead: str | None = None
    task: str | None = None
    dispatched_at: AwareDatetime | None = None
    deadlines: tuple[Due, ...] = ()
    change: dict[str, Any] | None = None

    @property
    def place(self) -> Place:
        """Where it stands in an order book: an order of a case, or a call within one."""
        return self.case_number, None if self.assist is not None else self.order, self.assist

    @property
    def ends(self) -> bool:
        """Whether what stands at its place is no work of the unit's any more."""
        return self.about in ENDED and (self.about != "refusal_upheld" or self.assist is not None)

    @property
    def begun(self) -> datetime:
        """When it was dispatched, or the unit called.

        Raises:
            ValueError: never, for it gives the unit no work.
        """
        if self.dispatched_at is None:
            raise ValueError(f"{self.about} of case {self.case_number} is no order")
        return self.dispatched_at


class Message(_Read):
    """What is posted, or stands in a mailbox."""

    type: str
    data: Order
