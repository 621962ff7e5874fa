"""Starting the case of a complaint that was taken in; while the engine is away, keeping it until it can be."""

import logging
from collections.abc import Collection
from contextlib import suppress

from api.access import Caller
from api.services import Services
from cases.commands import Command
from cases.errors import UnavailableError, UnknownCaseError
from cases.view import CaseView, view
from records.reach import hurried
from workflows.reach import KnownAwayError

_PATIENCE = 5.0
"""Seconds that PostgreSQL has to keep a complaint while somebody waits on the telephone."""

_log = logging.getLogger("hotline.intake")


async def start(services: Services, command: Command, known_as: Collection[str] = ()) -> tuple[CaseView, bool]:
    """Start the case that a `Receive` asks for, or keep it until the engine answers; it is durable once this returns.

    A hotline cannot refuse a call: the caller has the number either way, and the limits count from the receipt. Whether
    an engine that did not answer has started the case is all the same, since a case starts only once.

    Returns:
        The case, and whether it is new. Starting the same complaint again finds the case that is there.

    Raises:
        RefusalError: the number belongs to a different complaint.
        UnavailableError: neither engine nor register is within reach; asking again is safe.
    """
    try:
        return await services.engine.start(command, known_as)
    except UnavailableError as away:
        known = isinstance(away, KnownAwayError)
    try:
        with hurried(_PATIENCE, anyway=True):
            case, new = await services.register.kept.keep(command, known_as)
    except UnavailableError as error:
        if known:
            # Before anybody is sent away, the engine is asked, whatever is remembered of it.
            with suppress(UnavailableError):
                return await services.engine.start(command, known_as, anyway=True)
        raise UnavailableError(
            "neither the engine nor PostgreSQL answers, and the complaint could not be kept; ask again"
        ) from error
    if new:
        _log.info("case %s is kept until the engine answers", case.number)
    return view(case), new


async def kept_so_far(services: Services, caller: Caller, number: str, error: UnavailableError) -> UnavailableError:
    """Why a step could not be taken: if the case is kept and not started yet, and the caller may see it, that."""
    try:
        if not await services.register.kept.waits(number):
            return error
        caller.check_sees(await services.register.case(number))
    except (UnavailableError, UnknownCaseError):
        return error
    return UnavailableError(
        f"case {number} came in while the engine was out of reach; it is kept, takes steps as soon as it is started, "
        "and its limits count from the receipt; ask again"
    )
