"""The subjects of cases in lists, as whoever asks may see them."""

from collections.abc import Sequence

from api.access import Caller
from api.services import Services
from cases.disclosure import reads, shown_text
from records.tables import CaseRow


async def subjects(services: Services, caller: Caller, rows: Sequence[CaseRow]) -> dict[str, str | None]:
    """What the cases of a list are about, by their numbers: opened, and scrubbed of whom they are from.

    Raises:
        UnavailableError: PostgreSQL is out of reach.
    """
    found = await services.register.headings(rows)
    accused = {row.number: row.accused for row in rows}
    return {
        number: shown_text(one.subject, one.complainant, texts=reads(caller.actor, accused[number]))
        for number, one in found.items()
    }
