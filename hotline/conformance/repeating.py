"""Keys: whatever is sent again has been done already."""

import asyncio

from hotline.conformance.checks import Bench, Check, Finding, message, remark, right, wrong
from hotline.conformance.endpoint import Got

_TIMES = 5

_SAME = "keep what you answered under each `webhook-id`, and answer the same again without doing anything"


async def _again(bench: Bench) -> Finding:
    form = bench.sample().form("dispatched")
    first, second = await bench.post(form), await bench.post(form)
    if not (first.taken and second.taken):
        return wrong(f"the second time: {second}" if first.taken else first, _SAME)
    if first.delivery != second.delivery:
        return wrong(f"first {_said(first)}, then {_said(second)}", _SAME)
    return right("the same answer")


async def _other_body(bench: Bench) -> Finding:
    told = message(bench.sample().form("dispatched"))
    first = await bench.endpoint.post(told)
    told["data"]["description"] += " (another)"
    second = await bench.endpoint.post(told)
    if not first.taken:
        return wrong(first, _SAME)
    if second.status == 422:
        return right("refused with 422")
    if second.refused:
        return remark(second, "it is refused; 422 would say plainly that the key was used before")
    return wrong(
        f"the key with another body: {second}",
        "keep a digest of the body with the key, and answer 422 where it differs: something is very wrong then",
    )


async def _side_by_side(bench: Bench) -> Finding:
    form = bench.sample().form("dispatched")
    answers = await asyncio.gather(*(bench.post(form) for _ in range(_TIMES)))
    taken = [got for got in answers if got.taken]
    if odd := [got for got in answers if not got.taken and got.status != 409]:
        return wrong(odd[0], "where the key is just being worked on, wait for the answer, or answer 409")
    if not taken:
        return wrong("none of them was taken", "one of several requests under a key must go through")
    after = await bench.post(form)
    if not after.taken or any(got.delivery != after.delivery for got in taken):
        return wrong("they were answered differently", "enter the key before you begin to work, so that only one does")
    return right(f"{len(taken)} taken and {_TIMES - len(taken)} put off of {_TIMES}, all answered alike")


def _said(got: Got) -> str:
    said = got.delivery.model_dump(exclude_defaults=True, exclude={"taken"}) if got.delivery else {}
    return str(said or "nothing")


CHECKS = (
    Check("answers a repeated key the same", _again),
    Check("refuses a key with another body", _other_body),
    Check("does a key once that comes five times at once", _side_by_side),
)
