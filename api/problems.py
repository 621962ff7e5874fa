"""Everything that goes wrong, told as problem details (RFC 9457): what is wrong, in which field, and what to do."""

import logging
import re
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.requests import Request

from api.advice import FieldError, field_errors
from cases.errors import InvalidError, RefusalError, UnavailableError, UnknownCaseError
from vault.keyfile import KeyFileError

_log = logging.getLogger("hotline.api")

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER = 2
"""Seconds after which to ask again while a part of the service is out of reach."""

_WRONG_INPUT = "invalid-input"

_OF_A_FIELD = re.compile(r"([a-z_]+(?:\.[a-z0-9_]+)*): (.+)", re.DOTALL)


class Problem(BaseModel):
    """Why a request was not carried out (RFC 9457). Nothing of it has happened, unless the status is 5xx."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "type": "urn:hotline:problem:refused",
                    "title": "The rules forbid this now",
                    "status": 409,
                    "detail": "a case that is dispatched does not take 'report'; it takes: acknowledge, withdraw",
                    "rule": "report_not_now",
                    "source": "lifecycle",
                    "allowed": ["acknowledge", "return", "withdraw"],
                }
            ]
        },
    )

    type: str = Field(description="The kind of problem, a stable name for programs.")
    title: str = Field(description="The kind of problem in words.")
    status: int = Field(description="The HTTP status.")
    detail: str = Field(description="What is wrong this time, and what to do.")
    errors: list[FieldError] | None = Field(None, description="Every field that is wrong.")
    rule: str | None = Field(None, description="The rule that forbids it.")
    source: str | None = Field(None, description="Where the rule comes from: an article, or the policy.")
    allowed: list[str] | None = Field(
        None, description="The steps that the case takes from you now; each is the operationId of its address."
    )
    checks: dict[str, str] | None = Field(None, description="What each part of the service answers.")
    incident: str | None = Field(None, description="Tell this to whoever runs the service; it is in their log.")


class ProblemError(HTTPException):
    """A request that is not carried out. `told` are further members of the problem, as `Problem` names them."""

    def __init__(
        self, status: int, kind: str, title: str, detail: str, headers: Mapping[str, str] | None = None, **told: Any
    ) -> None:
        if status == HTTPStatus.SERVICE_UNAVAILABLE:
            # Whatever is away for the moment, nobody is left to guess when to come back.
            headers = {"Retry-After": str(RETRY_AFTER), **(headers or {})}
        super().__init__(status, detail, headers)
        self.problem = Problem(type=f"urn:hotline:problem:{kind}", title=title, status=status, detail=detail, **told)


def wrong(errors: Sequence[FieldError], status: int = HTTPStatus.UNPROCESSABLE_ENTITY) -> ProblemError:
    """Input that cannot be used, field by field."""
    detail = "; ".join(f"{one.field}: {one.detail}" for one in errors[:3])
    more = len(errors) - 3
    return ProblemError(
        status,
        _WRONG_INPUT,
        "The request cannot be used as it is",
        f"{detail}; and {more} more" if more > 0 else detail,
        errors=list(errors),
    )


def response(error: ProblemError) -> JSONResponse:
    """The answer that tells a problem."""
    return JSONResponse(
        error.problem.model_dump(mode="json", exclude_none=True),
        status_code=error.status_code,
        headers=error.headers,
        media_type=MEDIA_TYPE,
    )


def from_refusal(error: RefusalError) -> ProblemError:
    """A rule's refusal. A reused Idempotency-Key is wrong input, as the IETF's draft asks."""
    if error.rule == "command_id_reused":
        return ProblemError(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "idempotency-key-reused",
            "The Idempotency-Key was used for another request",
            error.detail,
            errors=[FieldError(field="Idempotency-Key", detail=error.detail)],
            rule=error.rule,
            source=error.source,
        )
    if error.rule == "unknown_case":
        return unknown_case(error.detail)
    return ProblemError(
        HTTPStatus.CONFLICT,
        "refused",
        "The rules forbid this now",
        error.detail,
        errors=blamed(error),
        rule=error.rule,
        source=error.source,
        allowed=error.allowed or None,
    )


def blamed(error: RefusalError) -> list[FieldError] | None:
    """The field of the request that a refusal is about, where its detail begins with one."""
    found = _OF_A_FIELD.fullmatch(error.detail)
    return [FieldError(field=found[1], detail=found[2])] if found else None


def unknown_case(detail: str) -> ProblemError:
    """A number that belongs to no case, or to none that the caller may know of."""
    field = FieldError(field="number", detail=detail)
    return ProblemError(HTTPStatus.NOT_FOUND, "unknown-case", "There is no such case", detail, errors=[field])


def unknown_unit(detail: str) -> ProblemError:
    """A code that belongs to no unit, or to none that the caller may ask about."""
    field = FieldError(field="unit", detail=detail)
    return ProblemError(HTTPStatus.NOT_FOUND, "unknown-unit", "There is no such unit", detail, errors=[field])


def from_http(error: HTTPException, request: Request) -> ProblemError:
    """What the framework refuses by itself: unknown addresses, methods that an address does not take."""
    if isinstance(error, ProblemError):
        return error
    status = HTTPStatus(error.status_code)
    path = request.url.path
    detail = {
        HTTPStatus.NOT_FOUND: f"there is nothing at {path}; /docs lists every address",
        HTTPStatus.METHOD_NOT_ALLOWED: f"{path} does not take {request.method}; /docs lists what it takes",
    }.get(status, str(error.detail))
    return ProblemError(status, status.phrase.lower().replace(" ", "-"), status.phrase, detail, error.headers)


def install(app: FastAPI) -> None:
    """Answer every error of the application as a problem."""

    @app.exception_handler(HTTPException)
    async def on_http(request: Request, error: HTTPException) -> JSONResponse:
        return response(from_http(error, request))

    @app.exception_handler(RequestValidationError)
    async def on_wrong_fields(_: Request, error: RequestValidationError) -> JSONResponse:
        return response(wrong(field_errors(error.errors())))

    @app.exception_handler(InvalidError)
    async def on_invalid(_: Request, error: InvalidError) -> JSONResponse:
        return response(wrong([FieldError(field=error.field, detail=error.detail)]))

    @app.exception_handler(RefusalError)
    async def on_refusal(_: Request, error: RefusalError) -> JSONResponse:
        return response(from_refusal(error))

    @app.exception_handler(UnknownCaseError)
    async def on_unknown_case(_: Request, error: UnknownCaseError) -> JSONResponse:
        return response(unknown_case(str(error)))

    @app.exception_handler(UnavailableError)
    async def on_unavailable(_: Request, error: UnavailableError) -> JSONResponse:
        return response(unavailable(str(error)))

    @app.exception_handler(KeyFileError)
    async def on_key_file(_: Request, error: KeyFileError) -> JSONResponse:
        _log.error("%s", error)
        return response(unavailable("the service's own keys do not open this; whoever runs it finds in the log why"))


def unavailable(detail: str, **told: Any) -> ProblemError:
    """A part of the service is out of reach for the moment."""
    return ProblemError(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "unavailable",
        "A part of the service is out of reach for the moment",
        detail,
        **told,
    )


_DOCUMENTED = {
    400: "The body is not JSON in UTF-8.",
    401: "The key is missing, unknown, expired or revoked, or the signature does not hold.",
    403: "The key's role, or what it is bound to, does not cover this.",
    404: "There is no such thing, or none that the key may know of.",
    408: "The body did not come in time.",
    409: "The rules forbid it now; `rule`, `source` and `allowed` tell which and what instead.",
    410: "It was erased.",
    413: "The body is larger than the API takes: 1 MiB, or as large as the service lets attachments be.",
    415: "The body is not sent as JSON.",
    422: "Fields are wrong; `errors` names each and says what to do.",
    429: "Too many requests; ask again after `Retry-After` seconds. An emergency under a known key is taken in.",
    500: "The service made a mistake; `incident` names it in the log of whoever runs it.",
    503: "A part of the service is out of reach; ask again after `Retry-After` seconds.",
}


def documented(*statuses: int, as_text: bool = False) -> dict[int | str, dict[str, Any]]:
    """What OpenAPI tells of the problems that a route answers with; `as_text` writes the statuses as in a document."""
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {
        (str(status) if as_text else status): {"description": _DOCUMENTED[status], "content": content}
        for status in statuses
    }
