"""Events of one case on their way into the register."""

import json
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from pydantic_core import to_json

from cases.case import Case
from cases.errors import InvalidError
from cases.events import Event, Received
from cases.notice import Notice
from cases.order_form import OrderForm
from records.projection import project
from records.text import storable, storable_value

_ESCAPED_NUL = b"\\u0000"


class Batch:
    """Consecutive events of one case, made ready before any connection is held.

    `case` is the case after the last of them; one that is not just that is left aside, and the case is folded from
    what is stored. `orders` and `notices` are what the events owe.

    Raises:
        InvalidError: the events are not a piece of this case's history.
    """

    def __init__(
        self,
        number: str,
        events: Sequence[Event],
        case: Case | None,
        orders: Sequence[OrderForm] = (),
        notices: Sequence[Notice] = (),
    ) -> None:
        self.number = storable(number)
        self.events = events
        self.orders = orders
        self.notices = notices
        self.level = case.terms.level if case is not None else ""
        self.first = events[0].seq
        self.last = events[-1].seq
        _check(number, events)
        self._rows = [_event_row(number, event) for event in events]
        fits = case is not None and (case.number, case.version) == (number, self.last)
        self._projected = case_row(case, events[-1]) if case is not None and fits else None

    @property
    def projected(self) -> bytes | None:
        """The case's row as JSON, if the case came with the events."""
        return self._projected

    def rows_after(self, stored: int) -> list[bytes]:
        """The events after the `stored`-th, as rows in JSON."""
        return self._rows[max(0, stored + 1 - self.first) :]

    def as_stored(self) -> list[Event]:
        """The events as they will be read back."""
        return [Event.model_validate({name: row[name] for name in Event.model_fields}) for row in self._parsed()]

    def _parsed(self) -> list[dict[str, Any]]:
        return [json.loads(row) for row in self._rows]


def case_row(case: Case, last: Event) -> bytes:
    """The row of a case as JSON, after its last event."""
    return _storable_json(project(case, last.at))


def _event_row(number: str, event: Event) -> bytes:
    fields = {name: getattr(event, name) for name in Event.model_fields}
    return _storable_json({"case_number": number, "type": event.fact.type, **fields})


def _storable_json(value: dict[str, object]) -> bytes:
    text = to_json(value, inf_nan_mode="null")
    # The mark also occurs as an escaped backslash before "u0000"; then the way round changes nothing.
    return to_json(storable_value(json.loads(text))) if _ESCAPED_NUL in text else text


def _check(number: str, events: Sequence[Event]) -> None:
    for before, event in pairwise(events):
        if event.seq != before.seq + 1:
            raise InvalidError("events", f"event {event.seq} cannot follow event {before.seq}; send them in order")
    for event in events:
        begins = isinstance(event.fact, Received)
        if begins != (event.seq == 1):
            raise InvalidError("events", f"event {event.seq} is {event.fact.type!r}; a case is received once, first")
        if isinstance(event.fact, Received) and event.fact.number != number:
            raise InvalidError("events", f"they are of case {event.fact.number}, not of {number}")
