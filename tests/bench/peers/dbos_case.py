"""The routine case as a DBOS workflow, with its door: `python -m tests.bench.peers.dbos_case`.

One process, as DBOS is a library of the application: case numbers are workflow ids, steps arrive as messages under
idempotency keys, each limit is the timeout of a `recv`, and the order is a workflow of its own, so that a unit that is
down holds up no limit. A restarted process takes its workflows up again.
"""

import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from uuid import NAMESPACE_URL, uuid5

from dbos import DBOS, DBOSConfig, SetWorkflowID
from dbos._error import DBOSNonExistentWorkflowError
from fastapi import FastAPI, HTTPException
from sqlalchemy import update
from sqlalchemy.dialects.postgresql import insert

from tests.bench.peers.door import NewCase, StepBody, Units, engine, guard, serve
from tests.bench.peers.tables import ROUTINE, breaches, cases, steps

_FOR_EVER = 10 * 365 * 86_400.0
_units = Units.of_environment()
_database = engine()


@DBOS.step(retries_allowed=True, max_attempts=50, backoff_rate=1.5)
async def enter(number: str, unit: str, description: str) -> None:
    """The row of a new case."""
    row = {"number": number, "unit": unit, "description": description, "status": "dispatched"}
    async with _database.begin() as connection:
        await connection.execute(insert(cases).values(row).on_conflict_do_nothing())


@DBOS.step(retries_allowed=True, max_attempts=50, backoff_rate=1.5)
async def post(number: str, unit: str, description: str) -> None:
    """The order, posted to the unit's system."""
    await _units.post(number, unit, description)


@DBOS.step(retries_allowed=True, max_attempts=50, backoff_rate=1.5)
async def write_step(number: str, step: str, note: str) -> None:
    """The row of a step that was taken, and the case's new status."""
    status = "closed" if step == "callback" else step
    async with _database.begin() as connection:
        await connection.execute(insert(steps).values(number=number, step=step, note=note).on_conflict_do_nothing())
        await connection.execute(update(cases).where(cases.c.number == number).values(status=status))


@DBOS.step(retries_allowed=True, max_attempts=50, backoff_rate=1.5)
async def write_breach(number: str, step: str, due: float) -> None:
    """The row of a limit that passed."""
    row = {"number": number, "step": step, "due_at": datetime.fromtimestamp(due, UTC)}
    async with _database.begin() as connection:
        await connection.execute(insert(breaches).values(row).on_conflict_do_nothing())


@DBOS.workflow()
async def deliver(number: str, unit: str, description: str) -> None:
    """One order, until the unit's system has it."""
    await post(number, unit, description)


@DBOS.workflow()
async def lead(number: str, unit: str, description: str, due: dict[str, float]) -> None:
    """One case, from its receipt to the call-back. `due` is in seconds since 1970, for each step."""
    await enter(number, unit, description)
    with SetWorkflowID(f"order-{number}"):
        await DBOS.start_workflow_async(deliver, number, unit, description)
    for step in ROUTINE:
        # The moment of waking is kept with the first run: a recovery waits no longer than was left.
        told = await DBOS.recv_async(step, timeout_seconds=max(0.0, due[step] - time.time()))
        if told is None:
            await write_breach(number, step, due[step])
            told = await DBOS.recv_async(step, timeout_seconds=_FOR_EVER)
        await write_step(number, step, told["note"])


@asynccontextmanager
async def _launched(app: FastAPI) -> AsyncIterator[None]:
    DBOS.launch()
    yield
    DBOS.destroy()


def app() -> FastAPI:
    """The door."""
    door = FastAPI(lifespan=_launched)
    guard(door)

    @door.post("/cases", status_code=201)
    async def receive(case: NewCase) -> dict[str, str]:
        number = str(uuid5(NAMESPACE_URL, case.reference))
        due = {step: at.timestamp() for step, at in case.due().items()}
        with SetWorkflowID(number):
            await DBOS.start_workflow_async(lead, number, case.unit, case.description, due)
        return {"number": number}

    @door.post("/cases/{number}/{step}")
    async def take(number: str, step: str, body: StepBody) -> dict[str, str]:
        if step not in ROUTINE:
            raise HTTPException(404, "No such step")
        try:
            await DBOS.send_async(number, body.model_dump(), step, idempotency_key=f"{number}-{step}")
        except DBOSNonExistentWorkflowError:
            raise HTTPException(404, "No such case") from None
        return {"number": number}

    return door


def main() -> None:
    """Serve until told to stop."""
    config: DBOSConfig = {
        "name": "peer",
        "system_database_url": os.environ["PEER_DATABASE"],
        "application_version": "1",
        "executor_id": "peer-1",
        "log_level": "WARNING",
    }
    DBOS(config=config)
    serve(app())


if __name__ == "__main__":
    main()
