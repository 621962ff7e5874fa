"""The courier: plans what people are owed and sends what is due, for as long as the worker runs."""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import NoReturn

from activities.notices.channel import Letter, NotSentError
from activities.notices.channels import Channels
from activities.notices.city import CityOfNotices
from activities.notices.hours import open_at, opening
from activities.notices.notebook import Notebook
from activities.notices.place import place
from activities.notices.planning import Planner
from activities.notices.routes import Routes
from activities.opening import ErasedError, LostKeyError, opened_texts
from activities.wording.rendering import Wording
from cases.city import City
from cases.errors import UnavailableError
from records.clock import Clock
from records.notice_planning import Item
from records.seals import Seals
from records.sending_queue import DIGEST, SendingQueue
from records.sendings import KEPT

_LOOKS_EVERY = 0.5
"""Seconds between two looks when there is nothing to do: two short queries, each by an index."""

_AT_MOST_EVERY = 0.25
"""Seconds between two looks where nothing waits for a sending under way to end: what ends means nothing to do by
itself, and a look for each of them would cost more than they do. So more is planned together under load."""

_AFTER_AN_ERROR = 5.0

_PLANS = 50
_AT_ONCE = 64
_FOR_URGENT = 8
"""Of these, what is kept free for urgent ones, whatever hangs."""

_BY_ONE_SERVICE = 8
"""Sendings under way by one service, however many entries name it, beyond which it is given no more: so that a slow
one leaves room for the others. Those that were taken together last may go beyond."""

_LEASE, _RENEWED_EVERY = timedelta(seconds=15), timedelta(seconds=4)
"""How long a sending is left to whoever took it and gives no more sign of life."""

_SHORTEST, _LONGEST = timedelta(seconds=1), timedelta(minutes=15)
_TRIES_FOR = timedelta(days=3)
_FORGETS_EVERY = timedelta(hours=1)

_log = logging.getLogger("hotline.notices")


class Courier:
    """Several of them, each in a worker of its own, send everything once: what one has taken, others leave alone.

    A sending whose courier died between sending and noting it goes out again under the same id, and with the same
    words; channels that know ids make one of it.
    """

    def __init__(
        self,
        queue: SendingQueue,
        seals: Seals,
        city: CityOfNotices,
        wording: Wording,
        channels: Channels,
        clock: Clock | None = None,
    ) -> None:
        """Args:
        queue: What is owed, and what waits to be sent.
        seals: What its words are sealed with.
        city: Whose rules and hours hold.
        wording: The texts.
        channels: By which people are reached.
        clock: The time, which all couriers must have in common; without one, that of PostgreSQL.
        """
        clock = clock or Clock()
        self._queue = queue
        self._city = city
        self._seals = seals
        self._planner = Planner(seals, wording, channels)
        self._channels = channels
        self._clock = clock
        self._routes = Routes(channels.services())
        self._notebook = Notebook(lambda sendings: queue.sent(sendings, clock()))
        self._under_way: dict[str, asyncio.Task[None]] = {}
        self._ended_some = asyncio.Event()
        self._left_out: set[str] = set()
        self._behind = False
        self._claims_at = float("-inf")
        self._renewed_at: datetime | None = None
        self._forgot_at: datetime | None = None

    async def run(self) -> NoReturn:
        """Work until it is cancelled. No error ends it: people wait for what it carries."""
        pause = _LOOKS_EVERY
        while True:
            self._ended_some.clear()
            try:
                pause = 0.0 if await self.look() else _LOOKS_EVERY
            except UnavailableError:
                _log.warning("notices wait: the register is out of reach")
                pause = min(5.0, max(1.0, pause * 2))
                await asyncio.sleep(pause)
            except Exception as error:  # noqa: BLE001 - whatever it is, the next look may do better
                # Without its text, which may hold what a notice says.
                _log.error("notices wait: a look failed (%s)", place(error))
                await asyncio.sleep(_AFTER_AN_ERROR)
            else:
                if pause and not self._held_back:
                    await asyncio.sleep(_AT_MOST_EVERY)
                    pause -= _AT_MOST_EVERY
                await self._some_end(within=pause)

    async def look(self) -> bool:
        """Plan some of what is owed, and begin to send some of what is due.

        Returns:
            Whether there may be more at once.

        Raises:
            UnavailableError: the register is out of reach.
        """
        city = await self._city.now()
        planned, left = 0, False
        async with self._queue.planning(_PLANS, self._clock) as planning:
            if planning is not None:
                planned = len(planning.notices)
                due = await self._planner.plan(planning, city)
                planning.take([one["id"] for one in self._chosen(due)], _LEASE)
                left = planning.leaves_some_due()
        if planning is not None:
            self._begin(planning.taken, city)
        await self._forget(self._clock())
        await self._renew(self._clock())
        more = False
        if left or not planned or self._held_back or time.monotonic() >= self._claims_at:
            more = await self._send_due(city, self._clock())
        return more or planned == _PLANS

    async def settle(self) -> None:
        """Work until nothing more is due at this moment.

        Raises:
            UnavailableError: the register is out of reach.
        """
        while True:
            self._ended_some.clear()
            self._claims_at = float("-inf")
            if await self.look() or self._ended_some.is_set():
                continue
            if not self._under_way:
                return
            await self._ended_some.wait()

    async def aclose(self) -> None:
        """Let what is under way end, for a few seconds; the rest is sent again, by whoever comes next."""
        if self._under_way:
            _, left = await asyncio.wait(self._under_way.values(), timeout=5.0)
            for task in left:
                task.cancel()
        self._channels.close()

    @property
    def _held_back(self) -> bool:
        """Whether something may wait in the queue for what is under way to end."""
        return self._behind or bool(self._left_out)

    async def _renew(self, now: datetime) -> None:
        """Keep what is under way, however long it takes."""
        if self._renewed_at is None or now - self._renewed_at >= _RENEWED_EVERY:
            self._renewed_at = now
            if self._under_way:
                await self._queue.keep(list(self._under_way), now + _LEASE)

    async def _forget(self, now: datetime) -> None:
        if self._forgot_at is None or now - self._forgot_at >= _FORGETS_EVERY:
            await self._queue.forget(now - KEPT)
            self._forgot_at = now

    def _chosen(self, due: Sequence[Item]) -> list[Item]:
        """Those of some sendings, due and not yet in the queue, that need not wait there: there is room for them."""
        closed = self._left_out | self._routes.closed(self._clock(), _BY_ONE_SERVICE)
        room = _AT_ONCE - len(self._under_way)
        taken: Counter[str] = Counter()
        chosen = []
        # What is urgent overtakes what waits there already; the rest does not.
        for item in sorted(due, key=lambda one: not one["urgent"]):
            least = 0 if item["urgent"] else _FOR_URGENT
            service = self._routes.service(item["route"])
            full = room <= least or taken[service] >= _BY_ONE_SERVICE or item["route"] in closed
            if full or (self._behind and not item["urgent"]):
                continue
            chosen.append(item)
            taken[service] += 1
            room -= 1
        return chosen

    async def _send_due(self, city: City, now: datetime) -> bool:
        """Begin to send some of what waits in the queue; whether there may be more of it at once."""
        left = _AT_ONCE - len(self._under_way)
        crowded = left <= _FOR_URGENT
        free = min(_BY_ONE_SERVICE, left if crowded else left - _FOR_URGENT)
        closed = self._routes.closed(now, _BY_ONE_SERVICE)
        self._left_out, self._behind = closed, crowded
        if free <= 0:
            return False
        rules = city.policy.notices
        items = await self._queue.claim(
            now,
            _LEASE,
            free,
            without=closed,
            quiet=crowded or not open_at(now, rules.hours, city.policy.city_zone),
            gather=self._planner.together if rules.digest is not None else None,
        )
        self._claims_at = time.monotonic() + _LOOKS_EVERY
        self._begin(items, city)
        full = len(items) == free
        self._behind = crowded or full
        return full

    def _begin(self, items: Sequence[Item], city: City) -> None:
        now = self._clock()
        for item in items:
            # A lease may have ended while it could not be noted that something was sent, or that it was taken.
            if item["id"] in self._under_way or item["claimed_until"] < now:
                continue
            self._routes.begin(item["route"])
            task = asyncio.create_task(self._send(item, city))
            self._under_way[item["id"]] = task
            task.add_done_callback(partial(self._ended, item))

    def _ended(self, item: Item, _: asyncio.Task[None]) -> None:
        del self._under_way[item["id"]]
        self._ended_some.set()
        self._routes.end(item["route"])

    async def _send(self, item: Item, city: City) -> None:
        try:
            address, letter = await self._opened(item, city)
            await self._channels.send(item["route"], address, letter)
        except ErasedError:
            await self._noted(lambda: self._queue.drop(item["id"]))
            _log.info("sending %s is dropped: its case was erased", item["id"])
        except UnavailableError:
            # It is free for the next look once its lease ends.
            _log.warning("sending %s waits: a key of its texts is out of reach", item["id"])
        except LostKeyError as error:
            told = f"the key {error} of its texts cannot be used; see whether the file of keys is whole"
            await self._failed(item, city, NotSentError(told, alone=True))
        except NotSentError as error:
            await self._failed(item, city, error)
        except Exception as error:  # noqa: BLE001 - a service's library can fail in any way
            await self._failed(item, city, NotSentError(f"the channel failed ({place(error)})"))
        else:
            self._routes.worked(item["route"])
            await self._notebook.note(item["id"])
            _log.info("sending %s went out by %s", item["id"], item["channel"])

    async def _opened(self, item: Item, city: City) -> tuple[str, Letter]:
        """Where something goes, and what it says: the same words each time, unless a case within it was erased.

        Raises:
            ErasedError: every case that it tells of was.
            LostKeyError: a key of it is not in the register.
            UnavailableError: a key is out of reach.
        """
        if item["about"] == DIGEST and not item["body"]:
            members = await self._planner.readable(await self._queue.members(item["id"]))
            if not members:
                raise ErasedError
            address = members[0]["address"]
            subject, body = self._planner.digest(members, city)
        else:
            address, subject, body = await opened_texts(self._seals, item["address"], item["subject"], item["body"])
        told = Letter(
            id=item["id"],
            about=item["about"],
            audience=item["audience"],
            subject=subject,
            body=body,
            # Whatever zone the register tells it in: it is told in the message.
            at=item["planned_at"].astimezone(UTC),
        )
        return address, told

    async def _failed(self, item: Item, city: City, error: NotSentError) -> None:
        now, rules = self._clock(), city.policy.notices
        if error.alone:
            self._routes.worked(item["route"])
        else:
            self._routes.failed(item["route"], now)
        since = item["failing_since"] or now
        again_at: datetime | None = None
        if not error.for_good and now - since < _TRIES_FOR:
            again_at = now + min(_LONGEST, _SHORTEST * 2 ** min(item["attempts"] - 1, 20))
            if not item["urgent"]:
                again_at = opening(again_at, rules.hours, city.policy.city_zone)
        await self._noted(lambda: self._queue.failed(item["id"], now, error.reason, again_at))
        level = logging.WARNING if again_at else logging.ERROR
        told = ("sending %s did not go out by %s, attempt %d: %s", item["id"], item["channel"], item["attempts"])
        _log.log(level, *told, error.reason)

    async def _noted(self, note: Callable[[], Awaitable[None]]) -> None:
        """Take something down, however long the register is out of reach: else it would be sent again."""
        while True:
            try:
                return await note()
            except UnavailableError:
                await asyncio.sleep(1.0)

    async def _some_end(self, within: float) -> None:
        """Wait for so many seconds, or until something has ended and there is room for another."""
        with suppress(TimeoutError):
            async with asyncio.timeout(within):
                await self._ended_some.wait()
