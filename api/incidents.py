"""What nobody expected: logged under an incident id, told without a trace, and the service stays up."""

import logging
from http import HTTPStatus
from uuid import uuid4

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.problems import ProblemError, response

_log = logging.getLogger(__name__)


class Incidents:
    """Turns an unexpected error into a problem that names the incident in the log."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        begun = False

        async def noted(message: Message) -> None:
            nonlocal begun
            begun = begun or message["type"] == "http.response.start"
            await send(message)

        try:
            await self.app(scope, receive, noted)
        except Exception:
            incident = uuid4().hex
            _log.exception("incident %s at %s %s", incident, scope["method"], _route(scope))
            if begun:
                raise
            await response(_told(incident))(scope, receive, send)


def _told(incident: str) -> ProblemError:
    return ProblemError(
        HTTPStatus.INTERNAL_SERVER_ERROR,
        "incident",
        "The service made a mistake",
        f"this should not have happened; tell whoever runs the service the incident {incident}",
        incident=incident,
    )


def _route(scope: Scope) -> str:
    # The template, not the address: what people type does not belong in a log.
    return getattr(scope.get("route"), "path_format", "an unknown address")
