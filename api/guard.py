"""The guard of every route: first who asks, then whether what they send can be read."""

from collections.abc import Awaitable, Callable, Coroutine
from email.message import Message
from functools import lru_cache
from http import HTTPStatus
from typing import Annotated, Any, cast
from urllib.parse import unquote_to_bytes

from fastapi import Depends, Request, Response
from fastapi.routing import APIRoute
from starlette.routing import Match
from starlette.types import Scope

from api.access import ACCESS, PUBLIC, SIGNED, Caller, admit
from api.advice import FieldError, printable
from api.problems import ProblemError, wrong
from api.signatures import SIGNATURE, admit_signed
from api.text import fault, read_json

SCHEMES: dict[str, dict[str, str]] = {
    "HTTPBearer": {
        "type": "http",
        "description": "Of machines, a key that `hotline keys create` made, `hl_...`. Of people, the token that the "
        "city's sign-in gave them (OpenID Connect, a JWT); if their groups make them several things, they also say in "
        "the header `X-Hotline-Role` which of them they act as: `desk`, or `unit_lead:water`.",
        "scheme": "bearer",
    },
    "APIKeyHeader": {
        "type": "apiKey",
        "description": "A key of a machine, for clients that need a header.",
        "in": "header",
        "name": "X-API-Key",
    },
    "Signature": {
        "type": "apiKey",
        "description": "By the Standard Webhooks scheme, with a secret of the unit; with it go webhook-id and "
        "webhook-timestamp.",
        "in": "header",
        "name": SIGNATURE,
    },
}
"""What the guard asks for, as the API's description has it. A route refers to it by these names."""


FILES = "/attachments"
"""How the addresses end that take files as they are, and not JSON."""


class GuardedRoute(APIRoute):
    """A route that only admits whom the table of rights names. One that names no row of it cannot be made."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **given: Any) -> None:
        super().__init__(path, endpoint, **given)
        self._ending = self.path_format.rpartition("}")[2]
        for name in self.names():
            if name not in ACCESS and name not in PUBLIC | SIGNED:
                raise LookupError(f"{name} has no entry in api.access.ROWS: say which row of cases.rights it is")
        if asked := self._asks_for():
            self.openapi_extra = {"security": [{scheme: []} for scheme in asked]} | (self.openapi_extra or {})

    def _asks_for(self) -> tuple[str, ...]:
        if PUBLIC.issuperset(self.names()):
            return ()
        return ("Signature",) if SIGNED.issuperset(self.names()) else ("HTTPBearer", "APIKeyHeader")

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Whether a request is for this route. Nearly all are told from its own by their end alone."""
        return super().matches(scope) if scope["path"].endswith(self._ending) else (Match.NONE, {})

    def names(self) -> list[str]:
        """What this route is called where it names its row, once for each method."""
        return [f"{method} {self.path_format}" for method in sorted(self.methods or ())]

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The route's handler behind the guard."""
        handle = super().get_route_handler()

        async def guarded(request: Request) -> Response:
            # One object for all: a body can be received once only, and this one keeps it.
            strict = _StrictRequest(request.scope, request.receive)
            route = f"{request.method} {self.path_format}"
            await (admit_signed(strict) if route in SIGNED else admit(strict, route))
            _check_query(strict)
            if not self.path_format.endswith(FILES):
                await _check_media_type(strict)
            return await handle(strict)

        return guarded


class _StrictRequest(Request):
    """A request whose JSON is read strictly, and once."""

    async def json(self) -> Any:
        return read_json(await self.body())


async def let_in(request: Request) -> Caller:
    """Whoever the guard let in, by a key, a token, or a signature."""
    return cast(Caller, request.state.caller)


CallerDep = Annotated[Caller, Depends(let_in)]

Handler = Callable[[Request], Awaitable[Response]]


def _check_query(request: Request) -> None:
    if not request.scope["query_string"]:
        return
    errors = []
    for pair in request.scope["query_string"].split(b"&"):
        name, _, value = (unquote_to_bytes(part).decode("utf-8", "surrogateescape") for part in pair.partition(b"="))
        if problem := fault(name) or fault(value):
            errors.append(FieldError(field=printable(name)[:100] or "query", detail=problem))
    if errors:
        raise wrong(errors)


async def _check_media_type(request: Request) -> None:
    if request.method == "GET" or _is_json(request.headers.get("Content-Type", "")) or not await request.body():
        return
    raise ProblemError(
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        "not-json",
        "The body is not sent as JSON",
        "send the body as JSON, with the header Content-Type: application/json",
    )


@lru_cache(maxsize=64)
def _is_json(content_type: str) -> bool:
    message = Message()
    message["Content-Type"] = content_type or "text/plain"
    subtype = message.get_content_subtype()
    return message.get_content_maintype() == "application" and (subtype == "json" or subtype.endswith("+json"))
