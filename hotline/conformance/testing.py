"""The whole test of a system."""

from collections.abc import AsyncIterator
from typing import NamedTuple

from hotline.conformance import repeating, taking, trusting
from hotline.conformance.checks import Bench, Finding, Verdict
from hotline.conformance.endpoint import Endpoint
from hotline.conformance.samples import Sample

CHECKS = (*taking.CHECKS, *trusting.CHECKS, *repeating.CHECKS)


class Result(NamedTuple):
    """One check, and what it found."""

    what: str
    finding: Finding


async def examine(url: str, secret: str, unit: str) -> AsyncIterator[Result]:
    """Play orders against a system, check by check; they are withdrawn again at the end.

    Where it does not take even a plain order, nothing else is tried: there would be nothing to learn.

    Args:
        url: Its endpoint, below which it serves `/orders`.
        secret: What the messages are signed with.
        unit: The code of the unit whose system it is.
    """
    endpoint = Endpoint(url, secret, Sample(unit, "like").form("dispatched"))
    bench = Bench(endpoint, unit)
    first, *others = CHECKS
    try:
        finding = await first.run(bench)
        yield Result(first.what, finding)
        if finding.verdict is Verdict.WRONG:
            return
        try:
            for check in others:
                yield Result(check.what, await check.run(bench))
        finally:
            await bench.take_back()
    finally:
        await endpoint.aclose()
