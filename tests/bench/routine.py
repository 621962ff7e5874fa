"""The routine case, from the call to the call-back, beside the barest workflows that the same engine runs.

They are measured in turns, so that a machine that is slower for a while is slower for all of them.
"""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from statistics import median

import psutil  # type: ignore[import-untyped]
from temporalio.api.enums.v1 import EventType
from temporalio.client import WorkflowExecutionStatus

from tests.bench.driver import Run, floor_client, http, many, run_empty, run_floor, unit_of
from tests.bench.floor import QUEUE
from tests.bench.report import Cell, Section, Target, percentile
from tests.town import database, rules
from tests.town.caller import ROUTINE, Caller
from tests.town.town import Town, running, until
from workflows.messages import workflow_id

_AT_ONCE = 16
"""Cases that are under way at a time, each with one request after the other."""

_PAUSE = 0.2
"""Seconds between calls that meet an idle service: it has done by then all that came of the one before."""

_SAMPLE = 20
"""Cases whose history is looked at: of each, what it cost the engine is much the same."""

_TARGETS = (
    Target("ours_of_floor", "≥", 0.60),
    Target("ours_of_empty", "≥", 0.30),
    Target("history_events", "≤", 40),
    Target("workflow_tasks", "≤", 8),
    Target("history_kib", "≤", 16),
    Target("unloaded_start_p50_ms", "≤", 30),
    Target("unloaded_command_p50_ms", "≤", 25),
)


async def measure(folder: Path, short: bool) -> list[Section]:
    """The rates and their ratios, what a case costs the engine, what callers wait for, and what processes use."""
    cases, turns, alone = (20, 1, 5) if short else (400, 3, 60)
    rounds: dict[str, list[Run]] = defaultdict(list)
    used: Counter[str] = Counter()
    policy = rules.write(folder / "policy")
    async with running(folder / "town", policy) as town, http(town, _AT_ONCE * 2) as client:
        caller = Caller(client, town.keys)
        await _lead(caller, "warm", cases // 2, _AT_ONCE)
        unloaded, _ = await _lead(caller, "alone", alone, 1, _PAUSE)
        for turn in range(turns):
            async with floor_client(town) as barest:
                rounds["floor"].append(await run_floor(barest, QUEUE, cases, at_once=_AT_ONCE))
                rounds["empty"].append(await run_empty(barest, QUEUE, cases * 3, at_once=_AT_ONCE))
            before = _processors(town)
            run, numbers = await _lead(caller, f"turn-{turn}", cases, _AT_ONCE)
            rounds["ours"].append(run)
            used.update({name: after - before[name] for name, after in _processors(town).items()})
        costs = [await _cost(town, number) for number in numbers[:_SAMPLE]]
        memory = {name: part.use().memory for name, part in town.parts.items()}
    return [
        _rates(rounds, costs, unloaded),
        _waits(rounds["ours"], unloaded),
        _uses(used, memory, cases * turns),
    ]


async def _lead(caller: Caller, prefix: str, cases: int, at_once: int, pause: float = 0.0) -> tuple[Run, list[str]]:
    """Lead so many cases from start to end, with so many seconds between calls: how long it took, and their numbers."""
    numbers = [""] * cases

    async def lead(place: int, run: Run) -> None:
        unit = unit_of(place)
        answer = await run.timed("start", caller.receive(unit, f"{prefix}-{place}"))
        numbers[place] = answer.raise_for_status().json()["number"]
        for step in ROUTINE:
            await asyncio.sleep(pause)
            (await run.timed(step, caller.step(numbers[place], step, unit))).raise_for_status()

    return await many(cases, at_once, lead), numbers


async def _cost(town: Town, number: str) -> Counter[str]:
    """What one case cost the engine: events, workflow tasks and bytes of its history."""
    handle = town.client.get_workflow_handle(workflow_id(number))

    async def ended() -> bool:
        return (await handle.describe()).status is WorkflowExecutionStatus.COMPLETED

    await until(ended, f"the end of {number}")
    history = await handle.fetch_history()
    completed = EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED
    return Counter(
        events=len(history.events),
        tasks=sum(event.event_type == completed for event in history.events),
        bytes=(await handle.describe()).raw_description.workflow_execution_info.history_size_bytes,
    )


def _processors(town: Town) -> dict[str, float]:
    """Seconds of processor that each part has used."""
    postmaster, *others = database.processes(town.folder / "postgres")
    found = {name: part.use().cpu for name, part in town.parts.items() if name != "floor"}
    # Of its children some have ended, and stand in the sums of the first.
    first = postmaster.cpu_times()
    found["postgres"] = sum(
        times.user + times.system for times in (one.cpu_times() for one in (postmaster, *others))
    ) + (first.children_user + first.children_system)
    own = psutil.Process().cpu_times()
    found["the callers"] = own.user + own.system
    return found


def _rates(rounds: Mapping[str, Sequence[Run]], costs: Sequence[Counter[str]], unloaded: Run) -> Section:
    rate = {name: sum(run.done for run in runs) / sum(run.seconds for run in runs) for name, runs in rounds.items()}
    median_of = {name: median(cost[name] for cost in costs) for name in ("events", "tasks", "bytes")}
    commands = [one for step in ROUTINE for one in unloaded.latencies[step]]
    names = {
        "ours": "ours, by HTTP, recorded and locked",
        "floor": "floor: as many updates, one timer",
        "empty": "empty",
    }
    return Section(
        name="routine",
        title=f"The routine case beside the barest workflows ({_AT_ONCE} at a time)",
        head=("", "a second", "÷ floor", "÷ empty", "each turn"),
        rows=[
            (
                title,
                rate[name],
                rate[name] / rate["floor"],
                rate[name] / rate["empty"],
                " ".join(f"{run.rate:.1f}" for run in rounds[name]),
            )
            for name, title in names.items()
        ],
        facts={
            "ours_of_floor": rate["ours"] / rate["floor"],
            "ours_of_empty": rate["ours"] / rate["empty"],
            **{f"{name}_per_s": value for name, value in rate.items()},
            "history_events": median_of["events"],
            "workflow_tasks": median_of["tasks"],
            "history_kib": median_of["bytes"] / 1024,
            "unloaded_start_p50_ms": 1000 * median(unloaded.latencies["start"]),
            "unloaded_command_p50_ms": 1000 * median(commands),
        },
        targets=_TARGETS,
        remarks=[
            f"A case costs the engine {median_of['events']:.0f} events, {median_of['tasks']:.0f} workflow tasks and "
            f"{median_of['bytes'] / 1024:.1f} KiB of history."
        ],
    )


def _waits(ours: Iterable[Run], unloaded: Run) -> Section:
    loaded: dict[str, list[float]] = defaultdict(list)
    for run in ours:
        for step, took in run.latencies.items():
            loaded[step] += took
    rows: list[tuple[Cell, ...]] = []
    facts: dict[str, float] = {}
    for step in ("start", *ROUTINE):
        found = [
            1000 * percentile(took, share)
            for took in (unloaded.latencies[step], loaded[step])
            for share in (0.5, 0.95, 0.99)
        ]
        rows.append((step, *found))
        facts |= {f"{step}_p50_ms": found[0], f"{step}_p95_ms": found[1], f"{step}_p99_ms": found[2]}
    return Section(
        name="calls",
        title=f"What each call takes, in ms: alone, and with {_AT_ONCE} cases at a time",
        head=("", "p50", "p95", "p99", "p50 of many", "p95 of many", "p99 of many"),
        rows=rows,
        facts=facts,
    )


def _uses(used: Mapping[str, float], memory: Mapping[str, int], cases: int) -> Section:
    each = {name: 1000 * seconds / cases for name, seconds in used.items()}
    return Section(
        name="processes",
        title="What each process used for a case",
        head=("", "ms of processor", "MiB of memory at the end"),
        rows=[
            *((name, each[name], memory[name] / 2**20 if name in memory else None) for name in each),
            ("together", sum(each.values()), None),
        ],
        facts={f"{name.replace(' ', '_')}_ms": value for name, value in each.items()},
    )
