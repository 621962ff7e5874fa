"""From the workers of one release to those of the next under load, and back: nothing is lost, nothing happens twice."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from temporalio.api.enums.v1 import EventType
from temporalio.client import WorkflowExecutionStatus, WorkflowHistory

from tests.deploys import releases
from tests.deploys.load import Load
from tests.town import rules
from tests.town.caller import Caller
from tests.town.town import QUEUE, Town, running, until
from workflows.delivering import SYSTEMS
from workflows.messages import workflow_id
from workflows.reconciliation_messages import ReconciliationStart
from workflows.reconciling import reconciled

pytestmark = pytest.mark.timeout(300)

FIRST = ""
"""The build of workers that have none."""


@dataclass
class Rolled:
    """A town whose workers were rolled from release to release, and the cases that were begun on the way."""

    town: Town
    load: Load
    begun: dict[str, list[str]] = field(default_factory=dict)
    histories: dict[str, WorkflowHistory] = field(default_factory=dict)

    async def begin(self, when: str, count: int = 3) -> None:
        """Begin cases that will live through what comes."""
        self.begun[when] = await asyncio.gather(*(self.load.bring(f"{when}-{n}") for n in range(count)))

    def worked(self, when: str) -> list[set[str]]:
        """For each case of a time, the builds that have worked on it."""
        return [set(builds(self.histories[number])) for number in self.begun[when]]

    async def begin_undelivered(self, when: str) -> None:
        """Begin cases while no system takes orders, until their orders are left to deliveries of their own."""
        await self.begin(when)

        async def all_left() -> bool:
            return all([limits(await self.history(number)) for number in self.begun[when]])

        await until(all_left, f"the deliveries of cases {when}")

    async def history(self, number: str) -> WorkflowHistory:
        """What the engine has of a case."""
        return await self.town.client.get_workflow_handle(workflow_id(number)).fetch_history()

    def first_limits(self, when: str) -> list[timedelta]:
        """For each case of a time, how long an attempt to deliver its first order might take."""
        return [limits(self.histories[number])[0] for number in self.begun[when]]


def limits(history: WorkflowHistory) -> list[timedelta]:
    """How long an attempt of each of a case's deliveries might take, in order."""
    return [
        asked.start_to_close_timeout.ToTimedelta()
        for event in history.events
        if (asked := event.activity_task_scheduled_event_attributes).task_queue.name == f"{QUEUE}{SYSTEMS}"
    ]


def builds(history: WorkflowHistory) -> list[str]:
    """The builds that did a case's tasks, in order."""
    return [
        event.workflow_task_completed_event_attributes.deployment_version.build_id
        for event in history.events
        if event.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED
    ]


@asynccontextmanager
async def with_load(folder: Path) -> AsyncIterator[Rolled]:
    async with running(folder / "town", rules.write(folder / "policy"), only_servers=True) as town:
        town.add_systems().start()
        town.add_api().start()
        await asyncio.gather(town.api_answers(), town.systems_answer())
        async with httpx.AsyncClient(base_url=town.api, timeout=20) as http:
            yield Rolled(town, Load(Caller(http, town.keys)))


@pytest_asyncio.fixture(scope="module")
async def rolled(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Rolled]:
    """Workers without a version, then release a, then b, then a again; each does the work while the next one starts."""
    folder = tmp_path_factory.mktemp("rolled")
    async with with_load(folder) as one:
        town, load = one.town, one.load
        first, a = releases.add(town, FIRST), releases.add(town, "a")
        b = releases.add(town, "b", releases.next_release(folder / "b"))
        systems = town.parts["systems"]

        first.start()
        await one.begin("before")
        await load.step_all(one.begun["before"], "acknowledge")
        a.start()
        async with load.going():
            await releases.make_current(town, "a")
            await asyncio.to_thread(first.stop)
            await load.step_all(one.begun["before"], "contact")
            await one.begin("under a")
            await asyncio.to_thread(systems.stop)
            await one.begin_undelivered("undelivered under a")
            b.start()
            await releases.ramp(town, "b", 50)
            await one.begin("while b ramps", 12)
            await releases.make_current(town, "b")
            await asyncio.to_thread(a.stop)
            await one.begin_undelivered("under b")
            systems.start()
            await load.step_all(one.begun["before"], "report")
            await load.step_all([*one.begun["under a"], *one.begun["undelivered under a"]], "acknowledge", "contact")
            await load.step_all(one.begun["under a"], "report", "callback")

            a.start()
            await releases.make_current(town, "a")
            await asyncio.to_thread(b.stop)
            await load.step_all([*one.begun["under b"], *one.begun["while b ramps"]], "acknowledge", "contact")
            await load.step_all(one.begun["before"], "callback")
            open_yet = ("undelivered under a", "while b ramps", "under b")
            await load.step_all([number for when in open_yet for number in one.begun[when]], "report", "callback")

        # A run ends when the case is closed, recorded, and told to everybody, and some units' systems were away long.
        async def ended() -> bool:
            runs = [await town.client.get_workflow_handle(workflow_id(number)).describe() for number in load.promised]
            return all(run.status is WorkflowExecutionStatus.COMPLETED for run in runs)

        await until(ended, "the end of every case", patience=120, every=0.5)
        for number in load.promised:
            one.histories[number] = await one.history(number)
        yield one


def test_cases_go_from_release_to_release(rolled: Rolled) -> None:
    assert rolled.worked("before") == [{FIRST, "a", "b"}] * 3
    assert rolled.worked("under a") == [{"a", "b"}] * 3
    assert rolled.worked("under b") == [{"b", "a"}] * 3
    began = Counter(builds(rolled.histories[number])[0] for number in rolled.begun["while b ramps"])
    # Of twelve, all would go to one of them by chance once in two thousand times: the names of the cases are the same
    # every time, and so is what becomes of them.
    assert set(began) == {"a", "b"}


def test_the_releases_differ(rolled: Rolled) -> None:
    assert rolled.first_limits("undelivered under a") == [timedelta(seconds=60)] * 3
    assert rolled.first_limits("under b") == [timedelta(seconds=61)] * 3


def test_no_task_of_a_workflow_failed(rolled: Rolled) -> None:
    failed = [
        (number, event.workflow_task_failed_event_attributes.failure.message)
        for number, history in rolled.histories.items()
        for event in history.events
        if event.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED
    ]
    assert failed == []


async def test_every_promise_is_kept_once(rolled: Rolled) -> None:
    assert len(rolled.load.promised) > 30
    for number, steps in rolled.load.accepted.items():
        facts = Counter(event.fact.type for event in await rolled.town.register.history(number))
        assert steps == ["acknowledge", "contact", "report", "callback"]
        kept = {name: facts[name] for name in ("received", "acknowledged", "contacted", "reported", "closed")}
        assert kept == dict.fromkeys(kept, 1), (number, facts)
    assert rolled.load.accepted.keys() == rolled.load.promised.keys()


def test_every_order_arrived_and_said_one_thing(rolled: Rolled) -> None:
    arrived = [json.loads(line) for line in rolled.town.arrivals.read_text().splitlines()]
    said: dict[str, set[str]] = {}
    keys: dict[tuple[str, str], set[str]] = {}
    for one in arrived:
        said.setdefault(one["key"], set()).add(one["said"])
        keys.setdefault((one["case"], one["about"]), set()).add(one["key"])
    assert {number for number, about in keys if about == "dispatched"} == rolled.load.promised.keys()
    assert [key for key, things in said.items() if len(things) > 1] == []
    assert [what for what, several in keys.items() if len(several) > 1] == []


async def test_every_record_is_what_happened(rolled: Rolled) -> None:
    done = await reconciled(rolled.town.client, QUEUE, ReconciliationStart(dry_run=True, grace=0))
    assert done is not None
    assert (done.cases, done.tallies) == (len(rolled.load.promised), {})
