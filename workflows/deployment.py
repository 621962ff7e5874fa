"""Releases side by side: under which name a worker asks for work, and to which of them the engine gives it.

Every workflow moves on by itself: its next task, whenever that comes, goes to the release that is current then, which
takes it over from its history. So no release has to run on for the sake of a case that is quiet for a year, and what a
new one must not do is to ask for something else than the history has; `tests/replay` holds that.
"""

import asyncio
import logging
from importlib.metadata import version as installed
from typing import NamedTuple

from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import (
    DescribeTaskQueueRequest,
    SetWorkerDeploymentCurrentVersionRequest,
    SetWorkerDeploymentRampingVersionRequest,
)
from temporalio.client import Client
from temporalio.common import VersioningBehavior, WorkerDeploymentVersion
from temporalio.service import RPCError, RPCStatusCode
from temporalio.worker import WorkerDeploymentConfig

_FIRST_LOOK, _LOOKS_AGAIN = 15.0, 60.0
"""Seconds from a worker's start, and between two looks at whether it gets any work."""

_NOT_YET = {RPCStatusCode.NOT_FOUND, RPCStatusCode.FAILED_PRECONDITION, RPCStatusCode.UNAVAILABLE}

_log = logging.getLogger("hotline.worker")


class Routing(NamedTuple):
    """Where the engine sends the work of a queue. No version stands for the workers that have none."""

    current: WorkerDeploymentVersion | None
    ramping: WorkerDeploymentVersion | None
    percentage: float
    """Of the workflows, those that go to the ramping version."""


def version(deployment: str, build_id: str) -> WorkerDeploymentVersion | None:
    """The version that a worker of these settings is; none if it has no deployment. Without a build, the release."""
    return WorkerDeploymentVersion(deployment, build_id or installed("hotline")) if deployment else None


def config(of: WorkerDeploymentVersion) -> WorkerDeploymentConfig:
    """How a worker of a version asks for work, and what becomes of the workflows that it is given."""
    return WorkerDeploymentConfig(
        version=of, use_worker_versioning=True, default_versioning_behavior=VersioningBehavior.AUTO_UPGRADE
    )


async def routing(client: Client, task_queue: str) -> Routing:
    """Where the work of a queue goes.

    Raises:
        RPCError: the engine is out of reach.
    """
    request = DescribeTaskQueueRequest(namespace=client.namespace, task_queue=TaskQueue(name=task_queue))
    found = (await client.workflow_service.describe_task_queue(request)).versioning_info
    current, ramping = found.current_deployment_version, found.ramping_deployment_version
    return Routing(
        WorkerDeploymentVersion(current.deployment_name, current.build_id) if current.build_id else None,
        WorkerDeploymentVersion(ramping.deployment_name, ramping.build_id) if ramping.build_id else None,
        found.ramping_version_percentage,
    )


async def made_current(client: Client, task_queue: str, wanted: WorkerDeploymentVersion | None) -> bool:
    """Have all work of a queue go to one version, or to the workers without one; true once it does.

    For whoever runs the only worker. Where several share the engine, their operator says which is current.
    """
    try:
        found = await routing(client, task_queue)
        if found.ramping is not None or found.percentage:
            name = (found.ramping or found.current or wanted or WorkerDeploymentVersion("", "")).deployment_name
            await client.workflow_service.set_worker_deployment_ramping_version(
                SetWorkerDeploymentRampingVersionRequest(namespace=client.namespace, deployment_name=name, percentage=0)
            )
            return False
        if found.current == wanted:
            return True
        if found.current is not None and (wanted is None or found.current.deployment_name != wanted.deployment_name):
            await _set_current(client, WorkerDeploymentVersion(found.current.deployment_name, ""))
        if wanted is not None:
            await _set_current(client, wanted)
    except RPCError as error:
        if error.status not in _NOT_YET:
            raise
    # What was set reaches the queues a moment later.
    return False


async def tell_whether_it_works(client: Client, task_queue: str, own: WorkerDeploymentVersion | None) -> None:
    """Tell the log whenever it changes whether a worker gets work; runs until it is cancelled.

    One that is not current starts and polls like any other, and nothing ever comes: that must be seen somewhere.
    """
    told = "all"
    await asyncio.sleep(_FIRST_LOOK)
    while True:
        try:
            gets, text = _what_it_gets(await routing(client, task_queue), own)
        except RPCError:
            gets = told
        if gets != told:
            _log.log(logging.WARNING if gets == "none" else logging.INFO, "%s", text)
            told = gets
        await asyncio.sleep(_LOOKS_AGAIN)


def _what_it_gets(found: Routing, own: WorkerDeploymentVersion | None) -> tuple[str, str]:
    name = _named(own)
    if found.ramping == own and found.percentage:
        return f"{found.percentage:g} %", f"{name} is given {found.percentage:g} % of the workflows"
    if found.current == own:
        return "all", f"{name} is current, and is given the work"
    if own is None:
        how = f"set HOTLINE_DEPLOYMENT={found.current.deployment_name}" if found.current else ""
    else:
        how = (
            "make it current by `temporal worker deployment set-current-version "
            f"--deployment-name {own.deployment_name} --build-id {own.build_id}`"
        )
    return "none", f"{name} is given no work, for {_named(found.current)} is current; {how}"


def _named(one: WorkerDeploymentVersion | None) -> str:
    return f"{one.deployment_name} {one.build_id}" if one else "a worker without a deployment"


async def _set_current(client: Client, wanted: WorkerDeploymentVersion) -> None:
    await client.workflow_service.set_worker_deployment_current_version(
        SetWorkerDeploymentCurrentVersionRequest(
            namespace=client.namespace, deployment_name=wanted.deployment_name, build_id=wanted.build_id
        )
    )
