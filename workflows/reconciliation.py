"""The way through all cases that compares each with its record, page by page, also over a crash."""

from collections.abc import Sequence
from datetime import timedelta

from temporalio import workflow
from temporalio.common import Priority, RetryPolicy

with workflow.unsafe.imports_passed_through():
    from activities.messages import (
        CONCLUDE,
        MEND,
        SURVEY,
        Drifted,
        Mended,
        Mending,
        Reconciled,
        Side,
        Surveyed,
        SurveyPage,
        Tally,
    )
    from cases.drift import Drift
    from workflows.reconciliation_messages import MOST_TOLD, WORKFLOW, ReconciliationDone, ReconciliationStart

_UNTIL_DONE = RetryPolicy(
    initial_interval=timedelta(seconds=1), backoff_coefficient=2, maximum_interval=timedelta(minutes=1)
)
_BEHIND_ALL_CASES = Priority(priority_key=5)
_LONGEST = timedelta(minutes=30)
_SILENT = timedelta(minutes=1)
"""After how long without a sign of life a worker counts as lost, and another one goes on."""

_SUSPECTS = 1_000
"""How many cases wait together for their second look."""


@workflow.defn(name=WORKFLOW)
class Reconciliation:
    """One way through what the engine holds, and then through what the register holds to be open."""

    @workflow.init
    def __init__(self, start: ReconciliationStart) -> None:
        self._start = start
        self._cases = start.cases
        self._drifted = list(start.drifted)
        self._tallies = dict(start.tallies)
        self._suspects: dict[str, None] = {}
        self._pages = 0

    @workflow.run
    async def run(self, start: ReconciliationStart) -> ReconciliationDone:
        """Compare, look again at what differs, and mend it."""
        if start.side == "engine":
            await self._go_through("engine", start.after)
            await self._go_through("register", "")
        else:
            await self._go_through("register", start.after)
        await workflow.execute_activity(
            CONCLUDE,
            Reconciled(cases=self._cases, tallies=self._tallies, dry_run=start.dry_run),
            start_to_close_timeout=_SILENT,
            retry_policy=_UNTIL_DONE,
            priority=_BEHIND_ALL_CASES,
        )
        return ReconciliationDone(cases=self._cases, drifted=tuple(self._drifted), tallies=self._tallies)

    async def _go_through(self, side: Side, after: str) -> None:
        while True:
            page = SurveyPage(side=side, after=after, limit=self._start.page_size, a_second=self._start.a_second)
            seen: Surveyed = await workflow.execute_activity(
                SURVEY,
                page,
                result_type=Surveyed,
                start_to_close_timeout=_LONGEST,
                heartbeat_timeout=_SILENT,
                retry_policy=_UNTIL_DONE,
                priority=_BEHIND_ALL_CASES,
            )
            self._cases += seen.cases
            self._pages += 1
            self._suspects |= dict.fromkeys(seen.suspects)
            full = self._pages >= self._start.pages_a_run or workflow.info().is_continue_as_new_suggested()
            if seen.next is None or full or len(self._suspects) >= _SUSPECTS:
                await self._look_again(side)
            if seen.next is None:
                return
            after = seen.next
            if full:
                self._renew(side, after)

    async def _look_again(self, side: Side) -> None:
        if not self._suspects:
            return
        if self._start.grace > 0:
            await workflow.sleep(timedelta(seconds=self._start.grace), summary="what just happened is recorded")
        numbers = tuple(self._suspects)
        self._suspects = {}
        for first in range(0, len(numbers), self._start.page_size):
            asked = Mending(
                side=side,
                numbers=numbers[first : first + self._start.page_size],
                dry_run=self._start.dry_run,
                revive=self._start.revive,
                a_second=self._start.a_second,
            )
            done: Mended = await workflow.execute_activity(
                MEND,
                asked,
                result_type=Mended,
                start_to_close_timeout=_LONGEST,
                heartbeat_timeout=_SILENT,
                retry_policy=_UNTIL_DONE,
                priority=_BEHIND_ALL_CASES,
            )
            self._take_down(done.drifted)

    def _take_down(self, drifted: Sequence[Drifted]) -> None:
        self._drifted += drifted[: MOST_TOLD - len(self._drifted)]
        for one in drifted:
            so_far = self._tallies.get(one.kind, Tally())
            self._tallies[Drift(one.kind)] = Tally(found=so_far.found + 1, left=so_far.left + (not one.mended))

    def _renew(self, side: Side, after: str) -> None:
        carried = {
            "side": side,
            "after": after,
            "cases": self._cases,
            "drifted": tuple(self._drifted),
            "tallies": self._tallies,
        }
        workflow.continue_as_new(self._start.model_copy(update=carried))
