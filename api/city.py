"""The city that the API receives complaints for: the version of its policy that is in force in the register."""

import asyncio
import logging
from collections.abc import Callable
from typing import NoReturn

from cases.city import City
from cases.errors import UnavailableError
from records.policies import Version
from records.register import Register

_LOOKS_EVERY = 3.0
"""Seconds until a version that came into force elsewhere is taken up here."""

_log = logging.getLogger("hotline.city")


class CityInForce:
    """Holds the city in force, and looks into the register whether another version is.

    While PostgreSQL is away, or holds a version that this release cannot read, the city held last stays.
    """

    def __init__(self, city: City, register: Register, pace: Callable[[City], City] = lambda city: city) -> None:
        """Args:
        city: The city to begin with, at its own pace; it stays while none of its policy's versions is in force.
        register: Where versions are loaded.
        pace: Puts a city on the clock that this service runs by.
        """
        self._policy = city.policy.policy
        self._register = register
        self._pace = pace
        self._seen: Version | None = None
        self.city = pace(city)

    async def look(self) -> None:
        """Take up the version in force, if it is another one than before. Asking costs one short query."""
        try:
            current = await self._register.policies.in_force(self._policy)
            if current is None or current == self._seen:
                return
            found = await self._register.policies.city(current.policy, current.version)
        except UnavailableError:
            return
        except ValueError as error:
            found = None
            _log.error("the policy in force was written by a newer release, and is not taken up: %s", error)
        self._seen = current
        if found is not None:
            self.city = self._pace(found)
            _log.info("policy %s %s is in force", found.policy.policy, found.policy.version)

    async def follow(self) -> NoReturn:
        """Look again and again."""
        while True:
            await self.look()
            await asyncio.sleep(_LOOKS_EVERY)
