"""Giving a case a command on somebody's behalf."""

from api.access import Caller
from api.idempotency import command_id
from api.lookup import look_up
from api.problems import blamed
from api.services import Services
from api.starting import kept_so_far
from cases.case import Case
from cases.commands import Act, Command, fingerprint
from cases.decide import allowed
from cases.errors import RefusalError, UnavailableError
from cases.order import Assist, Order
from cases.view import CaseView, view

_LISTED = "; it takes"
_WORDS = frozenset({"note", "supplement"})
"""What the domain takes from every unit that ever had a part in a case."""


async def submit(services: Services, caller: Caller, number: str, act: Act, idempotency_key: str | None) -> CaseView:
    """The case as the command leaves it. Its texts are sealed here, before anything of it is kept (Art. 8).

    Raises:
        InvalidError: a text reads like one that is sealed; names its field.
        RefusalError: a rule forbids it.
        UnknownCaseError: there is no such case, or none that the caller may know of.
        UnavailableError: the engine is out of reach, the case is kept and not started yet, or there is no key to seal
            with; sending it again under the same Idempotency-Key is safe.
    """
    if caller.key.source is not None:
        await look_up(services, caller, number)
    if caller.key.role.of_unit and act.type in _WORDS:
        case, _ = await look_up(services, caller, number)
        check_takes_part(caller, case)
    seals = services.register.seals
    command = Command(
        id=id_of(caller, number, act.type, idempotency_key),
        actor=caller.actor,
        act=await seals.seal(act, number),
        digest=seals.digests.of_act(act),
        origin=caller.origin,
    )
    try:
        return await services.engine.submit(number, command)
    except UnavailableError as error:
        raise await kept_so_far(services, caller, number, error) from error
    except RefusalError as error:
        # A unit's command succeeds on its own order alone; whether a refusal may be told depends on whose case it is.
        case, _ = await look_up(services, caller, number)
        if error.rule == "command_id_reused" and case.commands.get(command.id) == fingerprint(act):
            # An earlier release took it, and knew it by another digest.
            return view(case)
        raise _told(error, case, caller, act) from error


def check_takes_part(caller: Caller, case: Case) -> None:
    """See that a unit that adds to a case has a part in it now, or had the last one, and that it is not reported in it.

    Raises:
        RefusalError: it is not so.
    """
    unit = caller.key.unit
    if not caller.key.role.of_unit or unit is None:
        return
    parts: list[Order | Assist] = [*case.orders[-1:], *(one for one in case.assists if one.outstanding)]
    having = {one.unit for one in parts} | {one.copy_to for one in parts} | set(case.asked)
    if unit not in having or unit in case.complaint.accused:
        raise RefusalError(
            "not_your_part", "this unit has no part in the case now to which it could add anything", source="Art. 14"
        )


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
