"""Every effect arrives, and once in effect, though workers are killed again and again and every receiver fails."""

import asyncio
import random
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from temporalio.testing import WorkflowEnvironment

from cases import number
from cases.commands import Act, Command, Contact, Receive, Report, Supplement, Urge, Withdraw
from cases.events import Event
from cases.owed import owed
from cases.routing import Route, Unit
from cases.vocabulary import Actor, Channel, Complainant, Complaint, Kind, Location, Outcome, Role
from records.register import Register
from tests.exactly_once.receivers import FailingMail, FailingSystem, Work
from tests.own_keys import written
from tests.service import town as town_rules
from tests.unit.narrative import FULL, INTAKE
from workflows.engine import Engine
from workflows.messages import workflow_id

CASES = 200
UNITS = ("roads", "water", "gas", "heating", "parks")
KILLED_EVERY = (1.0, 3.0)
"""Seconds for which a worker lives."""


class Town:
    """A town whose units have systems, whose people have mail, and whose worker is killed again and again."""

    def __init__(self, environment: WorkflowEnvironment, register: Register, database: str, folder: Path) -> None:
        self.client = environment.client
        self.register = register
        self.queue = f"once-{uuid4().hex}"
        self.engine = Engine(self.client, self.queue, register.history)
        self.killed = 0
        self._environment = {
            "HOTLINE_DATABASE_URL": database,
            "HOTLINE_KEYS": str(written(folder / "keys.json")),
            "HOTLINE_TASK_QUEUE": self.queue,
            "HOTLINE_CHANNELS": str(folder / "channels.toml"),
            "HOTLINE_POLICY": str(folder / "town"),
            "HOTLINE_UNIT_NETWORKS": "127.0.0.0/8",
            "HOTLINE_LOG_LEVEL": "WARNING",
            "TEMPORAL_ADDRESS": self.client.service_client.config.target_host,
            "PYTHONPATH": str(Path(__file__).parents[2]),
        }

    @asynccontextmanager
    async def worker(self) -> AsyncIterator[asyncio.subprocess.Process]:
        """A worker process. It ends with the context, by a signal that nothing can catch."""
        process = await asyncio.create_subprocess_exec(sys.executable, "-m", "worker", env=self._environment)
        try:
            yield process
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()

    async def kill_again_and_again(self, chance: random.Random) -> None:
        """Let one worker after the other live for a moment."""
        while True:
            async with self.worker():
                await asyncio.sleep(chance.uniform(*KILLED_EVERY) + 1.5)
            self.killed += 1

    async def receive(self, place: int) -> str:
        """A complaint of somebody who has an address of their own."""
        unit = UNITS[place % len(UNITS)]
        case_number = number.derive("once", f"{self.queue}-{place}")
        complaint = Complaint(
            source="once",
            source_ref=f"{self.queue}-{place}",
            channel=Channel.WEB,
            kind=Kind.COMPLAINT,
            category="roads/pothole",
            description=f"Matter {place}.",
            location=Location(address="Main street 1"),
            complainant=Complainant(email=f"citizen{place}@example.org"),
            received_at=datetime.now(UTC),
        )
        route = Route(unit=unit, reason="catalogue line 1")
        act = Receive(number=case_number, complaint=complaint, terms=FULL.terms("general"), route=route)
        await self.engine.start(Command(id="receive", actor=INTAKE, act=act))
        return case_number

    async def tell(self, case_number: str, act: Act, actor: Actor) -> None:
        """Tell a case something by a signal, which is durable whether or not a worker lives."""
        handle = self.client.get_workflow_handle(workflow_id(case_number))
        await handle.signal(act.type, Command(id=uuid4().hex, actor=actor, act=act))


@pytest.mark.timeout(400)
async def test_every_effect_of_200_cases_arrives_once(
    environment: WorkflowEnvironment, register: Register, database_url: str, tmp_path: Path
) -> None:
    chance = random.Random(12345)  # noqa: S311 - to be killed at random is no secret
    async with AsyncExitStack() as stack:
        stack.enter_context(environment.with_time_skipping_disabled())
        mail = await stack.enter_async_context(FailingMail(seed=1).running())
        sender = f"mailto://127.0.0.1:{mail.port}?from=hotline@example.org&to={{email}}"
        (tmp_path / "channels.toml").write_text(f'[complainant]\nmail = "{sender}"\n')
        town_rules.write(tmp_path / "town", version="1")
        town = Town(environment, register, database_url, tmp_path)
        systems = await _systems(register, stack)

        killing = asyncio.create_task(town.kill_again_and_again(chance))
        numbers = await _lives(town, chance)
        while town.killed < 6:  # noqa: ASYNC110 - what it waits for is done by processes outside
            await asyncio.sleep(0.2)
        killing.cancel()
        await asyncio.gather(killing, return_exceptions=True)
        async with town.worker():
            histories = await _at_rest(town, numbers, systems, mail)

    _check_orders(histories, systems)
    _check_mail(histories, mail)
    assert all(system.forged == 0 for system in systems.values())
    works = [mail.work, *(system.work for system in systems.values())]
    assert sum(sum(work.arrivals.values()) for work in works) > sum(len(work.done) for work in works), "nothing failed"


async def _systems(register: Register, stack: AsyncExitStack) -> dict[str, FailingSystem]:
    await register.put_units([Unit(code=code, kind="department", title={"en": code}) for code in UNITS])
    systems = {}
    for place, unit in enumerate(UNITS):
        secret = await register.systems.new_secret(unit, timedelta(0))
        system = stack.enter_context(FailingSystem(secret, seed=place, signs_at_once=place % 2 == 0).running())
        await register.systems.set(unit, system.address, per_minute=60_000, at_once=8)
        systems[unit] = system
    return systems


async def _lives(town: Town, chance: random.Random) -> list[str]:
    """Bring the cases in, and let things happen to them while workers die."""
    gate = asyncio.Semaphore(8)

    async def live(place: int) -> str:
        unit = Actor(role=Role.UNIT_LEAD, id="key:unit", unit=UNITS[place % len(UNITS)])
        async with gate:
            case_number = await town.receive(place)
            match place % 5:
                case 0:
                    await town.tell(case_number, Supplement(channel=Channel.PHONE, note="It has grown."), INTAKE)
                case 1:
                    await town.tell(case_number, Withdraw(reason="It is gone."), INTAKE)
                case 2:
                    await town.tell(case_number, Urge(), INTAKE)
                case 3:
                    await town.tell(case_number, Contact(note="Rang."), unit)
                    await town.tell(case_number, Report(outcome=Outcome.SOLVED, note="Filled."), unit)
            await asyncio.sleep(chance.uniform(0, 0.05))
        return case_number

    return await asyncio.gather(*map(live, range(CASES)))


async def _at_rest(
    town: Town, numbers: list[str], systems: dict[str, FailingSystem], mail: FailingMail
) -> list[list[Event]]:
    """Wait until everything that is owed has arrived, and what each case has recorded."""
    missing = "everything"
    try:
        async with asyncio.timeout(240):
            while missing:
                await asyncio.sleep(1)
                histories = [await town.register.events(one) for one in numbers]
                orders, notices = _owed(histories)
                late = orders - set().union(*(system.work.done for system in systems.values()))
                unsent = len(notices) - len(mail.work.done)
                open_ones = sum(not _delivered(history) for history in histories)
                missing = "" if not (late or unsent or open_ones) else f"{len(late)=}, {unsent=}, {open_ones=}"
    except TimeoutError:
        stuck = await town.register.deliveries.page(limit=5)
        raise AssertionError(f"still to come: {missing}; {stuck}") from None
    return histories


def _delivered(history: list[Event]) -> bool:
    facts = [event.fact.type for event in history]
    return "delivered" in facts


def _owed(histories: list[list[Event]]) -> tuple[set[str], set[str]]:
    """The keys of everything that the recorded events owe to systems and to complainants."""
    made = [owed(history) for history in histories]
    orders = {form.key for forms, _ in made for form in forms}
    notices = {one.key for _, some in made for one in some if one.to == "complainant"}
    return orders, notices


def _check_orders(histories: list[list[Event]], systems: dict[str, FailingSystem]) -> None:
    for unit, system in systems.items():
        forms = {form.key for history in histories for form in owed(history)[0] if form.unit == unit}
        assert len(forms) >= CASES / len(UNITS)
        _check(system.work, forms)


def _check_mail(histories: list[list[Event]], mail: FailingMail) -> None:
    _, notices = _owed(histories)
    assert len(notices) >= CASES
    assert len(mail.work.done) == len(notices)
    _check(mail.work, mail.work.done)


def _check(work: Work, expected: set[str]) -> None:
    assert work.done == expected, "something is missing, or was never owed"
    assert work.changed == set(), "a key arrived with two bodies"
