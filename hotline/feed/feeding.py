"""One run of `hotline feed`."""

import asyncio
import hashlib
import json
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import httpx
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from hotline.door import Door, problem
from hotline.errors import HotlineError, UsageError
from hotline.feed import mapping as mappings
from hotline.feed import rows
from hotline.feed.progress import Done, Progress, Rejects
from hotline.feed.rows import Row

_PATIENCE = 300.0
"""Seconds for which the API may be away before the feed stops; run again, it goes on."""

_NOT_THE_ROWS_FAULT = frozenset({401, 403, 404, 405})


@dataclass(frozen=True, kw_only=True)
class Order:
    """What is to be fed, and where."""

    file: Path
    mapping: str | None
    api: str
    key: str
    limit: int | None = None
    rejects: Path | None = None
    restart: bool = False
    at_once: int = 8
    patience: float = _PATIENCE


def run(order: Order, state: Path) -> Done:
    """Feed a file, with its progress on the screen and a summary at the end.

    Raises:
        UsageError: the file, the mapping, the address or the key is wrong.
        HotlineError: the API is away for too long, or the file ends in the middle. What was fed stays fed.
    """
    if not re.match(r"https?://[^/]", order.api):
        raise UsageError(f"--api {order.api}: is no address; write one like http://127.0.0.1:8000")
    console = Console(stderr=True)
    mapping = mappings.load(order.mapping) if order.mapping else None
    extent = rows.measure(order.file)
    identity = _identity(order, extent.digest, mapping)
    progress = Progress(state / "feeds" / f"{identity}.json", restart=order.restart)
    before = progress.done.model_copy(deep=True)
    default = state / "feeds" / f"{order.file.name}.{identity}.rejects.jsonl"
    rejects = Rejects(order.rejects or default, fresh=before.rows == 0)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    began = time.monotonic()
    try:
        with Bar(*columns, console=console) as bar:
            feed = _Feed(order, extent, progress, rejects, bar)
            asyncio.run(feed.run(rows.read(order.file, mapping)))
    except KeyboardInterrupt:
        console.print("Stopped; the same command again goes on from here.")
        raise
    finally:
        progress.save()
        rejects.close()
        _summarise(console, before, progress.done, rejects, time.monotonic() - began)
    return progress.done


class _Feed:
    """Rows on their way, several at once."""

    def __init__(self, order: Order, extent: rows.Extent, progress: Progress, rejects: Rejects, bar: Bar) -> None:
        self._order = order
        self._digest = extent.digest
        self._progress = progress
        self._rejects = rejects
        self._bar = bar
        self._task = bar.add_task(order.file.name, total=order.limit or extent.lines)
        self._taken = progress.done.created + progress.done.repeated > 0

    async def run(self, found: Iterator[Row]) -> None:
        """Send what is not done yet."""
        left = islice(self._left(found), self._order.limit)
        try:
            async with httpx.AsyncClient(base_url=self._order.api, timeout=60) as http:
                door = Door(http, self._order.key, self._order.patience)
                async with asyncio.TaskGroup() as senders:
                    for _ in range(self._order.at_once):
                        senders.create_task(self._send_all(door, left))
        except* HotlineError as errors:
            raise errors.exceptions[0] from None

    def _left(self, found: Iterator[Row]) -> Iterator[Row]:
        for row in found:
            if row.index not in self._progress.done:
                yield row

    async def _send_all(self, door: Door, left: Iterator[Row]) -> None:
        for row in left:
            await self._send(door, row)
            self._progress.note(row.index)
            self._advance(row)

    async def _send(self, door: Door, row: Row) -> None:
        done = self._progress.done
        if row.body is None:
            self._reject(row, row.reason, row.raw)
            return
        response = await door.post("/v1/cases", row.body, self._key(row))
        if response.is_success:
            self._taken = True
            done.created += response.status_code == httpx.codes.CREATED
            done.repeated += response.status_code != httpx.codes.CREATED
            return
        if response.status_code == httpx.codes.UNAUTHORIZED or (
            response.status_code in _NOT_THE_ROWS_FAULT and not self._taken
        ):
            raise UsageError(f"{self._order.api} takes nothing from this key: {problem(response)}")
        self._reject(row, problem(response), row.body)

    def _reject(self, row: Row, reason: str, content: object) -> None:
        lines = f" (lines {row.line} to {row.last_line})" if row.body is None and row.last_line > row.line else ""
        self._rejects.add(row.line, reason + lines, content)
        self._progress.done.rejected += 1

    def _key(self, row: Row) -> str:
        """The same for the same content in the same row: a row without a reference of its own is known by it."""
        content = json.dumps([self._digest, row.index, row.body], sort_keys=True)
        return f"feed-{hashlib.sha256(content.encode()).hexdigest()[:32]}"

    def _advance(self, row: Row) -> None:
        if self._order.limit is None:
            self._bar.update(self._task, completed=max(self._bar.tasks[0].completed, row.last_line))
        else:
            self._bar.advance(self._task)


def _identity(order: Order, digest: str, mapping: mappings.Mapping | None) -> str:
    """What a feed is: this file in this place with this content, read in this way, into this service."""
    read = mapping.model_dump_json() if mapping else ""
    return hashlib.sha256("\0".join((str(order.file.resolve()), digest, read, order.api)).encode()).hexdigest()[:12]


def _summarise(console: Console, before: Done, done: Done, rejects: Rejects, seconds: float) -> None:
    new = done.rows - before.rows
    if not new:
        told = f"Nothing was fed: all {done.rows} rows were done before; --restart feeds them again."
        console.print(told if done.rows else "Nothing was fed.", highlight=False)
        return
    console.print(
        f"{new} rows in {seconds:.1f} s ({new / max(seconds, 0.001):.0f}/s): "
        f"{done.created - before.created} new cases, {done.repeated - before.repeated} there already, "
        f"{done.rejected - before.rejected} rejected.",
        highlight=False,
    )
    if done.rejected:
        console.print(f"{done.rejected} rejected rows, with line and reason: {rejects.path}", soft_wrap=True)
