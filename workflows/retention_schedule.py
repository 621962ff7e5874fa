"""The schedule of the engine that begins the nightly erasing of cases whose time is over."""

import asyncio
import logging
from datetime import timedelta
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
from workflows.retention_messages import SCHEDULE, WORKFLOW, RetentionStart

_HOUR, _MINUTE = 3, 20
"""When the city sleeps, by its own clocks."""

_CATCH_UP = timedelta(hours=12)
"""How late a night is made up for that the engine was away in."""

_PATIENCE = timedelta(seconds=10)
_AGAIN = 30.0
_log = logging.getLogger(__name__)


async def ensure(client: Client, task_queue: str, zone: ZoneInfo) -> None:
    """See that the schedule is there, once, for this queue and zone; one that people have paused stays paused.

    Raises:
        UnavailableError: the engine is out of reach; asking again is safe.
    """
    wanted = _schedule(task_queue, zone)

    def brought_up_to_date(found: ScheduleUpdateInput) -> ScheduleUpdate:
        kept = found.description.schedule
        return ScheduleUpdate(
            schedule=Schedule(action=wanted.action, spec=wanted.spec, policy=wanted.policy, state=kept.state)
        )

    async with within(_PATIENCE):
        try:
            try:
                await client.create_schedule(SCHEDULE, wanted)
            except ScheduleAlreadyRunningError:
                await client.get_schedule_handle(SCHEDULE).update(brought_up_to_date)
        except (RPCError, RPCTimeoutOrCancelledError) as error:
            raise told(error) from error


async def ensure_for_sure(client: Client, task_queue: str, zone: ZoneInfo) -> None:
    """As `ensure`, for as long as it takes until the engine answers."""
    while True:
        try:
            return await ensure(client, task_queue, zone)
        except UnavailableError:
            _log.warning("the nightly erasing cannot be scheduled while the engine is away")
        await asyncio.sleep(_AGAIN)


async def begin_now(client: Client) -> None:
    """Begin the erasing now, besides its hour; where it is under way already, that one goes on.

    Raises:
        UnavailableError: the engine is out of reach, or no worker has made the schedule yet.
    """
    async with within(_PATIENCE):
        try:
            await client.get_schedule_handle(SCHEDULE).trigger(overlap=ScheduleOverlapPolicy.SKIP)
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                raise UnavailableError("no worker has made the schedule yet; is `hotline worker` running?") from error
            raise told(error) from error
        except RPCTimeoutOrCancelledError as error:
            raise told(error) from error


def _schedule(task_queue: str, zone: ZoneInfo) -> Schedule:
    at_night = ScheduleCalendarSpec(hour=[ScheduleRange(_HOUR)], minute=[ScheduleRange(_MINUTE)])
    return Schedule(
        action=ScheduleActionStartWorkflow(
            WORKFLOW,
            RetentionStart(),
            id=SCHEDULE,
            task_queue=task_queue,
            static_summary="erases the cases whose time is over",
        ),
        spec=ScheduleSpec(calendars=[at_night], time_zone_name=zone.key),
        policy=SchedulePolicy(overlap=ScheduleOverlapPolicy.SKIP, catchup_window=_CATCH_UP),
    )
