"""Notices that cases of the first layout ask for one by one: put where all others wait to be planned."""

from temporalio import activity
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory

from activities.messages import SEND_NOTICE, NoticeRequest
from cases.evolve import fold
from cases.notice import notice
from records.register import Register


class Notices:
    """Owes people what became of a case. Asked twice for the same, it owes it once."""

    def __init__(self, register: Register) -> None:
        self._register = register

    @activity.defn(name=SEND_NOTICE)
    async def send(self, request: NoticeRequest) -> None:
        """Have one notice sent; a courier takes it from there.

        Raises:
            ApplicationError: `not_recorded`, the register does not have the event yet; trying again helps.
            UnavailableError: the register is out of reach; trying again helps.
        """
        effect = request.effect
        events = await self._register.events(request.number, limit=effect.seq)
        if len(events) < effect.seq:
            told = f"event {effect.seq} of case {request.number} is not in the register yet"
            # Nothing is wrong: it comes again once the event is there.
            raise ApplicationError(told, type="not_recorded", category=ApplicationErrorCategory.BENIGN)
        await self._register.sendings.owe([notice(fold(events), events[-1], effect)])
