"""Signatures: a system believes the hotline, and nobody else."""

import time

from hotline.conformance.checks import Bench, Check, Finding, message, remark, right, wrong
from hotline.conformance.endpoint import Got
from hotline.unit_simulator.running import made_up
from hotline.unit_simulator.signatures import SIGNATURE, sign

_OLD = 3_600.0
"""Seconds: far beyond the five minutes for which a signature is good."""


async def _forged(bench: Bench) -> Finding:
    return _judged(
        await bench.post(bench.sample().form("dispatched"), secrets=[made_up()]),
        "anybody could give you orders: compare the signature with your own, and answer 401 if they differ",
    )


async def _unsigned(bench: Bench) -> Finding:
    return _judged(
        await bench.post(bench.sample().form("dispatched"), without=[SIGNATURE]),
        "anybody could give you orders: answer 401 where `webhook-signature` is missing",
    )


async def _garbled(bench: Bench) -> Finding:
    return _judged(
        await bench.post(bench.sample().form("dispatched"), instead={SIGNATURE: "not a signature"}),
        "answer 401 to a signature that cannot be read; see that your verification does not stumble over it",
    )


async def _tampered(bench: Bench) -> Finding:
    told = message(bench.sample().form("dispatched"))
    other = message(bench.sample().form("dispatched"))
    key = str(told["data"]["key"])
    headers = sign([bench.endpoint.secret], key, b"the signature is over another body")
    other["data"]["key"] = key
    return _judged(
        await bench.endpoint.post(other, instead=headers),
        "the body can be changed on its way: make the signature over id, timestamp and the whole body",
    )


async def _old(bench: Bench) -> Finding:
    return _judged(
        await bench.post(bench.sample().form("dispatched"), at=time.time() - _OLD),
        "what somebody recorded could be played again: refuse a `webhook-timestamp` older than five minutes",
    )


async def _from_the_future(bench: Bench) -> Finding:
    return _judged(
        await bench.post(bench.sample().form("dispatched"), at=time.time() + _OLD),
        "refuse a `webhook-timestamp` more than five minutes ahead, else a signature is good for longer than that",
    )


async def _rotated(bench: Bench) -> Finding:
    for secrets in ([made_up(), bench.endpoint.secret], [bench.endpoint.secret, made_up()]):
        got = await bench.post(bench.sample().form("dispatched"), secrets=secrets)
        if not got.taken:
            return wrong(
                f"with two signatures of which one is good: {got}",
                "`webhook-signature` holds several, parted by spaces, while a secret changes: one good one is enough",
            )
    return right("one good signature of two is enough")


async def _not_poisoned(bench: Bench) -> Finding:
    form = bench.sample().form("dispatched")
    await bench.post(form, secrets=[made_up()])
    got = await bench.post(form)
    if not got.taken:
        return wrong(
            f"after a forged message under its key, the true one: {got}",
            "verify before you remember a key, else anybody can block an order",
        )
    return right("a forged message leaves no trace under its key")


def _judged(got: Got, advice: str) -> Finding:
    if got.status in (401, 403):
        return right(f"refused with {got.status}")
    if got.refused:
        return remark(got, "it is refused; 401 would say plainly why")
    if 200 <= got.status < 300:
        return wrong(f"taken ({got.status})", advice)
    return wrong(got, f"{advice}; any other answer has the hotline try again for days")


CHECKS = (
    Check("refuses another secret's signature", _forged),
    Check("refuses a message without signature", _unsigned),
    Check("refuses a signature that is garbage", _garbled),
    Check("refuses a changed body", _tampered),
    Check("refuses an old message", _old),
    Check("refuses a message from the future", _from_the_future),
    Check("takes either secret while it rotates", _rotated),
    Check("remembers nothing of a forged message", _not_poisoned),
)
