"""Notices go out once each, at the hour for them, and whatever fails on the way."""

import logging
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from cases.errors import InvalidError
from cases.limits import Budget
from cases.policy import NoticeRules
from cases.vocabulary import Complainant
from tests.notices.conftest import BY_DAY, NIGHT, Desk
from tests.notices.mail_server import MailServer
from tests.unit.narrative import NOON


async def test_a_notice_goes_out_in_the_words_of_its_language_and_is_forgotten(
    desk: Desk, by_mail: MailServer, engine: AsyncEngine
) -> None:
    who = Complainant(name="Ann", email="ann@example.org", language="en-GB")
    owed = await desk.owes(who=who)
    await desk.courier().settle()
    (message,) = by_mail.messages()
    assert by_mail.recipients == ["ann@example.org"] == [message["To"]]
    assert message["From"] == "12345 <hotline@city.example>"
    assert message["Date"].datetime == NOON
    assert owed.case_number in message.get_content()
    (sending,) = await desk.sendings()
    assert (sending.state, sending.language, sending.attempts) == ("sent", "en", 1)
    assert (sending.notice, sending.case_number) == (owed.key, owed.case_number)
    async with engine.connect() as connection:
        kept = (await connection.execute(text("SELECT address, subject, body FROM sendings"))).one()
        assert list(kept) == ["", "", ""]
        assert (await connection.execute(text("SELECT content FROM notices"))).scalar_one() is None


async def test_owed_twice_it_goes_out_once(desk: Desk, by_mail: MailServer) -> None:
    owed = await desk.owes()
    await desk.courier().settle()
    await desk.register.sendings.owe([owed])
    await desk.courier().settle()
    assert len(by_mail.mail) == 1


async def test_at_night_people_are_left_in_peace_unless_it_is_urgent(desk: Desk, by_mail: MailServer) -> None:
    desk.clock.now, desk.rules = NIGHT, NoticeRules(hours=BY_DAY)
    await desk.owes(who=Complainant(email="late@example.org"))
    await desk.owes(level="emergency", who=Complainant(email="danger@example.org"))
    courier = desk.courier()
    await courier.settle()
    assert by_mail.recipients == ["danger@example.org"]
    desk.clock.now = datetime(2026, 9, 1, 23, 59, 59, tzinfo=UTC)
    await courier.settle()
    assert len(by_mail.mail) == 1
    desk.clock.passes(seconds=1)
    await courier.settle()
    assert by_mail.recipients[1:] == ["late@example.org"]


async def test_what_was_due_by_day_does_not_go_out_at_night(desk: Desk, by_mail: MailServer) -> None:
    """The couriers may have been away when it was time."""
    desk.rules = NoticeRules(hours=BY_DAY)
    by_mail.answer = "451 later"
    await desk.owes()
    courier = desk.courier()
    await courier.settle()
    by_mail.answer = "250 taken"
    desk.clock.now = NIGHT
    await courier.settle()
    assert by_mail.mail == []


async def test_a_storm_becomes_a_few_messages(desk: Desk, by_mail: MailServer) -> None:
    desk.rules = NoticeRules(language="en", digest=Budget.parse("10 minutes"))
    courier = desk.courier()
    first = await desk.owes("desk")
    await courier.settle()
    others = [await desk.owes("desk") for _ in range(49)]
    await courier.settle()
    assert len(by_mail.mail) == 1
    desk.clock.passes(minutes=9, seconds=59)
    await courier.settle()
    assert len(by_mail.mail) == 1
    desk.clock.passes(seconds=1)
    await courier.settle()
    assert len(by_mail.mail) == 2
    content = by_mail.messages()[1].get_content()
    assert all(one.case_number in content for one in others)
    assert first.case_number not in content
    gathered = [one for one in await desk.sendings() if one.state == "gathered"]
    digest = next(one for one in await desk.sendings() if one.about == "digest")
    assert {one.gathered_in for one in gathered} == {digest.id}
    assert (len(gathered), digest.state) == (49, "sent")


async def test_what_is_urgent_is_not_gathered(desk: Desk, by_mail: MailServer) -> None:
    desk.rules = NoticeRules(digest=Budget.parse("10 minutes"))
    for _ in range(3):
        await desk.owes("desk", level="emergency")
    await desk.courier().settle()
    assert len(by_mail.mail) == 3


async def test_a_digest_for_a_complainant_holds_every_notice_in_full(desk: Desk, by_mail: MailServer) -> None:
    """It may say why it takes longer, which they have a right to know (Art. 15)."""
    desk.rules = NoticeRules(language="en", digest=Budget.parse("10 minutes"))
    courier = desk.courier()
    first = await desk.owes()
    await courier.settle()
    alone = by_mail.messages()[0].get_content().strip()
    others = [await desk.owes() for _ in range(2)]
    desk.clock.passes(minutes=10)
    await courier.settle()
    together = by_mail.messages()[1].get_content()
    for other in others:
        assert alone.replace(first.case_number, other.case_number) in together


async def test_emergencies_go_first(desk: Desk, by_mail: MailServer) -> None:
    for number in range(60):
        await desk.owes(who=Complainant(email=f"person{number}@example.org"))
    await desk.owes(level="emergency", priority=1, who=Complainant(email="danger@example.org"))
    await desk.courier().settle()
    assert by_mail.recipients.index("danger@example.org") < 8, "among the first that were under way together"


async def test_a_server_that_fails_is_left_alone_for_longer_and_longer(desk: Desk, by_mail: MailServer) -> None:
    by_mail.answer = "451 try again later"
    owed = await desk.owes()
    courier = desk.courier()
    await courier.settle()
    assert by_mail.asked == 1
    waits = []
    for attempt in range(1, 13):
        (sending,) = await desk.sendings()
        assert (sending.state, sending.attempts) == ("failing", attempt)
        assert sending.reason == "the mail server refused the message (451)"
        waits.append((sending.send_after - desk.clock.now).total_seconds())
        await courier.settle()
        assert by_mail.asked == attempt, "not before its time"
        desk.clock.now = max(sending.send_after, desk.clock.now + timedelta(minutes=1))
        await courier.settle()
    assert waits[:4] == [1, 2, 4, 8]
    assert waits[-2:] == [900, 900]
    (listed,) = (await desk.register.sendings.page(state="failing")).items
    assert listed.notice == owed.key
    assert listed.failing_since == NOON
    assert await desk.register.sendings.counts() == {("mail", "failing"): 1}
    by_mail.answer = "250 taken"
    desk.clock.passes(minutes=15)
    await courier.settle()
    assert len(by_mail.mail) == 1
    assert await desk.register.sendings.counts() == {}


async def test_after_three_days_it_waits_for_a_person_who_can_have_it_tried_again(
    desk: Desk, by_mail: MailServer
) -> None:
    by_mail.answer = "451 try again later"
    await desk.owes()
    courier = desk.courier()
    await courier.settle()
    desk.clock.passes(days=3)
    await courier.settle()
    (sending,) = await desk.sendings()
    assert sending.state == "failed"
    by_mail.answer = "250 taken"
    desk.clock.passes(days=1)
    await courier.settle()
    assert by_mail.mail == []
    again = await desk.register.sendings.retry(sending.id, desk.clock.now)
    assert again is not None
    assert again.state == "failing"
    await courier.settle()
    assert len(by_mail.mail) == 1
    with pytest.raises(InvalidError, match="was sent already"):
        await desk.register.sendings.retry(sending.id)
    assert await desk.register.sendings.retry("nobody") is None


async def test_an_address_that_does_not_exist_is_not_tried_again(desk: Desk, by_mail: MailServer) -> None:
    by_mail.refused["gone@example.org"] = "550 no such person: gone@example.org"
    await desk.owes(who=Complainant(email="gone@example.org"))
    courier = desk.courier()
    await courier.settle()
    desk.clock.passes(hours=1)
    await courier.settle()
    assert by_mail.asked == 1
    (sending,) = await desk.sendings()
    assert (sending.state, sending.reason) == ("failed", "the mail server refused the recipient (550)")
    assert await desk.register.sendings.counts() == {("mail", "failed"): 1}


async def test_a_server_that_is_away_hurts_nobody_else_and_is_not_stormed(desk: Desk, by_mail: MailServer) -> None:
    desk.channels = f"""
        [complainant]
        mail = "{by_mail.url("{email}")}"
        [desk]
        mail = "mailto://127.0.0.1:1?from=a@b.example&to=desk@city.example"
    """
    for number in range(30):
        await desk.owes("desk")
        await desk.owes(who=Complainant(email=f"person{number}@example.org"))
    await desk.courier().settle()
    assert len(by_mail.mail) == 30
    tried = [one for one in await desk.sendings() if one.audience == "desk" and one.attempts]
    assert 3 <= len(tried) < 20
    assert {one.reason for one in tried} == {"the mail server could not be reached (SMTPConnectError)"}


async def test_recipients_that_a_server_puts_off_do_not_make_it_rest(desk: Desk, by_mail: MailServer) -> None:
    """So a mail server greets whom it does not know; the others are not to wait for that."""
    by_mail.refused = {f"new{number}@example.org": "450 greylisted" for number in range(12)}
    for number in range(12):
        await desk.owes(who=Complainant(email=f"new{number}@example.org"))
    await desk.owes(who=Complainant(email="known@example.org"))
    courier = desk.courier()
    await courier.settle()
    assert by_mail.recipients == ["known@example.org"]
    assert (await desk.register.sendings.counts()) == {("mail", "failing"): 12}
    by_mail.refused = {}
    desk.clock.passes(seconds=1)
    await courier.settle()
    assert len(by_mail.mail) == 13


async def test_a_thousand_notices_are_worked_off(desk: Desk, by_mail: MailServer) -> None:
    made = [desk.made(who=Complainant(email=f"person{number}@example.org")) for number in range(1000)]
    await desk.register.sendings.owe(made)
    await desk.courier().settle()
    assert len(set(by_mail.ids())) == len(by_mail.mail) == 1000
    assert await desk.register.sendings.unplanned() == 0


async def test_the_log_says_nothing_of_people(
    desk: Desk, by_mail: MailServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    by_mail.refused["gone@example.org"] = "550 gone@example.org is unknown"
    await desk.owes()
    await desk.owes(who=Complainant(name="王五", email="gone@example.org"))
    await desk.courier().settle()
    desk.channels = None
    await desk.owes(who=Complainant(name="赵六", phone="+8613811112222"))
    await desk.courier().settle()
    assert "notice" in caplog.text
    assert "attempt 1" in caplog.text
    for secret in ("李四", "王五", "赵六", "lisi", "gone@", "138-0000", "13811112222", "example.org"):
        assert secret not in caplog.text, secret


async def test_who_cannot_be_reached_is_planned_all_the_same(desk: Desk, by_mail: MailServer) -> None:
    await desk.owes(who=Complainant(phone="010 6512 3456"))
    desk.channels = f'[complainant]\nmail = "{by_mail.url("{email}")}"\n'
    await desk.owes("unit:roads")
    await desk.courier().settle()
    assert await desk.sendings() == []
    assert await desk.register.sendings.unplanned() == 0


async def test_a_notice_without_words_is_listed_and_planned_anew_by_hand(desk: Desk, by_mail: MailServer) -> None:
    owed = desk.made().model_copy(update={"about": "something_new"})
    await desk.register.sendings.owe([owed])
    courier = desk.courier()
    await desk.owes()
    await courier.settle()
    assert len(by_mail.mail) == 1, "the others go on"
    (stuck,) = (await desk.register.sendings.page(state="failed")).items
    assert stuck.notice == owed.key
    assert "no text about 'something_new'" in (stuck.reason or "")
    await desk.register.sendings.retry(stuck.id)
    assert await desk.register.sendings.find(stuck.id) is None
    assert await desk.register.sendings.unplanned() == 1
    await courier.settle()
    assert await desk.register.sendings.find(stuck.id) is not None


async def test_pages_of_sendings_follow_one_another(desk: Desk, by_mail: MailServer) -> None:
    by_mail.refused = {f"gone{number}@example.org": "550 no" for number in range(5)}
    for number in range(5):
        await desk.owes(who=Complainant(email=f"gone{number}@example.org"))
        await desk.owes("desk")
    await desk.courier().settle()
    for state in (None, "failed", "sent"):
        read, after = [], None
        while True:
            page = await desk.register.sendings.page(state=state, limit=2, after=after)
            read += [one.id for one in page.items]
            after = page.next
            if after is None:
                break
        whole = await desk.register.sendings.page(state=state, limit=100)
        assert read == [one.id for one in whole.items]
        assert len(set(read)) == (10 if state is None else 5)
    one = (await desk.register.sendings.page(state="failed")).items[0]
    assert [each.id for each in (await desk.register.sendings.page(case_number=one.case_number)).items] == [one.id]
    with pytest.raises(InvalidError, match="must be one of"):
        await desk.register.sendings.page(state="lost")  # type: ignore[arg-type]
