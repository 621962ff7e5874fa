"""The city whose words, zone and hours hold for notices: the version of its policy that is in force."""

import logging
import time
from collections.abc import Callable

from cases.city import City
from records.policies import Policies, Version

_LOOKS_EVERY = 3.0
"""Seconds until a version that came into force is taken up."""

_log = logging.getLogger("hotline.notices")


class CityOfNotices:
    """Follows the policy in force. A version that this release cannot read is not taken up."""

    def __init__(self, city: City, policies: Policies, pace: Callable[[City], City] = lambda city: city) -> None:
        """Args:
        city: The city to begin with, at its own pace; it stays while none of its policy's versions is in force.
        policies: Where versions are loaded.
        pace: Puts a city on the clock that this service runs by.
        """
        self._code = city.policy.policy
        self._policies = policies
        self._pace = pace
        self._city = pace(city)
        self._seen: Version | None = None
        self._looked = float("-inf")

    async def now(self) -> City:
        """The city as it is.

        Raises:
            UnavailableError: the register is out of reach.
        """
        if time.monotonic() - self._looked < _LOOKS_EVERY:
            return self._city
        current = await self._policies.in_force(self._code)
        if current is not None and current != self._seen:
            try:
                found = await self._policies.city(current.policy, current.version)
            except ValueError:
                found = None
                _log.error("policy %s %s is of a newer release, and not taken up", current.policy, current.version)
            self._seen = current
            self._city = self._pace(found) if found else self._city
        self._looked = time.monotonic()
        return self._city
