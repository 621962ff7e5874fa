"""The handling units of the demonstration: their order books, and the work they do on what stands in them."""

import asyncio
import logging
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import httpx

from hotline.demonstration import conduct
from hotline.demonstration.conduct import Step
from hotline.door import Door, problem
from hotline.unit_simulator.book import Book
from hotline.unit_simulator.department import Answer
from hotline.unit_simulator.order import ORDERED, Order, Place

_log = logging.getLogger(__name__)

_DONE_IN = {
    "dispatched": frozenset[str](),
    "acknowledged": frozenset({"acknowledge"}),
    "in_progress": frozenset({"acknowledge", "contact"}),
}
"""What a unit has done with an order already, by the status of its case."""

_MAY_BE_REFUSED = frozenset({"whistle", "wait", "resume", "extension"})
"""Steps that a unit can do without: where the policy does not provide for one, it goes on."""

_PRESSING = frozenset({"objection_rejected", "urged", "supervised"})
"""News upon which a unit handles what it has disputed."""

_DISPUTED = "disputed"
_PATIENCE = 5
_MOMENT = 2.0
"""Seconds after which a unit asks again whose case has not read yet what its system answered at once."""


class Holding:
    """An order that a unit holds, or its part in another's, and what it is about to do with it."""

    def __init__(self, order: Order, status: str = "dispatched") -> None:
        self.order = order
        self.status = status
        self.next: Step | None = None
        self.task: asyncio.Task[None] | None = None

    def shown(self) -> dict[str, Any]:
        """The order as the units' page lists it."""
        return {
            "case_number": self.order.case_number,
            "order": self.order.order,
            "assist": self.order.assist,
            "unit": self.order.unit,
            "level": self.order.level,
            "category": self.order.category,
            "subject": self.order.subject,
            "dispatched_at": self.order.dispatched_at,
            "status": self.status,
            "manner": conduct.manner(self.order.case_number, self.order.order),
            "next": {"act": self.next.act, "at": self.next.at} if self.next else None,
        }


class Units:
    """All units of the city, each with its order book, behind its own door."""

    def __init__(self, doors: dict[str, Door]) -> None:
        self._doors = doors
        self._books = {unit: Book() for unit in doors}
        self._holdings: dict[tuple[str, Place], Holding] = {}

    @property
    def codes(self) -> list[str]:
        """The units that are there."""
        return list(self._doors)

    def holdings(self, unit: str | None = None) -> list[Holding]:
        """What a unit holds, or all of them."""
        return [one for one in self._holdings.values() if unit in (None, one.order.unit)]

    def take(self, order: Order) -> Answer | None:
        """Take what a unit's system was sent. What some have their system answer at once comes back."""
        if not self._enter(order):
            return None
        answer = conduct.at_once(order)
        if answer is None:
            self._begin(Holding(order))
        elif answer["answer"] == "accepted":
            self._begin(Holding(order, "acknowledged"))
        else:
            # Whether it is the unit's after all, it is told later.
            self._put(Holding(order, _DISPUTED))
        return answer

    def take_letter(self, order: Order) -> None:
        """Take what stood in the mailbox of a unit without a system."""
        if self._enter(order):
            self._begin(Holding(order))

    async def go_on(self, unit: str, told: Sequence[Order]) -> None:
        """Take up what a unit held when it was last here.

        Args:
            unit: The unit.
            told: Everything that it was ever told, from its mailbox.
        """
        for order in told:
            self._books[unit].enter(order)
        for order in self._books[unit].held:
            case = await self._doors[unit].get(f"/v1/cases/{order.case_number}")
            if case.is_success and (status := _standing(order, case.json())) is not None:
                self._begin(Holding(order, status))

    def _enter(self, order: Order) -> bool:
        """Note what was told, and say whether it is new work."""
        fresh = self._books[order.unit].enter(order)
        holding = self._holdings.get((order.unit, order.place))
        if holding is not None and order.place not in {one.place for one in self._books[order.unit].held}:
            self._drop(holding)
        elif holding is not None and holding.status == _DISPUTED and order.about in _PRESSING:
            holding.status = "dispatched"
            holding.task = asyncio.create_task(self._work(holding, conduct.handling(holding.order)))
        return fresh and order.about in ORDERED

    def _begin(self, holding: Holding) -> None:
        self._put(holding)
        others = [unit for unit in self._doors if unit != holding.order.unit]
        left = conduct.steps(holding.order, others)
        if holding.status == _DISPUTED:
            return
        if holding.status == "acknowledged":
            left = [step for step in left if not step.act.endswith("acknowledge")]
        holding.task = asyncio.create_task(self._work(holding, left))

    def _put(self, holding: Holding) -> None:
        self._holdings[holding.order.unit, holding.order.place] = holding

    async def _work(self, holding: Holding, left: list[Step]) -> None:
        order = holding.order
        while left:
            holding.next = step = left.pop(0)
            if step.act in _DONE_IN.get(holding.status, ()):
                continue
            await asyncio.sleep(max(0.0, (step.at - datetime.now(UTC)).total_seconds()))
            response = await self._post(holding, step)
            if response.is_success:
                holding.status = response.json()["status"]
                if step.act == "return":
                    # The desk decides whose it is; until then, and if it is the unit's after all, the unit handles it.
                    left = [] if holding.status == "received" else conduct.handling(order)
            elif step.act in _MAY_BE_REFUSED:
                continue
            elif step.act == "return" and response.status_code == httpx.codes.CONFLICT:
                # It was returned too often already: the unit that holds it now leads it (Art. 14).
                left = conduct.handling(order)
            else:
                holding.status = "refused"
                break
        holding.next = None
        if holding.status not in _DONE_IN or order.assist is not None:
            self._holdings.pop((order.unit, order.place), None)

    async def _post(self, holding: Holding, step: Step) -> httpx.Response:
        order, act = holding.order, step.act.format(holding.order.assist)
        for attempt in range(_PATIENCE):
            # Under a key of its own each time: a refusal is kept under the first one.
            key = f"{order.unit}.{order.case_number}.{order.order}.{act}{f'.{attempt}' if attempt else ''}"
            response = await self._doors[order.unit].post(f"/v1/cases/{order.case_number}/{act}", step.body, key)
            hasty = response.status_code == httpx.codes.CONFLICT and holding.status == "acknowledged"
            if not hasty or step.act in _MAY_BE_REFUSED:
                break
            await asyncio.sleep(_MOMENT)
        outcome = "" if response.is_success else f" was refused: {problem(response)}"
        _log.info("%s by %s of case %s%s", act, order.unit, order.case_number, outcome)
        return response

    def _drop(self, holding: Holding) -> None:
        self._holdings.pop((holding.order.unit, holding.order.place), None)
        if holding.task is not None:
            holding.task.cancel()


def _standing(order: Order, case: dict[str, Any]) -> str | None:
    """How far a unit is with what it held, by its case; none where there is nothing left to do."""
    if order.assist is not None:
        found = [one for one in case["assists"] if one["index"] == order.assist]
        if not found or found[0]["reported_at"] or found[0].get("ended_at") or found[0]["refusals"]:
            return None
        return "acknowledged" if found[0]["acknowledged_at"] else "dispatched"
    if case["status"] not in _DONE_IN or case["unit"] != order.unit or case["orders"][-1]["index"] != order.order:
        return None
    waits = [one for one in case["orders"][-1]["objections"] if not one["decided_at"] and not one["lapsed_at"]]
    return _DISPUTED if waits else str(case["status"])
