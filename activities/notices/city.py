"""The city whose words, zone and hours hold for notices: the version of its policy that is in force."""

import time

from cases.city import City
from records.in_force import InForce

_LOOKS_EVERY = 3.0
"""Seconds until a version that came into force is taken up."""


class CityOfNotices(InForce):
    """Follows the policy in force."""

    _looked = float("-inf")

    async def now(self) -> City:
        """The city as it is.

        Raises:
            UnavailableError: the register is out of reach.
        """
        if time.monotonic() - self._looked >= _LOOKS_EVERY:
            await self.take_up()
            self._looked = time.monotonic()
        return self.city
