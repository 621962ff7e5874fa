"""The gateway to units' systems on a real register, without the engine: its activity is called as a worker would."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio
from temporalio.activity import Info
from temporalio.common import Priority, RetryPolicy
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.departments import Bounds, Departments
from activities.messages import Delivery
from cases.decide import decide
from cases.order_form import OrderForm
from cases.owed import owed
from cases.routing import Route, Unit
from cases.vocabulary import Complainant, Location
from records.register import Register
from tests.gateway.receiver import Receiver
from tests.unit.narrative import received
from tests.unit_system import ON_THIS_MACHINE
from vault.sealing import DataKey, seal

UNITS = ("roads", "water", "gas", "parks")
PERSON = Complainant(name="Li Hua", phone="+86 10 1234 5678", email="li@example.org")


def order(unit: str = "roads", ref: str = "1", key: DataKey | None = None, **changed: Any) -> OrderForm:
    """The order of a new case, as it comes out of the engine; its texts are sealed, if there is a key."""
    command = received(Route(unit=unit, reason="catalogue line 1"), source_ref=ref, at=datetime.now(UTC))
    complaint = command.act.complaint.model_copy(  # type: ignore[union-attr]
        update={"complainant": PERSON, "location": Location(address="Long Lane 7")} | changed
    )
    complaint = seal(complaint, key) if key is not None else complaint
    act = command.act.model_copy(update={"complaint": complaint})
    events = decide(None, command.model_copy(update={"act": act}), datetime.now(UTC))
    form = next(form for form in owed(events)[0] if form.unit == unit and form.about == "dispatched")
    return OrderForm.model_validate_json(form.model_dump_json())


class Gateway:
    """The activity, and what it was asked and said. Nothing of one test is left to the next."""

    def __init__(self, register: Register, bounds: Bounds) -> None:
        self._register = register
        self.departments = Departments(register, bounds)
        self.info: Info = replace(
            ActivityEnvironment.default_info(),
            start_to_close_timeout=timedelta(seconds=60),
            schedule_to_close_timeout=timedelta(hours=1),
            retry_policy=RetryPolicy(maximum_interval=timedelta(minutes=5)),
        )

    async def deliver(self, form: OrderForm, priority: int = 3) -> Delivery:
        environment = ActivityEnvironment()
        environment.info = replace(self.info, priority=Priority(priority_key=priority))
        return await environment.run(self.departments.deliver, form)

    async def at_once(self, form: OrderForm) -> Delivery | None:
        """Try it as a part of recording it."""
        environment = ActivityEnvironment()
        environment.info = replace(self.info, start_to_close_timeout=timedelta(seconds=4), is_local=True)
        return await environment.run(self.departments.deliver_at_once, form)

    async def fails(self, form: OrderForm, priority: int = 3) -> ApplicationError:
        """Deliver what is not taken. What the engine is told of it."""
        with pytest.raises(ApplicationError) as failure:
            await self.deliver(form, priority)
        return failure.value

    async def told(self, failure: ApplicationError) -> str:
        """What people read of a failure: what the engine is told, opened."""
        return await self._register.seals.open_text(failure.message)

    async def until_taken(self, form: OrderForm, priority: int = 3) -> Delivery:
        """Deliver as the engine would: again after each wait."""
        while True:
            try:
                return await self.deliver(form, priority)
            except ApplicationError as failure:
                if failure.non_retryable:
                    raise
                await asyncio.sleep((failure.next_retry_delay or timedelta()).total_seconds())


@pytest_asyncio.fixture
async def gateway(register: Register) -> AsyncIterator[Gateway]:
    await register.put_units([Unit(code=code, kind="department", title={"en": code}) for code in UNITS])
    made = Gateway(register, replace(ON_THIS_MACHINE, within=3.0))
    yield made
    await made.departments.aclose()


@pytest.fixture
def roads() -> Iterator[Receiver]:
    with Receiver().running() as receiver:
        yield receiver


@pytest.fixture
def water() -> Iterator[Receiver]:
    with Receiver().running() as receiver:
        yield receiver
