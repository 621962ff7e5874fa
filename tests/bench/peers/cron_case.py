"""The routine case as rows, with its door and its scheduler: `python -m tests.bench.peers.cron_case door|scheduler`.

A case, its deadlines and its order are written in one transaction. The order goes out right after it; what did not get
out, and what fell due, the scheduler finds: it looks every `PEER_EVERY` seconds, a minute as cron does.
"""

import asyncio
import logging
import os
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from uuid import NAMESPACE_URL, uuid5

import httpx
from fastapi import FastAPI, HTTPException
from sqlalchemy import func, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.bench.peers.door import OUTAGES, NewCase, StepBody, Units, engine, guard, serve
from tests.bench.peers.tables import ROUTINE, breaches, cases, deadlines, orders, steps

_BATCH = 500
_LEASE = timedelta(seconds=30)
"""How long an order belongs to whoever took it up: twice what an attempt may last, and more."""

_BEFORE = dict(zip(ROUTINE, ["dispatched", *ROUTINE], strict=False))
"""The status that a case must have for a step."""


class Desk:
    """What the door does."""

    def __init__(self, database: AsyncEngine, units: Units) -> None:
        self._database = database
        self._units = units
        self._posting: set[asyncio.Task[None]] = set()

    async def receive(self, case: NewCase) -> dict[str, str]:
        """Write a case down, once for each reference."""
        number = str(uuid5(NAMESPACE_URL, case.reference))
        row = {"number": number, "unit": case.unit, "description": case.description, "status": "dispatched"}
        limits = [{"number": number, "step": step, "due_at": at} for step, at in case.due().items()]
        async with self._database.begin() as connection:
            made = insert(cases).values(row).on_conflict_do_nothing().returning(cases.c.number)
            new = (await connection.execute(made)).first() is not None
            if new:
                await connection.execute(insert(deadlines), limits)
                leased = {"number": number, "unit": case.unit, "try_at": datetime.now(UTC) + _LEASE}
                await connection.execute(insert(orders).values(leased))
        if new:
            task = asyncio.create_task(deliver(self._database, self._units, number, case.unit, case.description))
            self._posting.add(task)
            task.add_done_callback(self._posting.discard)
        return {"number": number}

    async def take(self, number: str, step: str, body: StepBody) -> dict[str, str]:
        """Take a step, once; it must be the case's next."""
        if step not in ROUTINE:
            raise HTTPException(404, "No such step")
        async with self._database.begin() as connection:
            found = select(cases.c.status).where(cases.c.number == number).with_for_update()
            status = (await connection.execute(found)).scalar()
            if status is None:
                raise HTTPException(404, "No such case")
            row = {"number": number, "step": step, "note": body.note}
            made = insert(steps).values(row).on_conflict_do_nothing().returning(steps.c.step)
            if (await connection.execute(made)).first() is None:
                return {"number": number}
            if status != _BEFORE[step]:
                raise HTTPException(409, f"Not the next step of a case that is at {status!r}")
            after = "closed" if step == "callback" else step
            await connection.execute(update(cases).where(cases.c.number == number).values(status=after))
            met = update(deadlines).where(deadlines.c.number == number, deadlines.c.step == step)
            await connection.execute(met.values(met_at=func.now()))
        return {"number": number}


async def deliver(database: AsyncEngine, units: Units, number: str, unit: str, description: str) -> None:
    """Post one order, and note that it arrived. What fails is left to the scheduler."""
    try:
        await units.post(number, unit, description)
        async with database.begin() as connection:
            done = update(orders).where(orders.c.number == number).values(delivered_at=func.now())
            await connection.execute(done)
    except (httpx.HTTPError, *OUTAGES) as error:
        logging.warning("order %s: %s", number, error)


async def breach_due(database: AsyncEngine) -> int:
    """Note some of the limits that passed, and tell how many."""
    running = deadlines.c.met_at.is_(None) & deadlines.c.breached_at.is_(None)
    due = (
        select(deadlines.c.number, deadlines.c.step, deadlines.c.due_at)
        .where(running, deadlines.c.due_at <= func.now())
        .order_by(deadlines.c.due_at)
        .limit(_BATCH)
        .with_for_update(skip_locked=True)
    )
    async with database.begin() as connection:
        rows = [row._asdict() for row in await connection.execute(due)]
        if rows:
            await connection.execute(insert(breaches).values(rows).on_conflict_do_nothing())
            these = tuple_(deadlines.c.number, deadlines.c.step).in_([(row["number"], row["step"]) for row in rows])
            await connection.execute(update(deadlines).where(these).values(breached_at=func.now()))
    return len(rows)


async def post_waiting(database: AsyncEngine, units: Units) -> int:
    """Post some of the orders that did not get out, and tell how many."""
    waiting = (
        select(orders.c.number, orders.c.unit, cases.c.description)
        .join(cases, cases.c.number == orders.c.number)
        .where(orders.c.delivered_at.is_(None), orders.c.try_at <= func.now())
        .order_by(orders.c.try_at)
        .limit(_BATCH)
        .with_for_update(skip_locked=True, of=orders)
    )
    async with database.begin() as connection:
        rows = (await connection.execute(waiting)).all()
        if rows:
            leased = update(orders).where(orders.c.number.in_([row.number for row in rows]))
            await connection.execute(leased.values(try_at=func.now() + _LEASE, attempts=orders.c.attempts + 1))
    await asyncio.gather(*(deliver(database, units, *row) for row in rows))
    return len(rows)


async def schedule(every: float) -> None:
    """Look, and look again, every so many seconds."""
    database, units = engine(), Units.of_environment()
    while True:
        began = time.monotonic()
        try:
            while await breach_due(database) == _BATCH:
                pass
            while await post_waiting(database, units) == _BATCH:
                pass
        except OUTAGES as error:
            logging.warning("looking again later: %s", error)
        await asyncio.sleep(max(0.0, every - (time.monotonic() - began)))


def app() -> FastAPI:
    """The door."""
    database = engine()

    @asynccontextmanager
    async def open_while_served(_: FastAPI) -> AsyncIterator[None]:
        yield
        await database.dispose()

    door, desk = FastAPI(lifespan=open_while_served), Desk(database, Units.of_environment())
    guard(door)
    door.add_api_route("/cases", desk.receive, methods=["POST"], status_code=201)
    door.add_api_route("/cases/{number}/{step}", desk.take, methods=["POST"])
    return door


def main() -> None:
    """Be the door, or the scheduler, until told to stop."""
    if sys.argv[1] == "door":
        serve(app())
    else:
        asyncio.run(schedule(float(os.environ["PEER_EVERY"])))


if __name__ == "__main__":
    main()
