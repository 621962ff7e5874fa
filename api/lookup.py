"""Finding a case: from its workflow, else from its record."""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Annotated, Literal

from fastapi import Depends, Path

from api.access import Caller
from api.problems import unknown_case
from api.services import Services
from cases import number as case_number
from cases.case import Case
from cases.errors import InvalidError, UnavailableError, UnknownCaseError
from cases.events import Event
from cases.evolve import fold

AsOf = Literal["workflow", "record"]


def parsed_number(
    number: Annotated[str, Path(description="The case number, as it was given or read aloud.", max_length=100)],
) -> str:
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
    """A case, and whether its workflow or its record tells of it.

    Raises:
        UnknownCaseError: there is none, or the caller may not know of it.
        UnavailableError: neither engine nor register could tell.
    """
    as_of: AsOf = "workflow"
    try:
        case = await services.engine.case(number)
    except (UnavailableError, UnknownCaseError):
        as_of, case = "record", await services.register.case(number)
    caller.check_sees(case)
    return case, as_of


async def find_events(
    services: Services, caller: Caller, number: str, after: int, limit: int
) -> tuple[list[Event], AsOf]:
    """Up to `limit` events of a case that follow the `after`-th. Raises like `find`."""
    try:
        happened = await services.engine.events(number)
    except (UnavailableError, UnknownCaseError):
        caller.check_sees(await services.register.case(number))
        return await services.register.events(number, after, limit), "record"
    caller.check_sees(fold(happened))
    return happened[after : after + limit], "workflow"


def unknown(noun: str, given: str, known: Iterable[str], listed: str) -> str:
    """That there is no such code, what somebody who mistyped it may have meant, and where all of them are listed."""
    close = get_close_matches(given, list(known), n=3)
    hint = f"did you mean {' or '.join(close)}? " if close else ""
    return f"there is no {noun} {given!r}; {hint}{listed} lists them"
