"""From which pages a browser may ask for payloads to be decoded: Temporal's web UI, and nothing else of the API."""

from collections.abc import Sequence

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

_BELOW = "/v1/codec/"
_HEADERS = ("Authorization", "Authorization-Extras", "Content-Type", "X-API-Key", "X-Namespace", "X-Workflow-Id")
"""What the UI sends: beside the access token, the ID token and the namespace."""


class CodecOrigins:
    """Lets browsers read the codec's answers on the pages of some origins. Cookies are of no use here, nor allowed."""

    def __init__(self, app: ASGIApp, origins: Sequence[str]) -> None:
        self.app = app
        self._open = CORSMiddleware(
            app, allow_origins=origins, allow_methods=["POST"], allow_headers=_HEADERS, max_age=600
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        codec = scope["type"] == "http" and scope["path"].startswith(_BELOW)
        await (self._open if codec else self.app)(scope, receive, send)
