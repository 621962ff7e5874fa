"""Where `hotline case` looks cases up: their workflows where these can be reached, else the register."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import TypeVar

from pydantic import ValidationError

from cases.case import Case
from cases.disclosure import Sight, shown, shown_text
from cases.errors import UnavailableError, UnknownCaseError
from cases.events import Event
from cases.evolve import fold
from cases.vocabulary import Reason, Value
from hotline import own_keys, stack
from hotline.actor import local_admin
from hotline.errors import UsageError
from hotline.settings import Settings
from records.database import check
from records.database import connect as connect_database
from records.reach import hurried
from records.register import CaseFilter, Page, Register
from records.tables import CaseRow
from workflows.connection import connect
from workflows.engine import Engine

Result = TypeVar("Result")

_BRIEFLY = 3.0
_LONGEST_HISTORY = 100_000
_MASKED = Sight(contact="masked", may_reveal=True, origins=True)


class _Why(Value):
    reason: Reason


@dataclass(frozen=True)
class Sources:
    """The register, and the engine where it answers.

    What people said is opened with the keys on this machine; whom a case is from is masked, unless `reveal` says why it
    is needed. That is noted in the audit trail before anything is shown (Art. 8, 28).
    """

    register: Register
    engine: Engine | None
    reveal: str | None = None

    async def case(self, number: str) -> tuple[Case, bool]:
        """A case, and whether its workflow told it rather than its record.

        Raises:
            UnknownCaseError: there is no such case.
            UnavailableError: it cannot be noted that something is revealed.
            UsageError: no reason is given for that.
        """
        kept, live = await self._case(number)
        case = await self.register.seals.open(kept, Case)
        if await self._reveals(number):
            return case, live
        return shown(case, _MASKED, case.complaint.complainant), live

    async def events(self, number: str) -> list[Event]:
        """Everything that happened to a case. Raises like `case`."""
        happened = await self.register.seals.open(await self._events(number), list[Event])
        if await self._reveals(number):
            return happened
        return shown(happened, _MASKED, fold(happened).complaint.complainant)

    async def page(self, wanted: CaseFilter, limit: int, after: str | None) -> tuple[Page[CaseRow], dict[str, str]]:
        """One page of the cases that a filter lets through, and what those with a subject are about, masked.

        Raises:
            InvalidError: `after` is not the `next` of a page of such a list.
        """
        found = await self.register.cases(wanted, limit, after)
        headings = await self.register.headings(found.items)
        told = {number: shown_text(one.subject, one.complainant) for number, one in headings.items()}
        return found, {number: text for number, text in told.items() if text}

    async def _reveals(self, number: str) -> bool:
        if self.reveal is None:
            return False
        try:
            why = _Why(reason=self.reveal)
        except ValidationError:
            raise UsageError(
                '--reveal: say why, in up to 4000 characters, as in --reveal "to agree on a visit"'
            ) from None
        sealed = await self.register.seals.seal(why, number)
        await self.register.audit.note(local_admin(), "reveal", case=number, reason=sealed.reason)
        return True

    async def _case(self, number: str) -> tuple[Case, bool]:
        if self.engine is not None:
            try:
                return await self.engine.case(number), True
            except (UnavailableError, UnknownCaseError):
                pass
        return await self.register.case(number), False

    async def _events(self, number: str) -> list[Event]:
        if self.engine is not None:
            try:
                return await self.engine.events(number)
            except (UnavailableError, UnknownCaseError):
                pass
        if found := await self.register.events(number, limit=_LONGEST_HISTORY):
            return found
        raise UnknownCaseError(number)


def look(
    settings: Settings,
    work: Callable[[Sources], Awaitable[Result]],
    *,
    with_engine: bool = True,
    reveal: str | None = None,
) -> Result:
    """Do something with the sources that settings, or the running service, name.

    Raises:
        KeyFileError: the service's own keys cannot be used.
        NotRunningError: no database is set and no service runs.
        SchemaError: the register answers, and its schema is not one that this release works on.
    """
    resolved = stack.resolve(settings)

    async def run() -> Result:
        async with _sources(resolved, with_engine=with_engine, reveal=reveal) as sources:
            return await work(sources)

    return asyncio.run(run())


@asynccontextmanager
async def _sources(resolved: Settings, *, with_engine: bool, reveal: str | None) -> AsyncIterator[Sources]:
    database = connect_database(stack.database_url(resolved), pool_size=2)
    try:
        register = Register(database, own_keys.load(resolved))
        # A look that is revealed is noted. While PostgreSQL is away, nothing can be locked by wrong keys.
        with suppress(UnavailableError), hurried(_BRIEFLY):
            await check(database)
            await register.seals.check()
        yield Sources(register, await _engine(resolved, register) if with_engine else None, reveal)
    finally:
        await database.dispose()


async def _engine(resolved: Settings, register: Register) -> Engine | None:
    try:
        async with asyncio.timeout(5):
            client = await connect(own_keys.load(resolved), f"127.0.0.1:{resolved.temporal_port}")
            return Engine(client, resolved.task_queue, register.history)
    except (RuntimeError, TimeoutError):
        return None
