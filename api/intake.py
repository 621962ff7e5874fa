"""Taking a complaint in: its number, its terms, its way to a unit."""

from collections.abc import Collection
from datetime import UTC, datetime

from api.access import Caller
from api.bodies.intake import NewCase
from api.lookup import AHEAD, check_category, check_level, check_unit, find_other, look_up
from api.services import Services
from api.starting import start
from cases import number
from cases.city import City
from cases.commands import Command, Receive, content_fingerprint
from cases.errors import InvalidError, RefusalError, UnavailableError, other_content
from cases.routing import Route
from cases.triage import OutsideDuty, SameMatter
from cases.view import CaseView, view
from cases.vocabulary import Complaint, Location
from records.reach import hurried
from vault.sealing import seal

_OF_KEYS = "key:"
_BRIEFLY = 2.0
"""Seconds that PostgreSQL has to tell what intake can do without, while somebody waits on the telephone."""
_IN_NEED = 3.0
"""Seconds that it has to make a key to seal with, once those held ready are used up."""
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
        UnavailableError: the engine is out of reach, or no key to seal with; asking again under the same reference or
            key is safe.
    """
    if caller.key.source not in (None, case.source):
        raise InvalidError("source", f"this key is bound to the source {caller.key.source!r}; write that")
    if case.source_ref is not None and case.source_ref.startswith(_OF_KEYS):
        raise InvalidError("source_ref", f"must not begin with {_OF_KEYS!r}, by which Idempotency-Keys are told apart")
    for place, accused in enumerate(case.accused):
        check_unit(services.city.catalogue, f"accused.{place}", accused)
    await _check_triage(services, caller, case)
    act = _receive(services.city, case, idempotency_key)
    content = services.register.seals.digests.of_complaint(act.complaint)
    earlier = content_fingerprint(act.complaint)
    try:
        known = await _the_same(services, caller, act.number, {content, earlier})
        if known is not None:
            return known
        taken = await start(services, await _sealed(services, caller, act, content), {earlier})
        # By digests (Art. 9). It only counts calls: a complaint is taken in without it.
        callers = services.register.seals.digests.of_person(act.complaint.complainant)
        await services.calls.note(act.number, callers, act.complaint.received_at)
        return taken
    except RefusalError as error:
        if error.rule == "different_content" and case.source_ref is None:
            raise _reused() from error
        if error.rule == "not_a_consultation":
            raise RefusalError(error.rule, f"triage.ground: {error.detail}", source=error.source) from error
        raise


def level_of(city: City, case: NewCase) -> str:
    """How urgent a complaint is: as intake says, else by its kind or its category.

    Raises:
        InvalidError: there is no such category, or no such level.
    """
    category = check_category(city, "category", case.category)
    level = case.level or city.policy.level_for(case.kind, category.level)
    check_level(city, "level", level)
    return level


async def _the_same(
    services: Services, caller: Caller, number: str, digests: Collection[str]
) -> tuple[CaseView, bool] | None:
    # The engine forgets a closed case after its retention; the register never does.
    try:
        with hurried(_BRIEFLY):
            known = await services.register.content_fingerprint(number)
    except UnavailableError:
        return None
    if known is None:
        return None
    if known not in digests and await services.register.erasures.find(number) is None:
        raise other_content(number)
    case, _ = await look_up(services, caller, number)
    return view(case), False


async def _sealed(services: Services, caller: Caller, act: Receive, content: str) -> Command:
    """The command that receives a complaint, with what may tell of a person sealed (Art. 8)."""
    complaint = act.complaint.model_copy(update={"content": content})
    try:
        with hurried(_IN_NEED, anyway=True):
            key = await services.register.seals.new_key(act.number)
    except UnavailableError as error:
        raise UnavailableError(
            "PostgreSQL is out of reach, and the keys held ready to seal with are used up; nothing was kept, ask again"
        ) from error
    try:
        sealed = seal(act.model_copy(update={"complaint": complaint}), key)
    except InvalidError as error:
        raise InvalidError(error.field.removeprefix("complaint."), error.detail) from error
    return Command(id="receive", actor=caller.actor, act=sealed, digest=content, origin=caller.origin)


def _receive(city: City, case: NewCase, idempotency_key: str | None) -> Receive:
    level = level_of(city, case)
    received_at = _received_at(case.received_at)
    complaint = Complaint(
        **{
            name: getattr(case, name)
            for name in Complaint.model_fields
            if name in NewCase.model_fields and name not in ("location", "received_at")
        },
        location=Location(**dict(case.location)),
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
        found = city.catalogue.route(case.category, case.location.area, level, at)
        if found.unit in case.accused:
            return Route(unit=None, reason="the catalogue names a unit that the report is about; the desk decides")
        return found.model_copy(update={"copy_to": None}) if found.copy_to in case.accused else found
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
        return number.derive(case.source, f"{_OF_KEYS}{idempotency_key}")
    return number.draw()


def _reused() -> RefusalError:
    return RefusalError(
        "command_id_reused",
        "this Idempotency-Key was used for a different complaint; choose a new one for a new matter",
        source="idempotency",
    )
