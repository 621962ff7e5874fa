"""Where the units' systems are: looked up now and then, and known while the register is away."""

import asyncio
import time
from dataclasses import dataclass

from cases.errors import UnavailableError
from records.register import Register
from records.systems import System

_KEPT = 30.0
"""Seconds for which what is known of a system is not asked for again."""

_KEPT_IN_NEED = 5.0
_PATIENCE = 3.0
"""Seconds after which the register counts as away."""


@dataclass(frozen=True)
class _Known:
    system: System | None
    until: float


class KnownSystems:
    """What this process knows of the units' systems."""

    def __init__(self, register: Register) -> None:
        self._register = register
        self._known: dict[str, _Known] = {}
        self._asked: dict[str, asyncio.Task[System | None]] = {}

    async def of(self, unit: str) -> System | None:
        """The system of a unit, if it has one.

        Raises:
            UnavailableError: the register is out of reach, and nothing is known of the unit.
        """
        known = self._known.get(unit)
        if known is not None and time.monotonic() < known.until:
            return known.system
        return await self.now(unit)

    async def now(self, unit: str) -> System | None:
        """As `of`, with what stands in the register now."""
        if unit not in self._asked:
            self._asked[unit] = asyncio.create_task(self._ask(unit))
            self._asked[unit].add_done_callback(lambda _: self._asked.pop(unit, None))
        # Whoever stops waiting does not take the answer from the others.
        return await asyncio.shield(self._asked[unit])

    async def _ask(self, unit: str) -> System | None:
        known = self._known.get(unit)
        try:
            async with asyncio.timeout(_PATIENCE):
                system, kept = await self._register.systems.of(unit), _KEPT
        except (UnavailableError, TimeoutError) as error:
            if known is None:
                raise UnavailableError(f"the register is away, and it is not known where {unit} is") from error
            # An order must not wait for the register: what was known last serves on.
            system, kept = known.system, _KEPT_IN_NEED
        self._known[unit] = _Known(system, time.monotonic() + kept)
        return system
