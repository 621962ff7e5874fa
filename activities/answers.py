"""What a unit's system means by its answer: whether it has the order, and whether it signs for it or disputes it."""

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator
from pydantic_core import from_json

from activities.failure import NotTakenError
from activities.messages import Delivery
from activities.wire import Reply
from cases.order_form import OrderForm
from cases.vocabulary import Code, Note

_MOST_BYTES = 500
"""Of what a system says went wrong, in UTF-8: sealed it must have room in what the engine is told of a failure."""

_CLOCKS_APART = 120.0
"""Seconds: well within the five minutes that a signature is good for (Standard Webhooks)."""

_LONGEST_WAIT = 300.0
"""Seconds. However long a system wants to be left alone: its orders have limits that it does not set."""

_MARK = b"\xef\xbb\xbf"
"""Some systems begin their JSON with a mark of its encoding."""

_HEALING = {
    408: "has not read the order in time",
    409: "says that the same order is still being taken (409); to an order that it has, it should answer 200",
    425: "does not take it so early (425)",
    429: "wants fewer orders at a time (429)",
}
_MOVED = frozenset({301, 308})
_TOLD_BY = ("detail", "title", "message", "error")

_CONTACT = re.compile(r"[^\s@<>\"']{1,64}@[^\s@<>\"']+|\+?\d(?:[ ()./-]{0,2}\d){6,}")
"""What may be an address of mail, a telephone, or an identity.

What stands before the @ has a bound (RFC 5321): without one, the search would take the square of a long text's length,
and what one system answers would hold up the orders of all.
"""


class Answer(BaseModel):
    """What a unit's system may say at once. Members that are not known are for others."""

    model_config = ConfigDict(extra="ignore")

    answer: Literal["accepted", "refused"] | None = None
    note: Note | None = None
    reason: Note | None = None
    evidence: Note | None = None
    proposed: Code | None = None

    @model_validator(mode="after")
    def _a_refusal_has_a_reason(self) -> "Answer":
        if self.answer == "refused" and not self.reason:
            raise ValueError("a refusal needs a `reason` (Art. 12)")
        return self


def read(reply: Reply, form: OrderForm) -> Delivery:
    """What became of an order, by the answer to it; the form has its texts open.

    Raises:
        NotTakenError: the system does not have it, or nobody can tell.
    """
    status = reply.status
    if 200 <= status < 300:
        return _taken(reply)
    said = _said(reply, form)
    if status in _HEALING:
        # A system that is still busy with this very order does its work.
        raise NotTakenError(_HEALING[status], words=said, wait=_wait(reply), well=status == 409)
    if status in _MOVED:
        raise NotTakenError(
            f"answers that its address is another one now ({status}); where it sends to is not followed. "
            "Set the address anew, and have the order tried again",
            for_good=True,
            well=True,
        )
    if 300 <= status < 400:
        # A sign at the door, as during maintenance or before a log-in, comes down again.
        raise NotTakenError(f"answers {status} and sends elsewhere, which is not followed")
    if 400 <= status < 500 and _clocks_differ(reply):
        # It refuses the time that is signed, and takes the same order as soon as whichever clock is wrong is set right.
        raise NotTakenError(
            f"answers {status}, and its clock differs from this one's by minutes; set whichever is wrong right",
            words=said,
            well=True,
        )
    if 400 <= status < 500:
        raise NotTakenError(f"answers {status}{_meaning(status)}", words=said, for_good=True, well=True)
    raise NotTakenError(f"answers {status}", words=said, wait=_wait(reply))


def _clocks_differ(reply: Reply) -> bool:
    """Whether the time of an answer (RFC 9110, 6.6.1) is so far from ours that no signature of ours can be good."""
    told = _moment(reply.headers.get("date", ""))
    return told is not None and abs((datetime.now(UTC) - told).total_seconds()) > _CLOCKS_APART


def _taken(reply: Reply) -> Delivery:
    if not reply.whole:
        raise NotTakenError(f"answers {reply.status} with more than 64 KiB, of which nothing can be believed")
    text = reply.body.removeprefix(_MARK).strip()
    if not text:
        return Delivery(taken=True)
    try:
        said: Any = from_json(text, allow_inf_nan=False)
    except ValueError:
        raise NotTakenError(f"answers {reply.status} with {_looks_like(text)} and not with JSON") from None
    if said is None:
        # What a program answers that gives nothing back.
        return Delivery(taken=True)
    if not isinstance(said, dict):
        raise NotTakenError(f"answers {reply.status} with JSON that is no object")
    try:
        answer = Answer.model_validate(said, strict=True)
    except ValidationError as error:
        wrong = error.errors(include_url=False, include_input=False, include_context=False)[0]
        field = ".".join(str(part) for part in wrong["loc"]) or "answer"
        raise NotTakenError(f"answers {reply.status} with an answer that is none: `{field}`: {wrong['msg']}") from None
    return Delivery.model_validate({"taken": True} | answer.model_dump(exclude_none=True))


def _meaning(status: int) -> str:
    return {
        401: " and does not know the signature: see whether it has a valid secret",
        403: " and does not let it in: see whether it has a valid secret",
        404: " and knows nothing there: see whether its address is right",
        405: " and takes no POST there: see whether its address is right",
        410: " and takes no orders there any more",
        413: " and finds the order too large",
        422: " and does not take what the order says",
    }.get(status, "")


def _looks_like(text: bytes) -> str:
    return "a web page" if text[:1] == b"<" else "some text"


def _wait(reply: Reply) -> float | None:
    """The seconds of Retry-After, which may also name a moment (RFC 9110)."""
    text = reply.headers.get("retry-after", "").strip()
    if not text:
        return None
    if text.isascii() and text.isdigit():
        return min(float(text[:9]), _LONGEST_WAIT)
    at = _moment(text)
    return None if at is None else min(max((at - datetime.now(UTC)).total_seconds(), 0.0), _LONGEST_WAIT)


def _moment(text: str) -> datetime | None:
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        # The latter for a year that no calendar has.
        return None
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at


def _said(reply: Reply, form: OrderForm) -> str:
    """What a system says went wrong, in short, and without what it may have got from the complaint."""
    text = reply.body.removeprefix(_MARK).strip()
    if not text or text.startswith(b"<"):
        return ""
    try:
        said: Any = from_json(text, allow_inf_nan=False)
    except ValueError:
        # With JSON that broke off nobody knows what it is a piece of.
        said = None if text[:1] in b"{[" else text.decode("utf-8", "replace")
    if isinstance(said, dict):
        said = next((said[name] for name in _TOLD_BY if isinstance(said.get(name), str) and said[name].strip()), None)
    if not isinstance(said, str):
        return ""
    shown = _without_the_complaint(_in_one_line(said), form)
    written = shown.encode()
    return shown if len(written) <= _MOST_BYTES else f"{written[: _MOST_BYTES - 3].decode(errors='ignore')}…"


def _in_one_line(text: str) -> str:
    return " ".join("".join(one if one.isprintable() else " " for one in text).split())


def _without_the_complaint(text: str, form: OrderForm) -> str:
    person = form.complainant or form.withheld
    told = [form.description, form.subject, form.location.address]
    told += [person.name, person.phone, person.email] if person else []
    for part in sorted({_in_one_line(part) for part in told if part and part.strip()}, key=len, reverse=True):
        text = text.replace(part, "…")
    return _CONTACT.sub("…", text)
