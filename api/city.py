"""The city that the API receives complaints for, which follows the policy in force."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import NoReturn

from cases.city import City
from cases.errors import UnavailableError
from records.in_force import InForce
from records.register import Register

_LOOKS_EVERY = 3.0
"""Seconds until a version that came into force elsewhere is taken up here."""


class CityInForce(InForce):
    """Holds the city in force, and looks into the register whether another version is.

    While PostgreSQL is away, the city held last stays.
    """

    def __init__(self, city: City, register: Register, pace: Callable[[City], City] = lambda city: city) -> None:
        """Takes what `InForce` does, with the register in the place of its policies."""
        super().__init__(city, register.policies, pace)

    async def look(self) -> None:
        """Take up the version in force, if the register can say which that is."""
        with suppress(UnavailableError):
            await self.take_up()

    async def follow(self) -> NoReturn:
        """Look again and again."""
        while True:
            await self.look()
            await asyncio.sleep(_LOOKS_EVERY)
