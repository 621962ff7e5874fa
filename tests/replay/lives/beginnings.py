"""What becomes of a matter before any unit has it (Art. 11, 12)."""

from cases.commands import Acknowledge, Answer, Consult, Dispatch, NotDispatch, Supplement
from cases.triage import (
    AnsweredAtOnce,
    EmergencyLine,
    OutsideDuty,
    SameMatter,
    Secret,
    StatutoryChannel,
    Triage,
    Unlawful,
)
from cases.vocabulary import Channel, Kind
from tests.replay.town import TO_NOBODY, Living, Town
from tests.unit.narrative import DESK, GAS, INTAKE, WATER


async def answered_at_once(town: Town) -> None:
    """A consultation that the person at the telephone answers."""
    told = AnsweredAtOnce(told="The counter opens at nine.")
    await (await town.receive(TO_NOBODY, triage=told, kind=Kind.CONSULTATION)).ends()


async def emergency_line(town: Town) -> None:
    """Ground one: put through to the emergency line."""
    await _not_dispatched(town, EmergencyLine(line="119", told="You are put through."))


async def statutory_channel(town: Town) -> None:
    """Ground two: the law has a way of its own."""
    await _not_dispatched(town, StatutoryChannel(channel="court", told="The court decides on that."))


async def same_matter(town: Town) -> None:
    """Ground three: the same matter is in progress, and its case is told of the repeat."""
    first = await town.receive()
    await _not_dispatched(town, SameMatter(case=first.number, told="A team comes on Friday."))
    await first.has("repeated")


async def same_matter_of_a_case_that_is_nowhere(town: Town) -> None:
    """Ground three, but the case cannot be told: noted for people to see to."""
    case = await town.receive(triage=SameMatter(case="ACA7-T1N1-2FNG-H", told="A team comes on Friday."))
    await case.has("noted")
    await case.ends()


async def secret(town: Town) -> None:
    """Ground four: it asks for secrets."""
    await _not_dispatched(town, Secret(told="That is not for us to tell."))


async def outside_duty(town: Town) -> None:
    """Ground five: no unit's duty; the one that supervises the trade is told."""
    await _not_dispatched(town, OutsideDuty(unit=WATER, told="The trade's own board sees to it."))


async def unlawful(town: Town) -> None:
    """Ground six: unlawful or against public morals."""
    await _not_dispatched(town, Unlawful(told="We take no such wish."))


async def answered_by_the_desk(town: Town) -> None:
    """A consultation that goes to the desk, which answers it."""
    case = await town.receive(TO_NOBODY, kind=Kind.CONSULTATION)
    await case.do(Answer(told="The form is on the page."), DESK)
    await case.ends()


async def not_dispatched_by_the_desk(town: Town) -> None:
    """The desk finds one of the grounds."""
    case = await town.receive(TO_NOBODY)
    await case.do(NotDispatch(ground=Secret(told="That is not for us to tell.")), DESK)
    await case.ends()


async def consulted(town: Town) -> None:
    """Units are asked whose a matter is, one is late with its answer, and the desk dispatches it."""
    case = await town.receive(TO_NOBODY)
    await case.do(Consult(units=(WATER, GAS), question="Whose cover is it?"), DESK)
    await case.do(Supplement(channel=Channel.PHONE, note="It has a blue rim."), INTAKE)
    await case.after(hours=9)
    await case.do(Dispatch(unit=WATER, reason="A blue rim is of the water works."), DESK)
    await case.do(Acknowledge())
    await case.rests()


async def never_dispatched(town: Town) -> None:
    """A matter that the desk leaves lying: warned, breached, escalated."""
    case = await town.receive(TO_NOBODY)
    await case.after(days=3)
    await case.rests()


async def _not_dispatched(town: Town, triage: Triage) -> None:
    case: Living = await town.receive(triage=triage)
    await case.ends()


LIVES = (
    answered_at_once,
    emergency_line,
    statutory_channel,
    same_matter,
    same_matter_of_a_case_that_is_nowhere,
    secret,
    outside_duty,
    unlawful,
    answered_by_the_desk,
    not_dispatched_by_the_desk,
    consulted,
    never_dispatched,
)
