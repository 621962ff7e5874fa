"""How many requests a key, and an address, may make a minute. An emergency under a known key goes before all of it."""

import hashlib
from collections import OrderedDict
from http import HTTPStatus
from math import ceil

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.access import key_text
from api.problems import ProblemError, response
from api.windows import Windows

_OPEN = ("/healthz", "/readyz", "/metrics")
_INTAKE = "/v1/cases"
_LET_THROUGH = 4
"""How many times its pace a source of complaints is read at all, to see whether they are emergencies."""
_KNOWN = 10_000
_OVER = "hotline.over_its_pace"


class Pace:
    """Counts requests in this process, in a window that slides."""

    def __init__(self, app: ASGIApp, *, per_key: int, per_address: int, failures: int) -> None:
        """Args:
        app: What is guarded.
        per_key: Requests a minute under one key or token.
        per_address: Requests a minute from one network address, whatever their keys.
        failures: Requests a minute from one address that may be without a valid key; whoever exceeds it is only heard
            with one that was valid before, so that guessing at keys costs the register nothing.
        """
        self.app = app
        self._counted = Windows()
        self._per_key = per_key
        self._per_address = per_address
        self._failures = failures
        self._valid: OrderedDict[str, None] = OrderedDict()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in _OPEN:
            await self.app(scope, receive, send)
            return
        request = Request(scope)
        address = request.client.host if request.client else ""
        key = _credential(request)
        refused = self._refusal(scope, address, key)
        if refused is not None:
            await response(refused)(scope, receive, send)
            return

        async def noted(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._note(scope, message["status"], address, key)
            await send(message)

        await self.app(scope, receive, noted)

    def _refusal(self, scope: Scope, address: str, key: str | None) -> ProblemError | None:
        known = key is not None and key in self._valid
        intake = scope["method"] == "POST" and scope["path"] == _INTAKE
        # Whoever guesses elsewhere must not shut out a source of complaints that was not heard before.
        failing = ("failures at intake" if intake and key is not None else "failures", address)
        if not known and not self._counted.room(self._failures, failing):
            return self._too_many(self._failures, failing, "requests without a valid key")
        within = [(self._per_address, ("address", address), "requests from this address")]
        if known and key is not None:
            within.append((self._per_key, ("key", key), "requests under this key"))
        for most, whose, what in within:
            if self._counted.take(most, whose):
                continue
            taking_in = known and intake
            told = self._too_many(most, whose, what)
            if not taking_in or not self._counted.take(most * _LET_THROUGH, ("intake", *whose)):
                return told
            # Whether it is an emergency shows in the body.
            scope.setdefault("state", {})[_OVER] = told
        return None

    def _too_many(self, most: int, whose: tuple[str, str], what: str) -> ProblemError:
        return too_many(what, most, max(1, ceil(self._counted.again_in(whose))))

    def _note(self, scope: Scope, status: int, address: str, key: str | None) -> None:
        if status == HTTPStatus.UNAUTHORIZED:
            intake = scope["method"] == "POST" and scope["path"] == _INTAKE and key is not None
            self._counted.take(self._failures, ("failures at intake" if intake else "failures", address))
            if key is not None:
                self._valid.pop(key, None)
        elif key is not None and "caller" in scope.get("state", {}):
            self._valid[key] = None
            self._valid.move_to_end(key)
            if len(self._valid) > _KNOWN:
                self._valid.popitem(last=False)


def check(request: Request, *, emergency: bool) -> None:
    """Refuse a complaint of a source that is over its pace, unless it is an emergency.

    Raises:
        ProblemError: too many requests (429); it says when to ask again.
    """
    told = request.scope.get("state", {}).get(_OVER)
    if told is not None and not emergency:
        raise told


def too_many(what: str, most: int, again_in: int) -> ProblemError:
    """The answer to whoever asks too often; `again_in` are seconds."""
    return ProblemError(
        HTTPStatus.TOO_MANY_REQUESTS,
        "too-many-requests",
        "Too many requests",
        f"more than {most} {what} in a minute; ask again in {again_in} seconds, and more slowly; under a key that is "
        "known here, an emergency is taken in all the same",
        {"Retry-After": str(again_in)},
    )


def _credential(request: Request) -> str | None:
    """A digest of the key or token that a request is made under; none if there is none."""
    given = key_text(request)
    return hashlib.sha256(given.encode()).hexdigest() if given else None
