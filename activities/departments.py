"""Orders to handling units (承办单位): posted to a unit's own system, or left in its mailbox."""

import asyncio
import logging
import ssl
from dataclasses import dataclass
from datetime import timedelta

from temporalio import activity
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory

from activities import answers, signing
from activities.breaker import Breaker
from activities.failure import LaterError, NotTakenError
from activities.known_systems import KnownSystems
from activities.life import signs_of_life
from activities.messages import DELIVER_ORDER, Delivery
from activities.opening import ErasedError, LostKeyError, opened
from activities.pace import Lane
from activities.stuck import StuckList
from activities.wire import Wire
from cases.disclosure import shown_form
from cases.errors import InvalidError, UnavailableError
from cases.order_form import OrderForm
from cases.targets import Network, orders_url
from records.register import Register
from records.systems import System
from vault.sealing import DataKey, seal

_log = logging.getLogger(__name__)

_USUAL_PRIORITY = 3
"""The middle of the engine's levels of urgency, for what has none."""

_COMING_BACK = 0.25
"""Seconds between two orders that come back to see whether a system that failed takes orders again."""

_BEFORE_THE_END = 5.0
"""Seconds that are left of an attempt's time, or of a delivery's, to say what became of it."""

_AT_ONCE = 1.0
"""Seconds that an order may take that a case waits for."""

_LOOKS_FOR = 2.0
"""Seconds for which an order waits for the register, which may be away."""

_MANY = 100_000


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """Where orders may go, and how fast. Units may have a pace of their own.

    `networks` are open besides the public ones; `within` are the seconds of a whole exchange. `tls` says whose
    certificates are trusted: without it the usual authorities, or those that SSL_CERT_FILE names.
    """

    networks: tuple[Network, ...] = ()
    within: float = 40.0
    at_once: int = 4
    per_minute: int = 600
    tls: ssl.SSLContext | None = None


@dataclass
class _Way:
    """The way to one system, and whether it was last known to take no orders."""

    endpoint: str
    lane: Lane
    breaker: Breaker
    failing: bool = False


@dataclass(frozen=True)
class _Opened:
    """An order with its texts open, `shown` as it goes out, and a key of its case, by which the answer to it is sealed.

    There is no key where none of its texts was sealed, as an earlier release wrote them.
    """

    form: OrderForm
    shown: OrderForm
    key: DataKey | None


class Departments:
    """The units' systems. An order keeps its key over every attempt, so that a unit can tell a repeat.

    A system that is slow, down, or answers nonsense holds up its own orders alone.
    """

    def __init__(self, register: Register, bounds: Bounds) -> None:
        self._register = register
        self._bounds = bounds
        self._systems = KnownSystems(register)
        self._stuck = StuckList(register.deliveries)
        self._wire = Wire(bounds.networks, bounds.within, bounds.tls)
        self._ways: dict[str, _Way] = {}
        self._failures: dict[str, int] = {}

    @activity.defn(name=DELIVER_ORDER)
    async def deliver(self, form: OrderForm) -> Delivery:
        """Post an order to its unit.

        Returns:
            What the unit's system answered; not taken by a unit that has none and reads its orders from its mailbox.

        Raises:
            ApplicationError: the unit's system did not take it, or it is not its turn; not to be retried if trying
                again is of no use before a person has seen to it.
        """
        async with signs_of_life():
            try:
                delivery = await self._deliver(form)
            except LaterError as later:
                if later.behind:
                    await self._stuck.waits(form, f"{form.unit}: {later.reason}")
                raise _error(f"{form.unit}: {later.reason}", "waits", later.seconds) from None
            except NotTakenError as failure:
                await self._stuck.failed(form, f"{form.unit} {failure.told}", stopped=failure.for_good)
                raise self._failed(form, failure) from None
            except UnavailableError as error:
                raise _error(str(error), "unavailable", None) from None
            self._failures.pop(form.key, None)
            await self._stuck.arrived(form)
            return delivery

    async def deliver_at_once(self, form: OrderForm) -> Delivery | None:
        """Post an order that nobody has tried before to a system that is known to answer promptly.

        It is part of recording the order, and the case does nothing else meanwhile, so that this must end soon. It
        saves the engine all that a delivery costs. In the list of stuck deliveries such an order cannot be.

        Args:
            form: The order as it stands in the unit's mailbox.

        Returns:
            What the system answered; none if it is not such a system, or did not take the order. Then it is delivered
            as any other, under the same key.
        """
        try:
            async with asyncio.timeout(_AT_ONCE):
                system = await self._systems.of(form.unit)
                if system is None or not self._way(system).lane.free(_USUAL_PRIORITY):
                    return None
                return await self._carry(form, system, from_mailbox=True)
        except (LaterError, NotTakenError, UnavailableError, TimeoutError):
            return None

    async def _deliver(self, form: OrderForm) -> Delivery:
        # That it has none may have been true half a minute ago: what is left in a mailbox now is never posted.
        system = await self._systems.of(form.unit) or await self._systems.now(form.unit)
        try:
            return await self._carry(form, system)
        except NotTakenError as failure:
            if not failure.for_good:
                raise
            # Whoever has just set right what was wrong, and has it tried again, must not hear of the old fault.
            set_right = await self._systems.now(form.unit)
            if set_right == system:
                raise
            return await self._carry(form, set_right)

    async def _carry(self, form: OrderForm, system: System | None, *, from_mailbox: bool = False) -> Delivery:
        if system is None:
            await self._register.mailboxes.put([form])
            return Delivery(taken=False)
        way = self._way(system)
        priority = activity.info().priority.priority_key or _USUAL_PRIORITY
        try:
            way.breaker.look()
            async with way.lane.turn(form.key, priority):
                # Before the attempt: what is wrong here is no fault of the unit's system.
                order = await self._open(form if from_mailbox else await self._as_first_told(form))
                with way.breaker.attempt():
                    return await self._post(order, system)
        except LaterError as later:
            if not later.behind:
                raise
            # Nobody queues for a system that takes nothing: they look in one after the other.
            seconds = way.lane.later(form.key, priority, later.seconds, _COMING_BACK)
            raise LaterError(seconds, later.reason, behind=True) from None
        finally:
            if way.failing != way.breaker.failing:
                way.failing = way.breaker.failing
                way.lane.anew()
                _log.warning(
                    "the system of %s %s", form.unit, "takes no orders" if way.failing else "takes orders again"
                )

    async def _open(self, form: OrderForm) -> _Opened:
        """An order, as it was first told, as it may leave.

        Raises:
            NotTakenError: the case was erased, or a key of its texts is lost.
            UnavailableError: a key is out of reach.
        """
        try:
            found, key = await opened(self._register.seals, form)
        except ErasedError:
            told = "is told nothing more of it: the case was erased"
            raise NotTakenError(told, for_good=True, well=True) from None
        except LostKeyError as error:
            told = f"is not told: the key {error} of its texts cannot be used; see whether the file of keys is whole"
            raise NotTakenError(told, well=True) from None
        return _Opened(found, shown_form(found), key)

    async def _post(self, order: _Opened, system: System) -> Delivery:
        content = signing.body(order.shown)
        headers = signing.headers(order.form.key, content, system.secrets)
        limit = activity.info().start_to_close_timeout
        within = max(limit.total_seconds() - _BEFORE_THE_END, 1.0) if limit else None
        reply = await self._wire.post(orders_url(system.endpoint), content, headers, within)
        try:
            delivery = answers.read(reply, order.form)
            # Whatever a system says may repeat what it was sent, in whichever form.
            spoken = delivery.note or delivery.reason or delivery.evidence
            return seal(delivery, await self._key(order)) if spoken else delivery
        except InvalidError as error:
            told = f"answers {reply.status} with an answer that is none: `{error.field}`: {error.detail}"
            raise NotTakenError(told) from None
        except NotTakenError as failure:
            if failure.words:
                failure.words = (await self._key(order)).seal(failure.words)
            raise

    async def _key(self, order: _Opened) -> DataKey:
        return order.key or await self._register.seals.key_for(order.form.case_number)

    async def _as_first_told(self, form: OrderForm) -> OrderForm:
        """What stands in the unit's mailbox under the key: a later release may put the same in another form."""
        try:
            async with asyncio.timeout(_LOOKS_FOR):
                kept = await self._register.mailboxes.find(form.key)
        except (UnavailableError, TimeoutError):
            return form
        return kept or form

    def _way(self, system: System) -> _Way:
        per_minute = system.per_minute or self._bounds.per_minute
        at_once = system.at_once or self._bounds.at_once
        way = self._ways.get(system.unit)
        if way is None or way.endpoint != system.endpoint:
            # At a new address there is another system, of which nothing bad is known.
            way = self._ways[system.unit] = _Way(system.endpoint, Lane(per_minute, at_once), Breaker())
        way.lane.per_minute, way.lane.at_once = per_minute, at_once
        return way

    def _failed(self, form: OrderForm, failure: NotTakenError) -> ApplicationError:
        if failure.for_good:
            self._failures.pop(form.key, None)
            _log.warning("%s is not taken by %s for good", form.key, form.unit)
            return _error(f"{form.unit} {failure.told}", failure.kind, None, for_good=True)
        if len(self._failures) >= _MANY:
            self._failures.clear()
        times = self._failures[form.key] = self._failures.get(form.key, 0) + 1
        seconds = max(_backoff(times), failure.wait or 0.0)
        return _error(f"{form.unit} {failure.told}", failure.kind, seconds)

    async def aclose(self) -> None:
        """Let go of all connections."""
        await self._wire.aclose()


def _backoff(times: int) -> float:
    """Seconds until the next attempt, as the retry policy has it for what has failed so often.

    The engine counts every time that an order had to wait as a failure, and would soon be very patient with it.
    """
    policy = activity.info().retry_policy
    if policy is None:
        return 2.0 ** min(times - 1, 8)
    first, longest = policy.initial_interval.total_seconds(), policy.maximum_interval
    grown = first * policy.backoff_coefficient ** min(times - 1, 30)
    return float(min(grown, longest.total_seconds() if longest else 100 * first))


def _error(reason: str, kind: str, seconds: float | None, *, for_good: bool = False) -> ApplicationError:
    """What the engine is told. It is no error of this service, and its log need not have it."""
    return ApplicationError(
        reason,
        type=kind,
        non_retryable=for_good,
        next_retry_delay=timedelta(seconds=_in_time(seconds)) if seconds is not None else None,
        category=ApplicationErrorCategory.BENIGN,
    )


def _in_time(seconds: float) -> float:
    """A wait that does not outlast the delivery's time: it would be given up at once, before its time."""
    info = activity.info()
    if info.schedule_to_close_timeout is None:
        return seconds
    passed = (info.started_time - info.scheduled_time).total_seconds()
    left = info.schedule_to_close_timeout.total_seconds() - passed - _BEFORE_THE_END
    return min(seconds, left) if left > 1 else seconds
