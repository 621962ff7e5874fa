"""A check: one thing that a system must do, and what was found."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import uuid4

from activities import signing
from cases.order_form import OrderForm
from hotline.conformance.endpoint import Endpoint, Got
from hotline.conformance.samples import Sample


class Verdict(StrEnum):
    """How it is. A remark does not fail the test."""

    RIGHT = "right"
    REMARK = "remark"
    WRONG = "wrong"


@dataclass(frozen=True)
class Finding:
    """What a check has found, and what to do where it is wrong."""

    verdict: Verdict
    told: str
    advice: str = ""


def right(told: str) -> Finding:
    """It is as it should be."""
    return Finding(Verdict.RIGHT, told)


def wrong(told: object, advice: str) -> Finding:
    """It is not as it must be."""
    return Finding(Verdict.WRONG, str(told), advice)


def remark(told: object, advice: str) -> Finding:
    """It works, but could do better."""
    return Finding(Verdict.REMARK, str(told), advice)


class Bench:
    """The system under test, and the cases that are made up for it. What it was given is taken back at the end."""

    def __init__(self, endpoint: Endpoint, unit: str) -> None:
        self.endpoint = endpoint
        self._unit = unit
        self._run = uuid4().hex
        self._samples: list[Sample] = []

    def sample(self, *, called: bool = False) -> Sample:
        """A case that the system has not heard of."""
        made = Sample(self._unit, f"{self._run}-{len(self._samples)}", called=called)
        self._samples.append(made)
        return made

    async def post(self, form: OrderForm, **more: Any) -> Got:
        """Post what a form tells, as the hotline does."""
        return await self.endpoint.post(message(form), **more)

    async def take_back(self) -> None:
        """Withdraw every order that the system may hold."""
        for sample in self._samples:
            await self.post(sample.form(sample.abouts[-1]))


def message(form: OrderForm) -> dict[str, Any]:
    """What is posted of a form, as the sender has it."""
    found: dict[str, Any] = json.loads(wire(form))
    return found


def wire(form: OrderForm) -> bytes:
    """The very bytes that are posted of a form."""
    # As it comes out of the engine, where a member that has its default is written down like any other.
    return signing.body(OrderForm.model_validate_json(form.model_dump_json()))


@dataclass(frozen=True)
class Check:
    """Something that is asked of a system; `what` is it in a few words."""

    what: str
    run: Callable[[Bench], Awaitable[Finding]]
