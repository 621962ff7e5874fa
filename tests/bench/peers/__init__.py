"""Peers on the same case: DBOS on PostgreSQL, and a table that a scheduler scans, beside hotline, under one driver."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from functools import partial
from pathlib import Path
from typing import NamedTuple

from tests.bench.peers import drill, lateness, ours, rivals, routine
from tests.bench.peers.contestant import Contestant
from tests.bench.peers.lateness import Lateness
from tests.bench.peers.routine import CALLERS, Routine
from tests.bench.report import Cell, Section, percentile

Running = Callable[[Path], AbstractAsyncContextManager[Contestant]]


class _Size(NamedTuple):
    """How much is measured: cases led through, cases held open, the seconds of their limits and of the drill."""

    routine: int
    open: int
    spread: float
    drill: float


_FULL = _Size(routine=300, open=10_000, spread=60, drill=30)
_SHORT = _Size(routine=20, open=500, spread=20, drill=30)

_PEERS: dict[str, tuple[str, Running]] = {
    "hotline": ("ours", ours.running),
    "DBOS": ("dbos", rivals.dbos),
    "table, scanned every 5 s": ("cron_5s", partial(rivals.cron, every=5)),
    "table, scanned every 60 s": ("cron", partial(rivals.cron, every=60)),
}
"""What is measured, each with what its facts are called by. Both tables are one program with two settings."""

_LACKS = {
    "ours": "nothing of the case; it pays for that with a history, a register and sealed texts",
    "dbos": "no decision before the answer; no audit trail, calendars, pauses; lists by tables of one's own",
    "cron": "no history, replay or audit trail; no calendars, pauses; nothing fires between two scans",
}
"""What each does not do that the case needs in a city, by the name of its facts."""


async def measure(folder: Path, short: bool) -> list[Section]:
    """All of them, one after the other: the routine case, the lateness of limits, the drill."""
    size = _SHORT if short else _FULL
    led, late, lost = {}, {}, {}
    for name, (fact, running) in _PEERS.items():
        # What the interval of the scan is matters to limits alone.
        if fact != "cron_5s":
            async with running(folder / f"{fact}-routine") as service:
                led[name] = await routine.measure(service, size.routine)
        async with running(folder / f"{fact}-late") as service:
            late[name] = await lateness.measure(service, size.open, size.spread)
        if fact != "cron":
            async with running(folder / f"{fact}-drill") as service:
                lost[name] = await drill.measure(service, size.drill)
    return [_routine(led, size), _late(late, size), _drilled(lost, size)]


def _routine(found: dict[str, Routine], size: _Size) -> Section:
    rows: list[list[Cell]] = []
    facts: dict[str, float] = {}
    for name, one in found.items():
        fact = _PEERS[name][0]
        shown = [f"{one.milliseconds(which, share):.0f}" for which in ("starts", "commands") for share in (0.5, 0.99)]
        orders = [f"{one.milliseconds('orders', share):,.0f}" for share in (0.5, 0.99)]
        rows.append([name.split(",")[0], f"{one.cases_per_s:.1f}", *_pairs(shown + orders), _LACKS[fact]])
        facts |= {
            f"{fact}_cases_per_s": one.cases_per_s,
            f"{fact}_start_p50_ms": one.milliseconds("starts", 0.5),
            f"{fact}_start_p99_ms": one.milliseconds("starts", 0.99),
            f"{fact}_command_p50_ms": one.milliseconds("commands", 0.5),
            f"{fact}_command_p99_ms": one.milliseconds("commands", 0.99),
            f"{fact}_order_p99_ms": one.milliseconds("orders", 0.99),
        }
    return Section(
        "peers",
        f"Peers: {size.routine} routine cases, {CALLERS} callers at once",
        (
            "",
            "cases/s",
            "start p50 / p99 ms",
            "command p50 / p99 ms",
            "order there p50 / p99 ms",
            "what it does not do",
        ),
        rows,
        facts,
        remarks=(
            "A routine case: receipt and four steps over HTTP, an order to the unit's system, closed in PostgreSQL.",
            "DBOS answers a step once the message is kept; the others answer once it is decided and done.",
            "Hotline asks each request for a key, seals what people said, and keeps an audit trail; the peers do not.",
        ),
    )


def _pairs(values: list[str]) -> list[str]:
    return [f"{first} / {second}" for first, second in zip(values[::2], values[1::2], strict=True)]


def _late(found: dict[str, Lateness], size: _Size) -> Section:
    rows: list[list[Cell]] = []
    facts: dict[str, float] = {}
    for name, one in found.items():
        fact = _PEERS[name][0]
        p50, p99, worst = (percentile(one.late, share) for share in (0.5, 0.99, 1))
        seconds = [f"{value:.2f}" for value in (p50, p99, worst)]
        rows.append([name, *seconds, one.early, one.missing, one.behind, f"{one.starts_per_s:.1f}"])
        facts |= {
            f"{fact}_late_p50_s": p50,
            f"{fact}_late_p99_s": p99,
            f"{fact}_late_worst_s": worst,
            f"{fact}_decided_p99_s": percentile(one.decided, 0.99),
            f"{fact}_early": one.early,
            f"{fact}_missing": one.missing,
            f"{fact}_starts_per_s": one.starts_per_s,
        }
    return Section(
        "peers, limits",
        f"Peers: how late the limits of {size.open:,} open cases fire, due spread over {size.spread:g} s",
        ("", "p50 s", "p99 s", "worst s", "early", "never", "not in time to be measured", "starts/s"),
        rows,
        facts,
        remarks=(
            "Late is from the due time to the row in PostgreSQL that says so; `…_decided_p99_s` is to the moment that "
            "the service itself dates it with.",
            f"{size.open / size.spread:.0f} limits fall due a second; what cannot be done in that time comes late.",
        ),
    )


def _drilled(found: dict[str, drill.Losses], size: _Size) -> Section:
    rows = [[name, *one.cells()] for name, one in found.items()]
    facts = {
        f"{_PEERS[name][0]}_{which}": float(getattr(one, which))
        for name, one in found.items()
        for which in (
            "cases_lost",
            "outcomes_lost",
            "orders_missing",
            "orders_twice",
            "missed",
            "late",
            "worst_s",
            "refused",
        )
    }
    head = (
        "",
        "cases / outcomes promised",
        "cases lost",
        "outcomes lost",
        "orders never there",
        "under two keys",
        "again under one key",
        "limits early",
        "limits missed",
        "late > 10 s",
        "worst s: written / decided",
        "refused",
    )
    return Section(
        "peers, drill",
        f"Peers: the same drill, 5 cases/s for {size.drill:g} s; own processes killed twice, the rest once each",
        head,
        rows,
        facts,
        remarks=(
            "Killed by SIGKILL, away for two seconds: worker and API, or the peer's processes, together, twice; "
            "PostgreSQL once, and with it Temporal's server; the unit's system once.",
            "An order that came again under its one key does no harm to a unit that honours keys.",
            "Refused: what a caller got no good answer to, though it asked again for a minute.",
            *(f"{name} refused: {words}" for name, one in found.items() for words in one.refusals),
        ),
    )
