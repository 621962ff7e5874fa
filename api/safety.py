"""Headers that keep browsers from doing more with an answer than showing it, and answers from being kept on the way."""

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_NOTHING = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
_OWN_PAGES = (
    "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
"""The pages that describe the API hold a script of their own."""

_PAGES = ("/docs", "/redoc", "/static-offline-docs")
_ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_A_YEAR = "max-age=31536000"


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
                headers = MutableHeaders(scope=message)
                for name, value in _headers(scope).items():
                    headers.setdefault(name, value)
            await send(message)

        await self.app(scope, receive, guarded)


def _headers(scope: Scope) -> dict[str, str]:
    page = scope["path"].startswith(_PAGES)
    own = {"Content-Security-Policy": _OWN_PAGES if page else _NOTHING}
    if not page:
        own["Cache-Control"] = "no-store"
    if scope["scheme"] == "https":
        own["Strict-Transport-Security"] = _A_YEAR
    return _ALWAYS | own
