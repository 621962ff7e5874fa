"""The form that all steps of a case share: who asks for what of which case, and the case as the step leaves it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, cast

from fastapi import APIRouter, Depends, Request, Response
from fastapi.types import DecoratedCallable

from api.access import Caller, step_address
from api.answers import answer
from api.commands import id_of, submit
from api.guard import GuardedRoute, let_in
from api.idempotency import KeyInHeader, idempotency_key
from api.lookup import NumberInAddress, check_unit, find_other, parsed_number
from api.problems import documented
from api.services import Services, of
from cases.case import Case
from cases.commands import Act
from cases.view import CaseView
from cases.vocabulary import Value


@dataclass(frozen=True)
class Asking:
    """Somebody who asks for a step of a case. Called with the act and its body, it answers with the new state."""

    number: str
    caller: Caller
    services: Services
    idempotency_key: str | None

    async def __call__(self, kind: type[Value], body: Value | None = None, **more: Any) -> Response:
        """Give the case the act of a kind, with what the body and `more` say of it. Raises like `submit`."""
        told = body.model_dump(exclude={"type", "attachment"}) if body is not None else {}
        act = cast(Act, kind.model_validate(told | more))
        taken = await submit(self.services, self.caller, self.number, act, self.idempotency_key)
        return answer(taken, self.services.city.policy.city_zone)

    def command_id(self, act: str) -> str:
        """The id of the command that asks for an act: the same when the request is repeated under its key."""
        return id_of(self.caller, self.number, act, self.idempotency_key)

    def copy_to(self, field: str, unit: str) -> str | None:
        """The district that gets the copy of a unit's order, by the catalogue (Art. 12).

        Raises:
            InvalidError: the catalogue has no such unit; names the field.
        """
        return check_unit(self.services.city.catalogue, field, unit).district

    def check(self, field: str, unit: str | None) -> None:
        """See that the catalogue has a unit, where one is named. Raises like `copy_to`."""
        if unit is not None:
            self.copy_to(field, unit)

    async def other(self, field: str, number: str) -> Case:
        """Another case that a field of the body names.

        Raises:
            InvalidError: there is none, or none that the caller may know of; names the field.
        """
        return await find_other(self.services, self.caller, field, number)


async def asking(request: Request, number: NumberInAddress, key: KeyInHeader = None) -> Asking:
    """Who asks for a step of the case in the address."""
    # Called here, and no dependencies of their own: to have those resolved for each request costs a multiple.
    return Asking(await parsed_number(number), await let_in(request), of(request), await idempotency_key(key))


Ask = Annotated[Asking, Depends(asking)]


class Steps(APIRouter):
    """The steps of one side. Each is named after its act, which is what `allowed` calls it too."""

    def __init__(self, side: str) -> None:
        super().__init__(
            prefix="/v1/cases/{number}",
            tags=[side],
            route_class=GuardedRoute,
            responses=documented(400, 401, 403, 404, 409, 413, 415, 422, 503),
        )

    def step(self, act: str, summary: str) -> Callable[[DecoratedCallable], DecoratedCallable]:
        """The route of an act."""
        return self.post(step_address(act), response_model=CaseView, summary=summary, operation_id=act)
