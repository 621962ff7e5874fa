"""Taking the history of an erased case away from the engine: every run of its workflow, and all it was told."""

from datetime import timedelta

from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import DeleteWorkflowExecutionRequest
from temporalio.client import Client, RPCTimeoutOrCancelledError
from temporalio.service import RPCError, RPCStatusCode

from workflows.messages import workflow_id
from workflows.reach import told, within

_PATIENCE = timedelta(seconds=10)


async def forget(client: Client, number: str) -> None:
    """Have the engine delete what it holds of a case; one that it does not hold is no mistake.

    It deletes a moment later, and ends a run that is still under way before. Earlier runs are found by its list of
    workflows, which forgets them with their histories.

    Raises:
        UnavailableError: the engine is out of reach; asking again is safe.
    """
    name = workflow_id(number)
    async with within(_PATIENCE):
        try:
            runs = [one.run_id async for one in client.list_workflows(f"WorkflowId = '{name}'")]
            # Without an id it is the latest run, of which the list may not know yet.
            for run in (*runs, ""):
                await _delete(client, WorkflowExecution(workflow_id=name, run_id=run))
        except (RPCError, RPCTimeoutOrCancelledError) as error:
            raise told(error) from error


async def _delete(client: Client, run: WorkflowExecution) -> None:
    request = DeleteWorkflowExecutionRequest(namespace=client.namespace, workflow_execution=run)
    try:
        await client.workflow_service.delete_workflow_execution(request, timeout=_PATIENCE)
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise
