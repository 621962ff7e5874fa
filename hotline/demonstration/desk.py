"""The demonstration's desk, with its supervisor: sends on, decides, and calls the complainants back (Art. 12, 23)."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
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


_UPHELD, _GRANTED = 0.75, 0.8
_REASONS = {True: "情况属实，予以支持。So it is; granted.", False: "依据不足，不予支持。Not shown; refused."}
_DECIDING = (4.0, 15.0)
"""Seconds after which a decision is made, from and to."""

_SHARES = {"received": (0.02, 0.15), "reported": (0.01, 0.3)}
"""The share of its time after which the desk sees to a case that stands so, from and to."""

Work = Callable[[dict[str, Any]], Awaitable[None]]


class Desk:
    """Looks again and again at what waits for the desk or a supervisor, and does each thing once its time has come."""

    def __init__(self, desk: Door, supervisor: Door, catalogue: Catalogue) -> None:
        self._door = desk
        self._supervisor = supervisor
        self._catalogue = catalogue
        self._planned: dict[tuple[str, int], datetime] = {}

    async def work(self) -> None:
        """Work for ever."""
        duties: tuple[tuple[dict[str, str], Work], ...] = (
            ({"awaits_supervisor": "true"}, self._supervise),
            ({"status": "received", "awaits_supervisor": "false"}, self._dispatch),
            ({"status": "reported"}, self._call_back),
            ({"objected": "true"}, self._adjudicate),
            ({"extension_asked": "true"}, self._decide_extension),
            ({"overdue": "true", "status": "dispatched", "supervised": "false"}, self._press),
        )
        while True:
            for wanted, work in duties:
                rows = await self._waiting(wanted)
                await asyncio.gather(*(self._look_at(row, work) for row in rows))
            await asyncio.sleep(_ROUND)

    async def _waiting(self, wanted: dict[str, str]) -> list[dict[str, Any]]:
        response = await self._door.get("/v1/cases", limit=200, **wanted)
        if not response.is_success:
            _log.error("cannot see the cases with %s: %s", wanted, problem(response))
            return []
        items: list[dict[str, Any]] = response.json()["items"]
        return items

    async def _look_at(self, row: dict[str, Any], work: "Work") -> None:
        matter = (row["number"], row["version"])
        if matter not in self._planned:
            self._planned[matter] = datetime.now(UTC) + _patience(row, Chance(*matter))
        if datetime.now(UTC) < self._planned[matter]:
            return
        await work(row)
        del self._planned[matter]

    async def _adjudicate(self, row: dict[str, Any]) -> None:
        """Decide on an objection, or on the refusal of a unit that was called in: most are upheld (Art. 12, 16)."""
        case = await self._case(row)
        for assist in case["assists"]:
            if any(one["decided_at"] is None and one["lapsed_at"] is None for one in assist["refusals"]):
                upheld = Chance(row["number"], "refusal", assist["index"]).number("upheld") < _UPHELD
                body = {"upheld": upheld, "reason": _REASONS[upheld]}
                await self._act(row, f"assists/{assist['index']}/adjudicate", body)
        objections = case["orders"][-1]["objections"] if case["orders"] else []
        if objections and objections[-1]["decided_at"] is None and objections[-1]["lapsed_at"] is None:
            upheld = Chance(row["number"], case["orders"][-1]["index"]).number("upheld") < _UPHELD
            await self._act(row, "adjudicate", {"upheld": upheld, "reason": _REASONS[upheld]})

    async def _decide_extension(self, row: dict[str, Any]) -> None:
        granted = Chance(row["number"], "extension").number("granted") < _GRANTED
        body = {"granted": granted, "reason": _REASONS[granted]}
        await self._act(row, "extension/decision", body, self._supervisor)

    async def _press(self, row: dict[str, Any]) -> None:
        """What nobody has signed for in time: the complainant rings again, and the desk supervises (Art. 8, 20)."""
        await self._act(row, "urge", {"note": "诉求人再次来电催促。The complainant rang again."})
        await self._act(row, "supervise", {"reason": "逾期未签收，列入督办。Not signed for in time."})

    async def _supervise(self, row: dict[str, Any]) -> None:
        """Designate the unit of a case that was returned too often, and end one that was never solved."""
        case = await self._case(row)
        had = [order["unit"] for order in case["orders"]]
        if case["answers"]:
            body = {"outcome": "unsolved", "reason": "多轮办理未解决，转专项督办。Not solved in its rounds."}
            await self._act(row, "close", body, self._supervisor)
        else:
            unit = self._next_unit(row["number"], row.get("area"), set(had))
            body = {"unit": unit, "reason": "指定牵头办理。Designated, to end the dispute."}
            await self._act(row, "designate", body, self._supervisor)

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

    async def _act(self, row: dict[str, Any], act: str, body: dict[str, Any], door: Door | None = None) -> None:
        number = row["number"]
        response = await (door or self._door).post(
            f"/v1/cases/{number}/{act}", body, f"desk.{number}.{row['version']}.{act}"
        )
        if response.is_success:
            _log.info("%s of case %s", act, number)
        else:
            _log.warning("%s of case %s was refused: %s", act, number, problem(response))


def _patience(row: dict[str, Any], chance: Chance) -> timedelta:
    """How long a case waits for the desk, of the time that it has."""
    share = _SHARES.get(row["status"])
    if share is None or not row.get("due_at"):
        return timedelta(seconds=chance.between("deciding", *_DECIDING))
    left = datetime.fromisoformat(row["due_at"]) - datetime.now(UTC)
    return max(left, timedelta(0)) * chance.between("when", *share)
