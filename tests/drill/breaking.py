"""Having things go wrong as planned, putting them right again, and noting from and to when the service was impaired."""

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby

from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.service import RPCError

from tests.drill.plan import Fault
from tests.drill.scene import Scene
from tests.town.part import Part
from tests.town.town import QUEUE, until

_DELAY = 0.3
_PATIENCE = 90.0


@dataclass(frozen=True)
class Outage:
    """What went wrong, in seconds since 1970: when it began, when it was put right, when every part answered again.

    `answered` is none where that was not seen in a minute and a half.
    """

    fault: Fault
    began: float
    lifted: float
    answered: float | None


async def break_all(scene: Scene, faults: Sequence[Fault], began: float) -> list[Outage]:
    """Let all faults happen, those of one moment together; the next begins when the service has recovered, if later.

    Args:
        scene: Where.
        faults: In their order.
        began: When the load began, on the monotonic clock.
    """
    outages: list[Outage] = []
    for at, together in groupby(faults, key=lambda fault: fault.at):
        await asyncio.sleep(max(0.0, began + at - time.monotonic()))
        some = list(together)
        times = await asyncio.gather(*(_happen(scene, fault) for fault in some))
        answered = await _recovered(scene, some, max(lifted for _, lifted in times))
        outages += [Outage(fault, *when, answered) for fault, when in zip(some, times, strict=True)]
    return outages


async def _happen(scene: Scene, fault: Fault) -> tuple[float, float]:
    """One fault; from and to when."""
    began = time.time()
    await _begin(scene, fault)
    await asyncio.sleep(fault.seconds)
    lifted = time.time()
    await _end(scene, fault)
    return began, lifted


async def _begin(scene: Scene, fault: Fault) -> None:
    match fault.kind:
        case "kill":
            await asyncio.to_thread(scene.parts[fault.target].kill)
        case "suspend":
            scene.parts[fault.target].suspend()
        case "fill":
            await asyncio.to_thread(scene.quotas[fault.target].fill)
        case "cut":
            scene.ways[fault.target].cut()
        case "stall":
            scene.ways[fault.target].stall()
        case "delay":
            scene.ways[fault.target].slow_down(_DELAY)
        case "clock":
            who, seconds = fault.target.split()
            # Only while its clock is to be led astray: what does that slows a process down.
            await _start_anew(scene, who, scene.clock.variables)
            scene.clock.set_off(int(seconds))


async def _end(scene: Scene, fault: Fault) -> None:
    match fault.kind:
        case "kill":
            await asyncio.to_thread(scene.parts[fault.target].start)
        case "suspend":
            scene.parts[fault.target].resume()
        case "fill":
            await asyncio.to_thread(scene.quotas[fault.target].lift)
        case "cut" | "stall" | "delay":
            await scene.ways[fault.target].mend()
        case "clock":
            scene.clock.set_off(0)
            await _start_anew(scene, fault.target.split()[0], {})


async def _start_anew(scene: Scene, who: str, variables: dict[str, str]) -> None:
    """Kill a part, and have it run with further variables."""
    part = scene.parts[who]
    assert isinstance(part, Part)
    await asyncio.to_thread(part.kill)
    killed = time.time()
    without = {name: value for name, value in part.environment.items() if name not in scene.clock.variables}
    part.environment = without | variables
    part.start()
    with suppress(TimeoutError):
        await until(lambda: _polled_since(scene, killed), who)


async def _recovered(scene: Scene, faults: Sequence[Fault], lifted: float) -> float | None:
    """When every part answered again; whoever has died of a fault is started again, as `hotline up` does."""
    while time.time() < lifted + _PATIENCE:
        for part in scene.parts.values():
            if not part.running:
                await asyncio.to_thread(part.start)
        if await scene.ready() and (not _lost_its_worker(faults) or await _polled_since(scene, lifted)):
            return time.time()
        await asyncio.sleep(0.1)
    return None


def _lost_its_worker(faults: Sequence[Fault]) -> bool:
    """Whether the worker has to ask Temporal's server for work anew."""
    anew = {("kill", "worker"), ("kill", "temporal"), ("cut", "worker-temporal"), ("fill", "temporal")}
    return any(fault.kind == "clock" or (fault.kind, fault.target) in anew for fault in faults)


async def _polled_since(scene: Scene, moment: float) -> bool:
    client = scene.town.client
    asked = DescribeTaskQueueRequest(
        namespace=client.namespace,
        task_queue=TaskQueue(name=QUEUE),
        task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
    )
    with suppress(RPCError):
        pollers = (await client.workflow_service.describe_task_queue(asked)).pollers
        since = datetime.fromtimestamp(moment, UTC)
        return any(one.last_access_time.ToDatetime(UTC) >= since for one in pollers)
    return False
