"""Cases that belong together: what one of them tells another."""

from typing import Protocol

from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.messages import TELL_CASE, CaseMessage
from cases.commands import Command, Relay
from cases.disclosure import scrub
from cases.errors import RefusalError, UnavailableError, UnknownCaseError
from cases.sealed import absent
from cases.view import CaseView
from cases.vocabulary import Complainant
from records.register import Register


class Cases(Protocol):
    """Whoever can give a case a command."""

    async def submit(self, number: str, command: Command) -> CaseView:
        """Give a case a command, also one that has ended."""


class Links:
    """Carries commands from case to case. A command keeps its id over every attempt, so that it is taken once."""

    def __init__(self, cases: Cases, register: Register) -> None:
        """Args:
        cases: Whoever takes the commands.
        register: Where the case is recorded that tells something, and the keys of both.
        """
        self._cases = cases
        self._register = register

    @activity.defn(name=TELL_CASE)
    async def tell(self, message: CaseMessage) -> None:
        """Give another case a command. What the unit of an incident reports names nobody of the incident's there.

        Raises:
            ApplicationError: there is no such case, or its rules forbid it; trying again is no use.
            UnavailableError: the engine or the register is out of reach; trying again helps.
        """
        command = await self._for_others(message.number, message.command)
        try:
            await self._cases.submit(message.number, command)
        except RefusalError as refusal:
            raise ApplicationError(refusal.detail, type=refusal.rule, non_retryable=True) from None
        except UnknownCaseError as error:
            raise ApplicationError(str(error), type="unknown_case", non_retryable=True) from None

    async def _for_others(self, number: str, command: Command) -> Command:
        """The command as another case may keep it: whoever sees that case may perhaps not see the one it comes from."""
        act = command.act
        if not isinstance(act, Relay) or not act.note:
            return command
        seals = self._register.seals
        note = await seals.open_text(act.note, strictly=True)
        if absent([note]):
            return command
        scrubbed = scrub(note, await self._complainant(act.incident))
        sealed = (await seals.key_for(number)).seal(scrubbed)
        # Sealed anew it looks another way at every attempt, and is the same command all the same.
        return command.model_copy(
            update={"act": act.model_copy(update={"note": sealed}), "digest": command.fingerprint}
        )

    async def _complainant(self, number: str) -> Complainant:
        try:
            return await self._register.complainant(number, strictly=True)
        except UnknownCaseError:
            raise UnavailableError(f"the register does not hold case {number} yet") from None
