"""A worker process that is killed in the worst moment: it has recorded a fact, and the engine does not know of it yet.

`python -m tests.workflow.dying_worker ADDRESS TASK_QUEUE DATABASE FACT`
"""

import asyncio
import os
import signal
import sys
from collections.abc import Sequence

import worker
from cases.case import Case
from cases.events import Event
from cases.notice import Notice
from cases.order_form import OrderForm
from records.database import connect as connect_database
from records.register import Register
from tests.own_keys import KEYS
from tests.unit_system import ON_THIS_MACHINE
from workflows.connection import connect


class DyingRegister(Register):
    """Writes as any register does; the process does not survive the writing of one kind of fact."""

    fatal = ""

    async def record(
        self,
        number: str,
        events: Sequence[Event],
        case: Case | None = None,
        orders: Sequence[OrderForm] = (),
        notices: Sequence[Notice] = (),
    ) -> None:
        await super().record(number, events, case, orders, notices)
        if any(event.fact.type == self.fatal for event in events):
            os.kill(os.getpid(), signal.SIGKILL)


async def main(address: str, task_queue: str, database: str, fact: str) -> None:
    register = DyingRegister(connect_database(database), KEYS)
    register.fatal = fact
    client = await connect(KEYS, address)
    async with worker.build(client, task_queue, register, bounds=ON_THIS_MACHINE):
        sys.stdout.write("working\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
