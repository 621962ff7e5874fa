"""Taking a complaint in: its number, its terms, its way to a unit."""

from datetime import UTC, datetime

from api.access import Caller
from api.bodies.intake import NewCase
from api.lookup import AHEAD, check_category, check_level, check_unit, find, find_other
from api.services import Services
from api.starting import start
from cases import number
from cases.city import City
from cases.commands import Command, Receive, content_fingerprint
from cases.errors import InvalidError, RefusalError, UnavailableError
from cases.routing import Route
from cases.triage import OutsideDuty, SameMatter
from cases.view import CaseView, view
from cases.vocabulary import Complaint

_EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)


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
    await _check_triage(services, caller, case)
    act = _receive(services.city, case, idempotency_key)
    try:
        return await _the_same(services, caller, act) or await start(
            services, Command(id="receive", actor=caller.actor, act=act)
        )
    except RefusalError as error:
        if error.rule == "different_content" and case.source_ref is None:
            raise _reused() from error
        if error.rule == "not_a_consultation":
            raise RefusalError(error.rule, f"triage.ground: {error.detail}", source=error.source) from error
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
    category = check_category(city, "category", case.category)
    level = case.level or city.policy.level_for(case.kind, category.level)
    check_level(city, "level", level)
    received_at = _received_at(case.received_at)
    complaint = Complaint(
        **{
            name: getattr(case, name)
            for name in Complaint.model_fields
            if name in NewCase.model_fields and name != "received_at"
        },
        received_at=received_at,
    )
    return Receive(
        number=_number(case, idempotency_key),
        complaint=complaint,
        terms=city.policy.terms(level, received_at.astimezone(city.policy.city_zone).date()),
        route=_route(city, case, level, received_at),
        triage=case.triage,
    )


async def _check_triage(services: Services, caller: Caller, case: NewCase) -> None:
    if isinstance(case.triage, SameMatter):
        await find_other(services, caller, "triage.case", case.triage.case)
    elif isinstance(case.triage, OutsideDuty) and case.triage.unit is not None:
        check_unit(services.city.catalogue, "triage.unit", case.triage.unit)


def _route(city: City, case: NewCase, level: str, at: datetime) -> Route:
    if case.unit is None:
        return city.catalogue.route(case.category, case.location.area, level, at)
    check_unit(city.catalogue, "unit", case.unit)
    return city.catalogue.to(case.unit, "named by intake")


def _received_at(given: datetime | None) -> datetime:
    now = datetime.now(UTC)
    if given is None:
        return now
    if given > now + AHEAD:
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
