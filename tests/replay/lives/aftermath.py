"""The call-back and what comes after the end (Art. 8, 23)."""

from cases.commands import Acknowledge, Appeal, CallBack, Close, Contact, Rate, Remark, Reopen, Supplement
from cases.policy import Policy
from cases.vocabulary import Channel, Outcome, Satisfaction
from tests.replay.town import Living, Town
from tests.unit.narrative import DESK, FULL, HAPPY, INTAKE, NOBODY, POLICY, SOLVED, SUPERVISOR, UNHAPPY

AT_ANY_HOUR = FULL.model_copy(update={"callback": POLICY.callback})
"""Otherwise it would depend on the hour of the recording what comes of a call."""

SOUR = CallBack(reached=True, contacted=True, solved=True, satisfaction=Satisfaction.DISSATISFIED)


async def rounds_until_a_supervisor_closes(town: Town) -> None:
    """Not solved, twice, and then it is a supervisor's."""
    case = await _reported(town)
    await case.do(UNHAPPY, DESK)
    for act in (Acknowledge(), Contact(), SOLVED):
        await case.do(act)
    await case.do(UNHAPPY, DESK)
    await case.do(Close(outcome=Outcome.UNSOLVED, reason="Nothing more can be done."), SUPERVISOR)
    await case.ends()


async def unreachable(town: Town) -> None:
    """Nobody answers, three times."""
    case = await _reported(town, AT_ANY_HOUR)
    await case.do(NOBODY, DESK)
    for _ in range(2):
        await case.after(hours=3)
        await case.do(NOBODY, DESK)
    await case.ends()


async def called_back_late(town: Town) -> None:
    """The call-back is forgotten until its limit has passed."""
    case = await _reported(town)
    await case.after(days=5)
    await case.do(HAPPY, DESK)
    await case.ends()


async def called_back_without_a_report(town: Town) -> None:
    """The unit never reports; the complainant is called back about that after the limit."""
    case = await town.receive()
    await case.do(Acknowledge())
    await case.after(days=16)
    await case.do(UNHAPPY, DESK)
    await case.rests()


async def told_more_after_the_end(town: Town) -> None:
    """A remark, a late report and a rating of a case that has ended: each in a run of its own."""
    case = await _closed(town)
    await case.do(Remark(text="Flowers came."), DESK)
    await case.ends()
    await case.do(Contact(note="Rang once more."))
    await case.ends()
    await case.do(Rate(satisfaction=Satisfaction.SATISFIED), INTAKE)
    await case.ends()


async def supplemented_after_the_end(town: Town) -> None:
    """The complainant says something about a case that has ended."""
    case = await _closed(town)
    await case.do(Supplement(channel=Channel.PHONE, note="It holds."), INTAKE)
    await case.ends()


async def reopened(town: Town) -> None:
    """Opened again from its record, and ended again."""
    case = await _closed(town)
    await case.do(Reopen(reason="It has sunk again."), INTAKE)
    for act in (Acknowledge(), Contact(), SOLVED):
        await case.do(act)
    await case.do(HAPPY, DESK)
    await case.ends()


async def appealed(town: Town) -> None:
    """Appealed against from its record, and left until the limits of the second stage are breached."""
    case = await _reported(town)
    await case.do(SOUR, DESK)
    await case.ends()
    await case.do(Appeal(reason="Nobody listened."), INTAKE)
    await case.after(days=25)
    await case.rests()


async def _reported(town: Town, policy: Policy = FULL) -> Living:
    case = await town.receive(policy=policy)
    for act in (Acknowledge(), Contact(), SOLVED):
        await case.do(act)
    return case


async def _closed(town: Town) -> Living:
    case = await _reported(town)
    await case.do(HAPPY, DESK)
    await case.ends()
    return case


LIVES = (
    rounds_until_a_supervisor_closes,
    unreachable,
    called_back_late,
    called_back_without_a_report,
    told_more_after_the_end,
    supplemented_after_the_end,
    reopened,
    appealed,
)
