"""Waiting for mail: however many wait, one look at the register in a while tells all of them.

Those who are told at once ask the register together, and a few reads at a time: a crowd that wakes starves nobody else.
"""

import asyncio
import json
from collections.abc import Collection
from dataclasses import replace
from functools import cached_property
from typing import Any

from cases.disclosure import shown_form
from cases.errors import UnavailableError
from cases.order_form import OrderForm, envelope
from cases.sealed import keys_in
from records.mailboxes import Letter, Mailboxes
from records.seals import Seals
from vault.sealing import open_document

_EVERY = 0.5
"""Seconds between two looks, while anybody waits."""
MOST_WAITING = 200
"""How many requests may wait for one unit's mailbox at once."""
_READS_AT_ONCE = 3
"""How many reads for those who wait run at once: most of the register's connections are for everybody else."""

_Bell = asyncio.Future[str]
"""Rings when there may be something; with words, when the register is away."""

_Asked = tuple[str, int, int]
"""A unit, a place in its mailbox, and how much at most."""


class Page:
    """What one read found, and its text, which is written once for all who share the read."""

    def __init__(self, letters: list[Letter], after: int) -> None:
        self.letters = letters
        self.next = letters[-1].place if letters else after

    @cached_property
    def body(self) -> bytes:
        """The page as it is answered, in JSON."""
        return self._written([letter.form for letter in self.letters])

    @property
    def body_without_contacts(self) -> bytes:
        """The same for whoever has nothing to do with complainants."""
        return self._written([letter.form.model_copy(update={"complainant": None}) for letter in self.letters])

    def _written(self, forms: list[OrderForm]) -> bytes:
        # Not as other answers, with the offset of the city: byte for byte as it is posted.
        items = [
            {**envelope(form).model_dump(mode="json", exclude_unset=True), "place": letter.place}
            for letter, form in zip(self.letters, forms, strict=True)
        ]
        return json.dumps({"items": items, "next": self.next}, ensure_ascii=False, separators=(",", ":")).encode()


class MailboxWatch:
    """Reads mailboxes for those who want to wait. Nothing is asked while nobody waits."""

    def __init__(self, mailboxes: Mailboxes, seals: Seals) -> None:
        self._mailboxes = mailboxes
        self._seals = seals
        self._bells: dict[str, set[_Bell]] = {}
        self._slots = asyncio.Semaphore(_READS_AT_ONCE)
        self._next: dict[_Asked, asyncio.Task[Page]] = {}
        self._reads: set[asyncio.Task[Page]] = set()
        self._watching: asyncio.Task[None] | None = None
        self._ready: asyncio.Future[None] | None = None
        self._closed = False

    async def read(self, unit: str, after: int, limit: int, within: float, gone: asyncio.Future[None]) -> Page:
        """What a unit was told after a place; if there is nothing, wait for it.

        Args:
            unit: Whose mailbox.
            after: The place.
            limit: How much at most.
            within: Seconds to wait.
            gone: Done once whoever waits does so no more.

        Raises:
            InvalidError: `after` or `limit` makes no sense.
            UnavailableError: PostgreSQL is out of reach, or went while this waited; or very many wait for this mailbox.
        """
        asked = (unit, after, limit)
        if not within:
            return await self._page(asked)
        if len(self._bells.get(unit, ())) >= MOST_WAITING:
            raise UnavailableError(
                "very many wait for this mailbox at once; one client that keeps its place is enough; ask again"
            )
        bell: _Bell = asyncio.get_running_loop().create_future()
        self._bells.setdefault(unit, set()).add(bell)
        try:
            # The watch must know its place before this reads: then whatever comes after the reading rings.
            await self._begun()
            if (found := await self._shared(asked)).letters or self._closed:
                return found
            either: set[asyncio.Future[Any]] = {bell, gone}
            await asyncio.wait(either, timeout=within, return_when=asyncio.FIRST_COMPLETED)
            if gone.done():
                await gone
                return found
            if bell.done() and (away := bell.result()):
                raise UnavailableError(away)
            return await self._shared(asked)
        finally:
            self._bells[unit].discard(bell)
            if not self._bells[unit]:
                del self._bells[unit]

    @property
    def waiting(self) -> int:
        """How many wait."""
        return sum(map(len, self._bells.values()))

    def close(self) -> None:
        """Let everybody go: the process is about to end."""
        self._closed = True
        self._ring(list(self._bells))

    async def aclose(self) -> None:
        """Let everybody go, and wait until nothing is asked any more: before the register is closed."""
        self.close()
        if self._watching is not None:
            await asyncio.wait({self._watching})
        if self._reads:
            await asyncio.wait(self._reads)

    async def _shared(self, asked: _Asked) -> Page:
        """One read for all who ask the same before it begins.

        Nobody joins one that has begun: it may have looked before a letter came whose ring this one was too late for.
        """
        if (read := self._next.get(asked)) is None:
            read = self._next[asked] = asyncio.create_task(self._read(asked))
            self._reads.add(read)
            read.add_done_callback(self._reads.discard)
        # Unlike `await read`, this lets whoever is cancelled go without the others.
        await asyncio.wait({read})
        return read.result()

    async def _read(self, asked: _Asked) -> Page:
        async with self._slots:
            del self._next[asked]
            return await self._page(asked)

    async def _page(self, asked: _Asked) -> Page:
        unit, after, limit = asked
        return Page(await self._opened(await self._mailboxes.read(unit, after, limit)), after)

    async def _opened(self, letters: list[Letter]) -> list[Letter]:
        """The letters as the unit gets them: opened, all of them together, and the contacts masked."""
        # Members that were not set must stay so, that the bytes are those that are posted.
        written = [letter.form.model_dump_json(exclude_unset=True) for letter in letters]
        keys = await self._seals.keys({name for one in written for name in keys_in(one)}, strictly=True)
        forms = [OrderForm.model_validate_json(open_document(one, keys)) for one in written]
        return [replace(letter, form=shown_form(form)) for letter, form in zip(letters, forms, strict=True)]

    async def _begun(self) -> None:
        if self._watching is None or self._watching.done() or self._ready is None:
            self._ready = asyncio.get_running_loop().create_future()
            self._watching = asyncio.create_task(self._watch(self._ready))
        await asyncio.shield(self._ready)

    async def _watch(self, ready: asyncio.Future[None]) -> None:
        away = ""
        try:
            place = await self._mailboxes.last()
            ready.set_result(None)
            while self._bells:
                await asyncio.sleep(_EVERY)
                place, units = await self._mailboxes.news(place)
                self._ring(units)
        except UnavailableError as error:
            away = str(error)
        finally:
            if not ready.done():
                ready.set_result(None)
            self._ring(list(self._bells), away)

    def _ring(self, units: Collection[str], away: str = "") -> None:
        for bell in (bell for unit in units for bell in self._bells.get(unit, ())):
            if not bell.done():
                bell.set_result(away)
