"""Where a page of a list ended, as an opaque text that the next page begins with."""

import base64
import binascii
from dataclasses import dataclass
from typing import Annotated, Generic, Self, TypeVar

from pydantic import AwareDatetime, BaseModel, ConfigDict, StringConstraints, ValidationError

from cases.errors import InvalidError

Item = TypeVar("Item")

_LONGEST = 500
_MOST = 1_000
_NOT_GIVEN_OUT = "not a place in this list; send the `next` of the page before as it came, or leave it out"


@dataclass(frozen=True, kw_only=True)
class Page(Generic[Item]):
    """Some items of a list. `next` is the `after` that the next page is asked with; none on the last page."""

    items: list[Item]
    next: str | None


class Cursor(BaseModel):
    """The last item of a page: its place in the order, and its number, which tells equals apart."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    order: Annotated[str, StringConstraints(max_length=20)]
    at: AwareDatetime | None
    number: Annotated[str, StringConstraints(max_length=200, pattern=r"^[^\x00]+$")]

    def text(self) -> str:
        """The cursor as it is given out."""
        return base64.urlsafe_b64encode(self.model_dump_json().encode()).decode().rstrip("=")

    @classmethod
    def read(cls, text: str, order: str) -> Self:
        """Read a cursor that was given out for a list in this order.

        Raises:
            InvalidError: it was not given out, or for a list in another order.
        """
        try:
            if len(text) > _LONGEST:
                raise ValueError("too long")
            cursor = cls.model_validate_json(base64.b64decode(text + "=" * (-len(text) % 4), b"-_", validate=True))
        except (ValueError, binascii.Error, ValidationError):
            raise InvalidError("after", _NOT_GIVEN_OUT) from None
        if cursor.at is None and cursor.order != "due_at":
            raise InvalidError("after", _NOT_GIVEN_OUT)
        if cursor.order != order:
            raise InvalidError(
                "after", f"it belongs to a list by {cursor.order}; for one by {order}, leave it out first"
            )
        return cursor


def check_limit(limit: int) -> None:
    """Refuse a page nobody can want.

    Raises:
        InvalidError: it is empty or too long.
    """
    if not 1 <= limit <= _MOST:
        raise InvalidError("limit", f"must be from 1 to {_MOST}")
