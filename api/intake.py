"""Taking a complaint in: its number, its terms, its way to a unit."""

from datetime import UTC, datetime, timedelta

from api.access import Caller
from api.lookup import find, unknown
from api.models import NewCase
from api.services import Services
from cases import number
from cases.commands import Command, Receive, content_fingerprint
from cases.errors import InvalidError, RefusalError, UnavailableError
from cases.routing import Route
from cases.view import CaseView, view
from cases.vocabulary import Complaint
from hotline.policies import City

_EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
_AHEAD = timedelta(seconds=60)
"""How far ahead of ours a caller's clock may run."""


async def take_in(
    services: Services, caller: Caller, case: NewCase, idempotency_key: str | None
) -> tuple[CaseView, bool]:
    """The case of a complaint, and whether it is new.

    The number comes of the source's own reference, else of the Idempotency-Key: whoever asks again finds the same
    case. Without either, each request is a matter of its own.

    Raises:
        InvalidError: a field cannot be used, or the key is bound to another source.
        RefusalError: the reference, or the Idempotency-Key, belongs to other content.
        UnavailableError: the engine is out of reach; asking again under the same reference or key is safe.
    """
    if caller.key.source not in (None, case.source):
        raise InvalidError("source", f"this key is bound to the source {caller.key.source!r}; write that")
    act = _receive(services.city, case, idempotency_key)
    try:
        return await _the_same(services, caller, act) or await services.engine.start(
            Command(id="receive", actor=caller.actor, act=act)
        )
    except RefusalError as error:
        if error.rule == "different_content" and case.source_ref is None:
            raise _reused() from error
        raise


async def _the_same(services: Services, caller: Caller, act: Receive) -> tuple[CaseView, bool] | None:
    # The engine forgets a closed case after its retention; the register never does.
    try:
        known = await services.register.content_fingerprint(act.number)
    except UnavailableError:
        return None
    if known is None:
        return None
    if known != content_fingerprint(act.complaint):
        raise RefusalError(
            "different_content",
            f"source_ref: this reference already belongs to case {act.number} with other content; "
            "send the same content to get that case, or use a reference of its own for a new matter",
            source="intake",
        )
    case, _ = await find(services, caller, act.number)
    return view(case), False


def _receive(city: City, case: NewCase, idempotency_key: str | None) -> Receive:
    category = city.catalogue.categories.get(case.category)
    if category is None:
        known = city.catalogue.categories
        raise InvalidError("category", unknown("category", case.category, known, "GET /v1/categories"))
    level = case.level or category.level
    if level not in city.policy.levels:
        raise InvalidError("level", f"there is no level {level!r}; the levels are: {', '.join(city.policy.levels)}")
    complaint = Complaint(
        **{name: getattr(case, name) for name in Complaint.model_fields if name != "received_at"},
        received_at=_received_at(case.received_at),
    )
    return Receive(
        number=_number(case, idempotency_key),
        complaint=complaint,
        terms=city.policy.terms(level),
        route=_route(city, case),
    )


def _route(city: City, case: NewCase) -> Route:
    if case.unit is None:
        return city.catalogue.route(case.category, case.location.area)
    if case.unit not in city.catalogue.units:
        raise InvalidError("unit", unknown("unit", case.unit, city.catalogue.units, "GET /v1/units"))
    return city.catalogue.to(case.unit, "named by intake")


def _received_at(given: datetime | None) -> datetime:
    now = datetime.now(UTC)
    if given is None:
        return now
    if given > now + _AHEAD:
        raise InvalidError("received_at", "lies in the future; write when the complaint came in, or leave it out")
    if given < _EARLIEST:
        raise InvalidError("received_at", "lies before the year 2000; write when the complaint came in")
    return given.astimezone(UTC)


def _number(case: NewCase, idempotency_key: str | None) -> str:
    if case.source_ref is not None:
        return number.derive(case.source, case.source_ref)
    if idempotency_key is not None:
        return number.derive(case.source, f"key:{idempotency_key}")
    return number.draw()


def _reused() -> RefusalError:
    return RefusalError(
        "command_id_reused",
        "this Idempotency-Key was used for a different complaint; choose a new one for a new matter",
        source="idempotency",
    )
