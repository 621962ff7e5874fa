"""While a unit's system takes its time, the engine hears that the attempt lives; if it is cancelled, it ends."""

import asyncio
from dataclasses import replace

import pytest
from temporalio.common import Priority
from temporalio.testing import ActivityEnvironment

from records.register import Register
from tests.gateway.conftest import Gateway, order
from tests.gateway.receiver import connect, listening
from tests.unit_system import ON_THIS_MACHINE


async def test_an_attempt_gives_signs_of_life_and_ends_when_it_is_cancelled(
    gateway: Gateway, register: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("activities.life._EVERY", 0.01)
    patient = Gateway(register, replace(ON_THIS_MACHINE, within=40.0))
    asked, left, signs = asyncio.Event(), asyncio.Event(), 0

    async def never_answers(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        asked.set()
        await reader.read()
        left.set()

    def beat() -> None:
        nonlocal signs
        signs += 1

    async with listening(never_answers) as address:
        await connect(register, "roads", address)
        environment = ActivityEnvironment()
        environment.info = replace(patient.info, priority=Priority(priority_key=3))
        environment.on_heartbeat = beat
        running = asyncio.create_task(environment.run(patient.departments.deliver, order()))
        async with asyncio.timeout(20):
            await asked.wait()
            since = signs
            while signs < since + 5:  # noqa: ASYNC110 - signs are given, not waited for
                await asyncio.sleep(0.01)
            environment.cancel()
            with pytest.raises(asyncio.CancelledError):
                await running
            await left.wait()
    await patient.departments.aclose()
