"""What a list says a case is about, and whose words that is: to be opened together, and shown to whoever may see it."""

from collections.abc import Collection

from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel import col, select

from cases.vocabulary import Complainant, Value
from records.database import reading
from records.seals import Seals
from records.tables import CaseRow, EventRow


class Heading(Value):
    """The subject of a case, and the complainant whose name and number may stand in it."""

    number: str
    subject: str | None
    complainant: Complainant


async def headings(engine: AsyncEngine, seals: Seals, rows: Collection[CaseRow]) -> dict[str, Heading]:
    """The headings of cases, opened, by their numbers.

    Raises:
        UnavailableError: PostgreSQL is out of reach.
    """
    told = {row.number: row.subject for row in rows if row.subject}
    people = await complainants(engine, told)
    found = [Heading(number=number, subject=told[number], complainant=one) for number, one in people.items()]
    opened = await seals.open(found, list[Heading])
    return {one.number: one for one in opened}


async def complainants(engine: AsyncEngine, numbers: Collection[str]) -> dict[str, Complainant]:
    """Who raised cases, sealed, by the cases' numbers; those that aren't recorded are left out.

    Raises:
        UnavailableError: PostgreSQL is out of reach.
    """
    if not numbers:
        return {}
    receipts = select(col(EventRow.case_number), col(EventRow.fact)["complaint"]["complainant"]).where(
        col(EventRow.case_number).in_(numbers), col(EventRow.seq) == 1
    )
    async with reading(engine) as session:
        return {number: Complainant.model_validate(person or {}) for number, person in await session.exec(receipts)}
