"""The channels file: what is wrong with it is said, and what is right is sent by."""

from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from fastapi import FastAPI, Request, Response

from activities.notices.channels import Channels
from activities.notices.hours import opening
from activities.notices.mail import Mail
from cases.calendar import Window
from cases.errors import InvalidError
from cases.vocabulary import Complainant
from tests.notices.conftest import Desk
from tests.notices.mail_server import MailServer
from tests.serving import served
from tests.unit.narrative import DAYTIME, NOON


class Gateway:
    """An HTTP service that people are reached by. `status` is what it answers."""

    def __init__(self) -> None:
        self.status = 200
        self.requests: list[tuple[str, dict[str, str], dict[str, Any]]] = []
        self.app = FastAPI()
        self.app.add_api_route("/{path:path}", self._take, methods=["POST"])

    async def _take(self, path: str, request: Request) -> Response:
        self.requests.append((path, dict(request.headers), await request.json()))
        return Response(status_code=self.status)


def loaded(folder: Path, content: str) -> Channels:
    path = folder / "channels.toml"
    path.write_text(content, encoding="utf-8")
    return Channels.load(path)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ('[complainants]\nsms = "json://x/{phone}"', r"\[complainants\]: there is no such audience, but complainant"),
        ('[complainant]\nsms = "json://gateway/"', r"\[complainant\] sms: must say where .* {phone} or by {email}"),
        ('[complainant]\nsms = "json://x/{phone}/{email}"', r"\[complainant\] sms: .* not with both"),
        ('[desk]\nmail = "mailto://h?from=a@b.cn&to={phone}"', r"\[desk\] mail: {phone} is not known here"),
        ('[desk]\nchat = "nonsense://x"', r"\[desk\] chat: Apprise knows no service nonsense://"),
        ('[desk]\nchat = "dingtalk://"', r"\[desk\] chat: Apprise knows no service dingtalk://, or the URL lacks"),
        ('[desk]\nmail = "mailto://h?to=a@b.cn"', r"\[desk\] mail: from must be the address of a mailbox"),
        ('[desk]\nmail = "mailto://h?from=a@b.cn&to=c@d.cn&cc=e@f.cn"', r"\[desk\] mail: cc: mail knows no such"),
        ('[desk]\nmail = "mailtos://h:x?from=a@b.cn&to=c@d.cn"', r"\[desk\] mail: its port is no number"),
        ('[desk]\nMail = "log://"', r"\[desk\] Mail: call it by small letters"),
        ("[desk]\nmail = 5", r"\[desk\] mail: must be a URL"),
        ('[units]\n"roads/a" = "log://"', r'units."roads/a": must be a table'),
        ("[desk", r"is no TOML"),
    ],
)
def test_what_is_wrong_is_told_by_table_and_entry(tmp_path: Path, content: str, told: str) -> None:
    with pytest.raises(InvalidError, match=told) as error:
        loaded(tmp_path, content)
    assert "HOTLINE_CHANNELS" in error.value.field


def test_everything_that_is_wrong_is_told_at_once_and_no_secret(tmp_path: Path) -> None:
    with pytest.raises(InvalidError) as error:
        loaded(tmp_path, '[desk]\na = "nonsense://user:hush@x"\nb = "mailto://user:hush@h?to=a@b.cn&x=1"\n')
    setting = f"HOTLINE_CHANNELS={tmp_path / 'channels.toml'}"
    first, second = str(error.value).splitlines()
    assert first.startswith(f"{setting}: [desk] a: ")
    assert second.startswith(f"{setting}: [desk] b: ")
    assert "hush" not in str(error.value)


def test_a_file_that_is_not_there_is_named() -> None:
    with pytest.raises(InvalidError, match=r"HOTLINE_CHANNELS=/nowhere/x.toml: cannot be read"):
        Channels.load(Path("/nowhere/x.toml"))


async def test_a_complainant_is_reached_by_the_first_channel_that_will_do(desk: Desk, mail: MailServer) -> None:
    gateway = Gateway()
    with served(gateway.app) as address:
        desk.channels = f"""
            [complainant]
            sms = "json://{address.removeprefix("http://")}/sms/{{phone}}?+Idempotency-Key={{id}}"
            mail = "{mail.url("{email}")}"
        """
        by_phone = await desk.owes(who=Complainant(phone="+86 (138) 0000-0001/22", email="a@example.org"))
        await desk.owes(who=Complainant(email="b@example.org"))
        await desk.courier().settle()
    ((path, headers, form),) = gateway.requests
    assert path == "sms/+8613800000001"
    assert headers["idempotency-key"] == f"{by_phone.key}.sms"
    assert by_phone.case_number in form["message"]
    assert mail.recipients == ["b@example.org"]


async def test_staff_are_told_by_all_of_their_channels_and_a_unit_by_its_own(desk: Desk, mail: MailServer) -> None:
    desk.channels = f"""
        [desk]
        mail = "{mail.url("one@city.example")}"
        night = "{mail.url("two@city.example")}"
        [unit]
        mail = "{mail.url("{unit}@city.example")}"
        [units.water]
        mail = "{mail.url("reservoir@city.example")}"
        [units.parks]
    """
    for to in ("desk", "unit:roads", "unit:water", "unit:parks", "supervisor"):
        await desk.owes(to)
    await desk.courier().settle()
    told = ["one@city.example", "reservoir@city.example", "roads@city.example", "two@city.example"]
    assert sorted(mail.recipients) == told


@pytest.mark.parametrize(("status", "state"), [(503, "failing"), (401, "failing"), (400, "failed")])
async def test_what_a_gateway_answers_says_whether_it_is_tried_again(desk: Desk, status: int, state: str) -> None:
    gateway = Gateway()
    gateway.status = status
    with served(gateway.app) as address:
        desk.channels = f'[complainant]\nsms = "json://{address.removeprefix("http://")}/{{phone}}"\n'
        await desk.owes()
        await desk.courier().settle()
    (sending,) = await desk.sendings()
    assert (sending.state, sending.reason) == (state, f"the service answered {status}")


async def test_a_gateway_that_is_away_is_tried_again(desk: Desk) -> None:
    desk.channels = '[complainant]\nsms = "json://127.0.0.1:1/{phone}"\n'
    await desk.owes()
    await desk.courier().settle()
    (sending,) = await desk.sendings()
    assert (sending.state, sending.reason) == ("failing", "the service could not be reached, or did not take it")


async def test_an_entry_that_was_taken_out_of_the_file_is_missed_and_not_lost(desk: Desk, mail: MailServer) -> None:
    mail.answer = "451 later"
    desk.channels = f'[complainant]\nmail = "{mail.url("{email}")}"\n'
    await desk.owes()
    await desk.courier().settle()
    content, desk.channels = desk.channels, "[desk]\n"
    desk.clock.passes(seconds=1)
    await desk.courier().settle()
    (sending,) = await desk.sendings()
    assert "no entry complainant.mail" in (sending.reason or "")
    desk.channels, mail.answer = content, "250 taken"
    desk.clock.passes(seconds=2)
    await desk.courier().settle()
    assert len(mail.mail) == 1


async def test_an_address_cannot_be_made_into_two(desk: Desk, mail: MailServer) -> None:
    desk.channels = f'[complainant]\nmail = "{mail.url("{email}")}"\n'
    await desk.owes(who=Complainant(email="a,b@example.org"))
    await desk.owes(who=Complainant(email="c&to=d@example.org"))
    await desk.courier().settle()
    assert mail.recipients == ["c&to=d@example.org"]
    assert sorted(one.state for one in await desk.sendings()) == ["failed", "sent"]


def test_mail_is_encrypted_where_the_url_says_so() -> None:
    plain = Mail.of("mailto://mail.example?from=a@b.example&to=c@d.example")
    assert (plain.mode, plain.port, plain.user) == ("insecure", 25, None)
    secure = Mail.of("mailtos://user%40b.example:pass%2Fword@b.example?smtp=mail.example&to=c@d.example,e@f.example")
    assert (secure.mode, secure.port, secure.host) == ("starttls", 587, "mail.example")
    assert (secure.user, secure.password, secure.sender) == ("user@b.example", "pass/word", "user@b.example")
    assert secure.to == ("c@d.example", "e@f.example")
    assert Mail.of("mailtos://h?mode=ssl&from=a@b.example&to=c@d.example").port == 465


def test_the_hours_begin_by_the_clocks_of_the_city() -> None:
    shanghai = ZoneInfo("Asia/Shanghai")
    assert opening(NOON, DAYTIME, shanghai) == NOON
    assert opening(NOON, None, shanghai) == NOON
    closes = NOON.replace(hour=13)
    assert opening(closes, DAYTIME, shanghai) == NOON.replace(day=2, hour=0)
    assert opening(NOON.replace(day=2, hour=0), DAYTIME, shanghai) == NOON.replace(day=2, hour=0)
    always = Window.model_validate({"opens": "00:00", "closes": "00:00"})
    assert opening(closes, always, shanghai) == closes
