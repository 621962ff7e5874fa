"""Signs of life of an activity that waits, so that its loss with its worker is noticed in seconds."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from temporalio import activity

_EVERY = 2.5
"""Seconds between two signs: several within the time that the engine waits for one."""


@asynccontextmanager
async def signs_of_life() -> AsyncIterator[None]:
    """Give signs of life for as long as the context lasts. With them the engine's cancellation comes in."""
    beating = asyncio.create_task(_beat())
    try:
        yield
    finally:
        beating.cancel()


async def _beat() -> None:
    while True:
        activity.heartbeat()
        await asyncio.sleep(_EVERY)
