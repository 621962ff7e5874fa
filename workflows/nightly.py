"""Work that the engine begins every night by itself, while the city sleeps."""

import asyncio
import logging
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from temporalio.client import (
    Client,
    RPCTimeoutOrCancelledError,
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleAlreadyRunningError,
    ScheduleCalendarSpec,
    ScheduleOverlapPolicy,
    SchedulePolicy,
    ScheduleRange,
    ScheduleSpec,
    ScheduleUpdate,
    ScheduleUpdateInput,
)
from temporalio.service import RPCError, RPCStatusCode

from cases.errors import UnavailableError
from workflows.reach import told, within

_CATCH_UP = timedelta(hours=12)
"""How late a night is made up for that the engine was away in."""

_PATIENCE = timedelta(seconds=10)
_AGAIN = 30.0
_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Nightly:
    """A workflow that begins every night at an hour and minute of the city's clocks, unless it is under way still.

    `schedule` names it in the engine, `start` is its input, `summary` says there what it does.
    """

    schedule: str
    workflow: str
    start: Any
    hour: int
    minute: int
    summary: str

    async def ensure(self, client: Client, task_queue: str, zone: ZoneInfo) -> None:
        """See that the schedule is there, once, for this queue and zone; one that people have paused stays paused.

        Raises:
            UnavailableError: the engine is out of reach; asking again is safe.
        """
        wanted = self._wanted(task_queue, zone)

        def brought_up_to_date(found: ScheduleUpdateInput) -> ScheduleUpdate:
            kept = found.description.schedule
            return ScheduleUpdate(
                schedule=Schedule(action=wanted.action, spec=wanted.spec, policy=wanted.policy, state=kept.state)
            )

        async with within(_PATIENCE):
            try:
                try:
                    await client.create_schedule(self.schedule, wanted)
                except ScheduleAlreadyRunningError:
                    await client.get_schedule_handle(self.schedule).update(brought_up_to_date)
            except (RPCError, RPCTimeoutOrCancelledError) as error:
                raise told(error) from error

    async def ensure_for_sure(self, client: Client, task_queue: str, zone: ZoneInfo) -> None:
        """As `ensure`, for as long as it takes until the engine answers."""
        while True:
            try:
                return await self.ensure(client, task_queue, zone)
            except UnavailableError:
                _log.warning("%s cannot be scheduled while the engine is away", self.schedule)
            await asyncio.sleep(_AGAIN)

    async def begin_now(self, client: Client) -> None:
        """Begin the work now, besides its hour; where it is under way already, that goes on.

        Raises:
            UnavailableError: the engine is out of reach, or no worker has made the schedule yet.
        """
        async with within(_PATIENCE):
            try:
                await client.get_schedule_handle(self.schedule).trigger(overlap=ScheduleOverlapPolicy.SKIP)
            except RPCError as error:
                if error.status is RPCStatusCode.NOT_FOUND:
                    raise UnavailableError(
                        "no worker has made the schedule yet; is `hotline worker` running?"
                    ) from error
                raise told(error) from error
            except RPCTimeoutOrCancelledError as error:
                raise told(error) from error

    def _wanted(self, task_queue: str, zone: ZoneInfo) -> Schedule:
        at_night = ScheduleCalendarSpec(hour=[ScheduleRange(self.hour)], minute=[ScheduleRange(self.minute)])
        return Schedule(
            action=ScheduleActionStartWorkflow(
                self.workflow, self.start, id=self.schedule, task_queue=task_queue, static_summary=self.summary
            ),
            spec=ScheduleSpec(calendars=[at_night], time_zone_name=zone.key),
            policy=SchedulePolicy(overlap=ScheduleOverlapPolicy.SKIP, catchup_window=_CATCH_UP),
        )
