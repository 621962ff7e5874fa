"""The way in through the API, for programs of ours that must not give up because the service is away for a moment."""

import asyncio
import random
import time
from collections.abc import Mapping
from typing import Any

import httpx

from hotline.errors import NotRunningError

_AWAY = frozenset({429, 502, 503, 504})
_LONGEST_PAUSE = 20.0
_TRIES_AT_AN_ERROR = 4
"""How often a request is tried that the service fails at (500): it may be the request's own fault."""


class Door:
    """Requests to the API under one key, repeated until they are answered."""

    def __init__(self, http: httpx.AsyncClient, key: str, patience: float | None = None) -> None:
        """Args:
        http: A client whose base address is the API's.
        key: The key's text.
        patience: Seconds that a request is repeated before its sender gives up; for ever if none.
        """
        self._http = http
        self._headers = {"Authorization": f"Bearer {key}"}
        self._patience = patience

    async def post(self, path: str, body: Mapping[str, Any], idempotency_key: str) -> httpx.Response:
        """Post something. Repeating it is harmless, by its idempotency key.

        Raises:
            NotRunningError: nothing answered for as long as the sender has patience.
        """
        return await self._send("POST", path, json=body, headers=self._headers | {"Idempotency-Key": idempotency_key})

    async def get(self, path: str, **params: str | int) -> httpx.Response:
        """Look at something. Raises like `post`."""
        return await self._send("GET", path, params=params, headers=self._headers)

    async def _send(self, method: str, path: str, **request: Any) -> httpx.Response:
        began = time.monotonic()
        tries = 0
        while True:
            tries += 1
            try:
                response = await self._http.request(method, path, **request)
            except httpx.TransportError as error:
                reason, wish = f"{type(error).__name__}: {error}", ""
            else:
                failed = response.status_code == httpx.codes.INTERNAL_SERVER_ERROR and tries < _TRIES_AT_AN_ERROR
                if response.status_code not in _AWAY and not failed:
                    return response
                reason, wish = f"status {response.status_code}", response.headers.get("Retry-After", "")
            if self._patience is not None and time.monotonic() - began > self._patience:
                raise NotRunningError(f"the API at {self._http.base_url} does not answer ({reason})")
            await asyncio.sleep(_pause(tries, wish))


def _pause(tries: int, wish: str) -> float:
    """Seconds until the next try: what the service wishes, else growing, and never in step with other senders."""
    grown = min(0.25 * 2.0 ** min(tries, 10), _LONGEST_PAUSE)
    asked = float(wish) if wish.isdigit() else 0.0
    return max(grown, min(asked, 60.0)) * random.uniform(0.7, 1.0)  # noqa: S311 - no secret


def problem(response: httpx.Response) -> str:
    """What the service says is wrong with a request, in one line."""
    try:
        told = response.json()
    except ValueError:
        return f"status {response.status_code}"
    if not isinstance(told, dict):
        return f"status {response.status_code}"
    detail = str(told.get("detail") or told.get("title") or f"status {response.status_code}")
    fields = [one for one in told.get("errors") or () if isinstance(one, dict)]
    further = [f"{one.get('field')}: {one.get('detail')}" for one in fields if str(one.get("detail")) not in detail]
    return "; ".join([detail, *further])
