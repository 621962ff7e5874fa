"""What the routes stand on: the engine, the register, the keys and the city's policy."""

from dataclasses import dataclass
from typing import Annotated, Protocol, cast

from fastapi import Depends, Request

from api.keyring import KeyRing
from api.metrics import Metrics
from cases.case import Case
from cases.commands import Command
from cases.events import Event
from cases.view import CaseView
from hotline.policies import City
from records.register import Register


class CaseEngine(Protocol):
    """What runs the cases; `workflows.engine.Engine` says what each method raises."""

    async def start(self, command: Command) -> tuple[CaseView, bool]:
        """Start a case; whether it is new."""

    async def submit(self, number: str, command: Command) -> CaseView:
        """Give a case a command."""

    async def case(self, number: str) -> Case:
        """A case as it runs."""

    async def events(self, number: str) -> list[Event]:
        """What happened to a case."""

    async def ping(self) -> None:
        """Whether the engine answers."""


@dataclass(frozen=True, kw_only=True)
class Services:
    """One application's share of everything, made when it is."""

    engine: CaseEngine
    register: Register
    keyring: KeyRing
    city: City
    metrics: Metrics


def of(request: Request) -> Services:
    """The services of the application that a request came to."""
    return cast(Services, request.app.state.services)


ServicesDep = Annotated[Services, Depends(of)]
