"""A new version of a policy and the cases that are open: finds them, and offers each what the version has for it."""

import asyncio
from collections import Counter
from datetime import date
from typing import Protocol

from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.messages import ADOPT, FIND_CASES, Adopted, Adoption, Found, Ruling, Search, Told
from cases.adoption import Fate, offer
from cases.case import Case
from cases.commands import Adopt, Command
from cases.errors import RefusalError, UnavailableError, UnknownCaseError
from cases.policy import Policy
from cases.view import CaseView
from cases.vocabulary import SYSTEM
from records.register import Register

_AT_ONCE = 8
"""Cases that one page has under way: few enough that complaints coming in do not wait behind them."""

_PAUSES = (0.5, 2.0)
"""Seconds between tries of a case that does not answer, before it is left for the next round."""

_UNREMARKABLE = frozenset({Fate.ADOPTED, Fate.RENEWED, Fate.KEPT, Fate.ENDED})


class Cases(Protocol):
    """Whoever knows cases and can give them commands."""

    async def case(self, number: str) -> Case:
        """A case as it stands."""

    async def submit(self, number: str, command: Command) -> CaseView:
        """Give a case a command, also one that has ended."""


class Adoptions:
    """Works for one register and its cases."""

    def __init__(self, register: Register, cases: Cases) -> None:
        self._policies = register.policies
        self._cases = cases

    @activity.defn(name=FIND_CASES)
    async def find(self, search: Search) -> Found:
        """A page of the open cases that are not held to a version.

        Raises:
            ApplicationError: `superseded`, another version is in force by now.
            UnavailableError: the register is out of reach; trying again helps.
        """
        policy = await self._policy(search.ruling)
        held = policy.version
        count = 0
        if search.after == ("", "") and search.came_after is None:
            by_version = await self._policies.open_by_version(policy.policy)
            count = sum(cases for version, cases in by_version.items() if version != held)
            if policy.open_cases == "keep" and policy.calendar is None:
                return Found(open=count, untouched=True)
        page = await self._policies.open_cases(policy.policy, held, search.after, search.came_after, search.limit)
        return Found(
            numbers=tuple(one.number for one in page),
            fresh=tuple(one.number for one in page if one.came_in > search.fresh_after),
            next=(page[-1].version, page[-1].number) if len(page) == search.limit else None,
            open=count,
        )

    @activity.defn(name=ADOPT)
    async def adopt(self, adoption: Adoption) -> Adopted:
        """Offer each of some cases what a version has for it. A case that has taken it already counts as it did then.

        Raises:
            ApplicationError: `superseded`, another version is in force by now.
            UnavailableError: the register is out of reach; trying again helps.
        """
        policy = await self._policy(adoption.ruling)
        gate = asyncio.Semaphore(_AT_ONCE)

        async def one(number: str) -> Told:
            async with gate:
                told = await self._patiently(number, adoption.ruling, policy)
                activity.heartbeat()
                return told

        tasks = [asyncio.create_task(one(number)) for number in adoption.numbers]
        try:
            told = await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
        return Adopted(
            counts=dict(Counter(each.fate for each in told)),
            told=tuple(each for each in told if each.fate not in _UNREMARKABLE),
        )

    async def _patiently(self, number: str, ruling: Ruling, policy: Policy) -> Told:
        for pause in (*_PAUSES, 0.0):
            # Asked again for each case, so that an adoption that another one overtakes undoes nothing of it.
            await self._check_in_force(ruling)
            try:
                return await self._offer(number, ruling, policy)
            except UnknownCaseError:
                why = "the engine holds no such case, though its record is open"
                return Told(number=number, fate=Fate.REFUSED, why=why)
            except UnavailableError as error:
                told = Told(number=number, fate=Fate.UNANSWERED, why=str(error))
            await asyncio.sleep(pause)
        return told

    async def _offer(self, number: str, ruling: Ruling, policy: Policy) -> Told:
        case = await self._cases.case(number)
        offered = offer(case, policy, _day(ruling, policy))
        told = Told(number=number, fate=offered.fate, why=offered.why)
        command_id = f"adopt:{ruling.policy}:{ruling.version}:{int(ruling.since.timestamp())}"
        if command_id in case.commands:
            return told if policy.open_cases == "adopt" else told.model_copy(update={"fate": Fate.RENEWED})
        if not case.open:
            return told.model_copy(update={"fate": Fate.ENDED})
        if offered.terms is None:
            return told
        command = Command(id=command_id, actor=SYSTEM, act=Adopt(terms=offered.terms, reason=offered.why))
        try:
            await self._cases.submit(number, command)
        except RefusalError as refusal:
            ended = not (await self._cases.case(number)).open
            return told.model_copy(update={"fate": Fate.ENDED if ended else Fate.REFUSED, "why": refusal.detail})
        return told

    async def _policy(self, ruling: Ruling) -> Policy:
        await self._check_in_force(ruling)
        policy = await self._policies.policy(ruling.policy, ruling.version)
        if policy is None:
            raise ApplicationError(
                f"there is no policy {ruling.policy} {ruling.version}", type="superseded", non_retryable=True
            )
        return policy if ruling.speed is None else policy.faster(ruling.speed)

    async def _check_in_force(self, ruling: Ruling) -> None:
        current = await self._policies.in_force(ruling.policy)
        if current is None or (current.version, current.in_force_since) != (ruling.version, ruling.since):
            told = f"policy {ruling.policy} {current.version if current else 'of another register'} is in force by now"
            raise ApplicationError(told, type="superseded", non_retryable=True)


def _day(ruling: Ruling, policy: Policy) -> date:
    return ruling.since.astimezone(policy.city_zone).date()
