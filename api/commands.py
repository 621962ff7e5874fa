"""Giving a case a command on somebody's behalf."""

from api.access import Caller
from api.idempotency import command_id
from api.lookup import find
from api.problems import blamed
from api.services import Services
from cases.case import Case
from cases.commands import Act, Command
from cases.decide import allowed
from cases.errors import RefusalError
from cases.view import CaseView

_LISTED = "; it takes"


async def submit(services: Services, caller: Caller, number: str, act: Act, idempotency_key: str | None) -> CaseView:
    """The case as the command leaves it.

    Raises:
        RefusalError: a rule forbids it.
        UnknownCaseError: there is no such case, or none that the caller may know of.
        UnavailableError: the engine is out of reach; sending it again under the same Idempotency-Key is safe.
    """
    command = Command(id=id_of(caller, number, act.type, idempotency_key), actor=caller.actor, act=act)
    if caller.key.source is not None:
        await find(services, caller, number)
    try:
        return await services.engine.submit(number, command)
    except RefusalError as error:
        # A unit's command succeeds on its own order alone; whether a refusal may be told depends on whose case it is.
        case, _ = await find(services, caller, number)
        raise _told(error, case, caller, act) from error


def id_of(caller: Caller, number: str, act: str, idempotency_key: str | None) -> str:
    """The id of the command that a caller gives a case: the same when the request is repeated under its key."""
    # The id of a signed message stands for the message; another act under it is other content, not another command.
    return command_id(caller.key.prefix, number, "" if caller.signed else act, idempotency_key)


def _told(error: RefusalError, case: Case, caller: Caller, act: Act) -> RefusalError:
    """The refusal with the steps that the case takes from this very caller: the domain knows roles, but no keys."""
    again = blamed(error) is not None
    takes = [name for name in allowed(case, caller.actor) if caller.may(name) and (again or name != act.type)]
    detail, listed, _ = error.detail.partition(_LISTED)
    if listed:
        detail += f"{_LISTED}: {', '.join(takes)}" if takes else f"{_LISTED} nothing from you now"
    return RefusalError(error.rule, detail, source=error.source, allowed=takes)
