"""What one courier has taken, planned or tried, others leave alone, and what it leaves behind they take up."""

import asyncio
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncEngine

from cases.limits import Budget
from cases.policy import NoticeRules
from cases.vocabulary import Complainant
from records.notice_planning import Item
from records.sending_queue import SendingQueue
from tests.notices.conftest import BY_DAY, NIGHT, Desk, until
from tests.notices.mail_server import MailServer


class Forgetful(SendingQueue):
    """Of a worker that dies when it has sent something and not yet written so."""

    async def sent(self, sendings: Sequence[str], now: datetime) -> None:
        raise asyncio.CancelledError


class Claimless(SendingQueue):
    """What is in it stays there: of what is due, only what is never asked for goes out."""

    async def claim(self, *_: object, **__: object) -> list[Item]:
        return []


async def test_what_was_sent_and_not_noted_goes_out_again_as_the_same_message(
    desk: Desk, by_mail: MailServer, engine: AsyncEngine
) -> None:
    await desk.owes()
    dying = desk.courier(Forgetful(engine))
    await dying.look()
    await until(lambda: len(by_mail.mail) == 1)
    await desk.courier().settle()
    assert len(by_mail.mail) == 1, "it is left to whoever took it, for a while"
    desk.clock.passes(minutes=2)
    await desk.courier().settle()
    assert len(by_mail.mail) == 2
    assert by_mail.mail[0] == by_mail.mail[1]
    desk.clock.passes(days=1)
    await desk.courier().settle()
    assert len(by_mail.mail) == 2


async def test_what_a_courier_planned_before_it_died_is_sent_by_the_next(desk: Desk, by_mail: MailServer) -> None:
    await desk.owes()
    dying = desk.courier()
    dying._begin = lambda *_: None  # type: ignore[method-assign]
    await dying.look()
    await desk.courier().settle()
    assert by_mail.mail == [], "it is left to whoever took it, for a while"
    desk.clock.passes(seconds=16)
    await desk.courier().settle()
    assert len(by_mail.mail) == 1
    (sending,) = await desk.sendings()
    assert (sending.state, sending.attempts) == ("sent", 2)


async def test_what_may_go_out_at_once_is_taken_as_it_is_planned(
    desk: Desk, by_mail: MailServer, engine: AsyncEngine
) -> None:
    desk.rules = NoticeRules(digest=Budget.parse("10 minutes"))
    await desk.owes()
    for _ in range(2):
        await desk.owes("desk")
        await desk.owes("unit:roads", level="emergency")
    await desk.courier(Claimless(engine)).settle()
    unit = "roads@city.example"
    assert sorted(by_mail.recipients) == ["lisi@example.org", unit, unit], "two to the desk go as one"
    await desk.courier().settle()
    assert by_mail.recipients[3:] == ["desk@city.example"]


async def test_what_is_planned_does_not_overtake_what_waits_for_room(
    desk: Desk, by_mail: MailServer, engine: AsyncEngine
) -> None:
    desk.clock.now, desk.rules = NIGHT, NoticeRules(hours=BY_DAY)
    for number in range(30):
        await desk.owes(who=Complainant(email=f"waits{number}@example.org"))
    courier = desk.courier()
    await courier.settle()
    desk.clock.passes(hours=9)
    await courier.look()
    await until(lambda: not courier._under_way)
    await desk.owes(who=Complainant(email="new@example.org"))
    await courier.settle()
    assert len(by_mail.mail) == 31
    assert by_mail.recipients.index("new@example.org") >= 20


async def test_a_digest_that_may_have_gone_out_gathers_nothing_more(
    desk: Desk, by_mail: MailServer, engine: AsyncEngine
) -> None:
    desk.rules = NoticeRules(digest=Budget.parse("10 minutes"))
    await desk.owes("desk")
    await desk.courier().settle()
    for _ in range(2):
        await desk.owes("desk")
    await desk.courier().settle()
    desk.clock.passes(minutes=10)
    dying = desk.courier(Forgetful(engine))
    await dying.look()
    await until(lambda: len(by_mail.mail) == 2)
    await desk.owes("desk")
    desk.clock.passes(minutes=10)
    await desk.courier().settle()
    repeated = [one for one in by_mail.mail[1:] if one == by_mail.mail[1]]
    assert len(repeated) == 2
    assert len(by_mail.mail) == 4
    assert len(set(by_mail.ids())) == 3


async def test_what_was_tried_is_not_gathered_with_what_comes_later(desk: Desk, by_mail: MailServer) -> None:
    """It may have arrived in spite of all, and must not arrive again in other words."""
    desk.rules = NoticeRules(digest=Budget.parse("10 minutes"))
    by_mail.answer = "451 try again later"
    tried = await desk.owes("desk")
    courier = desk.courier()
    await courier.settle()
    later = [await desk.owes("desk") for _ in range(2)]
    await courier.settle()
    by_mail.answer = "250 taken"
    desk.clock.passes(minutes=10)
    await courier.settle()
    assert len(by_mail.mail) == 2
    states = {one.notice: one.state for one in await desk.sendings() if one.notice}
    assert states == {tried.key: "sent"} | {one.key: "gathered" for one in later}


async def test_couriers_side_by_side_send_everything_once(desk: Desk, by_mail: MailServer) -> None:
    for number in range(120):
        await desk.owes(who=Complainant(email=f"person{number}@example.org"))
    couriers = [desk.courier() for _ in range(3)]
    await asyncio.gather(*(one.settle() for one in couriers))
    # One of them may have found all taken while others planned the rest.
    await couriers[0].settle()
    assert sorted(by_mail.recipients) == sorted(f"person{number}@example.org" for number in range(120))
    assert len(set(by_mail.ids())) == 120
