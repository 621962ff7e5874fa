"""One drill from its beginning to its account."""

import asyncio
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import httpx

from tests.drill.audit import Account, Firing, audit, firings
from tests.drill.breaking import Outage, break_all
from tests.drill.ledger import Ledger
from tests.drill.load import TIMEOUT, Load
from tests.drill.plan import Fault, faults, lives
from tests.drill.scene import Scene, impossible, scene
from tests.drill.seen import Seen, gather
from tests.town.caller import Caller
from tests.town.town import QUEUE
from workflows.reconciliation_messages import ReconciliationStart
from workflows.reconciling import reconciled

_TO_BE_ANSWERED = 120.0
"""Seconds that callers go on asking after the load has ended."""

_TO_REST = 120.0
"""Seconds after which whatever is not as it should be counts as broken."""

_NAMES = {"acknowledge": "acknowledgment", "handle": "handling", "resolve": "resolution", "dispatch": "dispatch"}

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Drill:
    """What is asked for: a seed, seconds of load, cases a second, seconds of each limit; `planned` replaces chance."""

    seed: int
    seconds: float
    rate: float
    limits: Mapping[str, int]
    planned: tuple[Fault, ...] | None = None


@dataclass(frozen=True)
class Result:
    """What came of a drill."""

    drill: Drill
    cases: int
    requests: int
    refusals: Mapping[str, int]
    outages: list[Outage]
    accounts: list[Account]
    firings: list[Firing]
    left_out: Mapping[str, str]

    @property
    def broken(self) -> int:
        """How many promises were."""
        return sum(len(account.broken) for account in self.accounts)


async def hold(drill: Drill, folder: Path, tell: Tell) -> Result:
    """Start a town in an empty folder, put it through the drill, wait until it is at rest, and audit it."""
    left_out = {str(kind): why for kind, why in impossible().items()}
    planned = drill.planned
    if planned is None:
        planned = tuple(faults(drill.seed, drill.seconds, impossible().keys()))
    else:
        planned = tuple(fault for fault in planned if fault.kind not in left_out)
    ledger = Ledger(folder / "promises.jsonl")
    limits = {name: f"{seconds} seconds" for name, seconds in drill.limits.items()}
    async with scene(folder / "scene", limits) as set_up:
        tell(f"under load for {drill.seconds:g} s; {len(planned)} faults")
        outages = await _under_load(drill, set_up, ledger, planned, tell)
        tell("the load has ended; waiting until everything is at rest")
        seen = await _at_rest(drill, set_up, ledger, outages, tell)
    entries = seen.entries
    refusals: dict[str, int] = {}
    for entry in entries:
        if entry.refused:
            refusals[f"{entry.step}: {entry.rule}"] = refusals.get(f"{entry.step}: {entry.rule}", 0) + 1
    asked = sum(entry.status is None for entry in entries)
    return Result(drill, len(seen.histories), asked, refusals, outages, audit(seen), firings(seen), left_out)


async def _under_load(
    drill: Drill, scene: Scene, ledger: Ledger, planned: tuple[Fault, ...], tell: Tell
) -> list[Outage]:
    async with httpx.AsyncClient(
        base_url=scene.town.api, timeout=TIMEOUT, limits=httpx.Limits(max_connections=200, max_keepalive_connections=20)
    ) as http:
        callers = lives(drill.seed, drill.seconds, drill.rate, drill.limits["acknowledge"])
        load = asyncio.create_task(Load(Caller(http, scene.town.keys), ledger).bring(callers))
        outages = await break_all(scene, planned, time.monotonic())
        longest = max((life.at for life in callers), default=0.0)
        tell(f"{len(outages)} faults put right; callers go on")
        with suppress(TimeoutError):
            await asyncio.wait_for(load, longest + _TO_BE_ANSWERED)
    return outages


async def _at_rest(drill: Drill, scene: Scene, ledger: Ledger, outages: list[Outage], tell: Tell) -> Seen:
    entries = ledger.entries()
    within = {_NAMES[name]: float(seconds) for name, seconds in drill.limits.items()}
    last = max((entry.at for entry in entries if entry.step == "receive"), default=0.0)
    # Until the last limit of the last case has passed, there is nothing to rest from.
    await asyncio.sleep(max(0.0, last + max(within.values()) + 2 - time.time()))
    until = time.monotonic() + _TO_REST
    while True:
        seen = await gather(scene, entries, time.time())
        seen = replace(seen, outages=outages, within=within)
        waits = _unsettled(seen)
        if time.monotonic() > until or not waits:
            break
        tell(f"still to come: {waits}")
        await asyncio.sleep(2)
    return replace(seen, drifts=await _drifts(scene))


def _unsettled(seen: Seen) -> str:
    """What there is that time may still bring, and how often; what is late or early stays so."""
    waits = {"cases", "orders", "notices", "records", "fired", "acts"}
    some = [account for account in audit(seen) if account.broken and account.name in waits]
    return ", ".join(f"{account.name} {len(account.broken)}" for account in some)


async def _drifts(scene: Scene) -> list[str]:
    start = ReconciliationStart(dry_run=True, grace=10.0, a_second=200.0)
    done = await reconciled(scene.town.client, QUEUE, start)
    if done is None:
        return ["no worker is there to compare anything"]
    named = [f"{one.number}: {one.kind.value} {one.what}" for one in done.drifted]
    return named or [f"{tally.found} times {kind.value}" for kind, tally in done.tallies.items() if tally.found]
