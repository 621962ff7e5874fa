"""How busy the routes are, and which of them rest: a service that fails is not asked for every message there is."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta

_FAILS = 3
"""Failures in a row after which a route rests: one may be about the message or the number."""

_SHORTEST, _LONGEST = timedelta(seconds=2), timedelta(minutes=1)


class Routes:
    """The routes that one courier sends by. After a rest, what is due goes by them again."""

    def __init__(self, services: Mapping[str, str]) -> None:
        """Args:
        services: What stands behind every route. Those that lead to the same server share its room; each rests alone,
            for its failures may be about its own sender or password.
        """
        self._services = dict(services)
        self._under_way: Counter[str] = Counter()
        self._failed: Counter[str] = Counter()
        self._rests: dict[str, datetime] = {}

    def service(self, route: str) -> str:
        """What stands behind a route."""
        return self._services.get(route, route)

    def begin(self, route: str) -> None:
        """Something is under way by a route."""
        self._under_way[self._services.setdefault(route, route)] += 1

    def end(self, route: str) -> None:
        """And is not any more."""
        self._under_way[self._services[route]] -= 1

    def worked(self, route: str) -> None:
        """A route does its work."""
        self._failed.pop(route, None)
        self._rests.pop(route, None)

    def failed(self, route: str, now: datetime) -> None:
        """Something that may heal went wrong."""
        self._failed[route] += 1
        beyond = self._failed[route] - _FAILS
        if beyond >= 0:
            self._rests[route] = now + min(_LONGEST, _SHORTEST * 2 ** min(beyond, 10))

    def closed(self, now: datetime, most: int) -> set[str]:
        """The routes by which nothing more should go at a moment: they rest, or their service has so much to do."""
        resting = {route for route, until in self._rests.items() if now < until}
        return resting | {route for route, service in self._services.items() if self._under_way[service] >= most}
