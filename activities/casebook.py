"""The casebook: writes what happened to a case into the register, and reads it there."""

import asyncio
from collections.abc import Collection, Sequence

from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.departments import Departments
from activities.messages import (
    READ_HISTORY,
    RECORD,
    REWRITE,
    Delivery,
    HistoryPart,
    HistoryRequest,
    Recorded,
    RecordRequest,
    fitting,
)
from cases.errors import InvalidError
from cases.order_form import OrderForm
from records.errors import ConflictError, GapError
from records.register import Register

_PAGE = 1_000


class Casebook:
    """Writes into one register, and reads from it; what units are told goes on to their systems if they are prompt."""

    def __init__(self, register: Register, departments: Departments | None = None) -> None:
        self._register = register
        self._departments = departments

    @activity.defn(name=RECORD)
    async def record(self, request: RecordRequest) -> Recorded:
        """Write events of a case, with what they owe; the same again changes nothing.

        While PostgreSQL is away, trying again helps.

        Raises:
            ApplicationError: trying again is no use. `gap`: events before these are missing, and the detail says which
                one the register has last; `conflict`: the register holds something else there; `invalid`: these are
                no piece of the case's history.
        """
        try:
            await self._register.record(request.number, request.events, request.case, request.orders, request.notices)
            going_out = await self._register.mailboxes.to_systems(request.orders)
        except GapError as error:
            raise ApplicationError(str(error), error.stored, type="gap", non_retryable=True) from None
        except ConflictError as error:
            raise ApplicationError(str(error), type="conflict", non_retryable=True) from None
        except InvalidError as error:
            raise ApplicationError(str(error), type="invalid", non_retryable=True) from None
        owed = {form.key for form in going_out}
        return Recorded(
            in_mailbox=tuple(form.key for form in request.orders if form.key not in owed),
            delivered=await self._delivered(request.at_once, going_out),
        )

    async def _delivered(self, at_once: Collection[str], going_out: Sequence[OrderForm]) -> dict[str, Delivery]:
        """What systems have taken at once. Of several orders to one unit only the first is tried: they go in order."""
        first: dict[str, OrderForm] = {}
        for form in going_out:
            if form.key in at_once:
                first.setdefault(form.unit, form)
        if self._departments is None or not first:
            return {}
        answers = await asyncio.gather(*map(self._departments.deliver_at_once, first.values()))
        return {form.key: answer for form, answer in zip(first.values(), answers, strict=True) if answer is not None}

    @activity.defn(name=REWRITE)
    async def rewrite(self, request: RecordRequest) -> None:
        """Put a case's whole history in the place of what is recorded of it.

        Raises:
            ApplicationError: trying again is no use. `conflict`: the register holds another case under this number, or
                under its reference; `invalid`: this is no whole history.
        """
        try:
            await self._register.rewrite(request.number, request.events)
        except ConflictError as error:
            raise ApplicationError(str(error), type="conflict", non_retryable=True) from None
        except InvalidError as error:
            raise ApplicationError(str(error), type="invalid", non_retryable=True) from None

    @activity.defn(name=READ_HISTORY)
    async def history(self, request: HistoryRequest) -> HistoryPart:
        """What is recorded of a case, as much as fits into one message. While PostgreSQL is away, trying again helps.

        Raises:
            ApplicationError: the register has no such case, and trying again is no use.
        """
        found = await self._register.events(request.number, request.after, _PAGE)
        if not (found or request.after):
            told = f"the register has no case {request.number}"
            raise ApplicationError(told, type="unknown_case", non_retryable=True)
        fits = fitting(found)
        return HistoryPart(events=tuple(found[:fits]), more=fits < len(found) or len(found) == _PAGE)
