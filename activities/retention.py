"""Erasing the cases whose time is over, and what is left of erased ones outside the register."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta

from temporalio import activity

from activities.messages import (
    DROP_LEFTOVERS,
    ERASE_DUE,
    SETTLE_ERASED,
    DuePlace,
    Erased,
    ErasingPage,
    Settled,
    SettlingPage,
)
from cases.errors import RefusalError, UnavailableError
from cases.vocabulary import SYSTEM
from records import retention_rules
from records.erasures import Place
from records.register import Register
from records.sendings import KEPT

UNCLAIMED = timedelta(days=90)
"""How old a key must be that no case has claimed, to be nobody's: far older than any event may wait to be recorded."""

Forget = Callable[[str], Awaitable[object]]
"""Takes away what lies of an erased case in one place outside the register; done again, it does nothing."""

_log = logging.getLogger(__name__)


class Retention:
    """Works for one register, and the places where more of its cases lies."""

    def __init__(self, register: Register, outside: Sequence[Forget] = ()) -> None:
        """Args:
        register: Whose cases.
        outside: What forgets a case elsewhere: the engine its history, the store its attachments. Each raises
            UnavailableError while its place is out of reach.
        """
        self._register = register
        self._outside = outside

    @activity.defn(name=ERASE_DUE)
    async def erase_due(self, page: ErasingPage) -> Erased:
        """Erase a page of the cases whose time is over, at a bounded pace. Begun again, it goes on with the rest.

        A case that cannot be erased, as one that was just put on hold, holds up no other.

        Raises:
            UnavailableError: the register is out of reach; trying again helps.
        """
        rules = await retention_rules.today(self._register.policies)
        after = Place(**page.after.model_dump()) if page.after is not None else None
        due = await self._register.erasures.due(rules, page.now, page.limit, after)
        erased = failed = 0
        for one in due:
            try:
                await self._register.erasures.erase(one.number, rule=one.rule, reason="", actor=SYSTEM)
                erased += 1
            except UnavailableError:
                raise
            except RefusalError as refusal:
                _log.warning("case %s is not erased: %s", one.number, refusal.rule)
                failed += 1
            except Exception as error:  # noqa: BLE001 - one case must not keep all others
                _log.error("case %s cannot be erased: %s", one.number, type(error).__name__)
                failed += 1
            else:
                await self._settle(one.number)
            activity.heartbeat()
            await asyncio.sleep(1 / page.a_second)
        following = DuePlace(**due[-1].place.model_dump()) if len(due) == page.limit else None
        return Erased(erased=erased, failed=failed, next=following)

    @activity.defn(name=SETTLE_ERASED)
    async def settle_erased(self, page: SettlingPage) -> Settled:
        """See to what is left outside of cases that were erased while a part of the outside was away.

        Raises:
            UnavailableError: the register is out of reach; trying again helps.
        """
        numbers = await self._register.erasures.unsettled(page.limit, page.after)
        settled = 0
        for number in numbers:
            settled += await self._settle(number)
            activity.heartbeat()
        return Settled(settled=settled, next=numbers[-1] if len(numbers) == page.limit else None)

    @activity.defn(name=DROP_LEFTOVERS)
    async def drop_leftovers(self) -> int:
        """Drop keys that no case has claimed for long, and the words of notices that have failed for long.

        Returns:
            How many keys were dropped.

        Raises:
            UnavailableError: the register is out of reach; trying again helps.
        """
        now = activity.info().current_attempt_scheduled_time
        await self._register.sending_queue.forget(now - KEPT)
        return await self._register.seals.data_keys.drop_unclaimed(now - UNCLAIMED)

    async def _settle(self, number: str) -> bool:
        self._register.seals.forget(number)
        return await settle(self._register, number, self._outside)


async def settle(register: Register, number: str, outside: Sequence[Forget]) -> bool:
    """Take away what lies of an erased case outside the register, and take that down; whether all of it is gone.

    Raises:
        UnavailableError: the register is out of reach.
    """
    for forget in outside:
        try:
            await forget(number)
        except UnavailableError:
            _log.warning("of the erased case %s something is left outside; the next night takes it away", number)
            return False
    await register.erasures.settle(number)
    return True
