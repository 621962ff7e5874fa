"""What operators watch: requests and their latencies, cases by status, deliveries and notices that are stuck."""

import time
from contextlib import suppress
from http import HTTPMethod

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cases.errors import UnavailableError
from records.register import Register

_COUNTED_EVERY = 15.0
"""Seconds between two counts of the cases."""
_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Metrics:
    """The figures of one application, in a registry of its own."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "hotline_requests", "Requests answered.", ("method", "route", "status"), registry=self._registry
        )
        self._seconds = Histogram(
            "hotline_request_seconds",
            "Seconds until a request was answered, without those that asked to wait.",
            ("method", "route"),
            buckets=_BUCKETS,
            registry=self._registry,
        )
        self._cases = Gauge("hotline_cases", "Cases in the register.", ("status",), registry=self._registry)
        self._deliveries = Gauge(
            "hotline_stuck_deliveries",
            "Deliveries to units' systems that have failed and not come through since.",
            ("unit", "state"),
            registry=self._registry,
        )
        self._notices = Gauge(
            "hotline_stuck_notices",
            "Notices that are failing or failed; of channel none, those without words.",
            ("channel",),
            registry=self._registry,
        )
        self._kept = Gauge(
            "hotline_kept_cases",
            "Complaints that are kept until their cases can be started; refused ones wait for a person.",
            ("state",),
            registry=self._registry,
        )
        self._drifted = Gauge(
            "hotline_drifted_cases",
            "Records that differed from the histories of their cases when all were compared last.",
            ("kind", "state"),
            registry=self._registry,
        )
        self._reconciled = Gauge(
            "hotline_reconciled_timestamp_seconds",
            "When all cases were compared with their records last; 0 before the first time.",
            registry=self._registry,
        )
        self._counted_at = -_COUNTED_EVERY

    def answered(self, method: str, route: str, status: int, seconds: float | None) -> None:
        """Count a request. Without `seconds` it is not timed: it waited because it wanted to."""
        known = method if method in HTTPMethod.__members__ else "other"
        self._requests.labels(known, route, str(status)).inc()
        if seconds is not None:
            self._seconds.labels(known, route).observe(seconds)

    async def exposition(self, register: Register) -> bytes:
        """All figures in Prometheus's text format. Without the register, its last counts stand."""
        if time.monotonic() - self._counted_at >= _COUNTED_EVERY:
            self._counted_at = time.monotonic()
            with suppress(UnavailableError):
                await self._count(register)
        return generate_latest(self._registry)

    async def _count(self, register: Register) -> None:
        for status, count in (await register.count_by_status()).items():
            self._cases.labels(status).set(count)
        for standing, count in (await register.kept.counts()).items():
            self._kept.labels(standing).set(count)
        if (last := await register.drift.last()) is not None:
            self._reconciled.set(last.at.timestamp())
            for kind, tally in last.details.get("drifted", {}).items():
                self._drifted.labels(kind, "left").set(tally["left"])
                self._drifted.labels(kind, "mended").set(tally["found"] - tally["left"])
        deliveries, notices = await register.deliveries.counts(), await register.sendings.counts()
        # What is no longer stuck has no series any more.
        self._deliveries.clear()
        for (unit, state), count in deliveries.items():
            self._deliveries.labels(unit, state).set(count)
        self._notices.clear()
        for (channel, _), count in notices.items():
            self._notices.labels(channel or "none").inc(count)


def leave_untimed(request: Request) -> None:
    """Say of a request that it is to be counted and not timed: how long it takes is what it asked for."""
    request.state.untimed = True


class Measured:
    """Counts and times every request by the template of its route, so that numbers in addresses make no new series."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self.app = app
        self.metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began = time.perf_counter()
        status = 500

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, noted)
        finally:
            route = getattr(scope.get("route"), "path_format", "unmatched")
            untimed = scope.get("state", {}).get("untimed", False)
            self.metrics.answered(scope["method"], route, status, None if untimed else time.perf_counter() - began)
