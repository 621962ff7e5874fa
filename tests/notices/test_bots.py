"""What answers 200 to everything has not taken everything; and a page behind a redirect is no answer."""

import base64
import hashlib
import hmac
import logging
from typing import Any

import apprise
import pytest
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse

from activities.notices import bots
from activities.notices.gateway import known
from tests.notices.conftest import Desk
from tests.serving import served

KEY = "0b5c1e5a-8f1d-4c0e-9f5e-2f7d6d1a9c33"
# Loads all its services, some of which stand on what Python is about to drop.
assert known("json://localhost")

BOTS = {
    "wecombot": (f"wecombot://{KEY}", apprise.plugins.N_MGR["wecombot"]),
    "dingtalk": (f"dingtalk://hush@{'a' * 64}/", apprise.plugins.N_MGR["dingtalk"]),
    "feishu": (f"feishu://{KEY}", apprise.plugins.N_MGR["feishu"]),
    "lark": (f"lark://{KEY}", apprise.plugins.N_MGR["lark"]),
}


class Chat:
    """A service that bots belong to. `answer` is what it says, with 200."""

    def __init__(self) -> None:
        self.answer: Any = {"errcode": 0, "errmsg": "ok"}
        self.asked: list[tuple[dict[str, str], dict[str, Any]]] = []
        self.app = FastAPI()
        self.app.add_api_route("/{path:path}", self._take, methods=["POST"])

    async def _take(self, request: Request) -> Response:
        self.asked.append((dict(request.query_params), await request.json()))
        return JSONResponse(self.answer)


@pytest.mark.parametrize("scheme", BOTS)
async def test_what_a_bot_does_not_take_is_not_sent(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, scheme: str
) -> None:
    """Beyond so many a minute they refuse, with 200: in a storm those would be lost."""
    caplog.set_level(logging.DEBUG)
    chat, (url, service) = Chat(), BOTS[scheme]
    with served(chat.app) as address:
        ends = {"wecombot": "bot/{key}", "lark": ""}.get(scheme, "bot/{token}")
        monkeypatch.setattr(service, "notify_url", f"{address}/{ends}")
        desk.channels = f'[desk]\nchat = "{url}"\n'
        owed = await desk.owes("desk")
        name = "errcode" if scheme in ("wecombot", "dingtalk") else "code"
        chat.answer = {name: 45009, "errmsg": f"too many: {owed.case_number}"}
        courier = desk.courier()
        await courier.settle()
        (sending,) = await desk.sendings()
        assert (sending.state, sending.reason) == ("failing", "the service refused it (45009)")
        chat.answer = {name: 0}
        desk.clock.passes(seconds=1)
        await courier.settle()
    (sending,) = await desk.sendings()
    assert sending.state == "sent"
    assert all(owed.case_number in str(form) for _, form in chat.asked)
    assert KEY not in caplog.text
    assert "a" * 64 not in caplog.text


async def test_an_answer_that_no_bot_gives_is_none(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    chat, (url, service) = Chat(), BOTS["wecombot"]
    with served(chat.app) as address:
        monkeypatch.setattr(service, "notify_url", f"{address}/bot")
        desk.channels = f'[desk]\nchat = "{url}"\n'
        await desk.owes("desk")
        chat.answer = ["welcome"]
        await desk.courier().settle()
    (sending,) = await desk.sendings()
    assert (sending.state, sending.reason) == ("failing", "the service answered what no bot does")


def test_a_bot_of_dingtalk_finds_its_signature_as_it_is_reckoned() -> None:
    made = bots.call(apprise.Apprise.instantiate(BOTS["dingtalk"][0]), "told")
    assert made is not None
    stamped = f"{made.asked['timestamp']}\nhush".encode()
    assert base64.b64decode(made.asked["sign"]) == hmac.new(b"hush", stamped, hashlib.sha256).digest()


async def test_a_redirect_is_no_answer(desk: Desk) -> None:
    app, seen = FastAPI(), []

    @app.post("/{path:path}")
    async def moved(path: str) -> Response:
        seen.append(path)
        return Response(status_code=302, headers={"Location": "/login"})

    @app.get("/login")
    async def login() -> str:
        seen.append("login")
        return "please log in"

    with served(app) as address:
        desk.channels = f'[complainant]\nsms = "json://{address.removeprefix("http://")}/{{phone}}"\n'
        await desk.owes()
        await desk.courier().settle()
    (sending,) = await desk.sendings()
    assert (sending.state, sending.reason) == ("failing", "the service answered 302")
    assert "login" not in seen


@pytest.mark.parametrize("scheme", BOTS)
def test_what_is_too_long_for_a_bot_is_cut_off(scheme: str) -> None:
    """It would be refused for ever, and make the bot's entry rest for all others."""
    service = apprise.Apprise.instantiate(BOTS[scheme][0])
    most = 2048 if scheme == "wecombot" else 20_000
    for text in ("路" * 30_000, "😀" * 30_000, "x" * 30_000):
        made = bots.call(service, text)
        assert made is not None
        (said,) = next(one for name in ("text", "content") if isinstance(one := made.form.get(name), dict)).values()
        assert len(said.encode()) <= most
        assert said == text[: len(said) - 1] + "…"
    short = bots.call(service, "路" * 600)
    assert short is not None
    assert "路" * 600 in str(short.form)
