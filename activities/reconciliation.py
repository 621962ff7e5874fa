"""Comparing what the engine holds of cases with what the register holds, and mending the register."""

import asyncio
import logging
from collections.abc import Sequence
from typing import NamedTuple, Protocol

from temporalio import activity

from activities.messages import (
    CONCLUDE,
    MEND,
    SURVEY,
    Drifted,
    Life,
    Mended,
    Mending,
    Reconciled,
    Side,
    Standing,
    Surveyed,
    SurveyPage,
    Tally,
)
from cases.case import Case
from cases.drift import Drift
from cases.errors import InvalidError, UnavailableError
from cases.events import Event
from records.drift import Flaw, InRegister
from records.errors import ConflictError
from records.posting import RacedError
from records.register import Register

_IN_WRITING_SINCE = 2
"""Since that layout of a run, what events owe is written with them."""

_MOST_NAMED = 5

_AT_ONCE = 4
"""Cases that are compared side by side: each waits for the engine and for the register."""

_log = logging.getLogger(__name__)


class Runs(Protocol):
    """The runs of cases in the engine. Every method raises UnavailableError while that is out of reach."""

    async def page(self, after: str, limit: int) -> tuple[list[str], str | None]:
        """The numbers of a page of cases, and where the next one begins."""

    async def life(self, number: str) -> Life:
        """What the engine knows of the last run of a case."""

    async def events(self, number: str) -> list[Event]:
        """Everything that happened to a case; also unavailable where its workflow alone does not answer."""

    async def standing(self, number: str) -> Standing:
        """How far the last run of a case is with recording it."""

    async def revive(self, case: Case) -> None:
        """Start a case again from its record."""

    async def ping(self) -> None:
        """Whether the engine answers."""


class _Look(NamedTuple):
    compared: bool
    drifts: bool


class Reconciliation:
    """Works for one register and one engine. Where a worker dies at it, the page that it was at begins again."""

    def __init__(self, register: Register, runs: Runs) -> None:
        self._register = register
        self._runs = runs

    @activity.defn(name=SURVEY)
    async def survey(self, page: SurveyPage) -> Surveyed:
        """Compare a page of cases, and name those that are to be looked at again.

        Raises:
            UnavailableError: engine or register are out of reach; trying again helps.
        """
        if page.side == "engine":
            numbers, following = await self._runs.page(page.after, page.limit)
        else:
            numbers = await self._register.drift.open_cases(page.after, page.limit)
            following = numbers[-1] if len(numbers) == page.limit else None
        suspects, compared = list[str](), 0
        for first in range(0, len(numbers), _AT_ONCE):
            some = numbers[first : first + _AT_ONCE]
            looks = await asyncio.gather(*(self._suspect(number, page.side) for number in some))
            compared += sum(one.compared for one in looks)
            suspects += [number for number, one in zip(some, looks, strict=True) if one.drifts]
            activity.heartbeat()
            await asyncio.sleep(len(some) / page.a_second)
        return Surveyed(cases=compared, suspects=tuple(suspects), next=following)

    @activity.defn(name=MEND)
    async def mend(self, asked: Mending) -> Mended:
        """Look at cases again, and mend what is still wrong.

        Raises:
            UnavailableError: engine or register are out of reach; trying again helps.
        """
        drifted: list[Drifted] = []
        for number in asked.numbers:
            drifted += await self._mended(number, asked)
            activity.heartbeat()
            await asyncio.sleep(1 / asked.a_second)
        return Mended(drifted=tuple(drifted))

    @activity.defn(name=CONCLUDE)
    async def conclude(self, done: Reconciled) -> None:
        """Take down in the audit trail what a whole way came to; the metrics tell it from there.

        Raises:
            UnavailableError: the register is out of reach; trying again helps.
        """
        tallies = {kind.value: done.tallies.get(kind, Tally()).model_dump() for kind in Drift}
        await self._register.drift.conclude({"cases": done.cases, "dry_run": done.dry_run, "drifted": tallies})

    async def _suspect(self, number: str, side: Side) -> _Look:
        # What the engine knows was compared from its side.
        life = await self._runs.life(number) if side == "register" else None
        drifts = life != "running" and bool(await self._drifts(number, side))
        return _Look(life in (None, "unknown"), drifts)

    async def _mended(self, number: str, asked: Mending) -> list[Drifted]:
        found = await self._drifts(number, asked.side)
        if not found:
            return []
        why, still = dict[Drift, str](), found
        if not asked.dry_run:
            why = await self._mend(number, found, revive=asked.revive)
            still = await self._drifts(number, asked.side)
        left = {one.kind for one in still}
        return [
            Drifted(
                number=number,
                kind=one.kind,
                mended=one.kind not in left,
                what=(why.get(one.kind) if one.kind in left else None) or _named(one.what),
            )
            for one in found
        ]

    async def _drifts(self, number: str, side: Side) -> list[Flaw]:
        """What is wrong with one case. An error of its own is told of it, and holds up no other."""
        try:
            return await self._flaws(number, side)
        except UnavailableError:
            raise
        except Exception as error:  # noqa: BLE001 - one case must not keep all others
            _log.error("case %s cannot be compared: %s", number, type(error).__name__)
            return [Flaw(Drift.UNANSWERED, (type(error).__name__,))]

    async def _flaws(self, number: str, side: Side) -> list[Flaw]:
        # The register first: what it has by now, the engine has as well.
        standing = await self._register.drift.standing(number)
        if standing.erased:
            return []
        if side == "register":
            return await self._unwatched(number, standing)
        history = await self._history(number)
        if history is None:
            gone = await self._runs.life(number) == "unknown"
            return [] if gone else [Flaw(Drift.UNANSWERED)]
        if not history:
            # It just begins, and reads its record.
            return []
        drift = self._register.drift
        flaws = await drift.flaws(number, history)
        kinds = {one.kind for one in flaws}
        if kinds & {Drift.MAILBOX, Drift.NOTICES} and not await self._in_writing(number):
            flaws = await drift.flaws(number, history, in_writing=False)
        if Drift.AHEAD in kinds and standing.open and await self._runs.life(number) == "ended":
            # Its record tells what came after the end, for the next run to take up: nobody takes that back.
            return []
        return flaws

    async def _unwatched(self, number: str, standing: InRegister) -> list[Flaw]:
        life = await self._runs.life(number)
        if not standing.open or life == "running":
            return []
        found = [Flaw(Drift.ORPHANED, (life,))]
        # What the engine knows of is held against its history from the engine's side.
        return found + (await self._register.drift.flaws(number, None) if life == "unknown" else [])

    async def _history(self, number: str) -> list[Event] | None:
        try:
            return await self._runs.events(number)
        except UnavailableError:
            await self._runs.ping()
            return None

    async def _in_writing(self, number: str) -> bool:
        return (await self._runs.standing(number)).layout >= _IN_WRITING_SINCE

    async def _mend(self, number: str, found: Sequence[Flaw], *, revive: bool) -> dict[Drift, str]:
        """Mend what can be; why the rest cannot."""
        drift, why = self._register.drift, dict[Drift, str]()
        flaws = [one for one in found if one.kind not in (Drift.ORPHANED, Drift.UNANSWERED)]
        if flaws:
            try:
                history, told = await self._right_history(number)
                await drift.mend(number, flaws, history, told, activity.info().started_time)
            except (ConflictError, InvalidError) as error:
                why |= {one.kind: str(error) for one in flaws}
            except RacedError:
                why |= {one.kind: "it is being written just now" for one in flaws}
            except UnavailableError:
                raise
            except Exception as error:  # noqa: BLE001 - one case must not keep all others
                _log.error("the record of case %s cannot be mended: %s", number, type(error).__name__)
                why |= {one.kind: type(error).__name__ for one in flaws}
        if any(one.kind is Drift.ORPHANED for one in found):
            if not revive:
                why[Drift.ORPHANED] = "no workflow watches it; `hotline reconcile --revive` starts it again"
            elif (case := await self._register.case(number)).open:
                # Noted first: from then on, whoever finds it running knows why.
                await drift.note_revived(number)
                await self._runs.revive(case)
        return why

    async def _right_history(self, number: str) -> tuple[Sequence[Event], int]:
        """All that happened to a case, and how much of it was recorded before."""
        if await self._runs.life(number) == "unknown":
            history = await self._register.history(number)
            return history, len(history)
        history = await self._runs.events(number)
        return history, (await self._runs.standing(number)).recorded


def _named(what: Sequence[str]) -> str:
    more = len(what) - _MOST_NAMED
    return ", ".join(what[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
