"""How services speak to the workflow that carries a new version of a policy to the open cases."""

from datetime import timedelta
from typing import Any

from temporalio.client import (
    Client,
    RPCTimeoutOrCancelledError,
    WorkflowExecutionStatus,
    WorkflowHandle,
    WorkflowQueryFailedError,
)
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from activities.messages import Ruling
from cases.errors import UnavailableError
from workflows.adoption_messages import WORKFLOW, AdoptionStart, Progress, workflow_id

_PATIENCE = timedelta(seconds=10)
_SINCE = "since"


class Adoptions:
    """The adoptions of one Temporal namespace and task queue."""

    def __init__(self, client: Client, task_queue: str) -> None:
        self._client = client
        self._task_queue = task_queue

    async def start(self, ruling: Ruling, *, again: bool = True) -> bool:
        """Carry a version that is in force to the open cases; one that is under way goes on.

        Args:
            ruling: The version.
            again: Whether an adoption that has ended is done again, which offers no case anything twice.

        Returns:
            Whether one was started.

        Raises:
            UnavailableError: the engine is out of reach; asking again is safe.
        """
        reuse = WorkflowIDReusePolicy.ALLOW_DUPLICATE if again else WorkflowIDReusePolicy.REJECT_DUPLICATE
        try:
            try:
                await self._start(ruling, id_reuse_policy=reuse)
            except WorkflowAlreadyStartedError:
                if not await self._is_left_over(ruling):
                    return False
                await self._start(ruling, id_conflict_policy=WorkflowIDConflictPolicy.TERMINATE_EXISTING)
        except (RPCError, RPCTimeoutOrCancelledError) as error:
            raise UnavailableError("the engine does not answer") from error
        return True

    async def _start(self, ruling: Ruling, **policies: Any) -> None:
        await self._client.start_workflow(
            WORKFLOW,
            AdoptionStart(ruling=ruling),
            id=workflow_id(ruling.policy, ruling.version),
            task_queue=self._task_queue,
            static_summary=f"policy {ruling.policy} {ruling.version} for the open cases",
            memo={_SINCE: ruling.since.isoformat()},
            rpc_timeout=_PATIENCE,
            **policies,
        )

    async def _is_left_over(self, ruling: Ruling) -> bool:
        """Whether the adoption that is there is of an earlier time that this version was in force."""
        handle: WorkflowHandle[Any, Any] = self._client.get_workflow_handle(workflow_id(ruling.policy, ruling.version))
        described = await handle.describe(rpc_timeout=_PATIENCE)
        return (await described.memo()).get(_SINCE) != ruling.since.isoformat()

    async def progress(self, policy: str, version: str) -> Progress | None:
        """How far the adoption of a version is, or how it ended; none if there is none.

        Raises:
            UnavailableError: the engine is out of reach, or no worker answers.
        """
        handle: WorkflowHandle[Any, Progress] = self._client.get_workflow_handle(
            workflow_id(policy, version), result_type=Progress
        )
        try:
            described = await handle.describe(rpc_timeout=_PATIENCE)
            if described.status is WorkflowExecutionStatus.COMPLETED:
                return await handle.result()
            progress: Progress = await handle.query("progress", result_type=Progress, rpc_timeout=_PATIENCE)
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                return None
            raise UnavailableError("the engine or its workers do not answer") from error
        except (RPCTimeoutOrCancelledError, WorkflowQueryFailedError) as error:
            raise UnavailableError("the workers do not answer; is `hotline worker` running?") from error
        return progress
