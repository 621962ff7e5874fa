"""The cases that the engine holds: listed page by page, their last runs looked at, and lost ones started again."""

import base64
from datetime import timedelta
from typing import Any

from temporalio.client import (
    Client,
    RPCTimeoutOrCancelledError,
    WorkflowExecutionDescription,
    WorkflowExecutionStatus,
    WorkflowHandle,
    WorkflowQueryFailedError,
)
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from activities.messages import Life, Standing
from cases.case import Case
from cases.errors import UnavailableError
from cases.events import Event
from workflows.messages import LAYOUT, WORKFLOW, CaseStart, workflow_id
from workflows.particulars import particulars
from workflows.reach import told, within

_PATIENCE = timedelta(seconds=10)
_PATIENCE_TO_LOOK = timedelta(seconds=3)
"""For a case whose worker may have to play its whole history through first."""

_ALL = f"WorkflowType = '{WORKFLOW}' AND ExecutionStatus != 'ContinuedAsNew'"
_PREFIX = workflow_id("")
_LIVES: dict[WorkflowExecutionStatus | None, Life] = {
    WorkflowExecutionStatus.RUNNING: "running",
    WorkflowExecutionStatus.CONTINUED_AS_NEW: "running",
    WorkflowExecutionStatus.COMPLETED: "ended",
}


class CaseRuns:
    """The runs of cases in one Temporal namespace. Every method raises UnavailableError while it is out of reach."""

    def __init__(self, client: Client, task_queue: str) -> None:
        """Args:
        client: The engine.
        task_queue: The queue on which lost cases are started again.
        """
        self._client = client
        self._task_queue = task_queue

    async def page(self, after: str, limit: int) -> tuple[list[str], str | None]:
        """The numbers of a page of cases, each by its last run, and where the next page begins.

        Args:
            after: What the page before said; empty for the first one.
            limit: How many runs at most.
        """
        token = base64.b64decode(after) if after else None
        try:
            async with within(_PATIENCE):
                found = self._client.list_workflows(_ALL, page_size=limit, next_page_token=token)
                await found.fetch_next_page()
        except (RPCError, RPCTimeoutOrCancelledError) as error:
            raise told(error) from error
        numbers = []
        for run in found.current_page or ():
            number = run.id.removeprefix(_PREFIX)
            # One that goes on is the last of its case; of those that have ended, there may be later ones.
            if run.status is WorkflowExecutionStatus.RUNNING or await self._last_run(number) == run.run_id:
                numbers.append(number)
        following = found.next_page_token
        return list(dict.fromkeys(numbers)), base64.b64encode(following).decode() if following else None

    async def life(self, number: str) -> Life:
        """What the engine knows of the last run of a case."""
        described = await self._described(number)
        return _LIVES.get(described.status, "stopped") if described is not None else "unknown"

    async def events(self, number: str) -> list[Event]:
        """Everything that happened to a case, from its last run; nothing while that just begins."""
        events: list[Event] = await self._ask(number, "events", list[Event])
        return events

    async def standing(self, number: str) -> Standing:
        """How far the last run of a case is with recording it."""
        standing: Standing = await self._ask(number, "standing", Standing)
        return standing

    async def revive(self, case: Case) -> None:
        """Start a case again from its record, where its run was lost; one that runs by now is left alone."""
        try:
            async with within(_PATIENCE):
                await self._client.start_workflow(
                    WORKFLOW,
                    CaseStart(ended=case.number, revived=True, layout=LAYOUT),
                    id=workflow_id(case.number),
                    task_queue=self._task_queue,
                    id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
                    id_conflict_policy=WorkflowIDConflictPolicy.FAIL,
                    **particulars(case),
                    rpc_timeout=_PATIENCE,
                )
        except WorkflowAlreadyStartedError:
            return
        except (RPCError, RPCTimeoutOrCancelledError) as error:
            raise told(error) from error

    async def ping(self) -> None:
        """Whether the engine answers."""
        try:
            async with within(_PATIENCE):
                await self._client.service_client.check_health(timeout=_PATIENCE)
        except RPCError as error:
            raise told(error) from error

    async def _last_run(self, number: str) -> str | None:
        described = await self._described(number)
        return described.run_id if described is not None else None

    async def _described(self, number: str) -> WorkflowExecutionDescription | None:
        try:
            async with within(_PATIENCE):
                return await self._handle(number).describe(rpc_timeout=_PATIENCE)
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                return None
            raise told(error) from error
        except RPCTimeoutOrCancelledError as error:
            raise told(error) from error

    async def _ask(self, number: str, query: str, answer: type[Any]) -> Any:
        try:
            async with within(_PATIENCE_TO_LOOK):
                return await self._handle(number).query(query, result_type=answer, rpc_timeout=_PATIENCE_TO_LOOK)
        except (RPCError, WorkflowQueryFailedError, RPCTimeoutOrCancelledError) as error:
            raise UnavailableError("the case's workflow does not answer") from error

    def _handle(self, number: str) -> WorkflowHandle[Any, Any]:
        return self._client.get_workflow_handle(workflow_id(number))
