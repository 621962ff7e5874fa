"""How long each unit has had a case (Art. 14): who took the time, and how much of it was the complainant's."""

from collections.abc import Iterator
from datetime import datetime
from itertools import pairwise
from typing import NamedTuple

from cases.case import Case
from cases.order import Order


class Share(NamedTuple):
    """Seconds for which a unit held a case, and how many of those it waited for the complainant."""

    held: float
    waited: float


def time_by_unit(case: Case, until: datetime) -> dict[str, Share]:
    """Each unit's share in the time up to a moment, in the order in which the units first came to it.

    A unit holds a case from its dispatch to its report, or else to the end of its order: from the report on it is the
    hotline's to call back. A case that follows an incident is held by the unit that leads there. Time on account is
    the unit's own: it does not wait for the complainant.
    """
    shares: dict[str, Share] = {}
    for order, begins, ends in _spells(case, until):
        held, waited = shares.get(order.unit, Share(0.0, 0.0))
        spell = Share(max(0.0, (ends - begins).total_seconds()), _waited(case, order, begins, ends))
        shares[order.unit] = Share(held + spell.held, waited + spell.waited)
    return shares


def _spells(case: Case, until: datetime) -> Iterator[tuple[Order, datetime, datetime]]:
    for before, order in pairwise((None, *case.orders)):
        if order is None:
            continue
        # An order that joined an incident counts its limits from an earlier one, which another unit held till then.
        left = before.ended_at if before is not None and before.ended_at is not None else order.dispatched_at
        ends = [at for at in (order.reported_at, order.ended_at, until) if at is not None]
        yield order, max(order.dispatched_at, left), min(ends)


def _waited(case: Case, order: Order, begins: datetime, ends: datetime) -> float:
    waits = (pause for pause in case.pauses if pause.kind == "complainant" and pause.order == order.index)
    return sum(max(0.0, (min(pause.ends, ends) - max(pause.begun_at, begins)).total_seconds()) for pause in waits)
