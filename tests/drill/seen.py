"""Everything that a drill leaves behind, gathered from whoever has it."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from cases.errors import UnavailableError, UnknownCaseError
from cases.events import Event
from tests.drill.breaking import Outage
from tests.drill.ledger import Arrival, Entry
from tests.drill.scene import Scene
from tests.town.town import QUEUE
from workflows.case_runs import CaseRuns

_AT_ONCE = 4
_TRIES = 3
_PAGE = 200

History = Sequence[Event]


@dataclass(frozen=True)
class Seen:
    """What is there to hold against the ledger.

    `histories` are the events of each case as its workflow tells them, `records` as the register has them; `arrivals`
    is what the units' systems got, `mail` what people got. `unheard` are cases whose workflow does not answer.
    `within` are the seconds of each limit by its name, `now` seconds since 1970.
    """

    entries: Sequence[Entry]
    histories: Mapping[str, History]
    records: Mapping[str, History]
    arrivals: Sequence[Arrival]
    mail: Sequence[Arrival]
    now: float
    outages: Sequence[Outage] = ()
    unheard: Sequence[str] = ()
    drifts: Sequence[str] = ()
    within: Mapping[str, float] = field(default_factory=dict)


async def gather(scene: Scene, entries: Sequence[Entry], now: float) -> Seen:
    """Ask the engine and the register for everything that they have."""
    runs = CaseRuns(scene.town.client, QUEUE)
    numbers = sorted(await _numbers(runs) | {entry.number for entry in entries if entry.accepted})
    gate = asyncio.Semaphore(_AT_ONCE)
    unheard: list[str] = []

    async def history(number: str) -> History:
        async with gate:
            for _ in range(_TRIES):
                with suppress(UnavailableError):
                    return await runs.events(number)
            unheard.append(number)
            return []

    async def record(number: str) -> History:
        async with gate:
            try:
                return await scene.town.register.history(number)
            except UnknownCaseError:
                return []

    histories = await asyncio.gather(*map(history, numbers))
    records = await asyncio.gather(*map(record, numbers))
    return Seen(
        entries=entries,
        histories=dict(zip(numbers, histories, strict=True)),
        records=dict(zip(numbers, records, strict=True)),
        arrivals=Arrival.all(scene.town.arrivals),
        mail=Arrival.all(scene.mail),
        now=now,
        unheard=unheard,
    )


async def _numbers(runs: CaseRuns) -> set[str]:
    found: set[str] = set()
    after: str | None = ""
    while after is not None:
        some, after = await runs.page(after, _PAGE)
        found.update(some)
    return found
