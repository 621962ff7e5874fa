"""The nightly way through the cases whose time is over: page by page, until nothing is left, also over a crash."""

from datetime import timedelta

from temporalio import workflow
from temporalio.common import Priority, RetryPolicy

with workflow.unsafe.imports_passed_through():
    from activities.messages import DROP_LEFTOVERS, ERASE_DUE, SETTLE_ERASED, Erased, ErasingPage, Settled, SettlingPage
    from workflows.retention_messages import WORKFLOW, RetentionDone, RetentionStart

_UNTIL_DONE = RetryPolicy(
    initial_interval=timedelta(seconds=1), backoff_coefficient=2, maximum_interval=timedelta(minutes=1)
)
_BEHIND_ALL_CASES = Priority(priority_key=5)
_LONGEST = timedelta(minutes=30)
_SILENT = timedelta(minutes=1)
"""After how long without a sign of life a worker counts as lost, and another one goes on."""


@workflow.defn(name=WORKFLOW)
class Retention:
    """One way through the cases that are due, and what else is not kept for ever."""

    @workflow.run
    async def run(self, start: RetentionStart) -> RetentionDone:
        """Erase what is due, see to what is left of erased cases, and drop what is nobody's."""
        now, after = start.now or workflow.now(), start.after
        erased, failed, pages = start.erased, start.failed, 0
        while True:
            asked = ErasingPage(now=now, after=after, limit=start.page_size, a_second=start.a_second)
            done: Erased = await workflow.execute_activity(
                ERASE_DUE,
                asked,
                result_type=Erased,
                start_to_close_timeout=_LONGEST,
                heartbeat_timeout=_SILENT,
                retry_policy=_UNTIL_DONE,
                priority=_BEHIND_ALL_CASES,
            )
            after, pages = done.next, pages + 1
            erased, failed = erased + done.erased, failed + done.failed
            if after is None:
                break
            if pages >= start.pages_a_run or workflow.info().is_continue_as_new_suggested():
                carried = {"now": now, "after": after, "erased": erased, "failed": failed}
                workflow.continue_as_new(start.model_copy(update=carried))
        settled = await self._settle(start.page_size)
        dropped = await workflow.execute_activity(
            DROP_LEFTOVERS,
            result_type=int,
            start_to_close_timeout=_SILENT,
            retry_policy=_UNTIL_DONE,
            priority=_BEHIND_ALL_CASES,
        )
        return RetentionDone(erased=erased, failed=failed, settled=settled, keys_dropped=dropped)

    async def _settle(self, page_size: int) -> int:
        settled, after = 0, ""
        while True:
            done: Settled = await workflow.execute_activity(
                SETTLE_ERASED,
                SettlingPage(after=after, limit=page_size),
                result_type=Settled,
                start_to_close_timeout=_LONGEST,
                heartbeat_timeout=_SILENT,
                retry_policy=_UNTIL_DONE,
                priority=_BEHIND_ALL_CASES,
            )
            settled += done.settled
            if done.next is None:
                return settled
            after = done.next
