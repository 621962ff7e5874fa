"""The casebook: writes what happened to a case into the register, and reads it there."""

from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.messages import READ_HISTORY, RECORD, REWRITE, RecordRequest
from cases.errors import InvalidError, UnknownCaseError
from cases.events import Event
from records.errors import ConflictError, GapError
from records.register import Register


class Casebook:
    """Writes into one register, and reads from it."""

    def __init__(self, register: Register) -> None:
        self._register = register

    @activity.defn(name=RECORD)
    async def record(self, request: RecordRequest) -> None:
        """Write events of a case; the same again changes nothing. While PostgreSQL is away, trying again helps.

        Raises:
            ApplicationError: trying again is no use. `gap`: events before these are missing, and the detail says which
                one the register has last; `conflict`: the register holds something else there; `invalid`: these are
                no piece of the case's history.
        """
        try:
            await self._register.record(request.number, request.events, request.case)
        except GapError as error:
            raise ApplicationError(str(error), error.stored, type="gap", non_retryable=True) from None
        except ConflictError as error:
            raise ApplicationError(str(error), type="conflict", non_retryable=True) from None
        except InvalidError as error:
            raise ApplicationError(str(error), type="invalid", non_retryable=True) from None

    @activity.defn(name=REWRITE)
    async def rewrite(self, request: RecordRequest) -> None:
        """Put a case's whole history in the place of what is recorded of it. Raises like `record`, but for the gap."""
        try:
            await self._register.rewrite(request.number, request.events)
        except ConflictError as error:
            raise ApplicationError(str(error), type="conflict", non_retryable=True) from None
        except InvalidError as error:
            raise ApplicationError(str(error), type="invalid", non_retryable=True) from None

    @activity.defn(name=READ_HISTORY)
    async def history(self, number: str) -> list[Event]:
        """Everything that is recorded of a case. While PostgreSQL is away, trying again helps.

        Raises:
            ApplicationError: the register has no such case, and trying again is no use.
        """
        try:
            return await self._register.history(number)
        except UnknownCaseError as error:
            raise ApplicationError(str(error), type="unknown_case", non_retryable=True) from None
