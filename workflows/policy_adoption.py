"""The way of a new version of a policy to the open cases: page by page, and then after those that came in meanwhile.

An API takes up a new version within seconds, and the register may learn late of a case, so one way through the cases
that are open would miss some. So it looks again, after half a minute and up to a day later, for cases that the register
has heard of since the last look and that are held to another version.
"""

from datetime import datetime, timedelta
from typing import NoReturn

from temporalio import workflow
from temporalio.common import Priority, RetryPolicy
from temporalio.exceptions import ActivityError, ApplicationError

with workflow.unsafe.imports_passed_through():
    from activities.messages import ADOPT, FIND_CASES, Adopted, Adoption, Found, Search
    from cases.adoption import Fate
    from workflows.adoption_messages import MOST_TOLD, WORKFLOW, AdoptionStart, Progress, Round, Stage

_LOOKS = (timedelta(seconds=30), timedelta(minutes=10), timedelta(hours=1), timedelta(hours=24))
"""After the beginning: when the adoption looks for late cases."""

_MARGIN = timedelta(minutes=1)
"""What the register began to write so long before a look may only show after it."""

_UNTIL_DONE = RetryPolicy(
    initial_interval=timedelta(seconds=1), backoff_coefficient=2, maximum_interval=timedelta(seconds=30)
)
_BEHIND_ALL_CASES = Priority(priority_key=5)


@workflow.defn(name=WORKFLOW)
class PolicyAdoption:
    """One version of a policy on its way to the open cases. Killed and begun again it offers no case anything twice."""

    @workflow.init
    def __init__(self, start: AdoptionStart) -> None:
        self._start = start
        self._began_at = start.began_at or workflow.now()
        self._round = start.round
        self._pages = 0
        self.progress = start.progress

    @workflow.run
    async def run(self, start: AdoptionStart) -> Progress:
        """Go on until a day after the beginning, or until another version is in force."""
        try:
            while True:
                await self._go_through()
                if self._round.index == len(_LOOKS):
                    self._tell(stage=Stage.DONE, looks_again_at=None)
                    return self.progress
                await self._wait()
        except ActivityError as failure:
            if not isinstance(failure.cause, ApplicationError) or failure.cause.type != "superseded":
                raise
            self._tell(stage=Stage.SUPERSEDED, looks_again_at=None)
            return self.progress

    @workflow.query(name="progress")
    def query_progress(self) -> Progress:
        """How far it is."""
        return self.progress

    async def _go_through(self) -> None:
        """One round, or the rest of it."""
        if self._round.began_at is None:
            self._change(began_at=workflow.now())
        while self._round.again:
            numbers, rest = self._round.again[: self._start.page_size], self._round.again[self._start.page_size :]
            await self._adopt(numbers, again=True)
            self._change(again=rest)
            self._count_page()
        while self._round.next is not None:
            found = await self._find(self._round.next)
            numbers = tuple(number for number in found.numbers if number not in self._round.skip)
            if self._round.index:
                self._tell(total=self.progress.total + len(numbers))
            elif self._round.next == ("", ""):
                self._tell(total=found.open)
            if found.untouched:
                self._tell(counts={Fate.KEPT: found.open})
            if numbers:
                await self._adopt(numbers)
            self._change(next=found.next, fresh=self._round.fresh | set(found.fresh))
            self._count_page()
        if self._round.index == 0:
            # Some may have ended between the count and their page.
            self._tell(total=self.progress.seen)

    async def _find(self, after: tuple[str, str]) -> Found:
        search = Search(
            ruling=self._start.ruling,
            after=after,
            came_after=self._round.came_after,
            fresh_after=self._began() - _MARGIN,
            limit=self._start.page_size,
        )
        found: Found = await workflow.execute_activity(
            FIND_CASES,
            search,
            result_type=Found,
            start_to_close_timeout=timedelta(seconds=30),
            retry_policy=_UNTIL_DONE,
            priority=_BEHIND_ALL_CASES,
        )
        return found

    async def _adopt(self, numbers: tuple[str, ...], *, again: bool = False) -> None:
        adopted = await workflow.execute_activity(
            ADOPT,
            Adoption(ruling=self._start.ruling, numbers=numbers),
            result_type=Adopted,
            start_to_close_timeout=timedelta(minutes=10),
            heartbeat_timeout=timedelta(minutes=1),
            retry_policy=_UNTIL_DONE,
            priority=_BEHIND_ALL_CASES,
        )
        counts = dict(self.progress.counts)
        told = self.progress.told
        if again:
            counts[Fate.UNANSWERED] -= len(numbers)
            told = tuple(one for one in told if one.number not in numbers)
        for fate, count in adopted.counts.items():
            counts[fate] = counts.get(fate, 0) + count
        # Those that are asked again come first, so that none of them is left out.
        named = sorted((*told, *adopted.told), key=lambda one: one.fate is not Fate.UNANSWERED)[:MOST_TOLD]
        self._tell(counts={fate: count for fate, count in counts.items() if count}, told=tuple(named))

    async def _wait(self) -> None:
        """Wait for the next look, and make ready for it."""
        done, looks_at = self._round, self._began_at + _LOOKS[self._round.index]
        self._tell(stage=Stage.WATCHING, looks_again_at=looks_at)
        if looks_at > workflow.now():
            await workflow.sleep(looks_at - workflow.now(), summary="look for late cases")
        self._round = Round(
            index=done.index + 1,
            began_at=workflow.now(),
            came_after=self._began() - _MARGIN,
            skip=done.fresh | done.skip,
            again=tuple(one.number for one in self.progress.told if one.fate is Fate.UNANSWERED),
        )

    def _began(self) -> datetime:
        return self._round.began_at or self._began_at

    def _change(self, **changes: object) -> None:
        self._round = self._round.model_copy(update=changes)

    def _tell(self, **changes: object) -> None:
        self.progress = self.progress.model_copy(update=changes)

    def _count_page(self) -> None:
        self._pages += 1
        if self._pages >= self._start.pages_a_run or workflow.info().is_continue_as_new_suggested():
            self._renew()

    def _renew(self) -> NoReturn:
        carried = {"began_at": self._began_at, "progress": self.progress, "round": self._round}
        workflow.continue_as_new(self._start.model_copy(update=carried))
