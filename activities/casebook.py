"""The casebook: writes what happened to a case into the register."""

from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.messages import RECORD, RecordRequest
from cases.errors import InvalidError
from records.errors import ConflictError, GapError
from records.register import Register


class Casebook:
    """Writes into one register."""

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
