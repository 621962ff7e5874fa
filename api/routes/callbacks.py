"""Signed callbacks: the steps of a unit, told by its system with the secret it shares with the service."""

from collections.abc import Awaitable, Callable
from functools import cache
from typing import Annotated, Any, get_type_hints

from fastapi import APIRouter, Header, Path, Response
from fastapi.routing import APIRoute
from pydantic import TypeAdapter, ValidationError

from api.advice import FieldError, field_errors
from api.bodies.callbacks import CallbackBody
from api.guard import CallerDep, GuardedRoute
from api.idempotency import idempotency_key
from api.lookup import parsed_number
from api.problems import ProblemError, documented, from_refusal, unknown_case, wrong
from api.routes import assisting, complainant, handling, oversight
from api.services import ServicesDep
from api.signatures import MESSAGE
from api.steps import Asking
from cases.errors import InvalidError, RefusalError, UnknownCaseError
from cases.view import CaseView

router = APIRouter(prefix="/v1", tags=["units"], route_class=GuardedRoute)

_Step = Callable[..., Awaitable[Response]]

_NAMES = {"number": "data.case_number", "Idempotency-Key": MESSAGE, "body": "data"}
_REUSED = (
    "this id came with another message before; give each message an id of its own, and keep it only to send the very "
    "same again"
)


@router.post(
    "/callbacks/{unit:path}",
    response_model=CaseView,
    summary="A step that a unit's system tells (回调)",
    responses=documented(400, 401, 404, 409, 413, 415, 422, 503),
    operation_id="callback_of_unit",
)
async def take_callback(
    unit: Annotated[str, Path(description="The unit's code.", max_length=80)],
    callback: CallbackBody,
    caller: CallerDep,
    services: ServicesDep,
    message: Annotated[
        str,
        Header(
            alias=MESSAGE,
            description="Chosen by you for each message, and sent again when you repeat it: it is done once. Up to 200 "
            "printable ASCII characters.",
        ),
    ],
) -> Response:
    """The same as the step itself, with the same rules and errors; a signature by a secret of the unit is the key.

    `type` names the step, `data` holds `case_number`, for the `assist_` steps `assist`, and what the body of the step
    would hold. On 2xx it is done; on 503 or no answer send it again under the same `webhook-id`, signed anew; on
    anything else read `detail`.
    """
    try:
        number = await parsed_number(callback.data.case_number)
        ask = Asking(number, caller, services, await idempotency_key(message))
        return await _take(ask, callback)
    except RefusalError as error:
        raise _as_sent(from_refusal(error)) from error
    except InvalidError as error:
        raise wrong([FieldError(field=_named(error.field), detail=error.detail)]) from error
    except UnknownCaseError as error:
        raise _as_sent(unknown_case(str(error))) from error
    except ProblemError as error:
        raise _as_sent(error) from error


async def _take(ask: Asking, callback: CallbackBody) -> Response:
    step = _steps()[callback.type]
    takes = get_type_hints(step)
    data = callback.data
    given: dict[str, Any] = {}
    if "assist" in takes:
        if data.assist is None:
            raise InvalidError("assist", "is missing; add which call of the case it is, as the order tells it")
        given["assist"] = data.assist
    elif data.assist is not None:
        raise InvalidError("assist", f"does not go with {callback.type!r}; leave it out, or use an assist_ step")
    try:
        given["body"] = TypeAdapter(takes["body"]).validate_python(data.content)
    except ValidationError as error:
        told = field_errors([{**one, "loc": ("body", *one["loc"])} for one in error.errors()])
        raise wrong([FieldError(field=_named(one.field), detail=one.detail) for one in told]) from None
    return await step(ask, **given)


@cache
def _steps() -> dict[str, _Step]:
    """The routes of all steps, by their acts."""
    routes = (route for side in (handling, assisting, complainant, oversight) for route in side.router.routes)
    return {str(route.operation_id): route.endpoint for route in routes if isinstance(route, APIRoute)}


def _named(field: str) -> str:
    """What a field of a step is called within a callback."""
    return field if field in _NAMES.values() else _NAMES.get(field, f"data.{field}")


def _as_sent(error: ProblemError) -> ProblemError:
    """A problem of a step with the names that its fields have within a callback."""
    told = error.problem.errors or []
    errors = [one.model_copy(update={"field": _named(one.field)}) for one in told if not one.field.startswith("data.")]
    changed: dict[str, Any] = {"errors": errors or error.problem.errors}
    if error.problem.rule == "command_id_reused":
        changed |= {"title": "The webhook-id was used for another message", "detail": f"{MESSAGE}: {_REUSED}"}
        changed["errors"] = [FieldError(field=MESSAGE, detail=_REUSED)]
    error.problem = error.problem.model_copy(update=changed)
    return error
