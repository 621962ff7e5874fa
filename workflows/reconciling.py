"""Having all cases compared with their records now, because somebody asks for it."""

from datetime import timedelta

from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.client import Client, RPCTimeoutOrCancelledError, WorkflowFailureError
from temporalio.common import WorkflowIDConflictPolicy
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError

from cases.errors import UnavailableError
from workflows.reach import told, within
from workflows.reconciliation_messages import ASKED, WORKFLOW, ReconciliationDone, ReconciliationStart

_PATIENCE = timedelta(seconds=10)


async def reconciled(client: Client, task_queue: str, start: ReconciliationStart) -> ReconciliationDone | None:
    """Compare all cases with their records, and wait until that is done; none if no worker is there to do it.

    Raises:
        UnavailableError: the engine is out of reach, or somebody else's comparison is under way.
    """
    try:
        async with within(_PATIENCE):
            if not await _workers(client, task_queue):
                return None
            handle = await client.start_workflow(
                WORKFLOW,
                start,
                id=ASKED,
                task_queue=task_queue,
                result_type=ReconciliationDone,
                id_conflict_policy=WorkflowIDConflictPolicy.FAIL,
                static_summary="compares every case with its record",
            )
        done: ReconciliationDone = await handle.result()
    except WorkflowAlreadyStartedError as error:
        raise UnavailableError("a comparison that somebody asked for is under way; wait until it is done") from error
    except WorkflowFailureError as error:
        raise UnavailableError("the comparison was stopped before its end; begin it again") from error
    except (RPCError, RPCTimeoutOrCancelledError) as error:
        raise told(error) from error
    return done


async def _workers(client: Client, task_queue: str) -> bool:
    """Whether anybody has listened on a task queue in the last minutes."""
    asked = DescribeTaskQueueRequest(
        namespace=client.namespace,
        task_queue=TaskQueue(name=task_queue),
        task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
    )
    return bool((await client.workflow_service.describe_task_queue(asked, timeout=_PATIENCE)).pollers)
