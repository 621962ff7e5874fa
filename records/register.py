"""The register: what was written of every case, and the lists that people work from."""

from collections.abc import Mapping, Sequence

from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel import select

from cases.case import Case
from cases.errors import InvalidError, UnknownCaseError
from cases.events import Event, Received
from cases.evolve import fold
from cases.notice import Notice
from cases.order_form import OrderForm
from cases.owed import owed
from cases.routing import Unit
from cases.vocabulary import Complainant
from records import candidates, case_counts, case_list, directory, posting
from records.audit import Audit, AuditEntry
from records.audit_reasons import reasons
from records.batch import Batch
from records.callers import Callers
from records.candidates import Asked, Candidate
from records.case_list import CaseFilter
from records.cursor import Page
from records.database import check, reading
from records.deliveries import Deliveries
from records.drift import Drifts
from records.erasures import Erasures
from records.errors import ConflictError, GapError
from records.headings import Heading, complainants, headings
from records.history import read_events
from records.journal import Journal
from records.kept_cases import KeptCases
from records.legal_holds import LegalHolds
from records.mailboxes import Mailboxes
from records.policies import Policies
from records.seals import Seals
from records.sending_queue import SendingQueue
from records.sendings import Sendings
from records.systems import Systems
from records.tables import CaseRow, UnitRow
from records.text import storable
from vault.keyfile import KeyFile

__all__ = ["CaseFilter", "ConflictError", "GapError", "Page", "Register"]


class Register:
    """The register over one pool of connections, which belongs to whoever made it.

    Every method raises UnavailableError while PostgreSQL is out of reach.
    """

    def __init__(self, engine: AsyncEngine, keys: KeyFile, *, reserve: int = 0) -> None:
        """Args:
        engine: PostgreSQL.
        keys: The service's own keys.
        reserve: How many keys for new cases to hold ready; only a process that takes complaints needs any.
        """
        self._engine = engine
        self.seals = Seals(engine, keys, reserve=reserve)
        self._journal = Journal(engine)
        self.audit = Audit(engine, keys.proof)
        self.systems = Systems(engine, keys.master)
        self.kept = KeptCases(engine)
        self.mailboxes = Mailboxes(engine)
        self.deliveries = Deliveries(engine, self.seals)
        self.sendings = Sendings(engine, self.seals)
        self.sending_queue = SendingQueue(engine)
        self.erasures = Erasures(engine)
        self.legal_holds = LegalHolds(engine, self.seals)
        self.callers = Callers(engine)
        self.drift = Drifts(engine)

    async def record(
        self,
        number: str,
        events: Sequence[Event],
        case: Case | None = None,
        orders: Sequence[OrderForm] = (),
        notices: Sequence[Notice] = (),
    ) -> None:
        """Write what happened to a case, and what that owes; writing the same again changes nothing.

        Args:
            number: The case.
            events: Some of its events, one after the other.
            case: The case after the last of them, which saves folding it from all that is stored.
            orders: What units are to be told of these events: it goes into their mailboxes.
            notices: The notices that people are to get of them.

        Raises:
            GapError: the register lacks events before these.
            ConflictError: the register holds other events in their place.
            InvalidError: they are no piece of this case's history.
        """
        if events:
            await self._journal.write(Batch(number, events, case, orders, notices))

    async def rewrite(self, number: str, events: Sequence[Event]) -> None:
        """Put a case's whole history in the place of what is recorded of it. A record that begins otherwise is kept.

        A worker that dies after it has recorded an event, and before the engine knows of it, leaves an event that never
        came to be: the case goes on from before it, and its history is right.

        Raises:
            ConflictError: the record begins with another receipt, or another case has its reference.
            InvalidError: they are not the history of this case from its beginning.
        """
        if not events or events[0].seq != 1:
            raise InvalidError("events", "send the whole history, from the receipt on")
        await posting.rewrite(self._engine, Batch(number, events, None, *owed(events)))

    async def case(self, number: str) -> Case:
        """The case that its stored events add up to, or as it was received if it is kept until it is started.

        Raises:
            UnknownCaseError: the register has no such case.
        """
        return fold(await self.history(number))

    async def history(self, number: str) -> list[Event]:
        """Everything that is stored of a case; of one that is kept until it is started, its receipt.

        Raises:
            UnknownCaseError: the register has no such case.
        """
        history = await read_events(self._engine, number, after=0, limit=None) or await self.kept.events(number)
        # Between the two it may have been started and recorded.
        history = history or await read_events(self._engine, number, after=0, limit=None)
        if not history:
            raise UnknownCaseError(number)
        return history

    async def events(self, number: str, after: int = 0, limit: int = 1000) -> list[Event]:
        """The events of a case, as `history` has them, that follow the `after`-th; none if there is no such case."""
        stored = await read_events(self._engine, number, after, limit)
        return stored or (await self.kept.events(number))[after : after + limit]

    async def content_fingerprint(self, number: str) -> str | None:
        """Tells whether a complaint is the one that a case was received with; none if there is no such case."""
        async with reading(self._engine) as session:
            asked = select(CaseRow.content_fingerprint).where(CaseRow.number == storable(number))
            stored = (await session.exec(asked)).one_or_none()
        return stored or await self.kept.content(number)

    async def row(self, number: str) -> CaseRow | None:
        """The case as lists show it, if there is one."""
        async with reading(self._engine) as session:
            return await session.get(CaseRow, storable(number))

    async def cases(self, wanted: CaseFilter, limit: int = 50, after: str | None = None) -> Page[CaseRow]:
        """One page of the cases that a filter lets through.

        Raises:
            InvalidError: `after` is not the `next` of a page of such a list, or `limit` is not from 1 to 1,000.
        """
        return await case_list.list_cases(self._engine, wanted, limit, after)

    async def headings(self, rows: Sequence[CaseRow]) -> dict[str, Heading]:
        """What cases are about, and whose words that is: opened, by their numbers."""
        return await headings(self._engine, self.seals, rows)

    async def complainant(self, number: str, *, strictly: bool = False) -> Complainant:
        """Who raised a case, open; `strictly` as in `Seals.open`.

        Raises:
            UnknownCaseError: the register has no such case.
        """
        found = (await complainants(self._engine, [number])).get(number) or await self._kept_complainant(number)
        if found is None:
            raise UnknownCaseError(number)
        return await self.seals.open(found, Complainant, strictly=strictly)

    async def reasons(self, entries: Sequence[AuditEntry]) -> list[str]:
        """The reasons of entries of the audit trail in words, without the complainants of their cases."""
        numbers = {one.case_number for one in entries if one.case_number and one.reason}
        whose = await complainants(self._engine, numbers)
        for number in numbers - whose.keys():
            if (kept := await self._kept_complainant(number)) is not None:
                whose[number] = kept
        return await reasons(self._engine, self.seals, entries, await self.seals.open(whose, dict[str, Complainant]))

    async def _kept_complainant(self, number: str) -> Complainant | None:
        receipts = (event.fact for event in await self.kept.events(number))
        return next((fact.complaint.complainant for fact in receipts if isinstance(fact, Received)), None)

    async def candidates(self, asked: Asked) -> list[Candidate]:
        """The cases most likely to be a matter that is asked for. It only suggests; a person decides."""
        return await candidates.candidates(self._engine, self.seals, asked)

    async def count_by_status(self) -> dict[str, int]:
        """How many cases stand where; a status without cases has 0."""
        return await case_counts.by_status(self._engine)

    async def put_units(self, units: Sequence[Unit], endpoints: Mapping[str, str] | None = None) -> None:
        """Add units, or change those that are there.

        A unit keeps the address of its system unless `endpoints` gives another; an empty one takes it away.

        Raises:
            InvalidError: an address is none, or of a unit that is not among these.
        """
        await directory.put_units(self._engine, units, endpoints or {})

    async def units(self) -> list[UnitRow]:
        """Every unit, by code."""
        return await directory.all_units(self._engine)

    async def unit(self, code: str) -> UnitRow | None:
        """The unit of a code, if there is one."""
        return await directory.find_unit(self._engine, code)

    @property
    def policies(self) -> Policies:
        """The policies that cases were and are received under."""
        return Policies(self._engine)

    async def ping(self) -> None:
        """Ask PostgreSQL whether it answers, and whether this release works on the schema that it has.

        Raises:
            SchemaError: it does not; the text says what somebody must do.
        """
        await check(self._engine)
