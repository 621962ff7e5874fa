"""Comparing cases with their records on a server of their own, with a real register and a unit's real system."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
import pytest_asyncio
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.client import Client, WorkflowHandle
from temporalio.worker import Replayer

import worker
from activities.messages import Tally
from cases.commands import (
    Acknowledge,
    Act,
    CallBack,
    Command,
    Contact,
    Reopen,
    Report,
    Withdraw,
)
from cases.deadlines import deadlines
from cases.decide import decide
from cases.drift import Drift
from cases.owed import owed
from cases.policy import Policy
from cases.routing import Unit
from cases.vocabulary import Actor, Outcome, Satisfaction
from records.database import connect
from records.drift import MENDED, REVIVED
from records.register import Register
from tests.records.erased import recorded
from tests.records.histories import begun, delivery_given_up
from tests.temporal_server import TemporalServer
from tests.unit.narrative import DESK, FULL, INTAKE, POLICY, UNIT_OF_WATER, WATER, received
from tests.unit_system import ON_THIS_MACHINE, UnitSystem
from tests.workflow.office import TO_WATER, until
from workflows import case_runs
from workflows.engine import Engine
from workflows.messages import LAYOUT, WORKFLOW, CaseStart, workflow_id
from workflows.reconciliation import Reconciliation
from workflows.reconciliation_messages import WORKFLOW as RECONCILIATION
from workflows.reconciliation_messages import ReconciliationDone, ReconciliationStart
from workflows.reconciliation_schedule import RECONCILING
from workflows.sandbox import SANDBOX

pytestmark = pytest.mark.timeout(180)


@dataclass
class Town:
    """A hotline whose engine can be lost."""

    server: TemporalServer
    client: Client
    register: Register
    sql: AsyncEngine
    queue: str

    @property
    def engine(self) -> Engine:
        return Engine(self.client, self.queue, self.register.history)

    @asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        async with (
            worker.build(self.client, self.queue, self.register, bounds=ON_THIS_MACHINE),
        ):
            yield

    async def receive(self, policy: Policy = POLICY) -> str:
        """A case, once its first events are recorded and its unit has been told."""
        command = received(TO_WATER, policy, source_ref=uuid4().hex, at=datetime.now(UTC))
        view, _ = await self.engine.start(command)
        await self.caught_up(view.number)
        return view.number

    async def do(self, number: str, act: Act, actor: Actor = UNIT_OF_WATER) -> None:
        await self.engine.submit(number, Command(id=uuid4().hex, actor=actor, act=act))
        await self.caught_up(number)

    async def caught_up(self, number: str) -> None:
        """Wait until what happened is recorded, and nothing is on its way out."""

        async def quiet() -> bool:
            described = await self.client.get_workflow_handle(workflow_id(number)).describe()
            return not described.raw_description.pending_activities and (
                await self.engine.events(number) == await self.register.events(number)
            )

        await until(quiet, bool)

    async def spoil(self, sql: str, number: str) -> None:
        async with self.sql.begin() as connection:
            assert (await connection.execute(text(sql), {"number": number})).rowcount > 0, "it changes nothing"

    async def begin(self, **start: Any) -> WorkflowHandle[Any, Any]:
        return await self.client.start_workflow(
            RECONCILIATION,
            ReconciliationStart(**({"grace": 0, "a_second": 1_000} | start)),
            id=f"reconciliation-{uuid4().hex}",
            task_queue=self.queue,
            result_type=ReconciliationDone,
        )

    async def reconciled(self, **start: Any) -> ReconciliationDone:
        done: ReconciliationDone = await (await self.begin(**start)).result()
        return done

    async def lose_the_engine(self) -> None:
        """End the server, and start one that knows of nothing in its place."""
        self.server.kill()
        self.server.forget()
        await self.server.start()
        self.client = await self.server.client()

    async def listed(self, count: int) -> None:
        """Wait until the engine lists so many cases: its list is behind its cases."""

        async def cases() -> int:
            return (await self.client.count_workflows(f"WorkflowType = '{WORKFLOW}'")).count

        await until(cases, lambda found: found >= count)

    async def facts(self, number: str) -> list[str]:
        return [event.fact.type for event in await self.register.history(number)]


@pytest.fixture
def unit_system() -> Iterator[UnitSystem]:
    with UnitSystem().running() as system:
        yield system


@pytest_asyncio.fixture
async def town(tmp_path: Path, register: Register, database_url: str) -> AsyncIterator[Town]:
    await register.put_units([Unit(code=WATER, kind="department", title={"en": "Water"})])
    server, sql = TemporalServer(tmp_path), connect(database_url)
    await server.start()
    yield Town(server, await server.client(), register, sql, f"reconciliation-{uuid4().hex}")
    server.kill()
    await sql.dispose()


def kinds(done: ReconciliationDone) -> dict[str, set[Drift]]:
    found: dict[str, set[Drift]] = {}
    for one in done.drifted:
        found.setdefault(one.number, set()).add(one.kind)
    return found


BROKEN = {
    Drift.MISSING: (
        "DELETE FROM case_events WHERE case_number = :number",
        "DELETE FROM cases WHERE number = :number",
        "DELETE FROM unit_orders WHERE case_number = :number",
        "DELETE FROM notices WHERE case_number = :number",
    ),
    Drift.BEHIND: ("DELETE FROM case_events WHERE case_number = :number AND seq > 2",),
    Drift.OTHER: ("UPDATE case_events SET at = at + interval '1 s' WHERE case_number = :number AND seq = 2",),
    Drift.ROW: ("UPDATE cases SET due_at = now() WHERE number = :number",),
    Drift.MAILBOX: ("DELETE FROM unit_orders WHERE case_number = :number",),
    Drift.NOTICES: ("DELETE FROM notices WHERE case_number = :number",),
}


async def test_records_broken_in_every_way_are_mended_and_a_second_way_finds_nothing(town: Town) -> None:
    async with town.working():
        broken: dict[str, Drift] = {}
        for kind, statements in BROKEN.items():
            number = await town.receive()
            await town.do(number, Acknowledge())
            broken[number] = kind
            for sql in statements:
                await town.spoil(sql, number)
        ahead, sound = await town.receive(), await town.receive()
        case = await town.register.case(ahead)
        never = decide(case, Command(id="x", actor=UNIT_OF_WATER, act=Acknowledge()), datetime.now(UTC))
        await town.register.record(ahead, never)
        broken[ahead] = Drift.AHEAD
        ended = await town.receive()
        await town.do(ended, Withdraw(), INTAKE)
        await town.client.get_workflow_handle(workflow_id(ended)).result()
        await town.spoil("UPDATE cases SET closed_at = NULL, outcome = NULL WHERE number = :number", ended)
        broken[ended] = Drift.ROW
        await town.listed(len(broken) + 1)

        looked = await town.reconciled(dry_run=True)
        each = {number: {kind} for number, kind in broken.items()}
        # By its row it is open, and has nobody who watches it; by what happened it is not.
        assert kinds(looked) == each | {ended: {Drift.ROW, Drift.ORPHANED}}
        assert looked.left == len(broken) + 1
        assert not any(one.mended for one in looked.drifted)

        done = await town.reconciled(page_size=3, pages_a_run=2)
        assert done.left == 0
        assert kinds(done) == each
        assert done.cases >= len(broken) + 1
        for number in (*broken, sound):
            history = await town.engine.events(number)
            assert await town.register.history(number) == history
            assert await town.register.drift.flaws(number, history) == []
            assert len(await town.register.erasures.entries_of(number, MENDED)) == (number in broken)
        again = await town.reconciled()
        assert (again.drifted, again.tallies) == ((), {})
        last = await town.register.drift.last()
        assert last is not None
        assert last.details["drifted"]["row"] == {"found": 0, "left": 0}
        # And the cases live on.
        await town.do(ahead, Acknowledge())
        assert (await town.facts(ahead))[-1] == "acknowledged"


async def test_a_way_goes_on_after_its_worker_died(town: Town) -> None:
    async with town.working():
        numbers = [await town.receive() for _ in range(8)]
        for number in numbers:
            await town.spoil("UPDATE cases SET urges = 9 WHERE number = :number", number)
        await town.listed(len(numbers))
        handle = await town.begin(page_size=2, pages_a_run=2, a_second=8)
        await until(lambda: town.register.drift.flaws(numbers[0], None), lambda found: not found)
    async with town.working():
        done: ReconciliationDone = await handle.result()
        first = await town.client.get_workflow_handle(handle.id, run_id=handle.first_execution_run_id).fetch_history()
        last = await handle.fetch_history()
    assert first.run_id != last.run_id, "it went on in runs of its own"
    assert done.left == 0
    for number in numbers:
        assert await town.register.drift.flaws(number, None) == []
        assert len(await town.register.erasures.entries_of(number, MENDED)) == 1
    replayer = Replayer(workflows=[Reconciliation], data_converter=town.client.data_converter, workflow_runner=SANDBOX)
    for history in (first, last):
        await replayer.replay_workflow(history)


async def test_erased_and_kept_cases_are_left_alone(town: Town) -> None:
    async with town.working():
        erased = await town.receive()
        await town.do(erased, Withdraw(), INTAKE)
        await town.client.get_workflow_handle(workflow_id(erased)).result()
        await town.register.erasures.erase(erased, rule="on request", reason="asked", actor=INTAKE)
        kept = begun("kept")
        number = await recorded(town.register, kept)
        keep = "INSERT INTO kept_cases (number, content, priority) VALUES (:number, '', 3)"
        await town.spoil(keep, number)
        await town.listed(1)
        done = await town.reconciled(revive=True)
    assert (done.drifted, done.tallies) == ((), {})


async def test_a_case_whose_workflow_does_not_answer_is_told(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(case_runs, "_PATIENCE_TO_LOOK", timedelta(seconds=0.5))
    async with town.working():
        elsewhere = begun("elsewhere")
        number = await recorded(town.register, elsewhere)
        await town.client.start_workflow(
            WORKFLOW,
            CaseStart(events=tuple(elsewhere), layout=LAYOUT),
            id=workflow_id(number),
            task_queue="nobody listens here",
        )
        sound = await town.receive()
        await town.spoil("UPDATE cases SET urges = 9 WHERE number = :number", sound)
        await town.listed(2)
        done = await town.reconciled()
    assert kinds(done) == {number: {Drift.UNANSWERED}, sound: {Drift.ROW}}
    assert done.tallies == {Drift.UNANSWERED: Tally(found=1, left=1), Drift.ROW: Tally(found=1, left=0)}


async def test_a_lost_engine_gets_its_open_cases_back_from_their_records(town: Town, unit_system: UnitSystem) -> None:
    await unit_system.connect(town.register, WATER)
    async with town.working():
        delivered = await town.receive()
        ended = await town.receive()
        await town.do(ended, Withdraw(), INTAKE)
        await town.client.get_workflow_handle(workflow_id(ended)).result()
    assert "delivered" in await town.facts(delivered)
    before = [key for key, _ in unit_system.requests]
    now = datetime.now(UTC)
    overdue = await recorded(town.register, begun("overdue", now - timedelta(hours=3), WATER))
    soon = await recorded(town.register, begun("soon", now - timedelta(hours=2) + timedelta(seconds=8), WATER))
    given_up = await recorded(town.register, delivery_given_up(begun("given up", now, WATER)))
    open_cases = {delivered, overdue, soon, given_up}

    await town.lose_the_engine()
    async with town.working():
        told = await town.reconciled()
        assert kinds(told) == {number: {Drift.ORPHANED} for number in open_cases}
        assert told.left == len(open_cases)
        assert all("--revive" in one.what for one in told.drifted)

        done = await town.reconciled(revive=True)
        assert kinds(done) == {number: {Drift.ORPHANED} for number in open_cases}
        assert done.left == 0
        for number in open_cases:
            assert len(await town.register.erasures.entries_of(number, REVIVED)) == 1
        for number in (overdue, soon):
            await until(partial(town.facts, number), lambda facts: "breached" in facts)
            breach = next(one for one in await town.register.history(number) if one.fact.type == "breached")
            due = {one.name: one.due_at for one in deadlines(await town.register.case(number))}
            assert breach.at >= due["acknowledgment"]
        await town.do(delivered, Acknowledge())
        await town.do(delivered, Contact())
        for number in open_cases:
            await town.caught_up(number)
        assert "contacted" in await town.facts(delivered)
        timers = [
            event.timer_started_event_attributes.start_to_fire_timeout.ToTimedelta()
            async for event in town.client.get_workflow_handle(workflow_id(delivered)).fetch_history_events()
            if event.HasField("timer_started_event_attributes")
        ]
        assert timers, "it waits for its next limit"

        # Nothing goes out a second time, nor what was given up; what may never have arrived does.
        owed_still = {form.key for number in (overdue, soon) for form in owed(await town.register.history(number))[0]}
        later = [(key, form) for key, form in unit_system.requests[len(before) :]]
        assert not {key for key, _ in later} & set(before)
        assert given_up not in {form["case_number"] for _, form in later}
        assert {key for key, form in later if form["about"] == "dispatched"} <= owed_still
        assert {form["case_number"] for _, form in later if form["about"] == "dispatched"} == {overdue, soon}
        assert len(later) == len(dict(later)), "each once"

        again = await town.reconciled(revive=True)
        assert (again.drifted, again.tallies) == ((), {})


async def test_a_stopped_case_is_mended_by_its_history_and_revived(town: Town) -> None:
    async with town.working():
        number = await town.receive()
        await town.do(number, Acknowledge())
        await town.client.get_workflow_handle(workflow_id(number)).terminate("by mistake")
        await town.spoil("DELETE FROM case_events WHERE case_number = :number AND seq > 2", number)

        async def stopped() -> int:
            asked = f"WorkflowType = '{WORKFLOW}' AND ExecutionStatus = 'Terminated'"
            return (await town.client.count_workflows(asked)).count

        await until(stopped, bool)
        done = await town.reconciled(revive=True)
        assert kinds(done) == {number: {Drift.BEHIND, Drift.ORPHANED}}
        assert done.left == 0
        await town.do(number, Contact())
        assert (await town.facts(number)).count("acknowledged") == 1
        assert (await town.reconciled(revive=True)).drifted == ()


async def test_what_its_record_tells_after_its_end_is_taken_up_by_a_run(town: Town) -> None:
    async with town.working():
        number = await town.receive(FULL)
        solved = CallBack(reached=True, contacted=True, solved=True, satisfaction=Satisfaction.SATISFIED)
        for act in (Acknowledge(), Contact(), Report(outcome=Outcome.SOLVED, note="the pipe is new")):
            await town.do(number, act)
        await town.do(number, solved, DESK)
        await town.client.get_workflow_handle(workflow_id(number)).result()
        # As if it was reopened in a task that was lost: open by its record, and nobody watches it.
        case = await town.register.case(number)
        again = Command(id="again", actor=INTAKE, act=Reopen(reason="it broke anew"))
        history = await town.register.history(number)
        await recorded(town.register, [*history, *decide(case, again, datetime.now(UTC))])
        await town.listed(1)
        told = await town.reconciled()
        assert kinds(told) == {number: {Drift.ORPHANED}}
        assert (await town.facts(number)).count("reopened") == 1, "nobody takes it back"
        assert (await town.reconciled(revive=True)).left == 0
        await town.caught_up(number)
        assert (await town.engine.case(number)).open
        assert (await town.facts(number)).count("reopened") == 1
        assert (await town.reconciled()).drifted == ()


async def test_it_is_scheduled_once_at_another_minute_than_the_erasing(town: Town) -> None:
    for _ in range(2):
        await RECONCILING.ensure(town.client, town.queue, ZoneInfo("Asia/Shanghai"))
    described = await town.client.get_schedule_handle(RECONCILING.schedule).describe()
    following = described.info.next_action_times[0].astimezone(ZoneInfo("Asia/Shanghai"))
    assert (following.hour, following.minute) == (4, 50)
    async with town.working():
        await town.receive()
        await RECONCILING.begin_now(town.client)
        last = await until(town.register.drift.last, lambda found: found is not None)
    assert last.details["dry_run"] is False
