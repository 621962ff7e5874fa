"""Who sits at a simulated department: signs for orders or disputes them, at once, later or never."""

import asyncio
import logging
from collections.abc import Awaitable
from enum import StrEnum
from typing import Any

from hotline.unit_simulator.answering import Answers
from hotline.unit_simulator.book import Book
from hotline.unit_simulator.department import Answer
from hotline.unit_simulator.order import ORDERED, Order

_log = logging.getLogger(__name__)


class Habit(StrEnum):
    """What becomes of an order: signed for at once, disputed at once, signed for later, or left lying."""

    ACCEPT = "accept"
    REFUSE = "refuse"
    LATER = "later"
    NONE = "none"


SIGNED = {"note": "已签收。Signed for."}
DISPUTED = {"reason": "不属于本单位职责。Not within our duties.", "evidence": "职责清单第3条。List of duties, 3."}
CONTACTED = {"note": "已联系诉求人。Reached the complainant."}
REPORTED = {"outcome": "solved", "note": "已处理完毕。Dealt with."}
ASSISTED = {"note": "已配合处置。Did its part."}


class Clerk:
    """One unit's work. `entered` counts what was told, by what it was about."""

    def __init__(self, habit: Habit, after: float, answers: Answers | None = None, *, handles: bool = False) -> None:
        """Args:
        habit: What becomes of orders.
        after: Seconds from one step to the next.
        answers: How steps are told to the hotline; without it, only what is answered at once is.
        handles: Whether orders that were signed for are handled and reported, too.
        """
        self.book = Book()
        self.entered: dict[str, int] = {}
        self._habit = habit
        self._after = after
        self._answers = answers
        self._handles = handles
        self._tasks: set[asyncio.Task[None]] = set()

    def take(self, order: Order) -> Answer | None:
        """Enter what was told; an order is answered by habit."""
        self.entered[order.about] = self.entered.get(order.about, 0) + 1
        fresh = self.book.enter(order)
        _log.info("%s: case %s, sequence %s", order.about, order.case_number, order.sequence)
        if not fresh:
            return None
        if self._habit is Habit.ACCEPT:
            self._start(self._handle(order))
            return {"answer": "accepted", **SIGNED}
        if self._habit is Habit.REFUSE:
            return {"answer": "refused", **DISPUTED}
        if self._habit is Habit.LATER:
            self._start(self._sign_and_handle(order))
        return None

    def take_letter(self, order: Order) -> None:
        """Enter what stood in the mailbox, where nothing can be answered at once."""
        answer = self.take(order)
        if answer is not None and order.about in ORDERED and self._answers is not None:
            accepted = answer["answer"] == "accepted"
            act = ("assist_acknowledge" if order.assist is not None else "acknowledge") if accepted else _dispute(order)
            content = {name: value for name, value in answer.items() if name != "answer"}
            self._start(self._step(order, act, content))

    def shown(self) -> dict[str, Any]:
        """What the unit holds."""
        held = [one.model_dump(mode="json", exclude={"description", "change", "key"}) for one in self.book.held]
        return {"told": self.entered, "orders": len(held), "items": held}

    def stop(self) -> None:
        """Leave everything lying."""
        for task in self._tasks:
            task.cancel()

    async def _sign_and_handle(self, order: Order) -> None:
        await asyncio.sleep(self._after)
        await self._step(order, "acknowledge" if order.assist is None else "assist_acknowledge", SIGNED)
        await self._handle(order)

    async def _handle(self, order: Order) -> None:
        if not self._handles:
            return
        steps: tuple[tuple[str, dict[str, str]], ...] = (("contact", CONTACTED), ("report", REPORTED))
        for act, content in steps if order.assist is None else (("assist_report", ASSISTED),):
            await asyncio.sleep(self._after)
            if order not in self.book.held:
                return
            await self._step(order, act, content)

    async def _step(self, order: Order, act: str, content: dict[str, Any]) -> None:
        if self._answers is not None:
            await self._answers.send(order, act, content)

    def _start(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _dispute(order: Order) -> str:
    return "return" if order.assist is None else "assist_refuse"
