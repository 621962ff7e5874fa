"""What the routes stand on: the engine, the register, the keys and the city's policy."""

from dataclasses import dataclass
from typing import Annotated, cast

from fastapi import Depends, Request

from api.calls import Calls
from api.city import CityInForce
from api.keyring import KeyRing
from api.metrics import Metrics
from api.watch import MailboxWatch
from cases.city import City
from cases.targets import Network
from records.attachments import Attachments
from records.register import Register
from workflows.engine import Engine


@dataclass(frozen=True, kw_only=True)
class Services:
    """One application's share of everything, made when it is.

    `networks` are where units' systems may be besides the public ones, `attachments_most` is how many attachments a
    case may have.
    """

    engine: Engine
    register: Register
    keyring: KeyRing
    in_force: CityInForce
    metrics: Metrics
    watch: MailboxWatch
    calls: Calls
    networks: tuple[Network, ...]
    attachments: Attachments
    attachments_most: int

    @property
    def city(self) -> City:
        """The city as it is in force now."""
        return self.in_force.city


def of(request: Request) -> Services:
    """The services of the application that a request came to."""
    return cast(Services, request.app.state.services)


async def _services(request: Request) -> Services:
    # What is not asynchronous would be asked in a thread of its own, which costs more than it does.
    return of(request)


ServicesDep = Annotated[Services, Depends(_services)]
