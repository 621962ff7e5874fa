"""Bots of WeCom, DingTalk, Feishu and Lark: they answer 200 to everything, and say in the body whether they took it."""

import base64
import hashlib
import hmac
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from activities.notices.channel import NotSentError

_CODES = ("errcode", "code", "StatusCode")
"""Where the answers have their own code, which is 0 for what was taken."""

_BYTES = {"wecombot": 2048, "dingtalk": 19_900, "feishu": 19_900, "lark": 19_900}
"""How long a text a bot takes; a longer one is cut off, and those who read it look the rest up."""


@dataclass(frozen=True, kw_only=True)
class Call:
    """What is posted to a bot, and where."""

    url: str
    form: Mapping[str, Any]
    asked: Mapping[str, str] = field(default_factory=dict)
    verify: bool = True

    def make(self, patience: float) -> None:
        """Post it, and wait so many seconds for each step.

        Raises:
            NotSentError: the bot did not take it, or nobody knows whether it did.
        """
        try:
            answer = httpx.post(
                self.url, json=self.form, params=self.asked or None, timeout=patience, verify=self.verify
            )
        except httpx.HTTPError as error:
            raise NotSentError(f"the service could not be reached ({type(error).__name__})") from None
        if answer.status_code != httpx.codes.OK:
            raise NotSentError(f"the service answered {answer.status_code}")
        code = _code(answer)
        if code is None:
            raise NotSentError("the service answered what no bot does")
        if code:
            # Without what it says, which may repeat the message. It may be its pace or its settings, which heal.
            raise NotSentError(f"the service refused it ({code})")


def call(service: Any, text: str) -> Call | None:
    """How a message gets to a bot, by what Apprise read from a URL; none, if it is another service."""
    verify = bool(service.verify_certificate)
    text = _cut(text, _BYTES.get(service.secure_protocol, 0))
    match service.secure_protocol:
        case "wecombot":
            return Call(url=service.api_url, form={"msgtype": "text", "text": {"content": text}}, verify=verify)
        case "dingtalk":
            at = {"atMobiles": list(service.targets), "isAtAll": False}
            form = {"msgtype": "text", "text": {"content": text}, "at": at}
            url = service.notify_url.format(token=service.token)
            return Call(url=url, form=form, asked=_signature(service.secret), verify=verify)
        case "feishu":
            url = service.notify_url.format(token=service.token).rstrip("/")
            return Call(url=url, form={"msg_type": "text", "content": {"text": text}}, verify=verify)
        case "lark":
            return Call(url=service.webhook_url, form={"msg_type": "text", "content": {"text": text}}, verify=verify)
    return None


def _signature(secret: str | None) -> dict[str, str]:
    if not secret:
        return {}
    now = str(round(time.time() * 1000))
    made = hmac.new(secret.encode(), f"{now}\n{secret}".encode(), hashlib.sha256).digest()
    return {"timestamp": now, "sign": base64.b64encode(made).decode()}


def _cut(text: str, most: int) -> str:
    whole = text.encode()
    if len(whole) <= most:
        return text
    mark = "…"
    return whole[: max(0, most - len(mark.encode()))].decode(errors="ignore") + mark


def _code(answer: httpx.Response) -> int | None:
    try:
        said = answer.json()
    except ValueError:
        return None
    found = [said[name] for name in _CODES if name in said] if isinstance(said, dict) else []
    return found[0] if found and isinstance(found[0], int) else None
