"""What a unit does with its order, and what the hotline decides of it (Art. 12 to 16, 20)."""

from datetime import UTC, datetime, timedelta

from cases.attachment import Attachment
from cases.commands import (
    Acknowledge,
    Adjudicate,
    AssistAcknowledge,
    AssistAdjudicate,
    AssistProgress,
    AssistRefuse,
    AssistReport,
    Called,
    Contact,
    DecideExtension,
    Designate,
    Escalate,
    Hold,
    Progress,
    Reassign,
    RequestExtension,
    Resume,
    Return,
    Review,
    Supervise,
    Supplement,
    Urge,
    Wait,
    Whistle,
    Withdraw,
)
from cases.limits import Budget
from cases.routing import Route
from cases.vocabulary import Actor, Channel, Kind, Role
from tests.replay.town import Living, Town
from tests.unit.narrative import (
    DESK,
    DISTRICT,
    GAS,
    HAPPY,
    INTAKE,
    SOLVED,
    SUPERVISOR,
    UNIT_OF_GAS,
    UNIT_OF_WATER,
    WATER,
)

OF_THE_DISTRICT = Actor(role=Role.DISTRICT, id="key:district", unit=DISTRICT)


async def routine(town: Town) -> None:
    """Dispatched, signed for, contacted, reported, called back about: by a unit that reads its mailbox."""
    case = await town.receive()
    # What comes at once is worked off in one task with the receipt; here each has a task of its own.
    await case.has("dispatched")
    for act in (Acknowledge(note="On our list."), Contact(note="Spoken with."), SOLVED):
        await case.do(act)
    await case.do(HAPPY, DESK)
    await case.ends()


async def everything_late(town: Town) -> None:
    """Every limit is warned of and breached, and the unit comes after all."""
    case = await town.receive()
    await case.after(days=20)
    for act in (Acknowledge(), Contact(), Progress(note="The asphalt has come."), SOLVED):
        await case.do(act)
    await case.after(days=4)
    await case.do(HAPPY, DESK)
    await case.ends()


async def objection_upheld(town: Town) -> None:
    """Given back, upheld, and dispatched to another unit."""
    case = await town.receive()
    await case.do(Return(reason="A gas main.", evidence="Survey sheet 14.", proposed=GAS))
    await case.do(Adjudicate(upheld=True, reason="So it is.", unit=GAS), DESK)
    await case.do(Acknowledge(), UNIT_OF_GAS)
    await case.rests()


async def objection_upheld_late_and_back_to_the_desk(town: Town) -> None:
    """Given back, decided on after the limit, and back with the desk."""
    case = await town.receive()
    await case.do(Return(reason="No main at all."))
    await case.after(hours=5)
    await case.do(Adjudicate(upheld=True, reason="So it is."), DESK)
    await case.rests()


async def objection_rejected(town: Town) -> None:
    """Given back, and the unit keeps it."""
    case = await town.receive()
    await case.do(Return(reason="A gas main."))
    await case.do(Adjudicate(upheld=False, reason="It is a water main."), DESK)
    await case.do(Acknowledge())
    await case.rests()


async def designated(town: Town) -> None:
    """A supervisor designates the unit."""
    case = await town.receive()
    await case.do(Designate(unit=GAS, reason="It is yours for good."), SUPERVISOR)
    await case.do(Acknowledge(), UNIT_OF_GAS)
    await case.rests()


async def reassigned(town: Town) -> None:
    """The hotline takes an order from one unit and gives it to another."""
    case = await town.receive()
    await case.do(Acknowledge())
    await case.do(Reassign(unit=GAS, reason="The water works have no crew."), DESK)
    await case.rests()


async def extension_granted(town: Town) -> None:
    """More time is asked for and granted, less of it than was asked for; the timer moves on."""
    case = await _working(town)
    await case.do(RequestExtension(by=Budget.parse("8 days"), reason="Frost."))
    await case.do(DecideExtension(granted=True, by=Budget.parse("5 days"), reason="Five will do."), SUPERVISOR)
    await case.after(days=19)
    await case.rests()


async def extension_refused(town: Town) -> None:
    """More time is asked for, left undecided until that is late, and refused."""
    case = await _working(town)
    await case.do(RequestExtension(by=Budget.parse("8 days"), reason="Frost."))
    await case.after(days=2)
    await case.do(DecideExtension(granted=False, reason="It thaws."), SUPERVISOR)
    await case.rests()


async def waiting_ended_by_the_complainant(town: Town) -> None:
    """The limits stand still until the complainant is in contact."""
    case = await _working(town)
    await case.do(Wait(reason="The key to the yard."))
    await case.after(days=2)
    await case.do(Supplement(channel=Channel.WECHAT, note="It is with the porter."), INTAKE)
    await case.rests()


async def waiting_ended_by_itself(town: Town) -> None:
    """The limits stand still for as long as the policy allows."""
    case = await _working(town)
    await case.do(Wait(reason="The key to the yard."))
    await case.after(days=5, minutes=1)
    await case.rests()


async def on_account(town: Town) -> None:
    """On account with two reviews, one of them missed, and off it again."""
    case = await _working(town)
    now = datetime.now(UTC)
    reviews = (now + timedelta(days=30), now + timedelta(days=60))
    hold = Hold(
        plan="With the renewal of the road.",
        owner="The office of works",
        exit="The road is renewed.",
        reviews=reviews,
        until=now + timedelta(days=90),
    )
    await case.do(hold, SUPERVISOR)
    await case.after(days=29)
    await case.do(Review(note="The tender is out."))
    await case.after(days=35)
    await case.do(Resume(reason="The road is renewed."), SUPERVISOR)
    await case.do(SOLVED)
    await case.rests()


async def whistled(town: Town) -> None:
    """Units are called in: one reports, one refuses and is released, one refuses and must come."""
    case = await _working(town)
    calls = (
        Called(unit=GAS, copy_to=DISTRICT, task="Shut the valve."),
        Called(unit="roads", copy_to=DISTRICT, task="Close the lane."),
    )
    await case.do(Whistle(calls=calls))
    await case.do(AssistAcknowledge(assist=1), UNIT_OF_GAS)
    await case.do(AssistProgress(assist=1, note="The valve is found."), UNIT_OF_GAS)
    await case.has("delivered")
    roads = Actor(role=Role.UNIT_LEAD, id="key:roads", unit="roads")
    await case.do(AssistRefuse(assist=2, reason="No sign is left."), roads)
    await case.do(AssistAdjudicate(assist=2, upheld=False, reason="There are six."), OF_THE_DISTRICT)
    await case.do(AssistReport(assist=1, note="Shut."), UNIT_OF_GAS)
    await case.after(days=6)
    await case.do(AssistReport(assist=2, note="Closed from nine to four."), roads)
    await case.do(SOLVED)
    await case.do(HAPPY, DESK)
    await case.ends()


async def whistle_refused(town: Town) -> None:
    """A unit that was called in refuses and is released; the lead reports without it."""
    case = await _working(town)
    await case.do(Whistle(calls=(Called(unit=GAS, copy_to=DISTRICT, task="Shut the valve."),)))
    await case.do(AssistRefuse(assist=1, reason="No gas there."), UNIT_OF_GAS)
    await case.do(AssistAdjudicate(assist=1, upheld=True, reason="So it is."), OF_THE_DISTRICT)
    await case.do(SOLVED)
    await case.rests()


async def pressed(town: Town) -> None:
    """Urged, put under supervision, and escalated by the unit itself."""
    case = await town.receive(Route(unit=WATER, copy_to=DISTRICT, reason="catalogue line 1"))
    await case.do(Urge(note="Where does it stay?"), INTAKE)
    await case.do(Supervise(reason="The second winter."), DESK)
    await case.do(Acknowledge())
    await case.do(Escalate(reason="The wall is not ours to move."))
    await case.rests()


async def withdrawn(town: Town) -> None:
    """Taken back while the unit works on it."""
    case = await _working(town)
    await case.do(Withdraw(reason="Sorted out."), INTAKE)
    await case.ends()


async def confidential_report(town: Town) -> None:
    """A report about a unit, by somebody who wants to stay unknown."""
    case = await town.receive(kind=Kind.REPORT, confidential=True, accused=(GAS,))
    await case.do(Acknowledge())
    await case.do(Contact())
    await case.rests()


async def attached(town: Town) -> None:
    """The complainant sends a picture (Art. 2, 5)."""
    case = await town.receive()
    picture = Attachment(id="abcdefghijklmnopqrstuvwxyz", media_type="image/jpeg", bytes=70_000, name="hole.jpg")
    await case.do(Supplement(channel=Channel.APP, note="A picture.", attachment=picture), INTAKE)
    await case.rests()


async def _working(town: Town) -> Living:
    case = await town.receive()
    await case.do(Acknowledge(), UNIT_OF_WATER)
    await case.do(Contact(note="Spoken with."), UNIT_OF_WATER)
    return case


LIVES = (
    routine,
    everything_late,
    objection_upheld,
    objection_upheld_late_and_back_to_the_desk,
    objection_rejected,
    designated,
    reassigned,
    extension_granted,
    extension_refused,
    waiting_ended_by_the_complainant,
    waiting_ended_by_itself,
    on_account,
    whistled,
    whistle_refused,
    pressed,
    withdrawn,
    confidential_report,
    attached,
)
