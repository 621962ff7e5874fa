"""Address and words of a notice are sealed until it goes out, by the key of its case, and are not kept for ever."""

from typing import Any

import pytest
from sqlalchemy import text

from cases.errors import InvalidError
from cases.limits import Budget
from cases.notice import Notice
from cases.policy import NoticeRules
from cases.vocabulary import Complainant
from records.data_keys import claim, destroy
from records.database import transaction
from tests.notices.conftest import SOMEBODY, Desk
from tests.notices.mail_server import MailServer
from vault.sealing import DataKey, new_key, seal

TEN_MINUTES = NoticeRules(language="en", digest=Budget.parse("10 minutes"))


async def rows(desk: Desk, asked: str) -> list[dict[str, Any]]:
    async with transaction(desk.register.seals.data_keys._engine) as connection:
        return [dict(row._mapping) for row in await connection.execute(text(asked))]


async def owes(desk: Desk, to: str = "complainant", key: DataKey | None = None, **who: str) -> Notice:
    """Owe a notice whose texts are sealed by a key of its case."""
    made = desk.made(to, who=Complainant(email=who["email"]) if who else SOMEBODY)
    key = key or await desk.register.seals.new_key()
    sealed = seal(made, key)
    sealed = sealed.model_copy(update={"subject": key.seal("The lamp is out.")})
    async with transaction(desk.register.seals.data_keys._engine) as connection:
        await claim(connection, made.case_number, [sealed.model_dump_json().encode()])
    await desk.register.sendings.owe([sealed])
    return made


async def erase(desk: Desk, notice: Notice) -> None:
    async with transaction(desk.register.seals.data_keys._engine) as connection:
        assert await destroy(connection, notice.case_number) > 0
    desk.register.seals.forget(notice.case_number)


async def test_nothing_of_a_notice_can_be_read_before_it_goes_out_nor_afterwards(
    desk: Desk, by_mail: MailServer
) -> None:
    desk.rules = NoticeRules(language="en")
    by_mail.answer = "451 later"
    await owes(desk, email="lisi@example.org")
    courier = desk.courier()
    await courier.settle()
    (kept,) = await rows(desk, "SELECT * FROM sendings")
    assert all(kept[name].startswith("sealed.1.") for name in ("address", "subject", "body"))
    assert "lisi" not in str(await rows(desk, "SELECT one::text FROM sendings AS one"))
    (listed,) = await desk.sendings()
    assert listed.address == "l***@example.org"
    by_mail.answer = "250 taken"
    desk.clock.passes(seconds=1)
    await courier.settle()
    assert by_mail.recipients == ["lisi@example.org"]
    assert "The lamp is out." in by_mail.messages()[0].get_content()
    (kept,) = await rows(desk, "SELECT * FROM sendings")
    assert [kept[name] for name in ("address", "subject", "body")] == ["", "", ""]
    assert (await desk.sendings())[0].address == ""


async def test_of_an_erased_case_nobody_is_told(desk: Desk, by_mail: MailServer) -> None:
    by_mail.answer = "451 later"
    waiting = await owes(desk)
    courier = desk.courier()
    await courier.settle()
    unplanned = await owes(desk)
    for one in (waiting, unplanned):
        await erase(desk, one)
    by_mail.answer, asked = "250 taken", by_mail.asked
    desk.clock.passes(minutes=1)
    await courier.settle()
    assert by_mail.asked == asked
    assert await desk.sendings() == []
    assert await desk.register.sendings.unplanned() == 0


async def test_a_digest_holds_nothing_itself_and_leaves_out_what_was_erased(desk: Desk, by_mail: MailServer) -> None:
    desk.rules = TEN_MINUTES
    courier = desk.courier()
    await owes(desk)
    await courier.settle()
    by_mail.mail.clear()
    by_mail.answer = "451 later"
    members = [await owes(desk) for _ in range(3)]
    await courier.settle()
    desk.clock.passes(minutes=10)
    await courier.settle()
    (digest,) = await rows(desk, "SELECT * FROM sendings WHERE about = 'digest'")
    assert [digest[name] for name in ("address", "subject", "body")] == ["", "", ""]
    within = await rows(desk, "SELECT * FROM sendings WHERE state = 'gathered'")
    assert all(one["body"].startswith("sealed.1.") for one in within)
    await erase(desk, members[0])
    by_mail.answer = "250 taken"
    desk.clock.passes(minutes=1)
    await courier.settle()
    told = by_mail.messages()[0].get_content()
    assert [one.case_number in told for one in members] == [False, True, True]
    assert "[erased]" not in told
    assert {one["body"] for one in await rows(desk, "SELECT body FROM sendings")} == {""}


async def test_what_failed_is_emptied_after_thirty_days_and_cannot_be_sent_any_more(
    desk: Desk, by_mail: MailServer
) -> None:
    by_mail.refused["gone@example.org"] = "550 no such person"
    await owes(desk, email="gone@example.org")
    await desk.register.sendings.owe([desk.made().model_copy(update={"about": "something_new"})])
    courier = desk.courier()
    await courier.settle()
    failed = [one.id for one in (await desk.register.sendings.page(state="failed")).items]
    assert len(failed) == 2
    desk.clock.passes(days=29, hours=23)
    await courier.settle()
    assert len(await rows(desk, "SELECT id FROM sendings WHERE body <> ''")) == 1
    assert len(await rows(desk, "SELECT key FROM notices WHERE content IS NOT NULL")) == 1
    desk.clock.passes(hours=2)
    await courier.settle()
    assert await rows(desk, "SELECT id FROM sendings WHERE body <> '' OR address <> '' OR subject <> ''") == []
    assert await rows(desk, "SELECT key FROM notices WHERE content IS NOT NULL") == []
    for one in failed:
        with pytest.raises(InvalidError, match="words are not kept any more"):
            await desk.register.sendings.retry(one, desk.clock.now)


async def test_a_notice_whose_key_is_lost_fails_and_stops_nobody(desk: Desk, by_mail: MailServer) -> None:
    lost = seal(desk.made().model_copy(update={"complainant": None}), new_key())
    lost = lost.model_copy(update={"subject": new_key().seal("The lamp is out.")})
    await desk.register.sendings.owe([lost])
    await desk.owes()
    await desk.courier().settle()
    assert len(by_mail.mail) == 1
    (failed,) = (await desk.register.sendings.page(state="failed")).items
    assert "cannot be used; see whether the file of keys is whole" in (failed.reason or "")


async def test_what_an_earlier_release_planned_goes_out(desk: Desk, by_mail: MailServer) -> None:
    await desk.owes()
    by_mail.answer = "451 later"
    courier = desk.courier()
    await courier.settle()
    async with transaction(desk.register.seals.data_keys._engine) as connection:
        plain = {"address": "lisi@example.org", "subject": "told", "body": "as before"}
        put = "UPDATE sendings SET address = :address, subject = :subject, body = :body, addressee = 'x'"
        await connection.execute(text(put), plain)
    by_mail.answer = "250 taken"
    desk.clock.passes(seconds=2)
    await courier.settle()
    assert by_mail.messages()[0].get_content().strip() == "as before"
