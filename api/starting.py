"""Starting the case of a complaint that was taken in."""

from collections.abc import Collection

from api.services import Services
from cases.commands import Command
from cases.view import CaseView


async def start(services: Services, command: Command, known_as: Collection[str] = ()) -> tuple[CaseView, bool]:
    """Start the case that a `Receive` asks for; it is durable once this returns. As `Engine.start`."""
    return await services.engine.start(command, known_as)
