"""The handling units of the demonstration: their order books, and the work they do on what stands in them."""

import asyncio
import logging
from datetime import UTC, datetime
from typing import Any

import httpx

from activities.messages import OrderForm
from cases.view import DeadlineView
from hotline.demonstration import conduct
from hotline.demonstration.conduct import Step
from hotline.door import Door, problem

_log = logging.getLogger(__name__)

_DONE_IN = {
    "dispatched": frozenset[str](),
    "acknowledged": frozenset({"acknowledge"}),
    "in_progress": frozenset({"acknowledge", "contact"}),
}
"""What a unit has done with an order already, by the status of its case."""

_MAY_BE_REFUSED = frozenset({"whistle", "wait", "resume", "extension"})
"""Steps that a unit can do without: where the policy does not provide for one, it goes on."""


Place = tuple[str, int, int | None]
"""Which case, which of its orders, and which of its calls where it is one."""


class Holding:
    """An order that a unit holds, or its part in another's, and what it is about to do with it."""

    def __init__(self, order: OrderForm, status: str = "dispatched") -> None:
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
    """All units of the city, each behind its own door."""

    def __init__(self, doors: dict[str, Door]) -> None:
        self._doors = doors
        self._holdings: dict[Place, Holding] = {}

    @property
    def codes(self) -> list[str]:
        """The units that are there."""
        return list(self._doors)

    def holdings(self, unit: str | None = None) -> list[Holding]:
        """What a unit holds, or all of them."""
        return [one for one in self._holdings.values() if unit in (None, one.order.unit)]

    def take(self, order: OrderForm, status: str = "dispatched") -> bool:
        """Enter an order, and tell whether it was not there yet. One that is taken back is crossed out."""
        place = _place(order)
        if order.about in ("withdrawn", "assist_withdrawn"):
            self._drop(place)
            return False
        if place in self._holdings:
            return False
        holding = Holding(order, status)
        self._holdings[place] = holding
        holding.task = asyncio.create_task(self._work(holding))
        return True

    async def go_on(self) -> None:
        """Enter what the units held when they were last here."""
        for unit, door in self._doors.items():
            after: dict[str, str] = {}
            while True:
                page = await door.get(f"/v1/units/{unit}/orders", limit=100, **after)
                if not page.is_success:
                    _log.error("unit %s cannot see its orders: %s", unit, problem(page))
                    break
                for item in page.json()["items"]:
                    if item["case"]["status"] in _DONE_IN:
                        await self._go_on_with(door, item["case"]["number"], unit)
                if not page.json()["next"]:
                    break
                after = {"after": page.json()["next"]}

    async def _go_on_with(self, door: Door, number: str, unit: str) -> None:
        response = await door.get(f"/v1/cases/{number}")
        if response.is_success and response.json()["unit"] == unit:
            case = response.json()
            self.take(_form(case), case["status"])

    async def _work(self, holding: Holding) -> None:
        order = holding.order
        left = conduct.steps(order, [unit for unit in self._doors if unit != order.unit])
        while left:
            holding.next = step = left.pop(0)
            if step.act in _DONE_IN.get(holding.status, ()):
                continue
            await asyncio.sleep(max(0.0, (step.at - datetime.now(UTC)).total_seconds()))
            response = await self._post(order, step)
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
            self._holdings.pop(_place(order), None)

    async def _post(self, order: OrderForm, step: Step) -> httpx.Response:
        act = step.act.format(order.assist)
        key = f"{order.unit}.{order.case_number}.{order.order}.{act}"
        response = await self._doors[order.unit].post(f"/v1/cases/{order.case_number}/{act}", step.body, key)
        outcome = "" if response.is_success else f" was refused: {problem(response)}"
        _log.info("%s by %s of case %s%s", act, order.unit, order.case_number, outcome)
        return response

    def _drop(self, place: Place) -> None:
        holding = self._holdings.pop(place, None)
        if holding is not None and holding.task is not None:
            holding.task.cancel()


def _place(order: OrderForm) -> Place:
    return order.case_number, order.order, order.assist


def _form(case: dict[str, Any]) -> OrderForm:
    """The order that a case's unit holds, in the form in which it was once posted to the unit."""
    order, complaint = case["orders"][-1], case["complaint"]
    deadlines = [one for one in case["deadlines"] if one["id"].endswith(f"/{order['index']}") and one["unit"]]
    return OrderForm.model_validate(
        {name: complaint[name] for name in ("category", "kind", "subject", "description", "location", "received_at")}
        | {
            "about": "dispatched",
            "key": "",
            "case_number": case["number"],
            "order": order["index"],
            "unit": order["unit"],
            "level": case["level"],
            "dispatched_at": order["dispatched_at"],
            "deadlines": [{name: one[name] for name in DeadlineView.model_fields} for one in deadlines],
        }
    )
