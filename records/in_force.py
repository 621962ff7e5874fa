"""The city that a process works by: the version of its policy that is in force in the register."""

import logging
from collections.abc import Callable

from cases.city import City
from records.policies import Policies, Version

_log = logging.getLogger("hotline.city")


class InForce:
    """Holds the city in force. A version that this release cannot read is not taken up: the city held last stays."""

    def __init__(self, city: City, policies: Policies, pace: Callable[[City], City] = lambda city: city) -> None:
        """Args:
        city: The city to begin with, at its own pace; it stays while none of its policy's versions is in force.
        policies: Where versions are loaded.
        pace: Puts a city on the clock that this service runs by.
        """
        self._code = city.policy.policy
        self._policies = policies
        self._pace = pace
        self._seen: Version | None = None
        self.city = pace(city)

    async def take_up(self) -> None:
        """Take up the version in force, if it is another one than before. Asking costs one short query.

        Raises:
            UnavailableError: the register is out of reach.
        """
        current = await self._policies.in_force(self._code)
        if current is None or current == self._seen:
            return
        try:
            found = await self._policies.city(current.policy, current.version)
        except ValueError as error:
            found = None
            _log.error("the policy in force was written by a newer release, and is not taken up: %s", error)
        self._seen = current
        if found is not None:
            self.city = self._pace(found)
            _log.info("policy %s %s is in force", found.policy.policy, found.policy.version)
