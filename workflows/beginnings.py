"""Starting cases by their receipts: once each, however often it is asked for."""

from collections.abc import Collection
from datetime import timedelta

from temporalio.client import Client, RPCTimeoutOrCancelledError
from temporalio.common import WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError

from cases.case import Case
from cases.commands import Command, Receive, content_fingerprint
from cases.decide import decide
from cases.errors import other_content
from cases.evolve import fold
from workflows.messages import LAYOUT, WORKFLOW, CaseStart, workflow_id
from workflows.particulars import particulars
from workflows.reach import told, within

_PATIENCE = timedelta(seconds=3)
"""Short: somebody is on the telephone, and a complaint that cannot be started is kept instead."""


def received(command: Command) -> Case:
    """The case as its receipt leaves it."""
    if not isinstance(command.act, Receive):
        raise TypeError("a case starts with its receipt")
    return fold(decide(None, command, command.act.complaint.received_at))


class Beginnings:
    """Starts the cases of one Temporal namespace and task queue."""

    def __init__(self, client: Client, task_queue: str) -> None:
        self._client = client
        self._task_queue = task_queue

    async def begin(self, command: Command, known_as: Collection[str] = ()) -> bool:
        """Start the case that a `Receive` asks for; it is durable once this returns. Whether it is new.

        Args:
            command: The receipt.
            known_as: Other digests by which the same complaint may be known.

        Raises:
            RefusalError: the number belongs to a different complaint.
            AwayError: the engine is out of reach; whether the case was started is unknown, and asking again is safe.
            NotStartedError: the engine answers, and does not take it.
        """
        case = received(command)
        async with within(_PATIENCE):
            try:
                await self._client.start_workflow(
                    WORKFLOW,
                    CaseStart(command=command, layout=LAYOUT),
                    id=workflow_id(case.number),
                    task_queue=self._task_queue,
                    id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
                    **particulars(case),
                    rpc_timeout=_PATIENCE,
                )
                return True
            except WorkflowAlreadyStartedError:
                pass
            except (RPCError, RPCTimeoutOrCancelledError) as error:
                raise told(error) from error
        await self._check_same(case.number, {content_fingerprint(case.complaint), *known_as})
        return False

    async def _check_same(self, number: str, contents: Collection[str]) -> None:
        handle = self._client.get_workflow_handle(workflow_id(number))
        try:
            async with within(_PATIENCE):
                memo = await (await handle.describe(rpc_timeout=_PATIENCE)).memo()
        except (RPCError, RPCTimeoutOrCancelledError) as error:
            raise told(error) from error
        if memo.get("content") not in contents:
            raise other_content(number)
