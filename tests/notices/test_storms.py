"""A storm, a service that hangs and a notice that is poison: the others are told all the same."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import pytest_asyncio
from sqlalchemy.ext.asyncio import AsyncEngine

from activities.notices.channel import Letter
from activities.notices.mail import Mail
from activities.notices.planning import Planner
from activities.notices.room import fitting
from activities.notices.routes import Routes
from activities.wording.rendering import Wording
from cases.errors import InvalidError
from cases.limits import Budget
from cases.notice import Notice
from cases.policy import NoticeRules
from cases.vocabulary import Complainant
from records.notice_planning import Planning
from records.sending_queue import SendingQueue
from tests.notices.conftest import Desk, until
from tests.notices.mail_server import MailServer
from tests.notices.test_channels import Gateway, loaded
from tests.serving import served
from tests.unit.narrative import NOON

TEN_MINUTES = NoticeRules(language="en", digest=Budget.parse("10 minutes"))


@pytest_asyncio.fixture
async def silent() -> AsyncIterator[list[int]]:
    """The ports of servers that take connections and say nothing."""
    rests = asyncio.Event()

    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await rests.wait()
        writer.close()

    servers = [await asyncio.start_server(hang, "127.0.0.1", 0) for _ in range(12)]
    yield [one.sockets[0].getsockname()[1] for one in servers]
    rests.set()
    for one in servers:
        one.close()
        await one.wait_closed()


async def test_a_flood_to_one_desk_is_a_few_digests(desk: Desk, by_mail: MailServer) -> None:
    desk.rules = TEN_MINUTES
    courier = desk.courier()
    await desk.owes("desk")
    await courier.settle()
    made = [desk.made("desk") for _ in range(1200)]
    await desk.register.sendings.owe(made)
    await courier.settle()
    desk.clock.passes(minutes=10)
    await courier.settle()
    assert len(by_mail.mail) <= 1 + 4
    told = "".join(one.get_content() for one in by_mail.messages())
    assert all(one.case_number in told for one in made)


async def test_a_digest_is_no_longer_than_its_service_takes(desk: Desk) -> None:
    """What a gateway refuses for its length would never arrive."""
    gateway = Gateway()
    desk.rules = TEN_MINUTES
    with served(gateway.app) as address:
        place = f"json://{address.removeprefix('http://')}"
        desk.channels = f'[complainant]\nsms = "{place}/{{phone}}"\n[desk]\nwecom = "{place}/desk"\n'
        courier = desk.courier()
        for _ in range(2):
            made = [desk.made(to) for _ in range(40) for to in ("complainant", "desk")]
            await desk.register.sendings.owe(made)
            await courier.settle()
            desk.clock.passes(minutes=10)
        await courier.settle()
    texts = {
        path: [form["message"] for one, _, form in gateway.requests if one == path] for path, _, _ in gateway.requests
    }
    assert max(map(len, texts["+8613800000001"])) <= 500
    assert max(len(one.encode()) for one in texts["desk"]) <= 2048
    assert all(any(one.case_number in text for found in texts.values() for text in found) for one in made)


def test_what_is_too_long_for_company_goes_alone() -> None:
    long = {"audience": "complainant", "channel": "sms", "subject": "s", "body": "x" * 1000}
    short = {**long, "body": "x"}
    assert fitting([long, short]) == 1
    assert fitting([short, long]) == 1
    assert fitting([short, short, long]) == 2


async def test_services_that_hang_leave_room_for_others_and_for_what_is_urgent(desk: Desk, silent: list[int]) -> None:
    gateway = Gateway()
    with served(gateway.app) as address:
        units = "\n".join(
            f'[units.u{number}]\nmail = "mailto://127.0.0.1:{port}?from=a@b.cn&to=u@b.cn"'
            for number, port in enumerate(silent)
        )
        desk.channels = f'[complainant]\nsms = "json://{address.removeprefix("http://")}/{{phone}}"\n{units}'
        made = [desk.made(f"unit:u{number}") for _ in range(16) for number in range(len(silent))]
        await desk.register.sendings.owe(made)
        courier = desk.courier()
        while await courier.look():
            pass
        await desk.owes(level="emergency")
        await courier.look()
        await until(lambda: len(gateway.requests) == 1)


def test_entries_that_name_one_server_share_the_room_it_has(tmp_path: Path) -> None:
    channels = loaded(
        tmp_path,
        '[desk]\na = "mailto://h?from=a@b.cn&to=a@b.cn"\nb = "mailto://u:p@h:25?from=a@b.cn&to=b@b.cn"\n'
        '[complainant]\nc = "mailto://h:26?from=a@b.cn&to={email}"\nd = "json://u:p@h/{phone}"\ne = "json://h/{email}"\n',
    )
    routes = Routes(channels.services())
    for _ in range(8):
        routes.begin("desk.a")
    assert routes.closed(NOON, 8) == {"desk.a", "desk.b"}
    routes.end("desk.a")
    routes.begin("complainant.d")
    assert routes.closed(NOON, 8) == set()
    assert routes.closed(NOON, 1) == {"desk.a", "desk.b", "complainant.d", "complainant.e"}
    routes.begin("gone.from-the-file")
    assert "gone.from-the-file" in routes.closed(NOON, 1)


async def test_a_letter_that_the_database_has_no_place_for_stops_nobody(
    desk: Desk, by_mail: MailServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "texts" / "zh"
    folder.mkdir(parents=True)
    (folder / "complainant.toml").write_text('[received]\nsubject = "told"\ntext = "a\\u0000b"\n', encoding="utf-8")
    wording = Wording.load([tmp_path / "texts"])
    monkeypatch.setattr(Wording, "load", lambda: wording)
    await desk.owes()
    await desk.owes("desk", level="emergency")
    await desk.courier().settle()
    assert sorted(by_mail.recipients) == ["desk@city.example", "lisi@example.org"]


async def test_a_notice_that_cannot_be_planned_is_listed_and_stops_nobody(
    desk: Desk, by_mail: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    poison = await desk.owes()
    plan = Planner._sendings

    async def planned(self: Planner, notice: Notice, *rest: object) -> object:
        if notice.key == poison.key:
            raise KeyError("李四")
        return await plan(self, notice, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(Planner, "_sendings", planned)
    await desk.owes("desk", level="emergency")
    await desk.courier().settle()
    assert by_mail.recipients == ["desk@city.example"]
    (stuck,) = (await desk.register.sendings.page(state="failed")).items
    assert stuck.notice == poison.key
    assert "KeyError at tests.notices.test_storms" in (stuck.reason or "")
    assert "李四" not in (stuck.reason or "")
    monkeypatch.undo()
    await desk.register.sendings.retry(stuck.id)
    await desk.courier().settle()
    assert len(by_mail.mail) == 2


async def test_an_address_that_no_mail_can_have_ends_its_own_message_alone(desk: Desk, by_mail: MailServer) -> None:
    for address in ("<a@b.cn>", "a@b.cn>", "a;b@c.cn", "李@b.cn", "\x07a@b.cn", '"x@b.cn', "=?utf-8?q?x?=@b.cn"):
        await desk.owes(who=Complainant(email=address))
    await desk.owes()
    await desk.courier().settle()
    assert by_mail.recipients == ["lisi@example.org"]
    failed = (await desk.register.sendings.page(state="failed")).items
    assert len(failed) == 7
    assert {one.reason for one in failed} == {"the address is none that mail can be sent to"}


async def test_a_server_that_is_not_set_up_for_us_ends_no_message(desk: Desk, by_mail: MailServer) -> None:
    """Else all of an hour would have to be tried again by hand, one by one."""
    by_mail.refused["lisi@example.org"] = "554 5.7.1 <lisi@example.org>: Relay access denied"
    await desk.owes()
    courier = desk.courier()
    await courier.settle()
    (sending,) = await desk.sendings()
    assert (sending.state, sending.reason) == ("failing", "the mail server refused the recipient (554 5.7.1)")
    by_mail.refused.clear()
    desk.clock.passes(seconds=1)
    await courier.settle()
    assert len(by_mail.mail) == 1


async def test_what_one_courier_sent_is_not_tried_again_because_another_failed(
    desk: Desk, engine: AsyncEngine, by_mail: MailServer
) -> None:
    by_mail.answer = "550 no"
    await desk.owes()
    await desk.courier().settle()
    (sending,) = await desk.sendings()
    assert sending.state == "failed"
    await SendingQueue(engine).sent([sending.id], desk.clock.now)
    (sending,) = await desk.sendings()
    assert (sending.state, sending.reason) == ("sent", None)


async def test_planning_takes_nothing_from_the_time_for_sending(
    desk: Desk, by_mail: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a sending that was planned with many others would be free for a second courier while it goes out."""
    close = Planning.close

    async def slow(self: Planning) -> None:
        desk.clock.passes(seconds=44)
        await close(self)

    monkeypatch.setattr(Planning, "close", slow)
    left: list[datetime] = []

    async def look() -> None:
        desk.clock.passes(seconds=2)
        left.extend(one["planned_at"] for one in await desk.queue.claim(desk.clock.now, timedelta(0), 8))

    by_mail.upon = look
    await desk.owes()
    await desk.courier().settle()
    assert len(by_mail.mail) == 1
    assert left == []


async def test_no_letter_of_a_message_makes_another_header(mail: MailServer) -> None:
    carrier = Mail.of(mail.url("a@b.cn"))
    for subject in ("told\r\nBcc: x@y.cn", "told\rBcc: x@y.cn", "told\u2028Bcc: x@y.cn", "told\x85\x1cBcc: x@y.cn"):
        await carrier.send(Letter("one", "urged", "desk", subject, ".\r\n..\r\nQUIT\r\n" + "שלום 😀 " * 500, NOON))
    for message in mail.messages():
        assert message["Bcc"] is None
        assert message["Subject"] == "told Bcc: x@y.cn"
        assert message.get_content().startswith(".\r\n..\r\nQUIT\r\nשלום 😀")
    assert mail.recipients == ["a@b.cn"] * 4


async def test_who_asks_for_one_within_a_digest_is_told_which_to_try(desk: Desk, by_mail: MailServer) -> None:
    desk.rules = TEN_MINUTES
    by_mail.answer = "550 no"
    first, second = await desk.owes("desk"), await desk.owes("desk")
    await desk.courier().settle()
    states = {one.notice: one for one in await desk.sendings()}
    assert states[None].state == "failed"
    for one in (first, second):
        with pytest.raises(InvalidError, match=f"goes out within {states[None].id}; have that one tried again"):
            await desk.register.sendings.retry(states[one.key].id)
