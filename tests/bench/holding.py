"""What it costs to hold many open cases: whether starts, answers, memory and disk stay what they were.

Cases are brought in over HTTP and left as they are, with limits that lie days ahead. The rate of starts counts a case
when the register has it and its unit has its order, so that nothing is put off until after the measurement.
"""

import random
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil  # type: ignore[import-untyped]

from hotline.settings import Settings
from tests.bench import driver
from tests.bench.driver import Run, Started, ask, starts
from tests.bench.report import Section, Target, percentile
from tests.town import database, rules
from tests.town.caller import Caller
from tests.town.town import Town, running, until

_SIZES, _TAIL, _ALONE = (1_000, 10_000, 50_000), 1_000, 60
_SHORT_SIZES, _SHORT_TAIL, _SHORT_ALONE = (50, 100, 200), 25, 8
_AT_ONCE = 16
_PER_SIZE = 45 * 60.0
"""Seconds within which the cases of a size must be there; what is there then is measured in its place."""

_CACHED: int = Settings.model_fields["cached_cases"].default
"""Cases that the worker keeps in memory."""

_STRIDE = 500
_SETTLING = 300.0
_LIMITS = {"dispatch": "10 days", "acknowledge": "10 days", "handle": "20 days", "resolve": "30 days"}
_SEED = 6

_MIB = 2**20


@dataclass
class _Size:
    """What was found with so many open cases: starts a second, seconds of single calls, bytes."""

    cases: int
    wanted: int
    rate: float
    alone: Run
    memory: dict[str, int]
    disk: dict[str, int]


@dataclass
class _Open:
    """The cases that are open, in the order in which they came in."""

    numbers: list[str] = field(default_factory=list)
    units: list[str] = field(default_factory=list)
    acknowledged: set[int] = field(default_factory=set)

    def __len__(self) -> int:
        return len(self.numbers)

    def add(self, started: Started) -> None:
        self.numbers += started.numbers
        self.units += started.units


async def measure(folder: Path, short: bool) -> list[Section]:
    """The same figures at each number of open cases."""
    sizes, tail, alone = (_SHORT_SIZES, _SHORT_TAIL, _SHORT_ALONE) if short else (_SIZES, _TAIL, _ALONE)
    policy = rules.write(folder / "policy", _LIMITS)
    async with running(folder / "town", policy) as town, driver.http(town, _AT_ONCE) as http:
        caller = Caller(http, town.keys)
        empty = await _disk(town)
        opened = _Open()
        found = [await _at(town, caller, opened, size, tail, alone) for size in sizes]
    return [_section(found, empty, tail)]


async def _at(town: Town, caller: Caller, opened: _Open, size: int, tail: int, alone: int) -> _Size:
    """Bring in what is missing of a size, time the last of it, and measure."""
    until_when = time.monotonic() + _PER_SIZE
    while len(opened) < size - tail and time.monotonic() < until_when:
        await _bring(caller, opened, min(_STRIDE, size - tail - len(opened)))
        await _settled(town, len(opened))
    began = time.monotonic()
    await _bring(caller, opened, tail)
    await _settled(town, len(opened))
    rate = tail / (time.monotonic() - began)
    memory, disk, cases = _memory(town), await _disk(town), len(opened)
    return _Size(cases, size, rate, await _alone(caller, opened, alone), memory, disk)


async def _bring(caller: Caller, opened: _Open, count: int) -> None:
    opened.add(await starts(caller, count, _AT_ONCE, prefix=f"held-{len(opened)}"))


async def _settled(town: Town, cases: int) -> None:
    """Wait until all cases are in the register, and the orders of all with their units."""

    async def all_there() -> bool:
        with town.arrivals.open("rb") as ledger:
            arrived = sum(b'"dispatched"' in line for line in ledger)
        return arrived >= cases and (await ask(town, "SELECT count(*) FROM cases"))[0][0] >= cases

    if cases:
        await until(all_there, f"the register of {cases} cases", _SETTLING, every=0.2)


async def _alone(caller: Caller, opened: _Open, count: int) -> Run:
    """Calls one after the other, with nothing else going on. The cases are of any age: most of them are in no cache."""
    run, chosen = Run(), random.Random(_SEED + len(opened))  # noqa: S311
    fresh = [place for place in range(len(opened)) if place not in opened.acknowledged]
    places = chosen.sample(fresh, 2 * count)
    for looked_at, acknowledged in zip(places[:count], places[count:], strict=True):
        (await run.timed("look", caller.look(opened.numbers[looked_at]))).raise_for_status()
        step = caller.step(opened.numbers[acknowledged], "acknowledge", opened.units[acknowledged])
        (await run.timed("command", step)).raise_for_status()
    opened.acknowledged.update(places[count:])
    started = await starts(caller, count, 1, prefix=f"alone-{len(opened)}")
    opened.add(started)
    run.latencies |= started.run.latencies
    return run


def _memory(town: Town) -> dict[str, int]:
    """Bytes of memory of each process; of PostgreSQL's, which share theirs, each its share."""
    found = {name: part.use().memory for name, part in town.parts.items() if name != "systems"}
    found["postgres"] = 0
    for one in database.processes(town.folder / "postgres"):
        with suppress(psutil.Error):
            found["postgres"] += one.memory_full_info().pss
    return found


async def _disk(town: Town) -> dict[str, int]:
    """Bytes on disk, without PostgreSQL's log: that is as long as its settings say, however many cases there are."""
    size = (await ask(town, "SELECT pg_database_size(current_database())"))[0][0]
    return {"temporal": town.bytes_on_disk()["temporal"], "postgres": size}


def _section(found: list[_Size], empty: dict[str, int], tail: int) -> Section:
    facts: dict[str, float] = {}
    for size in found:
        facts |= {f"{name}_at_{size.wanted}": value for name, value in _figures(size, empty).items()}
    first, last = found[0], found[-1]
    facts["start_rate_end_of_start"] = last.rate / first.rate
    # Until its cache is full the worker's memory grows, and is bounded by nothing but that.
    full = next((size for size in found[:-1] if size.cases >= _CACHED), first)
    facts["worker_memory_end_of_full_cache"] = last.memory["worker"] / full.memory["worker"]
    return Section(
        "holding",
        "Holding open cases",
        ("", *(f"{size.cases:,} cases" for size in found)),
        [(title, *(_figures(size, empty)[name] for size in found)) for name, title in _ROWS.items()],
        facts,
        (Target("start_rate_end_of_start", "≥", 0.65), Target("worker_memory_end_of_full_cache", "≤", 1.1)),
        [
            f"Starts: the last {tail:,}, {_AT_ONCE} at once, until the register has them and the units their orders. "
            "Calls: one at a time, of cases of any age.",
            *(
                f"{size.wanted:,} cases were not reached within {_PER_SIZE / 60:g} minutes; measured at {size.cases:,}."
                for size in found
                if size.cases < size.wanted
            ),
        ],
    )


_ROWS = {
    "starts_per_s": "starts/s",
    **{
        f"{step}_{name}_ms": f"{title}, {name}, ms"
        for step, title in (("start", "start"), ("command", "command"), ("look", "look"))
        for name in ("p50", "p95")
    },
    "temporal_mib": "memory of Temporal's server, MiB",
    "worker_mib": "memory of the worker, MiB",
    "api_mib": "memory of the API, MiB",
    "postgres_mib": "memory of PostgreSQL, MiB",
    "temporal_kib_per_case": "disk of Temporal, KiB a case",
    "postgres_kib_per_case": "disk of PostgreSQL, KiB a case",
}


def _figures(size: _Size, empty: dict[str, int]) -> dict[str, float]:
    figures = {"starts_per_s": size.rate}
    for step, seconds in size.alone.latencies.items():
        figures[f"{step}_p50_ms"] = percentile(seconds, 0.5) * 1_000
        figures[f"{step}_p95_ms"] = percentile(seconds, 0.95) * 1_000
    figures |= {f"{name}_mib": value / _MIB for name, value in size.memory.items()}
    for name, value in size.disk.items():
        figures[f"{name}_kib_per_case"] = (value - empty[name]) / size.cases / 1_024
    return figures
