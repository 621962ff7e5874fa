"""Headers that keep browsers from doing more with an answer than showing it, and answers from being kept on the way."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

_NOTHING = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
_OWN_PAGES = (
    "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
"""The pages that describe the API hold a script of their own."""

_PAGES = ("/docs", "/redoc", "/static-offline-docs")
_ALWAYS = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=()"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
_OF_PAGES = (*_ALWAYS, (b"content-security-policy", _OWN_PAGES.encode()))
_OF_OTHERS = (*_ALWAYS, (b"content-security-policy", _NOTHING.encode()), (b"cache-control", b"no-store"))
_A_YEAR = (b"strict-transport-security", b"max-age=31536000")


class Safety:
    """Gives every answer those headers; a route may have set one of its own."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = [*message.get("headers", ())]
                own = {name.lower() for name, _ in headers}
                message["headers"] = headers + [one for one in _headers(scope) if one[0] not in own]
            await send(message)

        await self.app(scope, receive, guarded)


def _headers(scope: Scope) -> tuple[tuple[bytes, bytes], ...]:
    own = _OF_PAGES if scope["path"].startswith(_PAGES) else _OF_OTHERS
    return (*own, _A_YEAR) if scope["scheme"] == "https" else own
