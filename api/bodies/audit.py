"""Which entries of the audit trail are asked for, and how they are answered."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import AfterValidator, AwareDatetime, BaseModel, Field, StringConstraints

from cases.disclosure import shown_text
from cases.errors import InvalidError
from cases.triage import CaseNumber
from cases.vocabulary import Actor, Storable, Value
from records.audit import AuditEntry, AuditFilter
from records.audit_actions import check_action, check_actor


def _checked(check: Callable[[str], str]) -> AfterValidator:
    def checked(text: str) -> str:
        try:
            return check(text)
        except InvalidError as error:
            raise ValueError(error.detail) from None

    return AfterValidator(checked)


_Text = Annotated[str, StringConstraints(min_length=1, max_length=200), Storable]
_Actor = Annotated[_Text, _checked(check_actor)]
_Action = Annotated[_Text, _checked(check_action)]


class AuditQuery(Value):
    """Which entries of the trail, and how many."""

    case: CaseNumber | None = Field(None, max_length=100, description="Only those about this case.")
    actor: _Actor | None = Field(None, description="Only what this actor did: the `id` of an actor, as `key:1a2b3c4d`.")
    action: _Action | None = Field(None, description="Only this action, as `reveal`; a change is called as its event.")
    since: AwareDatetime | None = Field(None, description="Only what was done at this time or later.")
    after: str | None = Field(None, description="The `next` of the page before.")
    limit: int = Field(50, ge=1, le=200, description="How many at most.")

    @property
    def wanted(self) -> AuditFilter:
        """The filter of the list."""
        return AuditFilter(case=self.case, actor=self.actor, action=self.action, since=self.since)


class AuditLine(BaseModel):
    """An entry of the trail. What it tells of people in passing, as a number in a reason, is masked."""

    position: int | None = Field(description="Its place in the chain, which it gets a moment after it was made.")
    at: datetime
    actor: Actor
    origin: str = Field(description="The network address that it was done from; empty where the service did it.")
    action: str
    case_number: str | None
    seq: int | None = Field(description="The event of the case that it tells of; none for a look, say.")
    reason: str
    details: dict[str, Any]

    @classmethod
    def of(cls, entry: AuditEntry, reason: str) -> Self:
        """The line of an entry, whose reason was opened."""
        own = {name: getattr(entry, name) for name in cls.model_fields if name != "reason"}
        return cls(**own, reason=shown_text(reason, None) or "")


class AuditPage(BaseModel):
    """Entries of the trail, the newest first; `next` is the `after` of the next page."""

    items: list[AuditLine]
    next: str | None
