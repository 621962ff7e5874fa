"""What tests of notices share: a city, a clock that stands still, a mail server, and couriers over a real register."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from itertools import count
from pathlib import Path

import pytest
import pytest_asyncio
from sqlalchemy.ext.asyncio import AsyncEngine

import records.clock
from activities.notices.channels import Channels
from activities.notices.city import CityOfNotices
from activities.notices.courier import Courier
from activities.wording.rendering import Wording
from cases.calendar import Window
from cases.city import City
from cases.events import Undelivered, Urged
from cases.notice import Notice
from cases.owed import owed
from cases.policy import NoticeRules
from cases.routing import Catalogue
from cases.vocabulary import Complainant
from records.database import connect
from records.register import Register
from records.sending_queue import SendingQueue
from records.sendings import Sending
from tests.notices.mail_server import MailServer
from tests.records.histories import begun
from tests.unit.narrative import NOON, POLICY, ROADS

SOMEBODY = Complainant(name="李四", phone="+86 138-0000-0001", email="lisi@example.org")

BY_DAY = Window(opens=time(8), closes=time(21))
NIGHT = datetime(2026, 9, 1, 15, 30, tzinfo=UTC)
"""Half past eleven at night in the city; it is told again at eight, which is midnight in UTC."""


@dataclass
class Clock(records.clock.Clock):
    """Stands still until it is moved."""

    now: datetime = NOON

    def __call__(self) -> datetime:
        return self.now

    def heard(self, moment: datetime) -> None:
        """Nobody moves it but the test."""

    def passes(self, **passed: float) -> None:
        self.now += timedelta(**passed)


@dataclass
class Desk:
    """Owes notices, and has couriers that carry them."""

    register: Register
    queue: SendingQueue
    folder: Path
    clock: Clock = field(default_factory=Clock)
    rules: NoticeRules = field(default_factory=NoticeRules)
    channels: str | None = None
    _numbers: "count[int]" = field(default_factory=lambda: count(1))
    _couriers: list[Courier] = field(default_factory=list)

    async def owes(
        self, to: str = "complainant", *, level: str = "general", who: Complainant = SOMEBODY, priority: int = 3
    ) -> Notice:
        """Owe a notice that is like no other."""
        made = self.made(to, level=level, who=who, priority=priority)
        await self.register.sendings.owe([made])
        return made

    def made(
        self, to: str = "complainant", *, level: str = "general", who: Complainant = SOMEBODY, priority: int = 3
    ) -> Notice:
        first = owed(begun(f"notice-{next(self._numbers)}"))[1][0]
        assert first.to == "complainant"
        changed: dict[str, object] = {"level": level, "priority": priority}
        if to == "complainant":
            return first.model_copy(update={**changed, "complainant": who})
        key = first.key.replace("complainant", to)
        told = Urged(times=2) if to.startswith("unit:") else Undelivered(order=1, unit=ROADS, reason="it is down")
        changed |= {"key": key, "to": to, "about": told.type, "change": told, "complainant": None}
        return first.model_copy(update=changed)

    def courier(self, queue: SendingQueue | None = None) -> Courier:
        policy = POLICY.model_copy(update={"notices": self.rules})
        city = CityOfNotices(City(policy, Catalogue([], [], [])), self.register.policies)
        path = None
        if self.channels is not None:
            path = self.folder / "channels.toml"
            path.write_text(self.channels, encoding="utf-8")
        made = Courier(queue or self.queue, self.register.seals, city, Wording.load(), Channels.load(path), self.clock)
        self._couriers.append(made)
        return made

    async def sendings(self) -> list[Sending]:
        return (await self.register.sendings.page(limit=1000)).items

    async def close(self) -> None:
        for one in self._couriers:
            await one.aclose()


@pytest_asyncio.fixture
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    """Connections of the test's own to its database, apart from those of `register`."""
    made = connect(database_url)
    yield made
    await made.dispose()


@pytest_asyncio.fixture
async def desk(register: Register, tmp_path: Path) -> AsyncIterator[Desk]:
    made = Desk(register, register.sending_queue, tmp_path)
    yield made
    await made.close()


@pytest_asyncio.fixture
async def mail() -> AsyncIterator[MailServer]:
    async with MailServer().running() as server:
        yield server


@pytest.fixture
def by_mail(desk: Desk, mail: MailServer) -> MailServer:
    """The mail server, with everybody reached by it."""
    desk.channels = f"""
        [complainant]
        mail = "{mail.url("{email}")}"
        [desk]
        mail = "{mail.url("desk@city.example")}"
        [supervisor]
        mail = "{mail.url("supervisor@city.example")}"
        [unit]
        mail = "{mail.url("{unit}@city.example")}"
    """
    return mail


async def until(reached: Callable[[], bool]) -> None:
    """Wait for something that happens in the background."""
    async with asyncio.timeout(30):
        while not reached():  # noqa: ASYNC110 - a server in between has no event for it
            await asyncio.sleep(0.01)
