"""Giving a case a command on somebody's behalf."""

from datetime import UTC, datetime

from api.access import Caller
from api.idempotency import command_id
from api.lookup import find
from api.services import Services
from cases.commands import Act, Command
from cases.decide import decide
from cases.errors import RefusalError, UnavailableError, UnknownCaseError
from cases.view import CaseView, view


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
    except UnknownCaseError:
        return await _on_record(services, caller, number, command)
    except RefusalError:
        # A unit's command succeeds on its own order alone; whether a refusal may be told depends on whose case it is.
        await find(services, caller, number)
        raise


async def _on_record(services: Services, caller: Caller, number: str, command: Command) -> CaseView:
    # The engine has forgotten cases that closed long ago; their record still says why they take no command.
    case = await services.register.case(number)
    caller.check_sees(case)
    if decide(case, command, datetime.now(UTC)):
        raise UnavailableError("the engine does not know this open case; tell whoever runs the service")
    return view(case)
