"""Lists, counts and figures of a register a hundred times as large: none may take much longer in it."""

import asyncio
import random
import re
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from cases.likeness import Matter
from cases.owed import owed
from cases.vocabulary import Kind, Location, Status
from hotline.postgres import Postgres
from records.audit_list import AuditFilter
from records.candidates import Asked as Sought
from records.cursor import Cursor
from records.database import connect, migrate
from records.erasures import Place
from records.register import CaseFilter, Register
from records.sendings import KEPT
from tests.bench import drawing, filling
from tests.bench.report import Section, Target, percentile
from tests.bench.stories import CALLER, SAID, stories
from tests.own_keys import KEYS
from tests.records.histories import begun

SIZES, SHORT_SIZES = (10_000, 100_000, 1_000_000), (1_000, 10_000)
CALLS, SHORT_CALLS = 30, 5
FLAT = 3.0
"""What a hundredfold register may cost at most. A logarithm would be 1.5: the rest is the noise of a shared machine."""
AT_ONCE = 5.0
"""Milliseconds below which nobody minds how it grows."""
LONG = 4.0
"""Seconds after which the same question is asked no more."""

PAGES = "cases: "
ALL = f"{PAGES}all"
"""The list of all cases: of this, every page is full."""

Call = Callable[[], Awaitable[object]]


class Asked(NamedTuple):
    """A list, count or figure as the API, the worker or the command asks for it: by one call, or by several in turn.

    `aside` says why its growth does not count: "bounded", it goes through so many rows and no more, which a small
    register lacks; "job", nobody waits for it.
    """

    name: str
    calls: Sequence[Call]
    aside: str = ""


class Grown(NamedTuple):
    """The medians of one call, in milliseconds, from the smallest register to the largest, and the 95th percentile.

    `full` is what any full page of such a list takes in the smallest.
    """

    medians: Sequence[float]
    slow: float
    aside: str = ""
    full: float = 0.0

    @property
    def growth(self) -> float:
        """How many times longer it takes in the largest; where the smallest fills no page, than a full one there."""
        return self.medians[-1] / max(self.medians[0], self.full)

    @property
    def minded(self) -> float:
        """The growth, if anybody notices it and it has no end."""
        return self.growth if self.medians[-1] >= AT_ONCE and not self.aside else 1.0


async def measure(folder: Path, short: bool) -> list[Section]:
    """Fill registers of every size, then ask all of them for everything, in turn: so what else goes on slows all."""
    sizes, calls = (SHORT_SIZES, SHORT_CALLS) if short else (SIZES, CALLS)
    server = Postgres(folder / "postgres")
    address = await asyncio.to_thread(server.start)
    engines, everything, took = [], [], []
    try:
        for size in sizes:
            began = time.perf_counter()
            own = await asyncio.to_thread(filling.database, address, size)
            await asyncio.to_thread(migrate, own)
            engine = connect(own)
            engines.append(engine)
            register = Register(engine, KEYS)
            await filling.begin(engine, register)
            await asyncio.to_thread(filling.fill, own, size)
            took.append(time.perf_counter() - began)
            everything.append(await _everything(engine, register, size))
        found = {alike[0].name: await _grown(alike, calls) for alike in zip(*everything, strict=True)}
        full = found[ALL].medians[0]
        found |= {name: one._replace(full=full) for name, one in found.items() if name.startswith(PAGES)}
    finally:
        for engine in engines:
            await engine.dispose()
        await asyncio.to_thread(server.stop)
    return [_section(sizes, found, took)]


async def _grown(alike: Sequence[Asked], calls: int) -> Grown:
    """The same in every register, calls of all sizes one after the other; of several, the one that grows most."""
    found = []
    for same in zip(*(one.calls for one in alike), strict=True):
        for call in same:
            await call()
        times: list[list[float]] = [[] for _ in same]
        began = time.perf_counter()
        while len(times[0]) < SHORT_CALLS or (len(times[0]) < calls and time.perf_counter() - began < LONG):
            for taken, call in zip(times, same, strict=True):
                taken.append(await _milliseconds(call))
        medians = [percentile(one, 0.5) for one in times]
        found.append(Grown(medians, percentile(times[-1], 0.95), alike[0].aside))
    return max(found, key=lambda one: (one.minded, one.medians[-1]))


async def _milliseconds(call: Call) -> float:
    began = time.perf_counter()
    await call()
    return (time.perf_counter() - began) * 1_000


def _section(sizes: Sequence[int], found: dict[str, Grown], took: Sequence[float]) -> Section:
    worst = max(found, key=lambda name: found[name].minded)
    facts = {f"{re.sub('[^a-z0-9]+', '_', name).strip('_')}_growth": one.growth for name, one in found.items()}
    facts |= {"worst_growth": found[worst].minded, "slowest_p50_ms": max(one.medians[-1] for one in found.values())}
    filled = ", ".join(f"{size:,} in {seconds:.0f} s" for size, seconds in zip(sizes, took, strict=True))
    return Section(
        name="lists",
        title=f"Lists, counts and figures of a register {sizes[-1] // sizes[0]} times as large: milliseconds",
        head=["list, count or figure", *(f"{size:,} cases" for size in sizes), "p95", "growth"],
        rows=[(name, *one.medians, one.slow, one.aside or one.growth) for name, one in found.items()],
        facts=facts,
        targets=[Target("worst_growth", "≤", FLAT)],
        remarks=[
            "Medians; p95 and growth are of the largest. Of a list of cases: the first page and one far inside, in "
            "both orders, whichever grows most.",
            f"Below {AT_ONCE:g} ms, growth does not count. Worst: {worst}.",
            f"Filled: {filled}. 96 of 100 cases have ended, in four years; the open ones grow in proportion.",
        ],
    )


async def _everything(engine: AsyncEngine, register: Register, size: int) -> list[Asked]:
    async with engine.connect() as connection:
        sample = "SELECT number FROM drawn WHERE whole ORDER BY md5(number) LIMIT 500"
        numbers = list((await connection.execute(text(sample))).scalars())
        letters = (await connection.execute(text("SELECT max(id) FROM unit_orders"))).scalar_one()
    some = random.Random(size)  # noqa: S311 - the same questions every time
    return [
        *_pages(register),
        *_figures(register),
        *_outgoing(register, numbers, letters, some),
        *_looked_up(register, numbers, some),
        *_in_the_background(register, numbers),
        _one("write: a case's first events", partial(_written, register, count())),
    ]


def _pages(register: Register) -> list[Asked]:
    """Every filter of the list of cases, in both orders, alone and as the roles combine them."""
    now = datetime.now(UTC)
    few, many, district = drawing.UNITS[-1], drawing.UNITS[0], drawing.DISTRICTS[3]
    lead = next(story.case.number for story in stories() if story.name == "lead")
    filters: dict[str, dict[str, Any]] = {
        "all": {},
        **{f"status {status}": {"status": status} for status in Status},
        "unit with most": {"unit": many},
        "unit with fewest": {"unit": few},
        "unit, status": {"unit": many, "status": Status.DISPATCHED},
        "unit, overdue": {"unit": many, "overdue": True},
        "unit, paused": {"unit": many, "paused": "account"},
        "level": {"level": "emergency"},
        "level, status": {"level": "emergency", "status": Status.DISPATCHED},
        "level that none has": {"level": "none"},
        "kind": {"kind": Kind.REPORT},
        "category": {"category": drawing.CATEGORIES[7]},
        "source with most": {"source": "hotline"},
        "source with fewest": {"source": "partner"},
        "source that none has": {"source": "nobody"},
        "overdue": {"overdue": True},
        "not overdue": {"overdue": False},
        "objected": {"objected": True},
        "extension asked": {"extension_asked": True},
        "awaits supervisor": {"awaits_supervisor": True},
        "supervised": {"supervised": True},
        "paused, complainant": {"paused": "complainant"},
        "paused, on account": {"paused": "account"},
        "incident": {"incident": lead},
        "assisting": {"assisting": many},
        "involved": {"involved": district},
        "district": {"district": district},
        "district, status": {"district": district, "status": Status.REPORTED},
        "district, overdue": {"district": district, "overdue": True},
        "due before": {"due_before": now + timedelta(hours=2)},
        "received in a month": {
            "received_from": now - timedelta(days=430),
            "received_before": now - timedelta(days=400),
        },
    }
    far_back = Cursor(order="received_at", at=now - timedelta(days=900), number="8").text()
    beyond = Cursor(order="due_at", at=None, number="8").text()
    asked = []
    for name, given in filters.items():
        newest, due = CaseFilter(**given), CaseFilter(**given, order="due_at")
        pages = [(newest, None), (newest, far_back), (due, None), (due, beyond)]
        asked.append(Asked(f"{PAGES}{name}", [partial(register.cases, wanted, 50, after) for wanted, after in pages]))
    return asked


def _one(name: str, call: Call, *, aside: str = "") -> Asked:
    return Asked(name, [call], aside)


def _figures(register: Register) -> list[Asked]:
    """What is counted: most of it for /metrics, every 15 seconds."""
    policy = filling.POLICY.policy
    return [
        _one("count of cases by status", register.count_by_status),
        _one("count of stuck deliveries", register.deliveries.counts),
        _one("count of stuck notices", register.sendings.counts),
        _one("count of unplanned notices", register.sendings.unplanned),
        _one("count of kept cases", register.kept.counts),
        _one("figure of the last reconciliation", register.drift.last),
        _one("count of open cases by version", partial(register.policies.open_by_version, policy)),
    ]


def _outgoing(register: Register, numbers: Sequence[str], letters: int, some: random.Random) -> list[Asked]:
    now = datetime.now(UTC)
    unit, queue = drawing.UNITS[0], register.sending_queue
    far = Cursor(order="id", at=now, number="8").text()
    pages = [
        _one(f"notices, {state}", partial(register.sendings.page, None, state))
        for state in ("waiting", "failing", "sent", "failed", "gathered")
    ]
    return [
        _one("mailbox of a unit, from the beginning", partial(register.mailboxes.read, unit, 0, 100)),
        _one("mailbox of a unit, near the end", partial(register.mailboxes.read, unit, letters - 1_000, 100)),
        _one("mailboxes with news", partial(register.mailboxes.news, letters - 100)),
        _one("deliveries, stuck", register.deliveries.page),
        _one("deliveries, stopped", partial(register.deliveries.page, None, "stopped")),
        _one("notices", register.sendings.page),
        _one("notices, far inside", partial(register.sendings.page, None, None, 50, far)),
        _one("notices of a case", lambda: register.sendings.page(some.choice(numbers))),
        *pages,
        _one("notices that are due", partial(queue.claim, now - timedelta(days=3_650), timedelta(0), 100)),
        _one("notices within a digest", lambda: queue.members(f"caller-{some.randrange(1_000)}.digest")),
        _one("notice sent", lambda: queue.sent([f"{some.choice(numbers)}.waiting.sms"], now)),
        _one("notices to forget", partial(queue.forget, now - KEPT), aside="job"),
    ]


def _looked_up(register: Register, numbers: Sequence[str], some: random.Random) -> list[Asked]:
    now = datetime.now(UTC)
    matter = Matter(
        category=drawing.CATEGORIES[0],
        text=SAID,
        location=Location(area=drawing.AREAS[0]),
        received_at=now,
        complainant=CALLER,
    )
    heavy, far = Cursor(order="at", at=now - timedelta(days=900), number="5").text(), AuditFilter()
    trail = {
        "all": far,
        "a case": AuditFilter(case=numbers[0]),
        "an actor": AuditFilter(actor=f"key:{drawing.UNITS[0]}"),
        "the service": AuditFilter(actor="system"),
        "an action": AuditFilter(action="withdrawn"),
        "an action that never was": AuditFilter(action="reveal"),
        "an actor's action": AuditFilter(actor="key:intake", action="returned"),
        "since a month": AuditFilter(since=now - timedelta(days=30)),
    }
    return [
        _one("case, whole", lambda: register.history(some.choice(numbers))),
        _one("candidates for the same matter", partial(register.candidates, Sought(matter=matter)), aside="bounded"),
        _one("cases of a caller", lambda: _cases_of(register, f"caller-{some.randrange(1, 1_000)}", now)),
        _one("cases of one who calls always", partial(_cases_of, register, drawing.HEAVY_CALLER, now), aside="bounded"),
        _one("caller of a case", lambda: register.callers.of_case(some.choice(numbers))),
        _one("keys of the texts of a page", lambda: register.seals.data_keys.find(_keys(some.sample(numbers, 50)))),
        *(_one(f"audit trail, {name}", partial(register.audit.page, wanted)) for name, wanted in trail.items()),
        _one("audit trail, far inside", partial(register.audit.page, far, 50, heavy)),
        _one("erasures", register.erasures.page),
        _one("legal holds in force", partial(register.legal_holds.all_in_force, 50)),
    ]


def _in_the_background(register: Register, numbers: Sequence[str]) -> list[Asked]:
    now, policy = datetime.now(UTC), filling.POLICY
    rules = {policy.policy: policy}
    kept_longer = Place(policy=policy.policy, closed_at=now - timedelta(days=3 * 365 + 1), number="0")
    return [
        _one("retention: cases whose time is over", partial(register.erasures.due, rules, now)),
        _one("retention: the last page", partial(register.erasures.due, rules, now, 100, kept_longer)),
        _one("retention: erasures not settled", register.erasures.unsettled),
        _one("reconciliation: a page of open cases", partial(register.drift.open_cases, "8", 100)),
        _one("reconciliation: a case", partial(register.drift.flaws, numbers[0], None)),
        _one(
            "adoption: a page of open cases",
            partial(register.policies.open_cases, policy.policy, "0", ("", ""), None, 100),
        ),
        _one(
            "adoption: none left",
            partial(register.policies.open_cases, policy.policy, policy.version, ("", ""), None, 100),
        ),
        _one("audit trail: entries to chain", register.audit.chain.extend),
        _one("start: whose keys these are", register.seals.check),
    ]


async def _cases_of(register: Register, caller: str, now: datetime) -> object:
    digest = drawing.caller_digest(caller)
    return await register.callers.cases([digest], now - timedelta(days=90), 10, reports=False)


def _keys(numbers: Sequence[str]) -> list[str]:
    return [drawing.key_id(number) for number in numbers]


async def _written(register: Register, counted: Iterator[int]) -> None:
    events = begun(f"written-{next(counted)}")
    await register.record(events[0].fact.number, events, None, *owed(events))  # type: ignore[union-attr]
