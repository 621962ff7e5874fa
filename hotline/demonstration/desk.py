"""The demonstration's desk: sends on what has come to it, and calls the complainants back (Art. 12, 23)."""

import asyncio
import logging
from datetime import UTC, datetime, timedelta
from typing import Any

from cases.routing import Catalogue
from hotline.demonstration.chance import Chance
from hotline.door import Door, problem

_log = logging.getLogger(__name__)

_ROUND = 2.0
"""Seconds between two looks at what is waiting."""

_REACHED = 88.0
_SATISFIED = {"satisfied": 70.0, "basically_satisfied": 24.0, "dissatisfied": 6.0}
_NOT_SATISFIED = {"basically_satisfied": 10.0, "dissatisfied": 90.0}
_AFTER_EXPLANATION = {"satisfied": 20.0, "basically_satisfied": 45.0, "dissatisfied": 35.0}


class Desk:
    """Looks again and again at what waits for the desk, and does each thing once its time has come."""

    def __init__(self, door: Door, catalogue: Catalogue) -> None:
        self._door = door
        self._catalogue = catalogue
        self._planned: dict[tuple[str, int], datetime] = {}

    async def work(self) -> None:
        """Work for ever."""
        while True:
            for status, share in (("received", (0.02, 0.15)), ("reported", (0.01, 0.3))):
                rows = await self._waiting(status)
                await asyncio.gather(*(self._look_at(row, share) for row in rows))
            await asyncio.sleep(_ROUND)

    async def _waiting(self, status: str) -> list[dict[str, Any]]:
        response = await self._door.get("/v1/cases", status=status, limit=200)
        if not response.is_success:
            _log.error("cannot see the %s cases: %s", status, problem(response))
            return []
        items: list[dict[str, Any]] = response.json()["items"]
        return items

    async def _look_at(self, row: dict[str, Any], share: tuple[float, float]) -> None:
        matter = (row["number"], row["version"])
        if matter not in self._planned:
            now = datetime.now(UTC)
            due = datetime.fromisoformat(row["due_at"]) if row.get("due_at") else now
            wait = Chance(*matter).between("when", *share)
            self._planned[matter] = now + max(due - now, timedelta(0)) * wait
        if datetime.now(UTC) < self._planned[matter]:
            return
        if row["status"] == "received":
            await self._dispatch(row)
        else:
            await self._call_back(row)
        del self._planned[matter]

    async def _dispatch(self, row: dict[str, Any]) -> None:
        case = await self._case(row)
        had = {order["unit"] for order in case["orders"]}
        unit = self._next_unit(row["number"], row.get("area"), had)
        reason = "台账核实后转派。Sent on after checking whose it is."
        await self._act(row, "dispatch", {"unit": unit, "reason": reason})

    def _next_unit(self, number: str, area: str | None, had: set[str]) -> str:
        """The area that the matter lies in, else its district, else any district: the first that has not had it."""
        units = self._catalogue.units
        place = units.get(area or "")
        near = [unit.code for unit in (place, units.get(place.district or "") if place else None) if unit]
        districts = [unit.code for unit in units.values() if unit.kind == "district"] or list(units)
        fresh = [code for code in near if code not in had]
        return fresh[0] if fresh else Chance(number, len(had)).one_of("unit", districts)

    async def _call_back(self, row: dict[str, Any]) -> None:
        case = await self._case(row)
        order = case["orders"][-1]
        chance = Chance(row["number"], order["index"], order.get("attempts", 0))
        if chance.number("reached") * 100 >= _REACHED:
            await self._act(row, "callback", {"reached": False, "note": "无人接听。Nobody answered."})
            return
        explained = order["report"] == "explained"
        solved = chance.number("solved") < (0.15 if explained else 0.85)
        weights = _SATISFIED if solved else _AFTER_EXPLANATION if explained else _NOT_SATISFIED
        answers = {
            "reached": True,
            "contacted": chance.number("contacted") < 0.95,
            "solved": solved,
            "satisfaction": chance.weighted("satisfaction", weights),
        }
        await self._act(row, "callback", answers)

    async def _case(self, row: dict[str, Any]) -> dict[str, Any]:
        response = await self._door.get(f"/v1/cases/{row['number']}")
        response.raise_for_status()
        found: dict[str, Any] = response.json()
        return found

    async def _act(self, row: dict[str, Any], act: str, body: dict[str, Any]) -> None:
        number = row["number"]
        response = await self._door.post(f"/v1/cases/{number}/{act}", body, f"desk.{number}.{row['version']}.{act}")
        if response.is_success:
            _log.info("%s of case %s", act, number)
        else:
            _log.warning("%s of case %s was refused: %s", act, number, problem(response))
