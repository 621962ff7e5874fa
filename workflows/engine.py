"""How services speak to the workflows of cases: start one, give it a command, look at it."""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from weakref import WeakValueDictionary

from temporalio.api.common.v1 import Payload
from temporalio.client import (
    Client,
    RPCTimeoutOrCancelledError,
    WithStartWorkflowOperation,
    WorkflowExecutionStatus,
    WorkflowHandle,
    WorkflowQueryFailedError,
    WorkflowUpdateFailedError,
    WorkflowUpdateRPCTimeoutOrCancelledError,
)
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError, RPCStatusCode

from cases.case import Case
from cases.commands import Command
from cases.decide import decide
from cases.errors import RefusalError, UnavailableError, UnknownCaseError
from cases.events import Event
from cases.evolve import fold
from cases.view import CaseView, view
from workflows import forgetting
from workflows.beginnings import Beginnings, received
from workflows.messages import LAYOUT, WORKFLOW, CaseStart, workflow_id
from workflows.particulars import particulars
from workflows.reach import Outage, within

_PATIENCE = timedelta(seconds=10)
_PATIENCE_TO_LOOK = timedelta(seconds=3)
"""Shorter: a case that cannot be asked is answered from its record instead."""

_PATIENCE_TO_PING = timedelta(seconds=2)

Answer = TypeVar("Answer")
History = Callable[[str], Awaitable[list[Event]]]

_PAUSES = (0.05, 0.1, 0.2, 0.4, 0.8)
"""Seconds between tries while a run of the case is just ending; the next one takes the command."""

_AT_ONCE = 4
"""Commands that one process gives one case at once. The server takes ten of them, and for every one that it has no room
for it drops the others that are under way."""


class _ChangingHandsError(Exception):
    """A run of the case is just ending, or a task of it is being tried again: ask again in a moment."""


class Engine:
    """The case workflows of one Temporal namespace and task queue."""

    def __init__(self, client: Client, task_queue: str, history: History) -> None:
        """Args:
        client: Temporal's client.
        task_queue: The queue on which the cases' workers listen.
        history: Where the events of cases are that have ended; it raises UnknownCaseError.
        """
        self._client = client
        self._task_queue = task_queue
        self._history = history
        self._beginnings = Beginnings(client, task_queue)
        self._outage = Outage()
        self._gates: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()

    async def start(
        self, command: Command, known_as: Collection[str] = (), *, anyway: bool = False
    ) -> tuple[CaseView, bool]:
        """Start the case that a `Receive` asks for; it is durable once this returns.

        Args:
            command: The receipt.
            known_as: Other digests by which an earlier release may know the same complaint.
            anyway: Whether to ask the engine although it gave no answer a moment ago.

        Returns:
            The case, and whether it is new. Starting the same complaint again finds the case that is there; while its
            workers are away, that is told as it was received.

        Raises:
            RefusalError: the number belongs to a different complaint.
            KnownAwayError: the engine gave no answer a moment ago, and was not asked.
            UnavailableError: the engine is out of reach; whether the case was started is unknown, and asking again
                is safe.
        """
        with self._outage.attempt(anyway=anyway):
            new = await self.begin(command, known_as)
        case = received(command)
        if not new:
            with suppress(UnavailableError, UnknownCaseError):
                case = await self.case(case.number)
        return view(case), new

    async def begin(self, command: Command, known_as: Collection[str] = ()) -> bool:
        """Start a case without looking at it, and whatever is remembered of the engine. As `Beginnings.begin`."""
        return await self._beginnings.begin(command, known_as)

    async def submit(self, number: str, command: Command) -> CaseView:
        """Give a case a command and answer with the case as it leaves it.

        Raises:
            RefusalError: a rule forbids it.
            UnknownCaseError: there is no such case.
            UnavailableError: the engine is out of reach; whether the command was taken is unknown, and sending it
                again under the same id is safe.
        """
        for pause in _PAUSES:
            try:
                return await self._submit_in_turn(number, command)
            except _ChangingHandsError:
                await asyncio.sleep(pause)
        try:
            return await self._submit_in_turn(number, command)
        except _ChangingHandsError as error:
            raise UnavailableError("the case is just changing hands; ask again") from error

    async def _submit_in_turn(self, number: str, command: Command) -> CaseView:
        gate = self._gates.setdefault(number, asyncio.Semaphore(_AT_ONCE))
        try:
            async with asyncio.timeout(_PATIENCE.total_seconds()):
                await gate.acquire()
        except TimeoutError as error:
            raise UnavailableError("very many commands reach this case at once; ask again") from error
        try:
            return await self._submit(number, command)
        finally:
            gate.release()

    async def _submit(self, number: str, command: Command) -> CaseView:
        patience = self._outage.patience(_PATIENCE)
        try:
            async with within(patience):
                answer: CaseView = await self._handle(number).execute_update(
                    command.act.type,
                    command,
                    id=_update_id(command),
                    result_type=CaseView,
                    rpc_timeout=patience,
                )
            return answer
        except WorkflowUpdateFailedError as error:
            raise _refusal(error.cause) from error
        except WorkflowUpdateRPCTimeoutOrCancelledError as error:
            raise UnavailableError("the engine did not answer in time") from error
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise _fault(error) from error
        return await self._submit_to_ended(number, command)

    async def _submit_to_ended(self, number: str, command: Command) -> CaseView:
        """Judge a command by the record of a case that has ended; if it is taken, the case lives on from there.

        A record that is open although the last run came to an end tells of a command whose task was lost. No answer is
        given from it before a run has come to know of it.
        """
        case = fold(await self._history(number))
        if case.open and not await self._came_to_an_end(number):
            raise _ChangingHandsError
        if not decide(case, command, datetime.now(UTC)) and not case.open:
            return view(case)
        start: WithStartWorkflowOperation[Any, Any] = WithStartWorkflowOperation(
            WORKFLOW,
            CaseStart(ended=number, layout=LAYOUT),
            id=workflow_id(number),
            task_queue=self._task_queue,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
            **particulars(case),
        )
        try:
            async with within(_PATIENCE):
                answer: CaseView = await self._client.execute_update_with_start_workflow(
                    command.act.type,
                    command,
                    start_workflow_operation=start,
                    id=_update_id(command),
                    result_type=CaseView,
                    rpc_timeout=_PATIENCE,
                )
        except WorkflowUpdateFailedError as error:
            raise _refusal(error.cause) from error
        except RPCError as error:
            raise _fault(error) from error
        except (RPCTimeoutOrCancelledError, WorkflowUpdateRPCTimeoutOrCancelledError) as error:
            raise UnavailableError("the engine did not answer in time") from error
        return answer

    async def _came_to_an_end(self, number: str) -> bool:
        """Whether the last run of a case ended by itself; one that an operator has stopped did not."""
        try:
            async with within(_PATIENCE_TO_LOOK):
                described = await self._handle(number).describe(rpc_timeout=_PATIENCE_TO_LOOK)
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                return False
            raise UnavailableError("the engine does not answer") from error
        return described.status is WorkflowExecutionStatus.COMPLETED

    async def case(self, number: str) -> Case:
        """A case as its workflow holds it.

        Raises:
            UnknownCaseError: the engine holds no such case.
            UnavailableError: the engine or its workers are out of reach.
        """
        return await self._query(number, "case", Case)

    async def events(self, number: str) -> list[Event]:
        """Everything that happened to a case. Raises like `case`."""
        return await self._query(number, "events", list[Event])

    async def unlocked(self, payload: Payload) -> Payload:
        """Something that the engine keeps, as it was before it was locked.

        Raises:
            LockedError: the file of keys lacks the one that locked it.
        """
        codec = self._client.data_converter.payload_codec
        return (await codec.decode([payload]))[0] if codec is not None else payload

    async def forget(self, number: str) -> None:
        """Have the engine delete what it holds of an erased case. As `forgetting.forget`."""
        await forgetting.forget(self._client, number)

    async def ping(self) -> None:
        """Whether the engine answers.

        Raises:
            UnavailableError: it does not.
        """
        try:
            async with within(_PATIENCE_TO_PING):
                await self._client.service_client.check_health(timeout=_PATIENCE_TO_PING)
        except RPCError as error:
            raise UnavailableError("the engine does not answer") from error

    async def _query(self, number: str, name: str, answer: type[Answer]) -> Answer:
        patience = self._outage.patience(_PATIENCE_TO_LOOK)
        try:
            async with within(patience):
                asked = self._handle(number).query(name, result_type=answer, rpc_timeout=patience)
                found: Answer = await asked
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                raise UnknownCaseError(number) from error
            raise UnavailableError("the engine does not answer") from error
        except WorkflowQueryFailedError as error:
            raise UnavailableError("the case's workflow does not answer") from error
        return found

    def _handle(self, number: str) -> WorkflowHandle[Any, Any]:
        return self._client.get_workflow_handle(workflow_id(number))


def _fault(error: RPCError) -> Exception:
    # Aborted by a run that was just ending, or not ready since its task failed and is tried again.
    if error.status in (RPCStatusCode.ABORTED, RPCStatusCode.FAILED_PRECONDITION):
        return _ChangingHandsError()
    return UnavailableError("the engine does not answer")


def _update_id(command: Command) -> str:
    # With the fingerprint, since the server answers a known update id without looking at what is asked.
    return f"{command.id}:{command.fingerprint}"


def _refusal(cause: BaseException | None) -> Exception:
    if isinstance(cause, ApplicationError) and cause.details and isinstance(cause.details[0], dict):
        told = cause.details[0]
        return RefusalError(
            cause.type or "refused", cause.message, source=told.get("source", ""), allowed=told.get("allowed", [])
        )
    return UnavailableError("the case's workflow did not take the command; ask again")
