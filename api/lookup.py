"""Finding a case: from its workflow, else from its record."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from itertools import takewhile
from typing import Annotated, Literal

from fastapi import Depends, Path

from api.access import Caller
from api.problems import unknown_case, unknown_unit
from api.services import Services
from cases import number as case_number
from cases.case import Case
from cases.city import City
from cases.errors import InvalidError, UnavailableError, UnknownCaseError
from cases.events import Event
from cases.evolve import fold
from cases.routing import Catalogue, Category, Unit

AsOf = Literal["workflow", "record"]

AHEAD = timedelta(seconds=60)
"""How far ahead of ours a caller's clock may run."""


NumberInAddress = Annotated[str, Path(description="The case number, as it was given or read aloud.", max_length=100)]


async def parsed_number(number: NumberInAddress) -> str:
    """The number in an address, however it was spelled.

    Raises:
        ProblemError: no case can have it: it was mistyped.
    """
    try:
        return case_number.parse(number)
    except InvalidError as error:
        raise unknown_case(error.detail) from error


NumberDep = Annotated[str, Depends(parsed_number)]


async def find(services: Services, caller: Caller, number: str) -> tuple[Case, AsOf]:
    """A case with its texts opened, and whether its workflow or its record tells of it.

    A text whose key was destroyed or is out of reach says so in its place; so it does wherever a case is found here.
    Raises like `look_up`.
    """
    case, as_of = await look_up(services, caller, number)
    return await services.register.seals.open(case, Case), as_of


async def look_up(services: Services, caller: Caller, number: str) -> tuple[Case, AsOf]:
    """A case as it is kept, with its texts sealed, and whether its workflow or its record tells of it.

    Raises:
        UnknownCaseError: there is none, or the caller may not know of it.
        UnavailableError: neither engine nor register could tell.
    """
    try:
        case = await services.engine.case(number)
    except (UnavailableError, UnknownCaseError) as error:
        with _never_denied(number, error):
            case = await services.register.case(number)
            caller.check_sees(case)
        return case, "record"
    caller.check_sees(case)
    return case, "workflow"


async def find_events(
    services: Services, caller: Caller, number: str, after: int, limit: int
) -> tuple[list[Event], AsOf]:
    """Up to `limit` events of a case that follow the `after`-th. Raises like `find`."""
    try:
        happened = await services.engine.events(number)
    except (UnavailableError, UnknownCaseError) as error:
        with _never_denied(number, error):
            caller.check_sees(await services.register.case(number))
        recorded = await services.register.events(number, after, limit)
        return await services.register.seals.open(recorded, list[Event]), "record"
    caller.check_sees(fold(happened))
    return await services.register.seals.open(happened[after : after + limit], list[Event]), "workflow"


async def find_history(
    services: Services, caller: Caller, number: str, moment: datetime | None = None
) -> tuple[list[Event], AsOf]:
    """Everything that happened to a case, or had happened by a moment. Raises like `find`, and

    Raises:
        InvalidError: the moment lies before the receipt, or in the future.
    """
    if moment is not None and moment > datetime.now(UTC) + AHEAD:
        raise InvalidError("as_of", "lies in the future; leave it out to see how the case stands now")
    as_of: AsOf = "workflow"
    try:
        happened = await services.engine.events(number)
    except (UnavailableError, UnknownCaseError) as error:
        as_of = "record"
        with _never_denied(number, error):
            happened = await services.register.history(number)
            caller.check_sees(fold(happened))
    else:
        caller.check_sees(fold(happened))
    if moment is None:
        return await services.register.seals.open(happened, list[Event]), as_of
    until = list(takewhile(lambda event: event.at <= moment, happened))
    if not until:
        received = happened[0].at.astimezone(services.city.policy.city_zone).isoformat()
        raise InvalidError("as_of", f"lies before the receipt of the case; write {received} or later")
    return await services.register.seals.open(until, list[Event]), as_of


async def find_at(services: Services, caller: Caller, number: str, moment: datetime) -> tuple[Case, AsOf]:
    """A case as it stood at a moment: what had happened by then, and no more. Raises like `find_history`."""
    happened, as_of = await find_history(services, caller, number, moment)
    return fold(happened), as_of


@contextmanager
def _never_denied(number: str, error: Exception) -> Iterator[None]:
    """See that no case is denied which only the engine may know of yet: a register learns of a case by and by.

    Raises:
        UnavailableError: the engine was out of reach, and the register does not know the case, or not for this caller:
            the two must not be told from each other.
    """
    try:
        yield
    except UnknownCaseError:
        if not isinstance(error, UnavailableError):
            raise
        raise UnavailableError(f"nobody can tell at the moment whether there is a case {number}; ask again") from error


async def find_other(services: Services, caller: Caller, field: str, number: str) -> Case:
    """Another case that a field names.

    Raises:
        InvalidError: there is none, or none that the caller may know of; names the field.
        UnavailableError: neither engine nor register could tell.
    """
    try:
        case, _ = await find(services, caller, number)
    except UnknownCaseError as error:
        raise InvalidError(field, str(error)) from error
    return case


def check_unit(catalogue: Catalogue, field: str, unit: str) -> Unit:
    """The unit that a field names.

    Raises:
        InvalidError: the catalogue has none of that code; names the field, and codes that were perhaps meant.
    """
    if unit not in catalogue.units:
        raise InvalidError(field, unknown("unit", unit, catalogue.units, "GET /v1/units"))
    return catalogue.units[unit]


async def check_known(services: Services, unit: str) -> None:
    """See that there is a unit; one of an earlier policy may still have orders, and the register knows it.

    Raises:
        ProblemError: there is none (404).
        UnavailableError: PostgreSQL is out of reach.
    """
    known = services.city.catalogue.units
    if unit not in known and await services.register.unit(unit) is None:
        raise unknown_unit(unknown("unit", unit, known, "GET /v1/units"))


def check_category(city: City, field: str, category: str) -> Category:
    """The category that a field names. Raises like `check_unit`."""
    known = city.catalogue.categories
    if category not in known:
        raise InvalidError(field, unknown("category", category, known, "GET /v1/categories"))
    return known[category]


def check_level(city: City, field: str, level: str) -> None:
    """See that the policy has a level.

    Raises:
        InvalidError: it has not; names the field and the levels there are.
    """
    if level not in city.policy.levels:
        # The register forgets in which order a file has them.
        levels = sorted(city.policy.levels, key=lambda code: city.policy.levels[code].priority)
        raise InvalidError(field, f"there is no level {level!r}; the levels are: {', '.join(levels)}")


def unknown(noun: str, given: str, known: Iterable[str], listed: str) -> str:
    """That there is no such code, what somebody who mistyped it may have meant, and where all of them are listed."""
    close = get_close_matches(given, list(known), n=3)
    hint = f"did you mean {' or '.join(close)}? " if close else ""
    return f"there is no {noun} {given!r}; {hint}{listed} lists them"
