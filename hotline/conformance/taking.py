"""Orders, and everything else that a unit is told: a system takes all of it, also what it does not know."""

import asyncio

from hotline.conformance.checks import Bench, Check, Finding, message, remark, right, wrong
from hotline.conformance.endpoint import Got

_QUICK = 5.0
"""Seconds within which a system should answer, so that a peak of orders does not pile up."""

_AT_ONCE = 5
_LARGE = 100_000
"""Characters of three bytes each: more than the longest order has."""

_ANSWERS = 'answer with 2xx and nothing, or with {"answer": "accepted"} or {"answer": "refused", "reason": …}'


async def _order(bench: Bench) -> Finding:
    got = await bench.post(bench.sample().form("dispatched"))
    if not got.taken:
        return wrong(got, _why_not_taken(got))
    return right(f"taken, {_said(got)}")


async def _in_time(bench: Bench) -> Finding:
    got = await bench.post(bench.sample().form("dispatched"))
    if not got.taken:
        return wrong(got, _why_not_taken(got))
    if got.seconds > _QUICK:
        return remark(f"{got.seconds:.1f} s", "put the order on a queue of yours, answer, and work on it afterwards")
    return right(f"answered in {got.seconds:.2f} s")


async def _assist(bench: Bench) -> Finding:
    got = await bench.post(bench.sample(called=True).form("assist"))
    if not got.taken:
        return wrong(got, "take it like an order: `assist` is its number within the case, `lead` is whom to report to")
    return right(f"taken, {_said(got)}")


async def _changes(bench: Bench) -> Finding:
    sample = bench.sample()
    for about in sample.abouts:
        got = await bench.post(sample.form(about))
        if not got.taken:
            return wrong(f"order.{about}: {got}", "take what you have no use for, too: answer with 2xx and do nothing")
    return right(", ".join(sample.abouts[1:]))


async def _overtaken(bench: Bench) -> Finding:
    sample = bench.sample()
    for about in ("withdrawn", "dispatched"):
        got = await bench.post(sample.form(about))
        if not got.taken:
            return wrong(
                f"order.{about}: {got}",
                "messages may overtake one another: take both, and let the higher `sequence` of a case decide",
            )
    return right("both taken")


async def _unknown(bench: Bench) -> Finding:
    form = bench.sample().form("urged")
    told = message(form)
    told["type"] = "order.not_invented_yet"
    told["data"] |= {"about": "not_invented_yet", "change": {"type": "not_invented_yet", "member": [1, 2]}}
    got = await bench.endpoint.post(told)
    if not got.taken:
        return wrong(got, "answer with 2xx to an `about` that you do not know, and do nothing: more will come")
    return right("taken")


async def _more_members(bench: Bench) -> Finding:
    told = message(bench.sample().form("dispatched"))
    told["data"] |= {"not_invented_yet": {"a": None}, "location": told["data"]["location"] | {"floor": 3}}
    told["not_invented_yet"] = True
    got = await bench.endpoint.post(told)
    if not got.taken:
        return wrong(got, "ignore members that you do not know: they may be added without a new version")
    return right("taken")


async def _copy(bench: Bench) -> Finding:
    told = message(bench.sample().form("dispatched"))
    told["type"] = "order.copied"
    told["data"] |= {"about": "copied", "order": None, "dispatched_at": None, "complainant": None, "deadlines": []}
    got = await bench.endpoint.post(told)
    if not got.taken:
        return wrong(got, "where the unit only gets a copy, or is asked, there is no `order`: take it all the same")
    return right("taken")


async def _large(bench: Bench) -> Finding:
    told = message(bench.sample().form("dispatched"))
    told["data"]["description"] = "水" * _LARGE
    got = await bench.endpoint.post(told)
    if not got.taken:
        return wrong(got, "allow for bodies of a megabyte (nginx: client_max_body_size 1m)")
    return right(f"{_LARGE * 3 // 1000} KB taken")


async def _side_by_side(bench: Bench) -> Finding:
    forms = [bench.sample().form("dispatched") for _ in range(_AT_ONCE)]
    answers = await asyncio.gather(*(bench.post(form) for form in forms))
    if missed := [got for got in answers if not got.taken]:
        return wrong(
            f"{len(missed)} of {_AT_ONCE} orders were not taken: the first {missed[0]}",
            "serve several requests at once, or have `at_once` of your system set to what it can do",
        )
    return right(f"{_AT_ONCE} orders at once")


def _said(got: Got) -> str:
    answer = got.delivery.answer if got.delivery else None
    return f"and {answer} at once" if answer else "to be signed for later"


def _why_not_taken(got: Got) -> str:
    if got.status == 0:
        return "see that something listens there, that a firewall lets the hotline in, and that TLS is in order"
    if got.location:
        return f"have the endpoint set to where it really is; the redirect names {got.location}"
    if got.status in (401, 403):
        return "see that your system verifies with the same secret, over the bytes of the body as they came"
    if got.status == 404:
        return "orders are posted to /orders below the endpoint; see that your system serves that, for this unit"
    return _ANSWERS


CHECKS = (
    Check("takes an order", _order),
    Check("answers in time", _in_time),
    Check("takes a call to report in (Art. 16)", _assist),
    Check("takes every later change", _changes),
    Check("takes changes that overtake the order", _overtaken),
    Check("takes what it does not know", _unknown),
    Check("ignores members it does not know", _more_members),
    Check("takes a copy, which has no order", _copy),
    Check("takes a large order", _large),
    Check("takes several orders at once", _side_by_side),
)
