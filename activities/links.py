"""Cases that belong together: what one of them tells another."""

from typing import Protocol

from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.messages import TELL_CASE, CaseMessage
from cases.commands import Command
from cases.errors import RefusalError, UnknownCaseError
from cases.view import CaseView


class Cases(Protocol):
    """Whoever can give a case a command."""

    async def submit(self, number: str, command: Command) -> CaseView:
        """Give a case a command, also one that has ended."""


class Links:
    """Carries commands from case to case. A command keeps its id over every attempt, so that it is taken once."""

    def __init__(self, cases: Cases) -> None:
        self._cases = cases

    @activity.defn(name=TELL_CASE)
    async def tell(self, message: CaseMessage) -> None:
        """Give another case a command.

        Raises:
            ApplicationError: there is no such case, or its rules forbid it; trying again is no use.
            UnavailableError: the engine or the register is out of reach; trying again helps.
        """
        try:
            await self._cases.submit(message.number, message.command)
        except RefusalError as refusal:
            raise ApplicationError(refusal.detail, type=refusal.rule, non_retryable=True) from None
        except UnknownCaseError as error:
            raise ApplicationError(str(error), type="unknown_case", non_retryable=True) from None
