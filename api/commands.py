"""Giving a case a command on somebody's behalf."""

from api.access import Caller
from api.idempotency import command_id
from api.lookup import find
from api.services import Services
from cases.commands import Act, Command
from cases.errors import RefusalError
from cases.view import CaseView


async def submit(services: Services, caller: Caller, number: str, act: Act, idempotency_key: str | None) -> CaseView:
    """The case as the command leaves it.

    Raises:
        RefusalError: a rule forbids it.
        UnknownCaseError: there is no such case, or none that the caller may know of.
        UnavailableError: the engine is out of reach; sending it again under the same Idempotency-Key is safe.
    """
    command = Command(id=command_id(caller.key.prefix, number, act.type, idempotency_key), actor=caller.actor, act=act)
    if caller.key.source is not None:
        await find(services, caller, number)
    try:
        return await services.engine.submit(number, command)
    except RefusalError:
        # A unit's command succeeds on its own order alone; whether a refusal may be told depends on whose case it is.
        await find(services, caller, number)
        raise
