"""Looking somebody up by how they are reached: the reverse of revealing a contact, and noted as that (Art. 8, 28)."""

from api.access import Caller
from api.services import Services
from cases.vocabulary import Complainant

LOOKED_UP = "caller_looked_up"


async def looked_up(services: Services, caller: Caller, person: Complainant) -> tuple[str, ...]:
    """The digests by which somebody is known; that they were asked for is noted first, by the digests alone.

    Raises:
        UnavailableError: PostgreSQL is out of reach, so that nothing can be noted.
    """
    known = services.register.seals.digests.of_person(person)
    if known:
        await services.register.audit.note(
            caller.actor, LOOKED_UP, origin=caller.origin, details={"callers": list(known)}
        )
    return known
