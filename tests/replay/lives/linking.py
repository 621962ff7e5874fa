"""Cases that belong together: an incident and those that follow it."""

from cases.commands import Acknowledge, Contact, Join, Withdraw
from tests.replay.town import TO_NOBODY, Living, Town
from tests.unit.narrative import DESK, HAPPY, INTAKE, SOLVED, UNHAPPY, WATER


async def incident(town: Town) -> None:
    """One leads, another follows: the report is relayed, and each complainant is called back."""
    lead, follower = await _joined(town)
    for act in (Acknowledge(), Contact(), SOLVED):
        await lead.do(act)
    await follower.has("relayed")
    await follower.do(UNHAPPY, DESK)
    await lead.do(HAPPY, DESK)
    await lead.ends()
    await follower.rests()


async def incident_withdrawn(town: Town) -> None:
    """The one that leads is taken back, and its follower is free."""
    lead, follower = await _joined(town)
    await lead.do(Withdraw(reason="Moved away."), INTAKE)
    await lead.ends()
    await follower.has("relayed")
    await follower.rests()


async def joined_after_the_end(town: Town) -> None:
    """One joins a case that has ended: that is told so in a run of its own, and answers with its report."""
    lead = await town.receive()
    for act in (Acknowledge(), Contact(), SOLVED):
        await lead.do(act)
    await lead.do(HAPPY, DESK)
    await lead.ends()
    follower = await _follower(town, lead)
    await follower.has("relayed")
    await follower.do(HAPPY, DESK)
    await follower.ends()


async def _joined(town: Town) -> tuple[Living, Living]:
    lead = await town.receive()
    follower = await _follower(town, lead)
    await lead.has("followed")
    return lead, follower


async def _follower(town: Town, lead: Living) -> Living:
    follower = await town.receive(TO_NOBODY)
    await follower.do(Join(incident=lead.number, unit=WATER, reason="The same hole."), DESK)
    return follower


LIVES = (incident, incident_withdrawn, joined_after_the_end)
