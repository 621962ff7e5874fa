"""What people and programs do with a case over HTTP, from the call that brings it in to the call-back at its end."""

from typing import Any

import httpx

from hotline.demonstration.keys import DemoKeys
from tests.town.rules import category

ROUTINE = ("acknowledge", "contact", "report", "callback")
"""The steps of a routine case after its receipt."""

_BODIES: dict[str, dict[str, Any]] = {
    "acknowledge": {},
    "contact": {"note": "Rang, and agreed on a visit."},
    "report": {"outcome": "solved", "note": "The surface is whole again."},
    "supplement": {"channel": "phone", "note": "It has grown."},
    "callback": {"reached": True, "contacted": True, "solved": True, "satisfaction": "satisfied"},
}

_BY_THE_DESK = frozenset({"callback", "urge", "supplement", "withdraw"})


class Caller:
    """Speaks to the API as whoever may do what is to be done. Each of its requests is one attempt."""

    def __init__(self, http: httpx.AsyncClient, keys: DemoKeys) -> None:
        """Args:
        http: A client whose base address is the API's.
        keys: A key for each role and unit.
        """
        self._http = http
        self._keys = keys

    async def receive(self, unit: str, reference: str, level: str = "general", **more: Any) -> httpx.Response:
        """Bring a complaint in that comes to a unit. The same reference is the same complaint."""
        body: dict[str, Any] = {
            "source": "app",
            "source_ref": reference,
            "channel": "app",
            "kind": "complaint",
            "category": category(unit, level),
            "description": f"The surface has broken up since the winter, in front of number {reference}.",
            "location": {"address": "Main street 1"},
            "complainant": {"name": "Ada Long", "phone": "+49 30 5550123"},
        }
        return await self._post("/v1/cases", body | more, self._keys.intake, reference)

    async def step(self, number: str, step: str, unit: str, body: dict[str, Any] | None = None) -> httpx.Response:
        """Do something with a case: what a unit does as the unit, anything else as the desk."""
        key = self._keys.desk if step in _BY_THE_DESK else self._keys.units[unit]
        sent = _BODIES.get(step, {}) if body is None else body
        return await self._post(f"/v1/cases/{number}/{step}", sent, key, f"{number}-{step}")

    async def look(self, number: str) -> httpx.Response:
        """The case as the desk sees it."""
        return await self._http.get(f"/v1/cases/{number}", headers=_who(self._keys.desk))

    async def _post(self, path: str, body: dict[str, Any], key: str, idempotency_key: str) -> httpx.Response:
        return await self._http.post(path, json=body, headers=_who(key) | {"Idempotency-Key": idempotency_key})


def _who(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}
