"""A unit's later answers: by the API with the unit's key, or by callbacks that it signs."""

import asyncio
import json
import logging
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Protocol

import httpx

from hotline.door import Door, problem
from hotline.unit_simulator.order import Order
from hotline.unit_simulator.signatures import sign

_log = logging.getLogger(__name__)

_AWAY = frozenset({425, 429, 500, 502, 503, 504})
_PAUSES = (0.5, 1.0, 2.0, 5.0, 10.0, 30.0)


class Answers(Protocol):
    """A way to tell the hotline what the unit does."""

    async def send(self, order: Order, act: str, content: Mapping[str, Any]) -> bool:
        """Have a case take a step, and tell whether it did.

        Args:
            order: The order that the step belongs to.
            act: The step's name, like `acknowledge`, `report` or `assist_report`.
            content: What goes with it.
        """


class ByKey:
    """Steps of the API, with the unit's key."""

    def __init__(self, door: Door) -> None:
        self._door = door

    async def send(self, order: Order, act: str, content: Mapping[str, Any]) -> bool:
        """Ask for the step by its address."""
        step = f"assists/{order.assist}/{act.removeprefix('assist_')}" if order.assist is not None else act
        response = await self._door.post(f"/v1/cases/{order.case_number}/{step}", content, _key(order, act))
        return _told(order, act, response)


class ByCallback:
    """Messages that the unit signs with the secret it shares with the hotline."""

    def __init__(self, http: httpx.AsyncClient, unit: str, secrets: Sequence[str]) -> None:
        self._http = http
        self._unit = unit
        self._secrets = tuple(secrets)

    async def send(self, order: Order, act: str, content: Mapping[str, Any]) -> bool:
        """Post the step, and again while the hotline is away: the same bytes under the same id."""
        data: dict[str, Any] = {"case_number": order.case_number, **content}
        if order.assist is not None:
            data["assist"] = order.assist
        message = {"type": act, "timestamp": datetime.now(UTC).isoformat(), "data": data}
        body = json.dumps(message, ensure_ascii=False).encode()
        for pause in (*_PAUSES, None):
            # Signed anew each time, for a signature is good for five minutes only.
            headers = sign(self._secrets[:1], _key(order, act), body) | {"Content-Type": "application/json"}
            try:
                response = await self._http.post(f"/v1/callbacks/{self._unit}", content=body, headers=headers)
            except httpx.TransportError as error:
                _log.warning("%s of case %s: no answer (%s)", act, order.case_number, type(error).__name__)
            else:
                if response.status_code not in _AWAY:
                    return _told(order, act, response)
            if pause is not None:
                await asyncio.sleep(pause)
        _log.error("%s of case %s was given up", act, order.case_number)
        return False


def _key(order: Order, act: str) -> str:
    return f"{order.unit}.{order.case_number}.{order.order}.{order.assist or 0}.{act}"


def _told(order: Order, act: str, response: httpx.Response) -> bool:
    if response.is_success:
        _log.info("%s of case %s", act, order.case_number)
    else:
        _log.warning("%s of case %s was refused: %s", act, order.case_number, problem(response))
    return response.is_success
