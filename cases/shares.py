"""How long each unit had a case, and how much of that it waited for the complainant."""

from datetime import datetime

from cases.case import Case
from cases.order import Order
from cases.vocabulary import Value


class TimeShare(Value):
    """Seconds for which a unit held a case, and of those the seconds for which it waited for the complainant."""

    held: float
    waited: float


def time_by_unit(case: Case, until: datetime) -> dict[str, TimeShare]:
    """The share of every unit that held the case: from each order's dispatch to its report or end, or `until`.

    Units that often wait for complainants are seen by it: the clock that stands still hides nothing (Art. 35).
    """
    shares: dict[str, TimeShare] = {}
    for order in case.orders:
        ends = min(moment for moment in (order.reported_at, order.ended_at, until) if moment is not None)
        before = shares.get(order.unit, TimeShare(held=0, waited=0))
        held = max(0.0, (ends - order.dispatched_at).total_seconds())
        shares[order.unit] = TimeShare(held=before.held + held, waited=before.waited + _waited(case, order, ends))
    return shares


def _waited(case: Case, order: Order, ends: datetime) -> float:
    waits = [pause for pause in case.pauses if pause.order == order.index and pause.kind == "complainant"]
    return sum(max(0.0, (min(one.ends, ends) - one.begun_at).total_seconds()) for one in waits)
