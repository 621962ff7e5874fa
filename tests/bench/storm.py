"""Thousands of alarms that are due at one moment: how long until each has fired and is known, and which go first.

The floor are workflows that hold one timer and do nothing else, before and after ours, on the same server.
"""

import asyncio
import time
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

from temporalio.client import Client

from tests.bench import driver
from tests.bench.driver import Run, ask, many, run_empty, starts
from tests.bench.floor import QUEUE, FloorAlarm
from tests.bench.report import Section, Target, percentile
from tests.town import rules
from tests.town.caller import Caller
from tests.town.town import Town, running, until

_ALARMS, _SHORT_ALARMS = 5_000, 300
_AT_ONCE = 16
_EVERY = 20
"""One in so many is an emergency, spread evenly among the others."""

_WITHIN = timedelta(hours=4)
_LIMITS = {"dispatch": "30 days", "acknowledge": "4 hours", "handle": "30 days", "resolve": "60 days"}
"""Nothing but the limit of the storm falls due: its warning does with the receipt, which is told as hours ago."""

_WARM = 150
_SPARE = 2.0
_SETTLING = timedelta(seconds=15)
_PATIENCE = 900.0


@dataclass(frozen=True)
class _Storm:
    """Seconds from the moment that all were due at: until each fired, and until all that came of it was done.

    And the seconds of processor that this took the worker and Temporal's server.
    """

    fired: Sequence[float]
    done: float
    worker: float
    temporal: float

    @property
    def last(self) -> float:
        return max(self.fired)


async def measure(folder: Path, short: bool) -> list[Section]:
    """The floor, ours, and the floor once more."""
    alarms = _SHORT_ALARMS if short else _ALARMS
    policy = rules.write(folder / "policy", _LIMITS, anchors={"acknowledge": "receipt"})
    async with running(folder / "town", policy) as town:
        floors = [await _floor(town, alarms)]
        ours, by_level = await _ours(town, alarms)
        floors.append(await _floor(town, alarms))
    return [_section(alarms, floors, ours, by_level)]


async def _floor(town: Town, alarms: int) -> _Storm:
    """So many bare timers at one moment."""
    async with driver.floor_client(town) as client:
        for _ in range(2):
            # The first time only warms what the second is to tell.
            began = time.monotonic()
            await _set(client, f"warm-{uuid4()}", _WARM, datetime.now(UTC) + timedelta(days=1))
        due = _due(began, alarms)
        name = f"storm-{uuid4()}"
        await _set(client, name, alarms, due)
        _check_ahead(due)
        used = await _come(town, "floor", due, lambda: _all_ended(client, name))
        ended = [
            one.close_time async for one in client.list_workflows(f"WorkflowId STARTS_WITH '{name}'") if one.close_time
        ]
        fired: list[datetime] = []

        async def ask_when(place: int, run: Run) -> None:
            fired.append(await client.get_workflow_handle(f"{name}-{place}", result_type=datetime).result())

        await many(alarms, _AT_ONCE, ask_when)
    return _Storm([(at - due).total_seconds() for at in fired], (max(ended) - due).total_seconds(), *used)


async def _set(client: Client, name: str, alarms: int, due: datetime) -> None:
    """Start workflows, and wait until the timer of each stands."""

    async def begin(place: int, run: Run) -> None:
        await client.start_workflow(FloorAlarm.run, due, id=f"{name}-{place}", task_queue=QUEUE)

    await many(alarms, _AT_ONCE, begin)
    # The queue is first come, first served: who comes last is served when all others have been.
    await run_empty(client, QUEUE, cases=_AT_ONCE, at_once=_AT_ONCE)


async def _all_ended(client: Client, name: str) -> bool:
    query = f"WorkflowId STARTS_WITH '{name}' AND ExecutionStatus = 'Running'"
    return (await client.count_workflows(query)).count == 0


async def _ours(town: Town, alarms: int) -> tuple[_Storm, dict[str, list[float]]]:
    """So many cases whose acknowledgment falls due at one moment; and when those of each level fired."""
    async with driver.http(town, _AT_ONCE) as http:
        caller = Caller(http, town.keys)
        for turn in range(2):
            began = time.monotonic()
            await starts(caller, _WARM, _AT_ONCE, prefix=f"warm-{turn}")
            await _recorded(town, _WARM * (turn + 1))
        due = _due(began, alarms)
        await starts(caller, alarms, _AT_ONCE, prefix="storm", level=_level, received_at=(due - _WITHIN).isoformat())
        await _recorded(town, _WARM * 2 + alarms)
    _check_ahead(due)
    used = await _come(town, "worker", due, lambda: _all_breached(town, alarms))
    found = await ask(
        town,
        "SELECT at, recorded_at, level FROM case_events JOIN cases ON number = case_number WHERE type = 'breached'",
    )
    fired: dict[str, list[float]] = defaultdict(list)
    for at, _, level in found:
        fired[level].append((at - due).total_seconds())
    known = max((recorded - due).total_seconds() for _, recorded, _ in found)
    return _Storm([at for some in fired.values() for at in some], known, *used), fired


def _level(place: int) -> str:
    return "emergency" if place % _EVERY == _EVERY // 2 else "general"


async def _recorded(town: Town, cases: int) -> None:
    """Wait until cases are in the register; the alarm of each is set before it is."""

    async def all_there() -> bool:
        return bool((await ask(town, "SELECT count(*) >= %s FROM cases", cases))[0][0])

    await until(all_there, f"the register of {cases} cases", _PATIENCE, every=0.2)


async def _all_breached(town: Town, alarms: int) -> bool:
    return bool((await ask(town, "SELECT count(*) >= %s FROM case_events WHERE type = 'breached'", alarms))[0][0])


def _due(began: float, alarms: int) -> datetime:
    """A moment by which so many have been started, going by how long the first few took."""
    needed = (time.monotonic() - began) / _WARM * alarms * _SPARE
    return (datetime.now(UTC) + timedelta(seconds=needed) + _SETTLING).replace(microsecond=0)


def _check_ahead(due: datetime) -> None:
    """Raises RuntimeError if the moment has come before everything was ready for it."""
    if datetime.now(UTC) >= due:
        raise RuntimeError("the machine was too slow to set all alarms before they were due; try again")


async def _come(town: Town, worker: str, due: datetime, over: Callable[[], Awaitable[bool]]) -> tuple[float, float]:
    """Wait for the moment, and until all is over. Asked once a second, so as not to be a load itself.

    Returns:
        The seconds of processor that the worker and Temporal's server used meanwhile.

    Raises:
        TimeoutError: it is not over after a quarter of an hour.
    """
    await asyncio.sleep((due - datetime.now(UTC)).total_seconds())
    parts = (town.parts[worker], town.parts["temporal"])
    before = [part.use().cpu for part in parts]
    await until(over, "the last of the alarms", _PATIENCE, every=1)
    at_work, engine = (part.use().cpu - earlier for part, earlier in zip(parts, before, strict=True))
    return at_work, engine


def _section(alarms: int, floors: Sequence[_Storm], ours: _Storm, by_level: Mapping[str, Sequence[float]]) -> Section:
    floor_fired, floor_done = _mean([one.last for one in floors]), _mean([one.done for one in floors])
    ordered = sorted(ours.fired)
    places = [bisect_left(ordered, at) / alarms for at in by_level["emergency"]]
    facts = {
        "fired_of_floor": ours.last / floor_fired,
        "known_of_floor": ours.done / floor_done,
        "emergencies_p95_of_general_p50": percentile(by_level["emergency"], 0.95)
        / percentile(by_level["general"], 0.5),
        "early": float(sum(at < 0 for one in (*floors, ours) for at in one.fired)),
        "fired_s": ours.last,
        "known_s": ours.done,
        "floor_fired_s": floor_fired,
        "floor_ended_s": floor_done,
        "worker_ms_per_alarm": ours.worker / alarms * 1_000,
        "floor_worker_ms_per_alarm": _mean([one.worker for one in floors]) / alarms * 1_000,
        "server_ms_per_alarm": ours.temporal / alarms * 1_000,
        "floor_server_ms_per_alarm": _mean([one.temporal for one in floors]) / alarms * 1_000,
        "emergencies_median_place": percentile(places, 0.5),
    }
    emergencies = len(by_level["emergency"])
    return Section(
        "storm",
        f"{alarms:,} alarms due at one moment, {emergencies} of them of emergencies",
        (
            "seconds after they were due",
            "half fired",
            "95 % fired",
            "all fired",
            "all done",
            "worker, CPU",
            "server, CPU",
        ),
        [
            ("bare timers, before", *_row(floors[0])),
            ("bare timers, after", *_row(floors[-1])),
            ("ours", *_row(ours)),
            *((f"ours, {level}", *_fired(by_level[level]), None, None, None) for level in ("emergency", "general")),
            (
                "ours ÷ bare timers",
                None,
                None,
                facts["fired_of_floor"],
                facts["known_of_floor"],
                ours.worker / _mean([one.worker for one in floors]),
                ours.temporal / _mean([one.temporal for one in floors]),
            ),
        ],
        facts,
        (
            Target("fired_of_floor", "≤", 1.5),
            Target("emergencies_p95_of_general_p50", "≤", 1),
            Target("early", "≤", 0),
        ),
        [
            "Fired: the engine's clock when the alarm was taken up. Done: a bare timer's workflow has ended; ours has "
            "the breach, and what is owed for it, in the register.",
            f"Half of the emergencies fired among the first {percentile(places, 0.5):.0%} of all; "
            f"they were started evenly among the others.",
        ],
    )


def _row(storm: _Storm) -> tuple[float, ...]:
    return (*_fired(storm.fired), storm.done, storm.worker, storm.temporal)


def _fired(fired: Sequence[float]) -> tuple[float, float, float]:
    return percentile(fired, 0.5), percentile(fired, 0.95), max(fired)


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
